import { createGatewayEndpoints, createInterfaceEndpoints } from "./endpoints.ts";
import { logicalName, physicalName } from "./naming.ts";
import { createNetworkAcls } from "./network-acls.ts";
import { createFlowLogs } from "./network-logs.ts";
import type { Keys } from "./security.ts";
import type { StageSettings } from "./settings.ts";

export interface NetworkSettings {
  /** First two numbers of the VPC's addresses, `10.20` for 10.20.0.0/16. Differs between stages: they can be peered. */
  readonly addressPrefix: string;
  /** Zones that it spans. EKS, Aurora and RDS Proxy want two at least; what votes wants three. */
  readonly zones: 2 | 3;
  /**
   * NAT gateways, for the subnets of builds. `none`: nothing in the VPC reaches the internet, and there are no public
   * subnets either. `one`: the loss of its zone stops builds.
   */
  readonly nat: "none" | "one" | "per-zone";
}

/** What others put into the VPC is wired to this. */
export interface Network {
  readonly vpcId: $util.Output<string>;
  /** All addresses of the VPC, as a CIDR block. */
  readonly cidr: string;
  /** `eu-west-1a`, … */
  readonly zones: readonly string[];
  /** One per zone, where all work is done: no route to the internet, and AWS's services by endpoints only. */
  readonly privateSubnetIds: readonly $util.Output<string>[];
  readonly privateSubnetCidrs: readonly string[];
  /** Where builds are that deploy from inside; undefined where `nat` is `none`. */
  readonly builds: BuildPlace | undefined;
  /** That of the interface endpoints. Whoever's group is limited in what it sends to may send to this, port 443. */
  readonly endpointsSecurityGroupId: $util.Output<string>;
  /** S3's and DynamoDB's addresses, which the gateway endpoints lead to, as security groups take them. */
  readonly gatewayPrefixListIds: readonly $util.Output<string>[];
}

/** One subnet per zone, with the internet behind NAT: builds fetch packages, and call AWS everywhere. */
export interface BuildPlace {
  readonly subnetIds: readonly $util.Output<string>[];
  readonly subnetArns: readonly $util.Output<string>[];
  /** Lets nobody in, and lets out TLS alone. The cluster lets it in. */
  readonly securityGroup: aws.ec2.SecurityGroup;
}

/** The stage's own subnets of one kind, with the route table of each. */
export interface SubnetTier {
  readonly subnets: readonly aws.ec2.Subnet[];
  readonly routeTables: readonly aws.ec2.RouteTable[];
  readonly cidrs: readonly string[];
}

/** What a tier's addresses are after the prefix, by zone. /20 is 4,091 addresses: EKS gives each pod one. */
const blocks: Readonly<Record<string, readonly [string, string, string]>> = {
  private: ["0.0/20", "16.0/20", "32.0/20"],
  build: ["128.0/24", "129.0/24", "130.0/24"],
  public: ["144.0/24", "145.0/24", "146.0/24"],
};

/** The stage's network; undefined where nothing of the stage needs one (functions are outside it: see ADR 35). */
export function createNetwork(settings: StageSettings, keys: Keys): Network | undefined {
  if (settings.network === undefined) return undefined;
  const { addressPrefix, nat } = settings.network;
  const cidr = `${addressPrefix}.0.0/16`;
  const vpc = new aws.ec2.Vpc("Network", {
    cidrBlock: cidr,
    // Both, or the names of AWS's services would lead past the endpoints.
    enableDnsSupport: true,
    enableDnsHostnames: true,
    tags: { Name: physicalName("Network") },
  });
  closeDefaults(vpc);
  createFlowLogs(vpc, settings, keys);
  const zones = ["a", "b", "c"].slice(0, settings.network.zones).map((letter) => settings.region + letter);
  const place = { vpc, addressPrefix, zones };
  const privates = createTier("private", place);
  const builds = nat === "none" ? undefined : createTier("build", place);
  const publics = nat === "none" ? undefined : createTier("public", place);
  if (nat !== "none" && builds !== undefined && publics !== undefined)
    createOutlets(vpc, nat, builds, publics);
  createNetworkAcls(vpc, cidr, privates, builds, publics);
  const inside = [privates, ...(builds === undefined ? [] : [builds])];
  const gateways = createGatewayEndpoints(vpc, inside, settings);
  return {
    vpcId: vpc.id,
    cidr,
    zones,
    privateSubnetIds: privates.subnets.map(({ id }) => id),
    privateSubnetCidrs: privates.cidrs,
    builds: builds && createBuildPlace(vpc, builds),
    endpointsSecurityGroupId: createInterfaceEndpoints(vpc, cidr, privates, settings),
    gatewayPrefixListIds: gateways.map(({ prefixListId }) => prefixListId),
  };
}

