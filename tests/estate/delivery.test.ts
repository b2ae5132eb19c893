import { describe, expect, it } from "vitest";
import { production, type RoleInputs, statementsOf } from "./committed-plan.ts";

interface Build {
  readonly vpcConfig?: {
    readonly vpcId: string;
    readonly subnets: readonly string[];
    readonly securityGroupIds: readonly string[];
  };
  readonly environment: { readonly privilegedMode: boolean };
  readonly source: object;
}

interface GroupRule {
  readonly securityGroupId: string;
  readonly referencedSecurityGroupId?: string;
  readonly cidrIpv4?: string;
  readonly ipProtocol: string;
  readonly fromPort?: number;
  readonly toPort?: number;
}

const outputOf = (name: string, output: string): unknown => production.resource(name).outputs?.[output];
const subnets = ["BuildSubnetA", "BuildSubnetB", "BuildSubnetC"];
const group = outputOf("BuildsGroup", "id");
const rulesOf = (direction: "Ingress" | "Egress"): readonly GroupRule[] =>
  production
    .ofType<GroupRule>(`aws:vpc/securityGroup${direction}Rule:SecurityGroup${direction}Rule`)
    .map(({ inputs }) => inputs);

describe("the build that deploys production", () => {
  it("says whose network it is in, without which nobody may deploy pods", () => {
    const { source } = production.resource<Build>("DeployBuild").inputs;
    expect(JSON.stringify(source)).toContain("DEPLOYS_FROM_NETWORK_OF=production ");
  });

  it("is in the network, where packages come through NAT, with a group of its own", () => {
    expect(production.resource<Build>("DeployBuild").inputs.vpcConfig).toEqual({
      vpcId: outputOf("Network", "id"),
      subnets: subnets.map((name) => outputOf(name, "id")),
      securityGroupIds: [group],
    });
  });

  it("is let into the cluster by its group, and nobody comes in by the addresses of its subnets", () => {
    const cluster = rulesOf("Ingress").find(
      ({ referencedSecurityGroupId }) => referencedSecurityGroupId === group,
    );
    expect(cluster).toMatchObject({ ipProtocol: "tcp", fromPort: 443, toPort: 443 });
    const { outputs } = production.resource<object>("Cluster");
    expect(outputs).toMatchObject({ vpcConfig: { clusterSecurityGroupId: cluster?.securityGroupId } });
    const into = rulesOf("Ingress").filter(
      ({ securityGroupId }) => securityGroupId === cluster?.securityGroupId,
    );
    expect(into.filter(({ cidrIpv4 }) => cidrIpv4 !== undefined)).toEqual([]);
  });

  it("lets nobody in, and lets out nothing but TLS", () => {
    expect(rulesOf("Ingress").filter(({ securityGroupId }) => securityGroupId === group)).toEqual([]);
    expect(rulesOf("Egress").filter(({ securityGroupId }) => securityGroupId === group)).toMatchObject([
      { ipProtocol: "tcp", fromPort: 443, toPort: 443, cidrIpv4: "0.0.0.0/0" },
    ]);
  });

  it("is an administrator of the cluster by the role that it assumes", () => {
    const principalArn = "arn:aws:iam::123456789012:role/tallystick-deploy";
    expect(production.resource("ClusterDeployer").inputs).toMatchObject({ principalArn });
    expect(production.resource("ClusterDeployerMay").inputs).toMatchObject({
      principalArn,
      policyArn: "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy",
    });
    const assumes = statementsOf(production.resource<RoleInputs>("DeployBuildRole")).find(
      ({ Action }) => Action === "sts:AssumeRole",
    );
    expect(assumes?.Resource).toBe(principalArn);
  });

  it("may put network interfaces into its own subnets only, and hand them to CodeBuild only", () => {
    const statements = statementsOf(production.resource<RoleInputs>("DeployBuildRole"));
    const allowing = (action: string) => statements.filter(({ Action }) => [Action].flat().includes(action));
    const arns = subnets.map((name) => outputOf(name, "arn"));
    const interfaces = "arn:aws:ec2:eu-west-1:123456789012:network-interface/*";
    expect(allowing("ec2:CreateNetworkInterface")).toMatchObject([
      { Resource: [interfaces, ...arns, outputOf("BuildsGroup", "arn")] },
    ]);
    expect(allowing("ec2:DeleteNetworkInterface")).toMatchObject([
      { Resource: interfaces, Condition: { ArnEquals: { "ec2:Subnet": arns } } },
    ]);
    expect(allowing("ec2:CreateNetworkInterfacePermission")).toMatchObject([
      {
        Resource: interfaces,
        Condition: {
          ArnEquals: { "ec2:Subnet": arns },
          StringEquals: { "ec2:AuthorizedService": "codebuild.amazonaws.com" },
        },
      },
    ]);
  });

  it("can run Docker, which copies the cluster's images", () => {
    expect(production.ofType("docker-build:index:Image").length).toBeGreaterThan(0);
    expect(production.resource<Build>("DeployBuild").inputs.environment.privilegedMode).toBe(true);
  });
});

describe("the build that checks production", () => {
  it("runs on what the tests run on: some of our packages are for x86-64 only", () => {
    const { environment } = production.resource<Build>("CheckBuild").inputs;
    expect(environment).toMatchObject({ type: "LINUX_CONTAINER", image: expect.stringContaining("x86_64") });
  });

  it("runs what packages bring, before a person has looked: outside the network, without privileges, and with no way in", () => {
    const { vpcConfig, environment } = production.resource<Build>("CheckBuild").inputs;
    expect(vpcConfig).toBeUndefined();
    expect(environment.privilegedMode).toBe(false);
    const statements = statementsOf(production.resource<RoleInputs>("CheckBuildRole"));
    expect(statements.flatMap(({ Action }) => Action).filter((action) => action.startsWith("ec2:"))).toEqual(
      [],
    );
  });
});
