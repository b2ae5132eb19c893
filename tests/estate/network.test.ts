import { describe, expect, it } from "vitest";
import { resource as localResource, production, type Statement } from "./committed-plan.ts";

interface Subnet {
  readonly availabilityZone: string;
  readonly cidrBlock: string;
  readonly mapPublicIpOnLaunch: boolean;
}

interface SecurityGroupRule {
  readonly securityGroupId: string;
  readonly cidrIpv4?: string;
  readonly prefixListId?: string;
  readonly referencedSecurityGroupId?: string;
  readonly fromPort?: number;
  readonly toPort?: number;
  readonly description: string;
}

interface AclRule {
  readonly cidrBlock: string;
  readonly fromPort: number;
  readonly toPort: number;
}

interface Endpoint {
  readonly serviceName: string;
  readonly vpcEndpointType: "Gateway" | "Interface";
  readonly routeTableIds?: readonly string[];
  readonly privateDnsEnabled?: boolean;
  readonly policy?: { readonly Statement: readonly Statement[] };
}

const account = "123456789012";
const idOf = (name: string): string => String(production.resource(name).outputs?.["id"]);
const subnets = production.ofType<Subnet>("aws:ec2/subnet:Subnet");
const endpoints = production.ofType<Endpoint>("aws:ec2/vpcEndpoint:VpcEndpoint");
const ingress = production.ofType<SecurityGroupRule>(
  "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
);
const egress = production.ofType<SecurityGroupRule>(
  "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
);
const namesOf = (kind: string): string[] => ["A", "B", "C"].map((zone) => `${kind}Subnet${zone}`);

/** The subnet whose route table it is. */
const tableOf = (subnet: string): string => idOf(`${subnet}Routes`);

describe("the network", () => {
  it("is in three zones, with subnets that do not overlap and hand out no public addresses", () => {
    expect(subnets).toHaveLength(9);
    for (const kind of ["Private", "Build", "Public"]) {
      const zones = namesOf(kind).map((name) => production.resource<Subnet>(name).inputs.availabilityZone);
      expect(zones).toEqual(["eu-west-1a", "eu-west-1b", "eu-west-1c"]);
    }
    expect(subnets.filter(({ inputs }) => inputs.mapPublicIpOnLaunch)).toEqual([]);
    const ranges = subnets.map(({ inputs }) => rangeOf(inputs.cidrBlock)).sort(([a], [b]) => a - b);
    for (const [index, [first, last]] of ranges.entries()) {
      expect(first).toBeLessThan(last);
      expect(last).toBeLessThan(ranges[index + 1]?.[0] ?? Number.POSITIVE_INFINITY);
    }
  });

  it("has a way to the internet for builds only, each through its own zone", () => {
    const routes = production
      .ofType<{ routeTableId: string; natGatewayId?: string; gatewayId?: string }>("aws:ec2/route:Route")
      .map(({ inputs }) => inputs);
    const via = (subnet: string) => routes.filter(({ routeTableId }) => routeTableId === tableOf(subnet));
    expect(namesOf("Private").flatMap(via)).toEqual([]);
    expect(namesOf("Build").map((name) => via(name).map(({ natGatewayId }) => natGatewayId))).toEqual(
      ["Nat1", "Nat2", "Nat3"].map((nat) => [idOf(nat)]),
    );
    expect(namesOf("Public").map((name) => via(name).map(({ gatewayId }) => gatewayId))).toEqual(
      Array(3).fill([idOf("NetworkInternet")]),
    );
    const nats = production.ofType<{ subnetId: string }>("aws:ec2/natGateway:NatGateway");
    expect(nats.map(({ inputs }) => inputs.subnetId)).toEqual(namesOf("Public").map(idOf));
  });

  it("is not on the laptop, whose functions are outside of it too", () => {
    expect(() => localResource("Network")).toThrow("has no Network");
  });

  it("has taken over and emptied what AWS makes with a VPC", () => {
    const [group] = production.ofType("aws:ec2/defaultSecurityGroup:DefaultSecurityGroup");
    expect(group?.inputs).toMatchObject({ vpcId: idOf("Network") });
    expect(Object.keys(group?.inputs ?? {})).not.toContain("ingress");
    expect(Object.keys(group?.inputs ?? {})).not.toContain("egress");
    const [acl] = production.ofType("aws:ec2/defaultNetworkAcl:DefaultNetworkAcl");
    expect(Object.keys(acl?.inputs ?? {})).not.toContain("ingress");
    expect(Object.keys(acl?.inputs ?? {})).not.toContain("egress");
    expect(production.resource("NetworkDefaultRoutes").inputs).toMatchObject({ routes: [] });
  });

  it("records who spoke to whom for a year, under a key of ours", () => {
    expect(production.resource("FlowLogs").inputs).toMatchObject({
      vpcId: idOf("Network"),
      trafficType: "ALL",
      logDestination: production.resource("FlowLogsGroup").outputs?.["arn"],
    });
    expect(production.resource("FlowLogsGroup").inputs).toMatchObject({
      retentionInDays: 365,
      kmsKeyId: production.resource("InfrastructureLogsKey").outputs?.["arn"],
    });
  });
});

