import { createMigration } from "./books-migration.ts";
import type { BooksUser } from "./books-proxy.ts";
import type { BucketRef } from "./buckets.ts";
import { type Cluster, serviceCidr } from "./cluster.ts";
import { comparingVariables } from "./comparing.ts";
import type { Network } from "./network.ts";
import { confined, nobody } from "./pod-security.ts";
import type { ReconcilerQueues, ReconcilerStores, ReconcilerTables } from "./reconciler.ts";
import type { StageSettings } from "./settings.ts";

export const namespace = "reconciler";
/** Of the deployment, of its service account, and of all that goes with them. */
export const name = "reconciler";
/** The role's name in the plan. */
export const reconcilerRole = "Reconciler";
/** Of the database, made by its migrations. */
export const booksUser: BooksUser = "reconciler";

/** What the pods are wired to. */
export interface ReconcilerParts {
  readonly settings: StageSettings;
  readonly queues: ReconcilerQueues;
  readonly bucket: BucketRef;
  /** Where proofs of the archive are put, and what signs them. */
  readonly proving: { readonly bucket: BucketRef; readonly key: aws.kms.Key };
  readonly stores: ReconcilerStores;
  readonly tables: ReconcilerTables;
  /** What it runs, by its registry's name and tag. */
  readonly image: $util.Input<string>;
  readonly provider: kubernetes.Provider;
  readonly cluster: Pick<Cluster, "name" | "arn">;
  /** Around pods: what they may reach, and what scales them. Undefined where they are processes of a laptop. */
  readonly within: Within | undefined;
  readonly dependsOn: readonly $util.Resource[];
}

interface Within {
  readonly network: Network;
  /** Brings the types of scaling. */
  readonly keda: kubernetes.helm.v3.Release;
}

/** Where the process answers whether it lives (`/live`) and takes work (`/ready`). */
const healthPort = 8080;
/** From SIGTERM to the end, in seconds: less than a message's lease, so that nobody else has the file meanwhile. */
const shutdownSeconds = 120;
/** The only folder that pods can write to: of their own, and gone with them. */
const scratch = "/scratch";
/** Seconds. A message is hidden for this long, and for as long again while it is worked on; a killed pod's is seen after it. */
export const leaseSeconds = 300;
/** Files per pod: with more waiting, another pod starts. */
const filesPerPod = 5;

const labels = { "app.kubernetes.io/name": name };
const selector = { matchLabels: labels };
const metadata = { name, namespace, labels };

/**
 * The reconciler as Kubernetes runs it. Its image is built and pushed by whoever releases it; which one runs is a
 * setting of the stage. As long as that is undefined, KEDA is told to run none.
 */
export function createReconcilerPods(parts: ReconcilerParts): void {
  const { provider, within } = parts;
  const own = new kubernetes.core.v1.Namespace(
    "ReconcilerNamespace",
    // Kubernetes itself refuses pods here that run as root, or want anything of their node.
    { metadata: { name: namespace, labels: { "pod-security.kubernetes.io/enforce": "restricted" } } },
    { provider },
  );
  const inside = { provider, dependsOn: [own] };
  const account = new kubernetes.core.v1.ServiceAccount(
    "ReconcilerAccount",
    // Pods have no business with Kubernetes: AWS credentials come by Pod Identity.
    { metadata, automountServiceAccountToken: false },
    inside,
  );
  const fences = within === undefined ? [] : [createFence(within.network, inside)];
  const migration = createMigration({
    ...{ namespace, provider, settings: parts.settings, books: parts.stores.books, image: parts.image },
    isReleased: within === undefined || parts.settings.cluster?.reconciler?.imageTag !== undefined,
    ...{ cluster: parts.cluster, dependsOn: [own, ...fences, ...parts.dependsOn] },
  });
  const deployment = new kubernetes.apps.v1.Deployment(
    "Reconciler",
    { metadata, spec: deploymentOf(parts) },
    {
      provider,
      // No pod is of this image before the books are as it needs them.
      dependsOn: [account, ...fences, ...(migration === undefined ? [] : [migration]), ...parts.dependsOn],
      // None at first; from then on their number is KEDA's.
      ignoreChanges: ["spec.replicas"],
    },
  );
  if (within !== undefined) createScaling(parts, within, deployment, own);
}

