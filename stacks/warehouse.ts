import type { Archive } from "./archive.ts";
import { throughS3 } from "./firehose.ts";
import { physicalName } from "./naming.ts";
import type { Network } from "./network.ts";
import { createLogGroup } from "./network-logs.ts";
import type { Parts } from "./parts.ts";
import { type Permission, unscoped } from "./permissions.ts";
import { inlinePolicy, trustOnly } from "./roles.ts";
import type { Keys } from "./security.ts";
import type { StageSettings } from "./settings.ts";

export interface WarehouseSettings {
  /** Redshift processing units, in steps of 8: what a query starts with, and what it may grow to. */
  readonly units: { readonly base: number; readonly max: number };
  /** Hours of one unit in a day, UTC. An hour is about 0.40 USD; nothing is paid while nothing is asked. */
  readonly unitHoursPerDayMax: number;
  /** What happens then: it is written down, or nothing is answered until the next day. */
  readonly beyondThat: "log" | "deactivate";
  /**
   * How often what the stream brought is taken over without anybody asking, as EventBridge says it. The stream forgets after
   * a week, and a load is paid as a minute at least.
   */
  readonly loadEvery: string;
}

/** Who fills it or asks it is wired to this. */
export interface Warehouse {
  readonly workgroup: aws.redshiftserverless.Workgroup;
  readonly namespace: aws.redshiftserverless.Namespace;
  readonly database: string;
  readonly key: aws.kms.Key;
  readonly archive: Archive | undefined;
}

const database = "warehouse";
/** Seconds. A report that takes longer is a mistake, and paid for while it lasts. */
const querySecondsMax = 900;

/** What Redshift is told: its names, and texts as it takes them. */
const parameters: Readonly<Record<string, string>> = {
  require_ssl: "true",
  // Without it the log of activity has sessions and no statements.
  enable_user_activity_logging: "true",
  max_query_execution_time: String(querySecondsMax),
};
const logKinds = ["connectionlog", "userlog", "useractivitylog"] as const;

/**
 * The warehouse: reads the stream of events by itself, and answers what finance asks. Here are its machine, its log and
 * the right to read the stream; what it makes of events is SQL, which is kept with its reports and run by its owner
 * through the Data API. It has no address for anybody: that API is the only way in.
 */
export function createWarehouse(
  parts: Pick<Parts, "settings" | "keys" | "streams">,
  network: Network | undefined,
  archive: Archive | undefined,
): Warehouse | undefined {
  const { settings, keys, streams } = parts;
  if (settings.warehouse === undefined) return undefined;
  if (keys.warehouse === undefined) throw new Error(`${settings.stage} has a warehouse without a key.`);
  const namespace = createNamespace(
    keys.warehouse,
    createReaderRole(streams.paymentEvents, archive, settings),
    settings,
    keys,
  );
  const { units } = settings.warehouse;
  const workgroup = new aws.redshiftserverless.Workgroup(
    "Warehouse",
    {
      workgroupName: physicalName("Warehouse"),
      namespaceName: namespace.namespaceName,
      baseCapacity: units.base,
      maxCapacity: units.max,
      publiclyAccessible: false,
      ...(network !== undefined && placeIn(network)),
      configParameters: Object.entries(parameters).map(([parameterKey, parameterValue]) => ({
        parameterKey,
        parameterValue,
      })),
    },
    // AWS answers with all that there are, and refuses an update in which none of them changes. To change one of ours,
    // take this away for one deployment.
    { ignoreChanges: ["configParameters"] },
  );
  new aws.redshiftserverless.UsageLimit("WarehouseLimit", {
    resourceArn: workgroup.arn,
    usageType: "serverless-compute",
    period: "daily",
    amount: settings.warehouse.unitHoursPerDayMax,
    breachAction: settings.warehouse.beyondThat,
  });
  return { workgroup, namespace, database, key: keys.warehouse, archive };
}

/** What it reads and writes goes by the network's endpoints too, and is in the flow log. */
function placeIn(network: Network) {
  return {
    subnetIds: [...network.privateSubnetIds],
    securityGroupIds: [createGroup(network).id],
    enhancedVpcRouting: true,
  };
}

