import { deployRole } from "./guard-policies.ts";
import { physicalName } from "./naming.ts";
import type { Network } from "./network.ts";
import { createLogGroup } from "./network-logs.ts";
import type { ReconcilerSettings } from "./reconciler.ts";
import { inlinePolicy, trustOnly, trustWithTags } from "./roles.ts";
import type { Keys } from "./security.ts";
import type { StageSettings } from "./settings.ts";

export interface ClusterSettings {
  /** Kubernetes' minor version. EKS supports one for 14 months, and then upgrades by itself. */
  readonly version: string;
  /** vCPUs of all nodes together: no node is added beyond. A limit on cost, should something ask for pods without end. */
  readonly vcpusMax: number;
  /**
   * What runs in it. Undefined for the first deployment of a stage: that one comes from outside the network, where the
   * cluster's address leads nowhere. From then on the pipeline deploys (ADR 43).
   */
  readonly reconciler: ReconcilerSettings | undefined;
}

/** What is put into the cluster is wired to this. */
export interface Cluster {
  readonly name: $util.Output<string>;
  readonly arn: $util.Output<string>;
  readonly endpoint: $util.Output<string>;
  /** Of the cluster's own authority, PEM in base64. */
  readonly certificateAuthority: $util.Output<string>;
  /** Name of the role of its nodes. */
  readonly nodeRoleName: $util.Output<string>;
  /** The group of its nodes, and so of its pods: a database that they use lets it in. */
  readonly nodesSecurityGroupId: $util.Output<string>;
  /** What has to be there before Kubernetes lets the deployment in, and nodes join. */
  readonly ready: readonly $util.Resource[];
}

export const clusterName = (): string => physicalName("Cluster");

/** Addresses of services within the cluster. Nobody else sees them; outside of all our VPCs. */
export const serviceCidr = "172.20.0.0/16";

/** All that the control plane can tell: who asked it for what is in `audit` and `authenticator`. */
const controlPlaneLogs = ["api", "audit", "authenticator", "controllerManager", "scheduler"];

const accessPolicy = (name: string): string => `arn:aws:eks::aws:cluster-access-policy/${name}`;
const managedPolicy = (name: string): string => `arn:aws:iam::aws:policy/${name}`;

/**
 * The cluster, in Auto Mode: EKS makes, patches and replaces the nodes (ADR 36). Its API has an address in the VPC and
 * none outside.
 */
export function createCluster(
  settings: StageSettings,
  network: Network | undefined,
  keys: Keys,
): Cluster | undefined {
  if (settings.cluster === undefined) return undefined;
  if (network === undefined || keys.clusterSecrets === undefined)
    throw new Error(`${settings.stage} has a cluster and no network for it (stacks/settings.ts).`);
  const name = clusterName();
  // Before the cluster: EKS would make it itself, to keep its logs for ever and under no key of ours.
  const logs = createLogGroup("ClusterLogs", `/aws/eks/${name}/cluster`, settings, keys);
  const cluster = new aws.eks.Cluster(
    "Cluster",
    {
      name,
      version: settings.cluster.version,
      roleArn: createControlRole(keys.clusterSecrets).arn,
      vpcConfig: {
        subnetIds: [...network.privateSubnetIds],
        endpointPrivateAccess: true,
        endpointPublicAccess: false,
      },
      kubernetesNetworkConfig: {
        serviceIpv4Cidr: serviceCidr,
        // One of the three that make up Auto Mode. Nothing here asks for a load balancer.
        elasticLoadBalancing: { enabled: true },
      },
      computeConfig: { enabled: true },
      storageConfig: { blockStorage: { enabled: true } },
      bootstrapSelfManagedAddons: false,
      // Who may come in is a list on AWS, and not a text in the cluster that locks everybody out when it is wrong.
      accessConfig: { authenticationMode: "API", bootstrapClusterCreatorAdminPermissions: false },
      encryptionConfig: { provider: { keyArn: keys.clusterSecrets.arn }, resources: ["secrets"] },
      enabledClusterLogTypes: controlPlaneLogs,
      upgradePolicy: { supportType: "STANDARD" },
      // AWS moves pods away from a zone that fails before we see it.
      zonalShiftConfig: { enabled: true },
      deletionProtection: settings.protectFromDeletion,
    },
    { dependsOn: [logs] },
  );
  const nodeRole = createNodeRole();
  const clusterGroupId = cluster.vpcConfig.clusterSecurityGroupId;
  return {
    name: cluster.name,
    arn: cluster.arn,
    endpoint: cluster.endpoint,
    certificateAuthority: cluster.certificateAuthority.data,
    nodeRoleName: nodeRole.name,
    nodesSecurityGroupId: createGroups(network, clusterGroupId).id,
    ready: createEntries(cluster, nodeRole),
  };
}

function createControlRole(secretsKey: aws.kms.Key): aws.iam.Role {
  return new aws.iam.Role("ClusterRole", {
    name: clusterName(),
    description: "The cluster's control plane",
    assumeRolePolicy: trustWithTags("eks.amazonaws.com"),
    inlinePolicies: [
      inlinePolicy([
        { actions: ["kms:Encrypt", "kms:Decrypt", "kms:DescribeKey"], resources: [secretsKey.arn] },
      ]),
    ],
    // AWS's own: what Auto Mode does on EC2 changes with Auto Mode. They reach only what it has tagged as the cluster's.
    managedPolicyArns: [
      "AmazonEKSClusterPolicy",
      "AmazonEKSComputePolicy",
      "AmazonEKSBlockStoragePolicy",
      "AmazonEKSLoadBalancingPolicy",
      "AmazonEKSNetworkingPolicy",
    ].map(managedPolicy),
  });
}

