import { encryptBucket, expireBucket, guardBucket } from "./buckets.ts";
import { company, isDocumented } from "./company.ts";
import { logDays } from "./constants.ts";
import { deployRole } from "./guard-policies.ts";
import { createKey } from "./keys.ts";
import { physicalName } from "./naming.ts";
import type { BuildPlace, Network } from "./network.ts";
import { referredStage, sharedName } from "./pair.ts";
import { type Permission, unscoped } from "./permissions.ts";
import { inlinePolicy, trustOnly } from "./roles.ts";
import type { StageSettings } from "./settings.ts";

export interface DeliverySettings {
  /** What is pushed to it is deployed. */
  readonly branch: string;
  /** A person says yes between the checks and the deployment. */
  readonly approval: boolean;
}

/** Sources and build outputs are in git, and can be made again. */
const artifactDays = 30;
const buildMinutesMax = 60;
/** x86-64, as laptops mostly are: there is no local DynamoDB for other processors among our packages. */
const image = "aws/codebuild/amazonlinux-x86_64-standard:5.0";

/** What the builds have in common. */
interface Workshop {
  readonly settings: StageSettings;
  readonly key: aws.kms.Key;
  readonly bucket: aws.s3.Bucket;
}

/**
 * Deploys the stage from its own account, when its branch moves: checks first, then where the stage asks for it a
 * person. The first deployment, which makes this, is by hand (docs/from-nothing-to-production.md).
 */
export function createDelivery(settings: StageSettings, network: Network | undefined): void {
  if (settings.delivery === undefined) return;
  const workshop = createWorkshop(settings);
  // Checks run whatever the packages bring, before a person has looked: they are kept out of the network.
  const checks = createBuild("CheckBuild", workshop, checking, []);
  const assumes = {
    actions: ["sts:AssumeRole"],
    resources: [`arn:aws:iam::${settings.awsAccount}:role/${deployRole}`],
  };
  const deploys = createBuild(
    "DeployBuild",
    workshop,
    deploying(settings),
    [assumes],
    placeOf(settings, network),
  );
  createPipeline(settings.delivery, workshop, checks, deploys);
}

/** Where a build is in the network. */
interface Place extends BuildPlace {
  readonly vpcId: $util.Output<string>;
}

/** In the network, if the stage has a cluster: nowhere else does the cluster's address lead to it. */
function placeOf(settings: StageSettings, network: Network | undefined): Place | undefined {
  if (settings.cluster === undefined) return undefined;
  if (network?.builds === undefined)
    throw new Error(
      `${settings.stage} has a cluster that its pipeline cannot reach: give its network a nat (stacks/settings.ts).`,
    );
  return { ...network.builds, vpcId: network.vpcId };
}

function createWorkshop(settings: StageSettings): Workshop {
  const key = createKey(settings, "Delivery", { description: "Encrypts what the pipeline hands on" });
  const bucket = new aws.s3.Bucket(
    "DeliveryBucket",
    { bucket: `${physicalName("Delivery")}-${settings.awsAccount}` },
    { retainOnDelete: settings.retainData },
  );
  const guards = guardBucket("DeliveryBucket", bucket);
  encryptBucket("DeliveryBucket", bucket, key.arn);
  expireBucket("DeliveryBucket", bucket, { days: artifactDays }, guards);
  return { settings, key, bucket };
}

/** Node 24 and SST come with `npm ci`; `npm test` is all that a developer's own run is. */
const checking: readonly string[] = [
  "npm ci",
  "npm test",
  "npm run check:estate-types",
  "npm run --if-present estate:check",
];

/** The build says by it whose network it is in. */
const networkVariable = "DEPLOYS_FROM_NETWORK_OF";

/**
 * @throws Error that says what to do, before anything is created: pods are made at the cluster's own address, which leads
 *   nowhere from outside of its network.
 */
export function refuseFromOutside({ stage, cluster }: StageSettings, account: string): void {
  if (cluster?.reconciler === undefined || isDocumented(account)) return;
  if (process.env[networkVariable] === stage) return;
  throw new Error(
    `${stage} has pods, and its cluster has no address outside of its network: its pipeline deploys it. ` +
      "Before there is a pipeline, set cluster.reconciler to undefined in stacks/settings.ts for the first deployment " +
      "(docs/from-nothing-to-production.md).",
  );
}