const createFence = (
  network: Network,
  inside: $util.CustomResourceOptions,
): kubernetes.networking.v1.NetworkPolicy =>
  new kubernetes.networking.v1.NetworkPolicy(
    "ReconcilerNetworkPolicy",
    { metadata, spec: { podSelector: {}, policyTypes: ["Ingress", "Egress"], egress: exits(network) } },
    inside,
  );

/** How many there are, and how many may go at once. */
function createScaling(
  { provider, queues, settings }: ReconcilerParts,
  { keda }: Within,
  deployment: kubernetes.apps.v1.Deployment,
  own: kubernetes.core.v1.Namespace,
): void {
  new kubernetes.policy.v1.PodDisruptionBudget(
    "ReconcilerBudget",
    { metadata, spec: { maxUnavailable: 1, selector } },
    { provider, dependsOn: [own] },
  );
  const scaling = { provider, dependsOn: [deployment, keda] };
  const counting = new kubernetes.apiextensions.CustomResource(
    "ReconcilerCounting",
    {
      apiVersion: "keda.sh/v1alpha1",
      kind: "TriggerAuthentication",
      metadata,
      spec: { podIdentity: { provider: "aws", identityOwner: "keda" } },
    },
    scaling,
  );
  new kubernetes.apiextensions.CustomResource(
    "ReconcilerScaling",
    scalingOf(settings, queues, counting),
    scaling,
  );
}

function scalingOf(
  settings: StageSettings,
  queues: ReconcilerQueues,
  counting: kubernetes.apiextensions.CustomResource,
): kubernetes.apiextensions.CustomResourceArgs {
  const { imageTag, podsMin = 0, podsMax = 0 } = settings.cluster?.reconciler ?? {};
  return {
    apiVersion: "keda.sh/v1alpha1",
    kind: "ScaledObject",
    metadata: {
      ...metadata,
      annotations: imageTag === undefined ? { "autoscaling.keda.sh/paused-replicas": "0" } : {},
    },
    spec: {
      scaleTargetRef: { name },
      minReplicaCount: podsMin,
      maxReplicaCount: podsMax,
      // Each asks for pods by itself, and the one that asks for most decides.
      triggers: Object.values(queues).map(({ waiting }) => ({
        type: "aws-sqs-queue",
        authenticationRef: { name: counting.metadata.name },
        metadata: {
          queueURL: waiting.url,
          queueLength: String(filesPerPod),
          awsRegion: settings.region,
          // Files in work count: or their pods would be taken away from them.
          scaleOnInFlight: "true",
        },
      })),
    },
  };
}

function deploymentOf(parts: ReconcilerParts): kubernetes.types.input.apps.v1.DeploymentSpec {
  const spread = (topologyKey: string): kubernetes.types.input.core.v1.TopologySpreadConstraint => ({
    ...{ topologyKey, maxSkew: 1, labelSelector: selector },
    whenUnsatisfiable: "ScheduleAnyway",
  });
  return {
    // Nobody counts for processes: there is one.
    replicas: parts.within === undefined ? 1 : 0,
    revisionHistoryLimit: 3,
    selector,
    strategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 1, maxSurge: 1 } },
    template: {
      metadata: { labels },
      spec: {
        ...nobody,
        serviceAccountName: name,
        terminationGracePeriodSeconds: shutdownSeconds,
        topologySpreadConstraints: [spread("topology.kubernetes.io/zone"), spread("kubernetes.io/hostname")],
        containers: [containerOf(parts)],
        volumes: [{ name: "scratch", emptyDir: { sizeLimit: "4Gi" } }],
      },
    },
  };
}

