import { type Cluster, clusterName } from "./cluster.ts";
import { logicalName, physicalName } from "./naming.ts";
import type { Network } from "./network.ts";
import { createLogGroup } from "./network-logs.ts";
import type { Permission } from "./permissions.ts";
import { unscoped } from "./permissions.ts";
import { inlinePolicy, trustWithTags } from "./roles.ts";
import type { Keys } from "./security.ts";
import type { StageSettings } from "./settings.ts";

/** Speaks to the cluster, once it lets the deployment in. From inside the network only: the API has no other address. */
export function connectTo(cluster: Cluster, settings: StageSettings): kubernetes.Provider {
  const kubeconfig = $jsonStringify({
    apiVersion: "v1",
    kind: "Config",
    "current-context": cluster.name,
    contexts: [{ name: cluster.name, context: { cluster: cluster.name, user: "deployer" } }],
    clusters: [
      {
        name: cluster.name,
        cluster: { server: cluster.endpoint, "certificate-authority-data": cluster.certificateAuthority },
      },
    ],
    // A new token for each use, by the deployment's own credentials: there is no secret to keep.
    users: [
      {
        name: "deployer",
        user: {
          exec: {
            apiVersion: "client.authentication.k8s.io/v1",
            interactiveMode: "Never",
            command: "aws",
            args: ["eks", "get-token", "--region", settings.region, "--cluster-name", cluster.name],
          },
        },
      },
    ],
  });
  return new kubernetes.Provider("Kubernetes", { kubeconfig }, { dependsOn: [...cluster.ready] });
}

/** Nodes for pods, and the fences between pods: what a cluster in Auto Mode has not by itself. */
export function createNodes(
  settings: StageSettings,
  network: Network,
  cluster: Cluster,
  provider: kubernetes.Provider,
): kubernetes.apiextensions.CustomResource {
  // Without it, NetworkPolicies are only text.
  new kubernetes.core.v1.ConfigMap(
    "NetworkPolicyController",
    {
      metadata: { name: "amazon-vpc-cni", namespace: "kube-system" },
      data: { "enable-network-policy-controller": "true" },
    },
    { provider },
  );
  const nodeClass = new kubernetes.apiextensions.CustomResource(
    "NodeClass",
    {
      apiVersion: "eks.amazonaws.com/v1",
      kind: "NodeClass",
      metadata: { name: "workers" },
      spec: {
        role: cluster.nodeRoleName,
        subnetSelectorTerms: network.privateSubnetIds.map((id) => ({ id })),
        securityGroupSelectorTerms: [{ id: cluster.nodesSecurityGroupId }],
        // Each namespace of ours denies by a policy of its own; to deny all would stop AWS's log agents.
        networkPolicy: "DefaultAllow",
        networkPolicyEventLogs: "Enabled",
      },
    },
    { provider },
  );
  return new kubernetes.apiextensions.CustomResource(
    "NodePool",
    {
      apiVersion: "karpenter.sh/v1",
      kind: "NodePool",
      metadata: { name: "workers" },
      spec: {
        template: { spec: nodesOf(nodeClass) },
        disruption: {
          consolidationPolicy: "WhenEmptyOrUnderutilized",
          consolidateAfter: "5m",
          budgets: [{ nodes: "1" }],
        },
        limits: { cpu: String(settings.cluster?.vcpusMax ?? 0) },
      },
    },
    { provider },
  );
}

function nodesOf(nodeClass: kubernetes.apiextensions.CustomResource): object {
  const requires = (key: string, ...values: string[]): object => ({ key, operator: "In", values });
  return {
    nodeClassRef: { group: "eks.amazonaws.com", kind: "NodeClass", name: nodeClass.metadata.name },
    requirements: [
      requires("kubernetes.io/arch", "arm64"),
      // Not spot: a reconciliation of a million lines would start again.
      requires("karpenter.sh/capacity-type", "on-demand"),
      requires("eks.amazonaws.com/instance-category", "c", "m", "r"),
      requires("eks.amazonaws.com/instance-cpu", "2", "4"),
    ],
    // A fresh and patched node every fortnight; one that does not get empty is ended an hour later.
    expireAfter: "336h",
    terminationGracePeriod: "1h",
  };
}