/** As the deploy role, whose keys SST fetches anew when they expire. The build's own role may do nothing else. */
const deploying = ({ stage, awsAccount, region }: StageSettings): readonly string[] => [
  "npm ci",
  "mkdir -p ~/.aws",
  `printf '[profile deploy]\\nrole_arn=arn:aws:iam::${awsAccount}:role/${deployRole}\\ncredential_source=EcsContainer\\nregion=${region}\\n' > ~/.aws/config`,
  `${networkVariable}=${stage} AWS_PROFILE=deploy npx sst deploy --stage ${stage}`,
];

function createBuild(
  name: string,
  { settings, key, bucket }: Workshop,
  commands: readonly string[],
  permissions: readonly Permission[],
  place?: Place,
): aws.codebuild.Project {
  const logs = new aws.cloudwatch.LogGroup(`${name}Logs`, {
    name: `/aws/codebuild/${physicalName(name)}`,
    retentionInDays: logDays,
  });
  const role = new aws.iam.Role(`${name}Role`, {
    name: physicalName(name),
    assumeRolePolicy: trustOnly("codebuild.amazonaws.com", {
      StringEquals: { "aws:SourceAccount": settings.awsAccount },
    }),
    inlinePolicies: [
      inlinePolicy([
        { actions: ["logs:CreateLogStream", "logs:PutLogEvents"], resources: [$interpolate`${logs.arn}:*`] },
        ...taking(key, bucket),
        ...permissions,
        ...(place === undefined ? [] : entering(place, settings)),
      ]),
    ],
  });
  return new aws.codebuild.Project(name, {
    name: physicalName(name),
    serviceRole: role.arn,
    encryptionKey: key.arn,
    buildTimeout: buildMinutesMax,
    source: {
      type: "CODEPIPELINE",
      buildspec: JSON.stringify({ version: "0.2", phases: { build: { commands } } }),
    },
    artifacts: { type: "CODEPIPELINE" },
    ...(place && { vpcConfig: inPlace(place) }),
    environment: {
      type: "LINUX_CONTAINER",
      computeType: "BUILD_GENERAL1_LARGE",
      image,
      // Docker copies the cluster's images (stacks/images.ts), and runs in a privileged build only.
      privilegedMode: place !== undefined,
    },
    logsConfig: { cloudwatchLogs: { status: "ENABLED", groupName: logs.name } },
  });
}

const inPlace = ({ vpcId, subnetIds, securityGroup }: Place): aws.types.input.codebuild.ProjectVpcConfig => ({
  vpcId,
  subnets: [...subnetIds],
  securityGroupIds: [securityGroup.id],
});

/** CodeBuild puts a network interface into the subnets of builds, in the name of the build's role. */
function entering({ subnetArns, securityGroup }: Place, { region, awsAccount }: StageSettings): Permission[] {
  const interfaces = `arn:aws:ec2:${region}:${awsAccount}:network-interface/*`;
  const inSubnets = { test: "ArnEquals", variable: "ec2:Subnet", values: [...subnetArns] };
  return [
    { actions: ["ec2:CreateNetworkInterface"], resources: [interfaces, ...subnetArns, securityGroup.arn] },
    { actions: ["ec2:DeleteNetworkInterface"], resources: [interfaces], conditions: [inSubnets] },
    {
      actions: ["ec2:CreateNetworkInterfacePermission"],
      resources: [interfaces],
      conditions: [
        inSubnets,
        { test: "StringEquals", variable: "ec2:AuthorizedService", values: ["codebuild.amazonaws.com"] },
      ],
    },
    unscoped(
      "ec2:DescribeDhcpOptions",
      "ec2:DescribeNetworkInterfaces",
      "ec2:DescribeSecurityGroups",
      "ec2:DescribeSubnets",
      "ec2:DescribeVpcs",
    ),
  ];
}