describe("access lists", () => {
  const acls = production.ofType<{ ingress: AclRule[]; egress: AclRule[]; subnetIds: string[] }>(
    "aws:ec2/networkAcl:NetworkAcl",
  );

  it("fence every subnet, each once", () => {
    const fenced = acls.flatMap(({ inputs }) => inputs.subnetIds);
    expect(fenced.toSorted()).toEqual(subnets.map(({ outputs }) => String(outputs?.["id"])).toSorted());
  });

  it("let nobody in from outside to a port that a server listens on", () => {
    for (const { name, inputs } of acls) {
      const outside = inputs.ingress.filter(({ cidrBlock }) => cidrBlock === "0.0.0.0/0");
      expect(outside.length, name).toBeGreaterThan(0);
      for (const port of [22, 80, 443, 3389]) {
        const through = outside.filter(({ fromPort, toPort }) => fromPort <= port && port <= toPort);
        expect(through, `${name} ${port}`).toEqual([]);
      }
    }
  });

  it("let nothing out but TLS", () => {
    for (const { name, inputs } of acls) {
      const outside = inputs.egress.filter(({ cidrBlock }) => cidrBlock === "0.0.0.0/0");
      expect(outside, name).toEqual([expect.objectContaining({ fromPort: 443, toPort: 443 })]);
    }
  });
});

describe("security groups", () => {
  it("let nobody in from outside the network", () => {
    for (const { name, inputs } of ingress) expect(inputs.cidrIpv4 ?? "10.30.", name).toMatch(/^10\.30\./);
  });

  it("name in each rule what it is for", () => {
    for (const { name, inputs } of [...ingress, ...egress]) expect(inputs.description, name).toMatch(/\w/);
  });

  it("let nodes send to nobody in particular nowhere", () => {
    const own = egress.filter(({ inputs }) => inputs.securityGroupId === idOf("NodesGroup"));
    expect(own.length).toBeGreaterThan(0);
    for (const { name, inputs } of own) {
      const target = inputs.referencedSecurityGroupId ?? inputs.prefixListId ?? inputs.cidrIpv4;
      expect(target, name).toMatch(/^(sg-|pl-|10\.30\.)/);
    }
  });
});

describe("endpoints", () => {
  it("of S3 and DynamoDB are on every route table with work behind it, builds included", () => {
    const gateways = endpoints.filter(({ inputs }) => inputs.vpcEndpointType === "Gateway");
    expect(gateways.map(({ name }) => name)).toEqual(["DynamodbEndpoint", "S3Endpoint"]);
    const tables = [...namesOf("Private"), ...namesOf("Build")].map(tableOf).toSorted();
    for (const { inputs } of gateways) expect(inputs.routeTableIds?.toSorted()).toEqual(tables);
  });

  it("are there for every service that nodes and pods call without the internet", () => {
    const services = endpoints
      .filter(({ inputs }) => inputs.vpcEndpointType === "Interface")
      .map(({ inputs }) => inputs.serviceName.replace("com.amazonaws.eu-west-1.", ""));
    expect(services.toSorted()).toEqual([
      "ec2",
      "ecr.api",
      "ecr.dkr",
      "eks",
      "eks-auth",
      "kinesis-streams",
      "kms",
      "logs",
      "redshift-data",
      "sqs",
      "sts",
      "xray",
    ]);
  });

  it("of the warehouse's API lets its own actions pass, under the name that IAM has for it", () => {
    const [endpoint] = endpoints.filter(({ name }) => name === "RedshiftDataEndpoint");
    expect(endpoint?.inputs.policy).toMatchObject({ Statement: [{ Action: "redshift-data:*" }] });
  });

  it("answer under the services' usual names", () => {
    for (const { name, inputs } of endpoints) {
      if (inputs.vpcEndpointType === "Interface") expect(inputs.privateDnsEnabled, name).toBe(true);
    }
  });

  it("serve roles of our account only; ECR's layers, which AWS signs for, are the exception", () => {
    const exceptions: string[] = [];
    for (const { name, inputs } of endpoints) {
      for (const { Condition, Resource, Action } of inputs.policy?.Statement ?? []) {
        if (Condition?.["StringEquals"]?.["aws:PrincipalAccount"] === account) continue;
        exceptions.push(`${name} ${String(Action)} ${String(Resource)}`);
      }
      if (inputs.policy === undefined) exceptions.push(name);
    }
    expect(exceptions).toEqual([
      // No policies are documented for it.
      "EksAuthEndpoint",
      "S3Endpoint s3:GetObject arn:aws:s3:::prod-eu-west-1-starport-layer-bucket/*",
    ]);
  });
});

/** First and last address of a CIDR block, as numbers. */
function rangeOf(cidr: string): readonly [number, number] {
  const [address = "", bits = "0"] = cidr.split("/");
  const first = address.split(".").reduce((number, byte) => number * 256 + Number(byte), 0);
  return [first, first + 2 ** (32 - Number(bits)) - 1];
}