/** Names a pod's identity: whoever runs under this account in this namespace. */
export interface ServiceAccountName {
  readonly namespace: string;
  readonly serviceAccount: string;
}

/** A role that EKS hands to the pods of one service account, and to no other, also of the same cluster. */
export function createPodRole(
  logical: string,
  description: string,
  { namespace, serviceAccount }: ServiceAccountName,
  cluster: Pick<Cluster, "name" | "arn">,
  statements: Permission[],
): aws.eks.PodIdentityAssociation {
  const { accountId } = aws.getCallerIdentityOutput();
  const role = createPodsOnlyRole(logical, description, statements, {
    "aws:SourceAccount": accountId,
    "aws:RequestTag/kubernetes-namespace": namespace,
    "aws:RequestTag/kubernetes-service-account": serviceAccount,
    "aws:RequestTag/eks-cluster-arn": cluster.arn,
  });
  return new aws.eks.PodIdentityAssociation(`${logical}Identity`, {
    clusterName: cluster.name,
    namespace,
    serviceAccount,
    roleArn: role.arn,
  });
}

const createPodsOnlyRole = (
  logical: string,
  description: string,
  statements: Permission[],
  condition: object,
): aws.iam.Role =>
  new aws.iam.Role(`${logical}Role`, {
    name: physicalName(logical),
    description,
    assumeRolePolicy: trustWithTags("pods.eks.amazonaws.com", { StringEquals: condition }),
    inlinePolicies: [inlinePolicy(statements)],
  });

/** What the log agent writes beside what pods say: what Kubernetes' own parts and nodes say, and numbers about all of them. */
const agentGroups = ["dataplane", "host", "performance"] as const;

/** Brings pods' logs and numbers to CloudWatch: AWS's own add-on, on each node. @returns the group of what pods say. */
export function createLogAgent(
  settings: StageSettings,
  keys: Keys,
  cluster: Cluster,
  nodes: kubernetes.apiextensions.CustomResource,
): aws.cloudwatch.LogGroup {
  const { accountId } = aws.getCallerIdentityOutput();
  const folder = `/aws/containerinsights/${clusterName()}`;
  // Before the agent, which would keep them for ever and under no key of ours.
  const groupOf = (kind: string): aws.cloudwatch.LogGroup =>
    createLogGroup(`Cluster${logicalName(kind)}Logs`, `${folder}/${kind}`, settings, keys);
  const ofPods = groupOf("application");
  const groups = [ofPods, ...agentGroups.map(groupOf)];
  const serviceAccount = "cloudwatch-agent";
  const role = createPodsOnlyRole(
    "ClusterLogAgent",
    "Writes the logs of pods and nodes",
    [
      {
        actions: ["logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"],
        resources: [$interpolate`arn:aws:logs:${settings.region}:${accountId}:log-group:${folder}/*`],
      },
      unscoped("logs:DescribeLogGroups", "ec2:DescribeVolumes", "ec2:DescribeTags"),
    ],
    {
      "aws:SourceAccount": accountId,
      "aws:RequestTag/kubernetes-service-account": serviceAccount,
      "aws:RequestTag/eks-cluster-arn": cluster.arn,
    },
  );
  new aws.eks.Addon(
    "ClusterLogAgent",
    {
      clusterName: cluster.name,
      addonName: "amazon-cloudwatch-observability",
      podIdentityAssociations: [{ serviceAccount, roleArn: role.arn }],
      // Numbers of pods, and no tracing inside them: the reconciler sends its traces itself (ADR 67).
      configurationValues: JSON.stringify({
        agent: {
          config: { logs: { metrics_collected: { kubernetes: { enhanced_container_insights: true } } } },
        },
      }),
      resolveConflictsOnCreate: "OVERWRITE",
      resolveConflictsOnUpdate: "OVERWRITE",
    },
    { dependsOn: [...groups, nodes] },
  );
  return ofPods;
}
