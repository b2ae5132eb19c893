import { hexOf, type Made, type Rules, text, uuidOf } from "./forms.ts";

/** The prefix lists of the gateway endpoints are AWS's own, and the same for everybody in a region. */
const prefixLists: Readonly<Record<string, string>> = { s3: "pl-6da54004", dynamodb: "pl-6fa54006" };

/** The VPC and what is in it. EC2's identifiers are 17 hexadecimal digits after what they identify. */
export const network: Rules = {
  "aws:ec2/defaultNetworkAcl:DefaultNetworkAcl": ({ inputs }) => ({
    id: text(inputs["defaultNetworkAclId"]),
  }),
  "aws:ec2/defaultRouteTable:DefaultRouteTable": ({ inputs }) => ({
    id: text(inputs["defaultRouteTableId"]),
  }),
  "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": (made) => identified(made, "sg", "security-group"),
  "aws:ec2/eip:Eip": (made) => ({
    ...identified(made, "eipalloc", "elastic-ip"),
    allocationId: `eipalloc-${hexOf(made.name, 17)}`,
  }),
  "aws:ec2/flowLog:FlowLog": (made) => identified(made, "fl", "vpc-flow-log"),
  "aws:ec2/internetGateway:InternetGateway": (made) => identified(made, "igw", "internet-gateway"),
  "aws:ec2/natGateway:NatGateway": (made) => identified(made, "nat", "natgateway"),
  "aws:ec2/networkAcl:NetworkAcl": (made) => identified(made, "acl", "network-acl"),
  "aws:ec2/route:Route": ({ name }) => ({ id: `r-rtb-${hexOf(name, 17)}` }),
  "aws:ec2/routeTable:RouteTable": (made) => identified(made, "rtb", "route-table"),
  "aws:ec2/routeTableAssociation:RouteTableAssociation": ({ name }) => ({
    id: `rtbassoc-${hexOf(name, 17)}`,
  }),
  "aws:ec2/securityGroup:SecurityGroup": (made) => identified(made, "sg", "security-group"),
  "aws:ec2/subnet:Subnet": (made) => identified(made, "subnet", "subnet"),
  "aws:ec2/vpc:Vpc": (made) => ({
    ...identified(made, "vpc", "vpc"),
    defaultNetworkAclId: `acl-${hexOf(`${made.name} default`, 17)}`,
    defaultRouteTableId: `rtb-${hexOf(`${made.name} default`, 17)}`,
    defaultSecurityGroupId: `sg-${hexOf(`${made.name} default`, 17)}`,
  }),
  "aws:ec2/vpcEndpoint:VpcEndpoint": (made) => {
    const service = text(made.inputs["serviceName"]).split(".").at(-1) ?? "";
    const prefixListId = prefixLists[service];
    return {
      ...identified(made, "vpce", "vpc-endpoint"),
      ...(made.inputs["vpcEndpointType"] === "Gateway" && { prefixListId }),
    };
  },
  "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": (made) =>
    identified(made, "sgr", "security-group-rule"),
  "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": (made) =>
    identified(made, "sgr", "security-group-rule"),
  "aws:ecr/lifecyclePolicy:LifecyclePolicy": ({ inputs }) => ({ id: text(inputs["repository"]) }),
  "aws:ecr/repository:Repository": ({ inputs, region, account }) => {
    const id = text(inputs["name"]);
    return {
      id,
      arn: `arn:aws:ecr:${region}:${account}:repository/${id}`,
      registryId: account,
      repositoryUrl: `${account}.dkr.ecr.${region}.amazonaws.com/${id}`,
    };
  },
  "docker-build:index:Image": ({ name }) => ({ id: uuidOf(name), digest: `sha256:${hexOf(name, 64)}` }),
};

const identified = (
  { name, region, account }: Made,
  prefix: string,
  resource: string,
): { readonly id: string; readonly arn: string } => {
  const id = `${prefix}-${hexOf(name, 17)}`;
  return { id, arn: `arn:aws:ec2:${region}:${account}:${resource}/${id}` };
};