function createNamespace(
  key: aws.kms.Key,
  reader: aws.iam.Role,
  settings: StageSettings,
  keys: Keys,
): aws.redshiftserverless.Namespace {
  const name = physicalName("Warehouse");
  // Before it: Redshift would make them itself, to be kept for ever and under no key of ours.
  const logs = logKinds.map((kind) =>
    createLogGroup(`Warehouse${logNames[kind]}`, `/aws/redshift/${name}/${kind}`, settings, keys),
  );
  return new aws.redshiftserverless.Namespace(
    "WarehouseData",
    {
      namespaceName: name,
      dbName: database,
      // No name that somebody would guess. Redshift makes the password, and a new one every thirty days.
      adminUsername: "warehouse_owner",
      manageAdminPassword: true,
      adminPasswordSecretKmsKeyId: key.arn,
      kmsKeyId: key.arn,
      iamRoles: [reader.arn],
      // The one that SQL means by `iam_role default`: no account number has to stand in it.
      defaultIamRoleArn: reader.arn,
      logExports: [...logKinds],
    },
    { retainOnDelete: settings.retainData, dependsOn: logs },
  );
}

const logNames = {
  connectionlog: "Connections",
  userlog: "Users",
  useractivitylog: "Statements",
} as const satisfies Record<(typeof logKinds)[number], string>;

/**
 * What streaming ingestion asks of Kinesis, whose shards' reads it shares with three others (ADR 38), and what COPY asks of S3
 * when an empty warehouse is filled from the archive (ADR 56).
 */
function createReaderRole(
  stream: aws.kinesis.Stream,
  archive: Archive | undefined,
  settings: StageSettings,
): aws.iam.Role {
  const statements = [
    {
      actions: [
        "kinesis:DescribeStream",
        "kinesis:DescribeStreamSummary",
        "kinesis:GetRecords",
        "kinesis:GetShardIterator",
        "kinesis:ListShards",
      ],
      resources: [stream.arn],
    },
    unscoped("kinesis:ListStreams"),
    ...(archive === undefined ? [] : readingArchive(archive, settings)),
  ];
  return new aws.iam.Role("WarehouseReaderRole", {
    name: physicalName("WarehouseReader"),
    description: "Reads events of payments into the warehouse",
    assumeRolePolicy: trustOnly(["redshift.amazonaws.com", "redshift-serverless.amazonaws.com"]),
    inlinePolicies: [inlinePolicy(statements)],
  });
}

function readingArchive({ bucket, key, prefix }: Archive, settings: StageSettings): Permission[] {
  return [
    {
      actions: ["s3:ListBucket"],
      resources: [bucket.arn],
      conditions: [{ test: "StringLike", variable: "s3:prefix", values: [`${prefix}*`] }],
    },
    { actions: ["s3:GetObject"], resources: [$interpolate`${bucket.arn}/${prefix}*`] },
    throughS3(["kms:Decrypt"], key, [bucket], settings),
  ];
}

/** Nobody comes in. It goes out to Kinesis by its endpoint, and to S3, of which the endpoint lets it reach our buckets only. */
function createGroup(network: Network): aws.ec2.SecurityGroup {
  const group = new aws.ec2.SecurityGroup("WarehouseGroup", {
    name: physicalName("Warehouse"),
    description: "The warehouse",
    vpcId: network.vpcId,
    tags: { Name: physicalName("Warehouse") },
  });
  const tls = { securityGroupId: group.id, ipProtocol: "tcp", fromPort: 443, toPort: 443 };
  new aws.vpc.SecurityGroupEgressRule("WarehouseToEndpoints", {
    ...tls,
    referencedSecurityGroupId: network.endpointsSecurityGroupId,
    description: "Events, by the endpoint of Kinesis",
  });
  network.gatewayPrefixListIds.forEach((prefixListId, index) => {
    new aws.vpc.SecurityGroupEgressRule(`WarehouseToGateway${index + 1}`, {
      ...{ ...tls, prefixListId },
      description: "S3 or DynamoDB by its gateway endpoint",
    });
  });
  return group;
}
