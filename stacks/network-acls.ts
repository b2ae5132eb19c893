import { physicalName } from "./naming.ts";
import type { SubnetTier } from "./network.ts";

type Rule = aws.types.input.ec2.NetworkAclIngress & aws.types.input.ec2.NetworkAclEgress;

const anywhere = "0.0.0.0/0";
const tls = { from: 443, to: 443 };
/** Where Linux receives the answers to what it asked. An access list does not remember who asked. */
const answersToLinux = { from: 32_768, to: 65_535 };
/** NAT gateways receive answers on all high ports. Remote desktops' (3389) is left out: nobody asks from it. */
const answersToNat = [
  { from: 1024, to: 3388 },
  { from: 3390, to: 65_535 },
] as const;

/**
 * The second fence, by subnet: what a security group lets pass by mistake ends here. It cannot tell one member of the
 * VPC from another; the groups do.
 */
export function createNetworkAcls(
  vpc: aws.ec2.Vpc,
  cidr: string,
  privates: SubnetTier,
  builds: SubnetTier | undefined,
  publics: SubnetTier | undefined,
): void {
  const inside = allow(100, "-1", { from: 0, to: 0 }, cidr);
  const asksByTls = allow(200, "tcp", tls, anywhere);
  // S3 and DynamoDB have public addresses, also behind a gateway endpoint.
  const hearsAnswers = allow(200, "tcp", answersToLinux, anywhere);
  createAcl("Private", vpc, privates, [inside, hearsAnswers], [inside, asksByTls]);
  if (builds !== undefined) createAcl("Build", vpc, builds, [inside, hearsAnswers], [inside, asksByTls]);
  if (publics !== undefined) {
    const natHears = answersToNat.map((ports, index) => allow(200 + index, "tcp", ports, anywhere));
    createAcl("Public", vpc, publics, [inside, ...natHears], [inside, asksByTls]);
  }
}

const allow = (
  ruleNo: number,
  protocol: string,
  { from, to }: { readonly from: number; readonly to: number },
  cidrBlock: string,
): Rule => ({ ruleNo, action: "allow", protocol, fromPort: from, toPort: to, cidrBlock });

function createAcl(
  kind: string,
  vpc: aws.ec2.Vpc,
  { subnets }: SubnetTier,
  ingress: Rule[],
  egress: Rule[],
): void {
  new aws.ec2.NetworkAcl(`${kind}Acl`, {
    vpcId: vpc.id,
    subnetIds: subnets.map(({ id }) => id),
    ingress,
    egress,
    tags: { Name: physicalName(`${kind}Acl`) },
  });
}