function containerOf({
  settings,
  image,
  queues,
  bucket,
  proving,
  stores,
  tables,
}: ReconcilerParts): kubernetes.types.input.core.v1.Container {
  const probe = (path: string, periodSeconds: number): kubernetes.types.input.core.v1.Probe => ({
    httpGet: { path, port: "health" },
    periodSeconds,
    failureThreshold: 3,
  });
  return {
    name,
    image,
    env: [
      { name: "AWS_REGION", value: settings.region },
      { name: "TMPDIR", value: scratch },
      { name: "INBOUND_FILES_QUEUE_URL", value: queues.inbound.waiting.url },
      { name: "JOURNAL_FILES_QUEUE_URL", value: queues.journal.waiting.url },
      { name: "INBOUND_BUCKET", value: bucket.bucket },
      { name: "PAYMENTS_TABLE", value: tables.payments.name },
      { name: "LEDGER_TABLE", value: tables.ledger.name },
      { name: "EPOCH", value: String(settings.epoch) },
      { name: "LEASE_SECONDS", value: String(leaseSeconds) },
      { name: "PROOFS_BUCKET", value: proving.bucket.bucket },
      { name: "PROOFS_KEY", value: proving.key.arn },
      ...storeVariables(stores),
      ...comparingVariables({ tables, warehouse: stores.warehouse }),
    ],
    ports: [{ name: "health", containerPort: healthPort }],
    startupProbe: { ...probe("/live", 2), failureThreshold: 30 },
    livenessProbe: probe("/live", 20),
    readinessProbe: probe("/ready", 5),
    // No limit of CPU: an idle node's is everybody's. Memory is bounded: the process streams files, and never holds one.
    resources: {
      requests: { cpu: "500m", memory: "1Gi", "ephemeral-storage": "4Gi" },
      limits: { memory: "1Gi", "ephemeral-storage": "5Gi" },
    },
    securityContext: confined,
    volumeMounts: [{ name: "scratch", mountPath: scratch }],
  };
}

/** Where the stores are, and as whom to sign in. Tokens are made by the AWS SDK, of the pod's own role. */
function storeVariables({ books, cache }: ReconcilerStores): kubernetes.types.input.core.v1.EnvVar[] {
  const ofBooks = books?.door && [
    { name: "BOOKS_HOST", value: books.door.host },
    { name: "BOOKS_DATABASE", value: books.database },
    { name: "BOOKS_USER", value: booksUser },
  ];
  const ofCache = cache && [
    { name: "CACHE_HOST", value: cache.host },
    { name: "CACHE_NAME", value: cache.cache.name },
    { name: "CACHE_USER", value: cache.user },
  ];
  return [...(ofBooks ?? []), ...(ofCache ?? [])];
}

/** Where pods may send to. Nobody may send to them: kubelets' probes always pass. */
function exits(network: Network): kubernetes.types.input.networking.v1.NetworkPolicyEgressRule[] {
  const to = (...cidrs: string[]) => cidrs.map((cidr) => ({ ipBlock: { cidr } }));
  return [
    {
      // Names: the cluster's own resolver runs on each node.
      to: to(serviceCidr, network.cidr),
      ports: [
        { protocol: "UDP", port: 53 },
        { protocol: "TCP", port: 53 },
      ],
    },
    // The Pod Identity agent of the node.
    { to: to("169.254.170.23/32"), ports: [{ protocol: "TCP", port: 80 }] },
    // AWS's services. S3 and DynamoDB have public addresses that change; the nodes' group names them by prefix list, and
    // their subnets have no other way out.
    { to: to("0.0.0.0/0"), ports: [{ protocol: "TCP", port: 443 }] },
    // The books' proxy and the cache.
    {
      to: to(...network.privateSubnetCidrs),
      ports: [
        { protocol: "TCP", port: 5432 },
        { protocol: "TCP", port: 6379, endPort: 6380 },
      ],
    },
  ];
}
