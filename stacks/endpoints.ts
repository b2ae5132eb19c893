import { logicalName, physicalName } from "./naming.ts";
import type { SubnetTier } from "./network.ts";
import type { StageSettings } from "./settings.ts";

/** A service that somebody in the VPC calls, by the last part of its endpoint's name. */
interface EndpointNeed {
  readonly service: string;
  /** Who calls it. An endpoint costs by the hour and zone: none is without a caller. */
  readonly calledBy: string;
  /** Whose roles may use it, and on whose resources. */
  readonly limit: Limit;
}

/**
 * `ours`: our account's roles, on its resources. `any-resource`: our roles, also on AWS's own: the images of its
 * add-ons. `none`: AWS documents no policy for this endpoint.
 */
type Limit = "ours" | "any-resource" | "none";

const need = (service: string, calledBy: string, limit: Limit = "ours"): EndpointNeed => ({
  service,
  calledBy,
  limit,
});

/** What the cluster's nodes and pods call. The control plane is not in the VPC. */
const clusterNeeds: readonly EndpointNeed[] = [
  need("ec2", "nodes, for the addresses of pods"),
  need("eks", "nodes, to find their cluster"),
  need("eks-auth", "the Pod Identity agent, for the pods' credentials", "none"),
  need("ecr.api", "nodes, to sign in for images", "any-resource"),
  need("ecr.dkr", "nodes, to pull images", "any-resource"),
  need("logs", "the log agent of each node"),
  need("sts", "nodes and the AWS SDK, to learn who they are"),
  need("sqs", "the reconciler takes its work there, KEDA counts it"),
  need("kms", "the reconciler has proofs of the archive signed"),
  need("xray", "the reconciler sends its traces"),
];

/** What the warehouse calls: its own traffic stays in the network. */
const warehouseNeeds: readonly EndpointNeed[] = [
  need("kinesis-streams", "the warehouse reads events of payments"),
];

/** What pods call where there is a warehouse too. */
const comparingNeeds: readonly EndpointNeed[] = [
  need("redshift-data", "the reconciler holds the warehouse against the books"),
];

function needsOf({ cluster, warehouse }: StageSettings): readonly EndpointNeed[] {
  return [
    ...(cluster ? clusterNeeds : []),
    ...(warehouse ? warehouseNeeds : []),
    ...(cluster?.reconciler && warehouse ? comparingNeeds : []),
  ];
}

/** By what IAM calls a service, where its endpoint is called otherwise: `ecr.api` is `ecr`. */
const iamPrefixOf = (service: string): string =>
  service === "redshift-data" ? service : (service.split(/[.-]/)[0] ?? service);

/** The bucket that ECR hands layers of images out from, by links that it signs itself. */
const layersOf = (region: string): string => `arn:aws:s3:::prod-${region}-starport-layer-bucket/*`;

/**
 * S3 and DynamoDB by the route tables, which costs nothing. A thief's own credentials are of no use inside, and our
 * data goes to no bucket or table of another account.
 */
export function createGatewayEndpoints(
  vpc: aws.ec2.Vpc,
  tiers: readonly SubnetTier[],
  settings: StageSettings,
): readonly aws.ec2.VpcEndpoint[] {
  const routeTableIds = tiers.flatMap(({ routeTables }) => routeTables.map(({ id }) => id));
  return ["s3", "dynamodb"].map((service) => {
    const layers = service === "s3" ? [readingOf(layersOf(settings.region))] : [];
    return new aws.ec2.VpcEndpoint(`${logicalName(service)}Endpoint`, {
      vpcId: vpc.id,
      serviceName: `com.amazonaws.${settings.region}.${service}`,
      vpcEndpointType: "Gateway",
      routeTableIds,
      policy: policyOf(service, "ours", layers),
      tags: { Name: physicalName(`${logicalName(service)}Endpoint`) },
    });
  });
}

/** The other services, by addresses in the private subnets. Returns the id of their security group. */
export function createInterfaceEndpoints(
  vpc: aws.ec2.Vpc,
  cidr: string,
  { subnets }: SubnetTier,
  settings: StageSettings,
): $util.Output<string> {
  const group = new aws.ec2.SecurityGroup("EndpointsGroup", {
    name: physicalName("Endpoints"),
    description: "Interface endpoints of AWS services",
    vpcId: vpc.id,
    tags: { Name: physicalName("Endpoints") },
  });
  new aws.vpc.SecurityGroupIngressRule("EndpointsFromNetwork", {
    securityGroupId: group.id,
    description: "Calls of AWS services, from the VPC",
    ipProtocol: "tcp",
    fromPort: 443,
    toPort: 443,
    cidrIpv4: cidr,
  });
  for (const { service, limit } of needsOf(settings)) {
    const logical = `${service.split(/[.-]/).map(logicalName).join("")}Endpoint`;
    new aws.ec2.VpcEndpoint(logical, {
      vpcId: vpc.id,
      serviceName: `com.amazonaws.${settings.region}.${service}`,
      vpcEndpointType: "Interface",
      // The service's usual name then leads here: nothing has to be configured, and nothing goes elsewhere.
      privateDnsEnabled: true,
      subnetIds: subnets.map(({ id }) => id),
      securityGroupIds: [group.id],
      ...(limit !== "none" && { policy: policyOf(iamPrefixOf(service), limit) }),
      tags: { Name: physicalName(logical) },
    });
  }
  return group.id;
}

const readingOf = (resource: string): object => ({
  Effect: "Allow",
  Principal: "*",
  Action: "s3:GetObject",
  Resource: resource,
});

/** An endpoint's policy grants nothing: it limits what roles that may anyway can do through it. */
function policyOf(
  prefix: string,
  limit: "ours" | "any-resource",
  exceptions: readonly object[] = [],
): $util.Output<string> {
  const { accountId } = aws.getCallerIdentityOutput();
  const condition = {
    StringEquals: { "aws:PrincipalAccount": accountId },
    // "If exists": some calls are about no resource, as those that ask who one is.
    ...(limit === "ours" && { StringEqualsIfExists: { "aws:ResourceAccount": accountId } }),
  };
  return $jsonStringify({
    Version: "2012-10-17",
    Statement: [
      {
        Effect: "Allow",
        Principal: "*",
        Action: `${prefix}:*`,
        Resource: "*",
        Condition: condition,
      },
      ...exceptions,
    ],
  });
}