function createPipeline(
  { branch, approval }: DeliverySettings,
  { settings, key, bucket }: Workshop,
  checks: aws.codebuild.Project,
  deploys: aws.codebuild.Project,
): void {
  // Pending until someone with rights at GitHub accepts it in the console, once.
  const connection = new aws.codeconnections.Connection("Repository", {
    // 32 characters at most, and each region has its own.
    name: sharedName(settings, "Git"),
    providerType: "GitHub",
  });
  const role = new aws.iam.Role("PipelineRole", {
    name: physicalName("Pipeline"),
    assumeRolePolicy: trustOnly("codepipeline.amazonaws.com", {
      StringEquals: { "aws:SourceAccount": settings.awsAccount },
    }),
    inlinePolicies: [
      inlinePolicy([
        {
          actions: ["codeconnections:UseConnection", "codestar-connections:UseConnection"],
          resources: [connection.arn],
        },
        {
          actions: ["codebuild:BatchGetBuilds", "codebuild:StartBuild"],
          resources: [checks.arn, deploys.arn],
        },
        ...taking(key, bucket),
        // The builds may not: what one of them put there, the next would deploy.
        { actions: ["s3:PutObject"], resources: [$interpolate`${bucket.arn}/*`] },
        { actions: ["kms:GenerateDataKey"], resources: [key.arn] },
      ]),
    ],
  });
  new aws.codepipeline.Pipeline("Pipeline", {
    name: physicalName("Pipeline"),
    pipelineType: "V2",
    // A commit waits for the one before it: two deployments of one stage would refuse each other.
    executionMode: "QUEUED",
    roleArn: role.arn,
    artifactStores: [{ type: "S3", location: bucket.bucket, encryptionKey: { type: "KMS", id: key.arn } }],
    triggers: [
      {
        providerType: "CodeStarSourceConnection",
        gitConfiguration: {
          sourceActionName: "Source",
          pushes: [{ branches: { includes: [branch] } }],
        },
      },
    ],
    stages: [
      { name: "Source", actions: [sourceFrom(connection, branch)] },
      { name: "Check", actions: [buildBy("Check", checks)] },
      ...(approval ? [{ name: "Approve", actions: [approvalBy(settings)] }] : []),
      { name: "Deploy", actions: [buildBy("Deploy", deploys)] },
    ],
  });
}

type Action = aws.types.input.codepipeline.PipelineStageAction;

const sourceFrom = (connection: aws.codeconnections.Connection, branch: string): Action => ({
  name: "Source",
  category: "Source",
  owner: "AWS",
  provider: "CodeStarSourceConnection",
  version: "1",
  outputArtifacts: ["source"],
  configuration: {
    ConnectionArn: connection.arn,
    FullRepositoryId: company.repository,
    BranchName: branch,
    // The trigger above starts it, and nothing else.
    DetectChanges: "false",
  },
});

const buildBy = (name: string, project: aws.codebuild.Project): Action => ({
  name,
  category: "Build",
  owner: "AWS",
  provider: "CodeBuild",
  version: "1",
  inputArtifacts: ["source"],
  configuration: { ProjectName: project.name },
});

const approvalBy = (settings: StageSettings): Action => ({
  name: "Approve",
  category: "Approval",
  owner: "AWS",
  provider: "Manual",
  version: "1",
  configuration: {
    CustomData: [
      `The change of the lock (stacks/estate.${settings.stage}.lock.json) is what will change.`,
      // What it refers to is made there: a secret's next generation, a key's replica, a table's.
      ...(referredStage(settings) === undefined
        ? []
        : [`Only after ${referredStage(settings)} has this commit.`]),
    ].join(" "),
  },
});

/** Reading what one step hands to the next. */
const taking = (key: aws.kms.Key, bucket: aws.s3.Bucket): Permission[] => [
  { actions: ["s3:GetObject", "s3:GetObjectVersion"], resources: [$interpolate`${bucket.arn}/*`] },
  { actions: ["s3:GetBucketVersioning"], resources: [bucket.arn] },
  { actions: ["kms:Decrypt"], resources: [key.arn] },
];
