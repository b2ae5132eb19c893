import { either, type Violation, without } from "./violation.ts";

const roleType = "aws:iam/role:Role";
const granting = (Action: string, Resource: string) => ({
  inlinePolicies: [{ policy: { Statement: [{ Effect: "Allow", Action, Resource }] } }],
});
const trusting = (Principal: unknown, Condition?: object) => ({
  assumeRolePolicy: {
    Statement: [{ Effect: "Allow", Principal, Action: "sts:AssumeRole", ...(Condition && { Condition }) }],
  },
});
const rootOf = (account: string) => ({ AWS: `arn:aws:iam::${account}:root` });
const lambda = { Service: "lambda.amazonaws.com" };
const cache = "aws:elasticache/serverlessCache:ServerlessCache";
const workgroup = "aws:redshiftserverless/workgroup:Workgroup";

export const accessViolations: readonly Violation[] = [
  either("no-wildcard-actions", roleType, granting("sqs:*", "arn:q"), granting("sqs:SendMessage", "arn:q")),
  either("no-administrators", roleType, granting("*", "*"), granting("sqs:SendMessage", "arn:q")),
  either("decrypts-named-keys", roleType, granting("kms:Decrypt", "*"), granting("kms:Decrypt", "arn:key/1")),
  either("no-open-trust", roleType, trusting("*"), trusting(lambda)),
  either(
    "other-accounts-name-us",
    roleType,
    trusting(rootOf("210987654321")),
    trusting(rootOf("210987654321"), { StringEquals: { "sts:ExternalId": "us" } }),
  ),
  either("no-account-trust", roleType, trusting(rootOf("123456789012")), trusting(lambda)),
  without(
    "bucket-not-public",
    { type: "aws:s3/bucket:Bucket", inputs: { bucket: "files" } },
    {
      type: "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
      inputs: {
        bucket: "files",
        blockPublicAcls: true,
        blockPublicPolicy: true,
        ignorePublicAcls: true,
        restrictPublicBuckets: true,
      },
    },
  ),
  either(
    "policies-not-public",
    "aws:sqs/queuePolicy:QueuePolicy",
    { policy: { Statement: [{ Effect: "Allow", Principal: "*", Action: "sqs:SendMessage" }] } },
    { policy: { Statement: [{ Effect: "Allow", Principal: lambda, Action: "sqs:SendMessage" }] } },
  ),
  either(
    "functions-not-public",
    "aws:lambda/permission:Permission",
    { principal: "apigateway.amazonaws.com" },
    { principal: "apigateway.amazonaws.com", sourceArn: "arn:api" },
  ),
  either(
    "routes-authorized",
    "aws:apigatewayv2/route:Route",
    { routeKey: "ANY /v1/payments", authorizationType: "NONE" },
    { routeKey: "ANY /v1/payments", authorizationType: "CUSTOM" },
  ),
  either(
    "sign-up-closed",
    "aws:cognito/userPool:UserPool",
    {},
    { adminCreateUserConfig: { allowAdminCreateUserOnly: true } },
  ),
  either(
    "database-iam",
    "aws:rds/cluster:Cluster",
    { manageMasterUserPassword: true },
    { iamDatabaseAuthenticationEnabled: true },
  ),
  either("cache-users", cache, {}, { userGroupId: "users" }),
  either(
    "warehouse-admin",
    "aws:redshiftserverless/namespace:Namespace",
    { adminUsername: "admin", manageAdminPassword: true },
    { adminUsername: "keeper", manageAdminPassword: true },
  ),
  either(
    "build-without-secrets",
    "aws:codebuild/project:Project",
    { environment: { environmentVariables: [{ name: "API_TOKEN", value: "x" }] } },
    { environment: { environmentVariables: [{ name: "API_TOKEN", value: "x", type: "SECRETS_MANAGER" }] } },
  ),
  either(
    "no-firewall-holes",
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
    { cidrIpv4: "0.0.0.0/0" },
    { cidrIpv4: "10.0.0.0/16" },
  ),
  either(
    "no-inline-firewall-holes",
    "aws:ec2/securityGroup:SecurityGroup",
    { ingress: [{ cidrBlocks: ["10.0.0.0/16"], ipv6CidrBlocks: ["::/0"] }] },
    { ingress: [{ cidrBlocks: ["10.0.0.0/16"] }] },
  ),
  either(
    "default-group-closed",
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
    { egress: [{ cidrBlocks: ["0.0.0.0/0"] }] },
    { egress: [] },
  ),
  without(
    "default-group-taken-over",
    { type: "aws:ec2/vpc:Vpc", inputs: {} },
    { type: "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup", inputs: {} },
  ),
  either(
    "no-public-addresses",
    "aws:ec2/subnet:Subnet",
    { mapPublicIpOnLaunch: true },
    { mapPublicIpOnLaunch: false },
  ),
  either(
    "instances-tokens",
    "aws:ec2/launchTemplate:LaunchTemplate",
    { metadataOptions: { httpTokens: "optional" } },
    { metadataOptions: { httpTokens: "required" } },
  ),
  either(
    "cluster-private",
    "aws:eks/cluster:Cluster",
    { vpcConfig: {} },
    { vpcConfig: { endpointPublicAccess: false } },
  ),
  either(
    "aurora-private",
    "aws:rds/clusterInstance:ClusterInstance",
    { publiclyAccessible: true },
    { publiclyAccessible: false },
  ),
  either("warehouse-private", workgroup, { enhancedVpcRouting: false }, { enhancedVpcRouting: true }),
  either(
    "images-immutable",
    "aws:ecr/repository:Repository",
    { imageTagMutability: "MUTABLE" },
    { imageTagMutability: "IMMUTABLE" },
  ),
  either(
    "images-scanned",
    "aws:ecr/repository:Repository",
    {},
    { imageScanningConfiguration: { scanOnPush: true } },
  ),
  either("firewall-in-front", "aws:cloudfront/distribution:Distribution", {}, { webAclId: "arn:acl" }),
  either("edge-in-front", "aws:apigatewayv2/api:Api", {}, { disableExecuteApiEndpoint: true }),
  either(
    "firewall-has-rules",
    "aws:wafv2/webAcl:WebAcl",
    { rules: [] },
    { rules: [{ statement: { rateBasedStatement: { limit: 100 } } }] },
  ),
  either(
    "api-throttled",
    "aws:apigatewayv2/stage:Stage",
    {},
    { defaultRouteSettings: { throttlingRateLimit: 1, throttlingBurstLimit: 1 } },
  ),
];