function createBuildPlace(vpc: aws.ec2.Vpc, { subnets }: SubnetTier): BuildPlace {
  const securityGroup = new aws.ec2.SecurityGroup("BuildsGroup", {
    name: physicalName("Builds"),
    description: "Builds that deploy",
    vpcId: vpc.id,
    tags: { Name: physicalName("Builds") },
  });
  new aws.vpc.SecurityGroupEgressRule("BuildsOut", {
    securityGroupId: securityGroup.id,
    description: "Registries, AWS and the cluster: the first two have addresses that change",
    ipProtocol: "tcp",
    fromPort: 443,
    toPort: 443,
    cidrIpv4: "0.0.0.0/0",
  });
  return {
    subnetIds: subnets.map(({ id }) => id),
    subnetArns: subnets.map(({ arn }) => arn),
    securityGroup,
  };
}

/**
 * What AWS makes with a VPC and would use where nothing is named: a group that lets its members talk to each other, an
 * access list that lets all pass, a route table. Taken over and emptied.
 */
function closeDefaults(vpc: aws.ec2.Vpc): void {
  const tags = { Name: physicalName("NetworkDefault") };
  new aws.ec2.DefaultSecurityGroup("NetworkDefaultGroup", { vpcId: vpc.id, tags });
  new aws.ec2.DefaultNetworkAcl("NetworkDefaultAcl", {
    defaultNetworkAclId: vpc.defaultNetworkAclId,
    tags,
  });
  new aws.ec2.DefaultRouteTable("NetworkDefaultRoutes", {
    defaultRouteTableId: vpc.defaultRouteTableId,
    routes: [],
    tags,
  });
}

interface Place {
  readonly vpc: aws.ec2.Vpc;
  readonly addressPrefix: string;
  readonly zones: readonly string[];
}

/** A route table for each subnet: a zone has its own NAT gateway, and does not depend on another's. */
function createTier(kind: "private" | "build" | "public", { vpc, addressPrefix, zones }: Place): SubnetTier {
  const cidrs = zones.map((_, index) => `${addressPrefix}.${blocks[kind]?.[index] ?? ""}`);
  const made = zones.map((availabilityZone, index) => {
    const logical = `${logicalName(kind)}Subnet${availabilityZone.slice(-1).toUpperCase()}`;
    const tags = { Name: physicalName(logical) };
    const subnet = new aws.ec2.Subnet(logical, {
      vpcId: vpc.id,
      cidrBlock: cidrs[index] ?? "",
      availabilityZone,
      // Also in the public ones: only NAT gateways are there, and those bring their addresses.
      mapPublicIpOnLaunch: false,
      tags,
    });
    const routeTable = new aws.ec2.RouteTable(`${logical}Routes`, { vpcId: vpc.id, tags });
    new aws.ec2.RouteTableAssociation(`${logical}RoutesUse`, {
      subnetId: subnet.id,
      routeTableId: routeTable.id,
    });
    return { subnet, routeTable };
  });
  return {
    cidrs,
    subnets: made.map(({ subnet }) => subnet),
    routeTables: made.map(({ routeTable }) => routeTable),
  };
}

/** The way out for builds. Nobody comes in by it. */
function createOutlets(
  vpc: aws.ec2.Vpc,
  nat: "one" | "per-zone",
  builds: SubnetTier,
  publics: SubnetTier,
): void {
  const internet = new aws.ec2.InternetGateway("NetworkInternet", {
    vpcId: vpc.id,
    tags: { Name: physicalName("Network") },
  });
  const anywhere = { destinationCidrBlock: "0.0.0.0/0" };
  publics.routeTables.forEach((table, index) => {
    new aws.ec2.Route(`PublicOut${index + 1}`, {
      ...anywhere,
      routeTableId: table.id,
      gatewayId: internet.id,
    });
  });
  const gateways = publics.subnets.slice(0, nat === "one" ? 1 : undefined).map((subnet, index) => {
    const name = `Nat${index + 1}`;
    const tags = { Name: physicalName(name) };
    const address = new aws.ec2.Eip(`${name}Address`, { domain: "vpc", tags }, { dependsOn: internet });
    return new aws.ec2.NatGateway(name, { subnetId: subnet.id, allocationId: address.id, tags });
  });
  builds.routeTables.forEach((table, index) => {
    const gateway = gateways[index] ?? gateways[0];
    if (gateway === undefined) return;
    new aws.ec2.Route(`BuildOut${index + 1}`, {
      ...anywhere,
      routeTableId: table.id,
      natGatewayId: gateway.id,
    });
  });
}
