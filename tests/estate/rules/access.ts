import { grantsOf, isPublic, listOf, type Statement, statementsIn } from "./documents.ts";
import { each, needs, type Rule } from "./rule.ts";

interface Role {
  readonly assumeRolePolicy: unknown;
  readonly inlinePolicies?: readonly { readonly policy?: unknown }[];
  readonly managedPolicyArns?: readonly string[];
}

const roleType = "aws:iam/role:Role";
const anywhere: readonly (string | undefined)[] = ["0.0.0.0/0", "::/0"];

/** `s3:*`, `*`: actions that grow with the service. */
const wild = ({ Effect, Action, NotAction }: Statement): boolean =>
  Effect === "Allow" && (NotAction !== undefined || listOf(Action).some((action) => action.includes("*")));

/** Ways in which a bucket may become public. */
const blocks = ["blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"] as const;

/** Who may do what. */
export const accessRules: readonly Rule[] = [
  {
    name: "no-wildcard-actions",
    shows: ["PCI 7.2.5", "IAM.21"],
    says: "A role names each action that it may use.",
    check: each<Role>(
      roleType,
      (role) =>
        grantsOf(role).some(wild) && "grants actions by wildcard: name each (stacks/function-declaration.ts)",
    ),
  },
  {
    name: "no-administrators",
    shows: ["PCI 7.2.2", "IAM.1"],
    says: "Nothing that runs may do everything to everything.",
    check: each<Role>(roleType, ({ managedPolicyArns = [], ...role }) => {
      const all = grantsOf(role).some(
        ({ Effect, Action, Resource }) =>
          Effect === "Allow" && listOf(Action).includes("*") && listOf(Resource).includes("*"),
      );
      const managed = managedPolicyArns.some((arn) => /AdministratorAccess|PowerUserAccess/.test(arn));
      return (all || managed) && "is an administrator";
    }),
  },
  {
    name: "decrypts-named-keys",
    shows: ["PCI 3.6.1", "KMS.2"],
    says: "Who may decrypt may do so under named keys.",
    check: each<Role>(
      roleType,
      (role) =>
        grantsOf(role).some(
          ({ Effect, Action, Resource }) =>
            Effect === "Allow" &&
            listOf(Action).some((action) => /^kms:(Decrypt|ReEncryptFrom)$/i.test(action)) &&
            listOf(Resource).some((arn) => arn === "*" || arn.endsWith(":key/*")),
        ) && "may decrypt under any key: name the keys",
    ),
  },
  {
    name: "no-open-trust",
    shows: ["PCI 7.2.5", "PCI 8.6.1"],
    says: "A role is assumed by those it names.",
    check: each<Role>(
      roleType,
      ({ assumeRolePolicy }) =>
        statementsIn(assumeRolePolicy).some(isPublic) && "may be assumed by anyone: name the principal",
    ),
  },
  {
    name: "other-accounts-name-us",
    shows: ["PCI 7.2.5", "PCI 8.2.7"],
    says: "Another company's account assumes a role only in our affairs: by an external id, or as one principal.",
    check: each<Role>(
      roleType,
      ({ assumeRolePolicy }, _, plan) =>
        statementsIn(assumeRolePolicy).some(({ Principal, Condition }) => {
          const { AWS } = (Principal ?? {}) as { AWS?: string | readonly string[] };
          const roots = listOf(AWS).filter((arn) => arn.endsWith(":root") && !arn.includes(plan.account));
          return roots.length > 0 && Condition === undefined;
        }) && "trusts the whole of another account: ask for an sts:ExternalId",
    ),
  },
  {
    name: "no-account-trust",
    shows: ["PCI 7.2.5"],
    says: "A role of a workload does not trust every principal of its own account.",
    check: each<Role>(
      roleType,
      ({ assumeRolePolicy }, _, plan) =>
        statementsIn(assumeRolePolicy).some(({ Principal, Condition }) => {
          const { AWS } = (Principal ?? {}) as { AWS?: string | readonly string[] };
          return listOf(AWS).includes(`arn:aws:iam::${plan.account}:root`) && Condition === undefined;
        }) && "trusts all of its account: name the service (trustOnly in stacks/roles.ts)",
    ),
  },
  {
    name: "bucket-not-public",
    shows: ["PCI 1.4.4", "S3.8"],
    says: "A bucket is blocked for the public in all four ways.",
    check: each<{ bucket: string }>("aws:s3/bucket:Bucket", ({ bucket }, _, plan) => {
      const block = plan
        .ofType<{ bucket: string } & { readonly [Each in (typeof blocks)[number]]?: boolean }>(
          "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
        )
        .find(({ inputs }) => inputs.bucket === bucket);
      const open = blocks.filter((each) => block?.inputs[each] !== true);
      return open.length > 0 && `may become public: set ${open.join(", ")}`;
    }),
  },
  {
    name: "policies-not-public",
    shows: ["PCI 7.3.3", "SQS.3", "SNS.4"],
    says: "No policy of a queue, topic, bucket or key lets anyone in.",
    check: each<{ policy?: unknown }>(
      [
        "aws:sqs/queuePolicy:QueuePolicy",
        "aws:sns/topicPolicy:TopicPolicy",
        "aws:s3/bucketPolicy:BucketPolicy",
        "aws:kms/key:Key",
      ],
      ({ policy }) =>
        policy !== undefined && statementsIn(policy).some(isPublic) && "lets anyone in: name the principal",
    ),
  },
  {
    name: "functions-not-public",
    shows: ["PCI 7.3.3", "Lambda.1"],
    says: "A function is invoked by named services, for named sources.",
    check: each<{ principal?: string; sourceArn?: string; sourceAccount?: string }>(
      "aws:lambda/permission:Permission",
      ({ principal, sourceArn, sourceAccount }) =>
        (principal === "*" || !(sourceArn || sourceAccount)) &&
        "lets in whoever comes: set principal and sourceArn",
    ),
  },
  {
    name: "routes-authorized",
    shows: ["PCI 7.3.1", "APIGateway.8"],
    says: "Each route of the API has an authorizer, or its function knows callers otherwise (see the exceptions).",
    check: each<{ routeKey?: string; authorizationType?: string }>(
      "aws:apigatewayv2/route:Route",
      ({ routeKey, authorizationType }) =>
        (authorizationType ?? "NONE") === "NONE" && `${routeKey ?? ""} is open: give it the authorizer`,
    ),
  },
  {
    name: "sign-up-closed",
    shows: ["PCI 8.2.4"],
    says: "Nobody signs up by himself.",
    check: each<{ adminCreateUserConfig?: { allowAdminCreateUserOnly?: boolean } }>(
      "aws:cognito/userPool:UserPool",
      ({ adminCreateUserConfig }) =>
        !adminCreateUserConfig?.allowAdminCreateUserOnly &&
        "lets anyone sign up: set allowAdminCreateUserOnly",
    ),
  },
  {
    name: "database-iam",
    shows: ["PCI 8.6.2", "RDS.12"],
    says: "Who connects to the books is known by IAM, not by a password in a file.",
    check: each<{ iamDatabaseAuthenticationEnabled?: boolean }>(
      "aws:rds/cluster:Cluster",
      ({ iamDatabaseAuthenticationEnabled }) =>
        !iamDatabaseAuthenticationEnabled &&
        "knows people by passwords: set iamDatabaseAuthenticationEnabled",
    ),
  },
  {
    name: "cache-users",
    shows: ["PCI 8.2.1", "ElastiCache.6"],
    says: "A cache knows its users.",
    check: each<{ userGroupId?: string }>(
      "aws:elasticache/serverlessCache:ServerlessCache",
      ({ userGroupId }) => !userGroupId && "lets anyone in who reaches it: set userGroupId",
    ),
  },
  {
    name: "warehouse-admin",
    shows: ["PCI 2.2.2", "RedshiftServerless.5"],
    says: "No account with the vendor's default name.",
    check: each<{ adminUsername?: string; manageAdminPassword?: boolean }>(
      "aws:redshiftserverless/namespace:Namespace",
      ({ adminUsername, manageAdminPassword }) =>
        ((adminUsername ?? "admin") === "admin" || !manageAdminPassword) &&
        "has the default administrator, or a password of ours: set adminUsername and manageAdminPassword",
    ),
  },
  {
    name: "build-without-secrets",
    shows: ["PCI 8.6.2", "CodeBuild.2"],
    says: "A build has no secrets in its settings.",
    check: each<{ environment?: { environmentVariables?: readonly { name: string; type?: string }[] } }>(
      "aws:codebuild/project:Project",
      ({ environment }) =>
        environment?.environmentVariables?.some(
          ({ name, type = "PLAINTEXT" }) =>
            type === "PLAINTEXT" && /SECRET|TOKEN|PASSWORD|ACCESS_KEY/i.test(name),
        ) && "names a secret in the clear: use the type SECRETS_MANAGER",
    ),
  },
  {
    name: "no-firewall-holes",
    shows: ["PCI 1.3.1", "EC2.19"],
    says: "No security group lets the internet in.",
    check: each<{ cidrIpv4?: string; cidrIpv6?: string }>(
      "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
      ({ cidrIpv4, cidrIpv6 }) =>
        (anywhere.includes(cidrIpv4) || anywhere.includes(cidrIpv6)) &&
        "lets the internet in: name a security group",
    ),
  },
  {
    name: "no-inline-firewall-holes",
    shows: ["PCI 1.3.1", "EC2.19"],
    says: "No security group lets the internet in, in its own list either.",
    check: each<{
      ingress?: readonly { cidrBlocks?: readonly string[]; ipv6CidrBlocks?: readonly string[] }[];
    }>(
      ["aws:ec2/securityGroup:SecurityGroup"],
      ({ ingress = [] }) =>
        ingress.some(({ cidrBlocks = [], ipv6CidrBlocks = [] }) =>
          [...cidrBlocks, ...ipv6CidrBlocks].some((each) => anywhere.includes(each)),
        ) && "lets the internet in: name a security group",
    ),
  },
  {
    name: "default-group-closed",
    shows: ["PCI 1.3.1", "EC2.2"],
    says: "The security group that AWS gives to whoever names none lets nothing through.",
    check: each<{ ingress?: readonly unknown[]; egress?: readonly unknown[] }>(
      "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
      ({ ingress = [], egress = [] }) =>
        ingress.length + egress.length > 0 && "lets something through: leave it empty",
    ),
  },
  {
    name: "default-group-taken-over",
    shows: ["PCI 1.3.1", "EC2.2"],
    says: "A network's default security group is one of ours, or AWS's own lets all its members reach each other.",
    check: needs(
      "aws:ec2/vpc:Vpc",
      "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
      "the network keeps AWS's default security group: declare an empty DefaultSecurityGroup",
    ),
  },
  {
    name: "no-public-addresses",
    shows: ["PCI 1.4.4", "EC2.15"],
    says: "No subnet gives out public addresses by itself.",
    check: each<{ mapPublicIpOnLaunch?: boolean }>(
      "aws:ec2/subnet:Subnet",
      ({ mapPublicIpOnLaunch }) => mapPublicIpOnLaunch === true && "gives out public addresses",
    ),
  },
  {
    name: "instances-tokens",
    shows: ["PCI 2.2.6", "EC2.170"],
    says: "An instance tells about itself to who shows a token (IMDSv2).",
    check: each<{ metadataOptions?: { httpTokens?: string } }>(
      "aws:ec2/launchTemplate:LaunchTemplate",
      ({ metadataOptions }) =>
        metadataOptions?.httpTokens !== "required" && "answers without a token: set httpTokens required",
    ),
  },
  {
    name: "cluster-private",
    shows: ["PCI 1.4.4", "EKS.1"],
    says: "The cluster's API is reached from the network only.",
    check: each<{ vpcConfig?: { endpointPublicAccess?: boolean } }>(
      "aws:eks/cluster:Cluster",
      ({ vpcConfig }) =>
        vpcConfig?.endpointPublicAccess !== false && "has a public endpoint: set endpointPublicAccess false",
    ),
  },
  {
    name: "aurora-private",
    shows: ["PCI 1.4.4", "RDS.2"],
    says: "The books have no public address.",
    check: each<{ publiclyAccessible?: boolean }>(
      "aws:rds/clusterInstance:ClusterInstance",
      ({ publiclyAccessible }) => publiclyAccessible === true && "is public: leave publiclyAccessible false",
    ),
  },
  {
    name: "warehouse-private",
    shows: ["PCI 1.4.4", "RedshiftServerless.1", "RedshiftServerless.3"],
    says: "The warehouse has no public address, and its own traffic stays in the network.",
    notDisposableBecause: "it has no network: nobody's data is in it",
    check: each<{ publiclyAccessible?: boolean; enhancedVpcRouting?: boolean }>(
      "aws:redshiftserverless/workgroup:Workgroup",
      ({ publiclyAccessible, enhancedVpcRouting }) =>
        (publiclyAccessible === true || !enhancedVpcRouting) &&
        "leaves the network: publiclyAccessible false, enhancedVpcRouting true",
    ),
  },
  {
    name: "images-immutable",
    shows: ["PCI 6.5.1", "ECR.2"],
    says: "A tag of an image means one image for ever.",
    check: each<{ imageTagMutability?: string }>(
      "aws:ecr/repository:Repository",
      ({ imageTagMutability }) =>
        !imageTagMutability?.startsWith("IMMUTABLE") && "lets tags move: set imageTagMutability IMMUTABLE",
    ),
  },
  {
    name: "images-scanned",
    shows: ["PCI 6.3.1", "ECR.1"],
    says: "Images are searched for known holes when they arrive.",
    check: each<{ imageScanningConfiguration?: { scanOnPush?: boolean } }>(
      "aws:ecr/repository:Repository",
      ({ imageScanningConfiguration }) =>
        !imageScanningConfiguration?.scanOnPush && "is not scanned: set scanOnPush",
    ),
  },
  {
    name: "firewall-in-front",
    shows: ["PCI 6.4.2", "CloudFront.6"],
    says: "What faces the internet has a web application firewall before it.",
    check: each<{ webAclId?: string }>(
      "aws:cloudfront/distribution:Distribution",
      ({ webAclId }) => !webAclId && "has no firewall: set webAclId",
    ),
  },
  {
    name: "edge-in-front",
    shows: ["PCI 6.4.2", "PCI 1.4.1"],
    says: "The API is behind the edge: its own endpoint answers nobody.",
    check: each<{ disableExecuteApiEndpoint?: boolean }>(
      "aws:apigatewayv2/api:Api",
      ({ disableExecuteApiEndpoint }) =>
        !disableExecuteApiEndpoint &&
        "answers beside the edge, without firewall: set disableExecuteApiEndpoint",
    ),
  },
  {
    name: "firewall-has-rules",
    shows: ["PCI 6.4.2", "WAF.10"],
    says: "The firewall has rules, one that limits rates among them.",
    check: each<{ rules?: readonly { statement?: { rateBasedStatement?: object } }[] }>(
      "aws:wafv2/webAcl:WebAcl",
      ({ rules = [] }) =>
        !rules.some(({ statement }) => statement?.rateBasedStatement) &&
        "limits no rates: add a rateBasedStatement",
    ),
  },
  {
    name: "api-throttled",
    shows: ["PCI 6.4.2", "PCI 6.2.4"],
    says: "The API has an upper limit on requests, so that no caller takes it all.",
    check: each<{ defaultRouteSettings?: { throttlingRateLimit?: number; throttlingBurstLimit?: number } }>(
      "aws:apigatewayv2/stage:Stage",
      ({ defaultRouteSettings: { throttlingRateLimit, throttlingBurstLimit } = {} }) =>
        !(throttlingRateLimit && throttlingBurstLimit) &&
        "has no limit: set throttlingRateLimit and throttlingBurstLimit",
    ),
  },
];