/** Nodes may find their cluster and pull images. What pods do they do by roles of their own. */
function createNodeRole(): aws.iam.Role {
  return new aws.iam.Role("ClusterNodeRole", {
    name: physicalName("ClusterNode"),
    description: "The cluster's nodes",
    assumeRolePolicy: trustOnly("ec2.amazonaws.com"),
    managedPolicyArns: ["AmazonEKSWorkerNodeMinimalPolicy", "AmazonEC2ContainerRegistryPullOnly"].map(
      managedPolicy,
    ),
  });
}

/** Who comes in: the nodes, and whoever deploys. Nobody else, and no person. */
function createEntries(cluster: aws.eks.Cluster, nodeRole: aws.iam.Role): $util.Resource[] {
  const { accountId } = aws.getCallerIdentityOutput();
  // By name, whoever deploys now: the first deployment is a person's, all others are the pipeline's.
  const deployer = $interpolate`arn:aws:iam::${accountId}:role/${deployRole}`;
  return [
    ...createEntry("Nodes", cluster, nodeRole.arn, "EC2", "AmazonEKSAutoNodePolicy"),
    ...createEntry("Deployer", cluster, deployer, "STANDARD", "AmazonEKSClusterAdminPolicy"),
  ];
}

function createEntry(
  who: string,
  cluster: aws.eks.Cluster,
  principalArn: $util.Output<string>,
  type: "EC2" | "STANDARD",
  policy: string,
): $util.Resource[] {
  const entry = new aws.eks.AccessEntry(`Cluster${who}`, { clusterName: cluster.name, principalArn, type });
  const may = new aws.eks.AccessPolicyAssociation(
    `Cluster${who}May`,
    {
      clusterName: cluster.name,
      principalArn,
      policyArn: accessPolicy(policy),
      accessScope: { type: "cluster" },
    },
    { dependsOn: entry },
  );
  return [entry, may];
}

/** Who may speak to nodes and pods, and to whom they may. */
function createGroups(network: Network, clusterGroupId: $util.Output<string>): aws.ec2.SecurityGroup {
  const nodes = new aws.ec2.SecurityGroup("NodesGroup", {
    name: physicalName("Nodes"),
    description: "Nodes of the cluster, and their pods",
    vpcId: network.vpcId,
    tags: { Name: physicalName("Nodes") },
  });
  const own = { securityGroupId: nodes.id };
  const tls = { ipProtocol: "tcp", fromPort: 443, toPort: 443 };
  const itself = { ...own, ipProtocol: "-1", referencedSecurityGroupId: nodes.id };
  new aws.vpc.SecurityGroupIngressRule("NodesFromNodes", { ...itself, description: "Pods to pods" });
  new aws.vpc.SecurityGroupEgressRule("NodesToNodes", { ...itself, description: "Pods to pods" });
  new aws.vpc.SecurityGroupIngressRule("NodesFromCluster", {
    ...{
      ...own,
      ipProtocol: "tcp",
      fromPort: 1025,
      toPort: 65_535,
      referencedSecurityGroupId: clusterGroupId,
    },
    description: "The control plane to kubelets, and to metrics and admission of KEDA",
  });
  new aws.vpc.SecurityGroupEgressRule("NodesToCluster", {
    ...{ ...own, ...tls, referencedSecurityGroupId: clusterGroupId },
    description: "Nodes and KEDA to the control plane",
  });
  new aws.vpc.SecurityGroupEgressRule("NodesToEndpoints", {
    ...{ ...own, ...tls, referencedSecurityGroupId: network.endpointsSecurityGroupId },
    description: "AWS services by interface endpoints",
  });
  network.gatewayPrefixListIds.forEach((prefixListId, index) => {
    new aws.vpc.SecurityGroupEgressRule(`NodesToGateway${index + 1}`, {
      ...{ ...own, ...tls, prefixListId },
      description: "S3 or DynamoDB by its gateway endpoint",
    });
  });
  letIntoCluster(network, nodes, clusterGroupId);
  return nodes;
}

/** EKS made the control plane's group; it lets in nobody but its own members. */
function letIntoCluster(
  network: Network,
  nodes: aws.ec2.SecurityGroup,
  securityGroupId: $util.Output<string>,
): void {
  const tls = { securityGroupId, ipProtocol: "tcp", fromPort: 443, toPort: 443 };
  new aws.vpc.SecurityGroupIngressRule("ClusterFromNodes", {
    ...tls,
    referencedSecurityGroupId: nodes.id,
    description: "Nodes and KEDA to the control plane",
  });
  if (network.builds !== undefined) {
    new aws.vpc.SecurityGroupIngressRule("ClusterFromBuilds", {
      ...tls,
      referencedSecurityGroupId: network.builds.securityGroup.id,
      description: "The build that deploys",
    });
  }
}
