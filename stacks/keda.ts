import type { Cluster } from "./cluster.ts";
import { copyImage, createRepository } from "./images.ts";
import { createPodRole } from "./kubernetes.ts";
import type { Keys } from "./security.ts";
import type { StageSettings } from "./settings.ts";

/** Chart and images have one version. */
const kedaVersion = "2.20.2";
const namespace = "keda";

/** The chart's images: how its values call each, how its publisher does, and how we do. */
const images = [
  { key: "keda", published: "keda", own: "kedaOperator" },
  { key: "metricsApiServer", published: "keda-metrics-apiserver", own: "kedaMetrics" },
  { key: "webhooks", published: "keda-admission-webhooks", own: "kedaWebhooks" },
] as const;

/**
 * KEDA starts pods by the length of a queue. It counts each queue in its own name: `queues` are all that it may look
 * at, and it may take nothing out of them.
 */
export function createKeda(
  settings: StageSettings,
  keys: Keys,
  cluster: Cluster,
  nodes: kubernetes.apiextensions.CustomResource,
  provider: kubernetes.Provider,
  queues: readonly aws.sqs.Queue[],
): kubernetes.helm.v3.Release {
  const identity = createPodRole(
    "Keda",
    "Counts the messages of queues",
    { namespace, serviceAccount: "keda-operator" },
    cluster,
    [{ actions: ["sqs:GetQueueAttributes"], resources: queues.map(({ arn }) => arn) }],
  );
  const copies = images.map(({ key, published, own }) => {
    const repository = createRepository(own, settings, keys);
    const copy = copyImage(`ghcr.io/kedacore/${published}`, kedaVersion, repository, own);
    return { key, repository, copy };
  });
  return new kubernetes.helm.v3.Release(
    "Keda",
    {
      name: "keda",
      namespace,
      createNamespace: true,
      chart: "keda",
      version: kedaVersion,
      repositoryOpts: { repo: "https://kedacore.github.io/charts" },
      // What failed is taken out again: the next deployment starts from where this one did.
      atomic: true,
      timeout: 600,
      values: {
        clusterName: cluster.name,
        image: {
          // A tag is one image for ever: nothing is gained by asking each time.
          pullPolicy: "IfNotPresent",
          ...Object.fromEntries(copies.map(({ key, repository }) => [key, imageOf(repository)])),
        },
        operator: { replicaCount: 2 },
        metricsServer: { replicaCount: 2 },
        webhooks: { replicaCount: 2 },
        podDisruptionBudget: {
          operator: { maxUnavailable: 1 },
          metricServer: { maxUnavailable: 1 },
          webhooks: { maxUnavailable: 1 },
        },
        logging: { operator: { format: "json" }, webhooks: { format: "json" } },
      },
    },
    { provider, dependsOn: [nodes, identity, ...copies.map(({ copy }) => copy)] },
  );
}

/** `<account>.dkr.ecr.<region>.amazonaws.com/<name>`, in the chart's two halves. */
function imageOf({ repositoryUrl }: aws.ecr.Repository): Record<string, $util.Input<string>> {
  const half = (index: 0 | 1): $util.Output<string> =>
    repositoryUrl.apply((url) => url.split("/")[index] ?? "");
  return { registry: half(0), repository: half(1), tag: kedaVersion };
}
