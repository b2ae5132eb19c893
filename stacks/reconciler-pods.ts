import type { BooksUser } from "./books-proxy.ts";
import type { BucketRef } from "./buckets.ts";
import { serviceCidr } from "./cluster.ts";
import type { Network } from "./network.ts";
import type { ReconcilerStores } from "./reconciler.ts";
import type { StageSettings } from "./settings.ts";

export const namespace = "reconciler";
/** Of the deployment, of its service account, and of all that goes with them. */
export const name = "reconciler";
/** Of the database, made by its migrations. */
export const booksUser: BooksUser = "reconciler";

/** What the pods are wired to. */
export interface ReconcilerParts {
  readonly settings: StageSettings;
  readonly network: Network;
  readonly repository: aws.ecr.Repository;
  readonly queue: aws.sqs.Queue;
  readonly bucket: BucketRef;
  readonly stores: ReconcilerStores;
  readonly provider: kubernetes.Provider;
  /** Brings the types of scaling. */
  readonly keda: kubernetes.helm.v3.Release;
  readonly dependsOn: readonly $util.Resource[];
}

/** Where the process answers whether it lives (`/live`) and takes work (`/ready`). */
const healthPort = 8080;
/** From SIGTERM to the end, in seconds: less than a message's lease, so that nobody else has the file meanwhile. */
const shutdownSeconds = 120;
/** The only folder that pods can write to: of their own, and gone with them. */
const scratch = "/scratch";
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
  const { provider, keda, queue, settings } = parts;
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
  const fence = new kubernetes.networking.v1.NetworkPolicy(
    "ReconcilerNetworkPolicy",
    { metadata, spec: { podSelector: {}, policyTypes: ["Ingress", "Egress"], egress: exits(parts.network) } },
    inside,
  );
  const deployment = new kubernetes.apps.v1.Deployment(
    "Reconciler",
    { metadata, spec: deploymentOf(parts) },
    {
      provider,
      dependsOn: [account, fence, ...parts.dependsOn],
      // None at first; from then on their number is KEDA's.
      ignoreChanges: ["spec.replicas"],
    },
  );
  new kubernetes.policy.v1.PodDisruptionBudget(
    "ReconcilerBudget",
    { metadata, spec: { maxUnavailable: 1, selector } },
    inside,
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
    scalingOf(settings, queue, counting),
    scaling,
  );
}

function scalingOf(
  settings: StageSettings,
  queue: aws.sqs.Queue,
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
      triggers: [
        {
          type: "aws-sqs-queue",
          authenticationRef: { name: counting.metadata.name },
          metadata: {
            queueURL: queue.url,
            queueLength: String(filesPerPod),
            awsRegion: settings.region,
            // Files in work count: or their pods would be taken away from them.
            scaleOnInFlight: "true",
          },
        },
      ],
    },
  };
}

function deploymentOf(parts: ReconcilerParts): kubernetes.types.input.apps.v1.DeploymentSpec {
  const spread = (topologyKey: string): kubernetes.types.input.core.v1.TopologySpreadConstraint => ({
    ...{ topologyKey, maxSkew: 1, labelSelector: selector },
    whenUnsatisfiable: "ScheduleAnyway",
  });
  return {
    replicas: 0,
    revisionHistoryLimit: 3,
    selector,
    strategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 1, maxSurge: 1 } },
    template: {
      metadata: { labels },
      spec: {
        serviceAccountName: name,
        automountServiceAccountToken: false,
        enableServiceLinks: false,
        terminationGracePeriodSeconds: shutdownSeconds,
        // The user of distroless images that is not root.
        securityContext: {
          runAsNonRoot: true,
          runAsUser: 65_532,
          runAsGroup: 65_532,
          seccompProfile: { type: "RuntimeDefault" },
        },
        topologySpreadConstraints: [spread("topology.kubernetes.io/zone"), spread("kubernetes.io/hostname")],
        containers: [containerOf(parts)],
        volumes: [{ name: "scratch", emptyDir: { sizeLimit: "4Gi" } }],
      },
    },
  };
}

function containerOf({
  settings,
  repository,
  queue,
  bucket,
  stores,
}: ReconcilerParts): kubernetes.types.input.core.v1.Container {
  const tag = settings.cluster?.reconciler?.imageTag ?? "unreleased";
  const probe = (path: string, periodSeconds: number): kubernetes.types.input.core.v1.Probe => ({
    httpGet: { path, port: "health" },
    periodSeconds,
    failureThreshold: 3,
  });
  return {
    name,
    image: $interpolate`${repository.repositoryUrl}:${tag}`,
    env: [
      { name: "AWS_REGION", value: settings.region },
      { name: "TMPDIR", value: scratch },
      { name: "INBOUND_FILES_QUEUE_URL", value: queue.url },
      { name: "INBOUND_BUCKET", value: bucket.bucket },
      ...storeVariables(stores),
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
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    },
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
