import { type BooksDesk, createBooksDesk } from "./books-desk.ts";
import { createMembership, type GlobalBooks } from "./books-global.ts";
import { type BooksUser, createBooksProxy } from "./books-proxy.ts";
import type { Cluster } from "./cluster.ts";
import { physicalName } from "./naming.ts";
import type { Network } from "./network.ts";
import { createLogGroup } from "./network-logs.ts";
import { referredStage } from "./pair.ts";
import type { Permission } from "./permissions.ts";
import { trustOnly } from "./roles.ts";
import type { Keys } from "./security.ts";
import type { StageSettings } from "./settings.ts";
import type { SharedKey } from "./shared-keys.ts";

export interface BooksSettings {
  /**
   * Aurora capacity units of each instance: 2 GiB of memory and what CPU goes with it, 0.5 to 256, in steps of 0.5. The
   * least is paid for day and night.
   */
  readonly capacity: { readonly min: number; readonly max: number };
  /**
   * Instances, each in a zone of its own: one writes, the others take over from it. One is enough for a region that
   * stands by; without any, it would have to be made before that region can take over.
   */
  readonly instances: 1 | 2 | 3;
}

/** What uses the books is wired to this. */
export interface Books {
  readonly cluster: aws.rds.Cluster;
  readonly instances: readonly aws.rds.ClusterInstance[];
  readonly database: string;
  /** Undefined where no pods are. */
  readonly door: BooksDoor | undefined;
  /** The database of two regions that the cluster is a part of; undefined for a stage that is alone. */
  readonly global: GlobalBooks | undefined;
}

/** How pods come in. */
export interface BooksDoor {
  /** Where to connect: the proxy, port 5432, TLS only. */
  readonly host: $util.Output<string>;
  /** To connect through the proxy as one user of the database, by a token of IAM and no password. */
  readonly connectAs: (user: BooksUser) => Permission;
  /** What has to be there before anybody comes in. */
  readonly ready: readonly $util.Resource[];
  /** Where people come from. Undefined where they have nowhere to sit. */
  readonly desk: BooksDesk | undefined;
}

/** What runs the books. */
export interface Engine {
  readonly engine: string;
  readonly engineVersion: string;
  /** Name of the database in it. */
  readonly database: string;
}

const engine = "aurora-postgresql";
/**
 * What a new cluster begins with. Minor versions come by themselves, in the maintenance window, and a deployment that
 * asked for this one again would be refused as a step back; a major one is a rehearsed change, beside this line. Not in a
 * database of two regions: there RDS upgrades nothing by itself, and this line upgrades both (ADR 50).
 */
const engineVersion = "17.7";
const database = "books";
/** PCI DSS asks for evidence of a year in logs; of the books themselves, a mistake is seen within a month. */
const backupDays = 35;

/** The one who reads statements of the log finds out who changed the books' shape, and who came and went. */
const parameters: Readonly<Record<string, string>> = {
  "rds.force_ssl": "1",
  ssl_min_protocol_version: "TLSv1.2",
  log_connections: "1",
  log_disconnections: "1",
  log_statement: "ddl",
  // A lock that is held for a minute by somebody who went away holds up all postings.
  idle_in_transaction_session_timeout: "60000",
};

/**
 * The books: every journal entry as the reconciler posts it, and what it matches them with. Undefined where no
 * reconciler runs on AWS: nobody else uses them. A region that stands by has them without one: its cluster follows the
 * home's. Their tables and users come by migrations, which run as the owner before new pods do
 * (stacks/books-migration.ts): its password is in Secrets Manager, and changes every week.
 */
export function createBooks(
  settings: StageSettings,
  network: Network | undefined,
  cluster: Cluster | undefined,
  keys: Keys,
): Books | undefined {
  if (settings.books === undefined) return undefined;
  if (settings.reconcilerAsProcess) return createBooksBeside(settings, keys);
  if (network === undefined || keys.books === undefined)
    throw new Error(`${settings.stage} has books, and no network that they are in (stacks/settings.ts).`);
  if (cluster === undefined && referredStage(settings) === undefined)
    throw new Error(`${settings.stage} has books, and no cluster that uses them (stacks/settings.ts).`);
  const group = new aws.ec2.SecurityGroup("BooksGroup", {
    name: physicalName("Books"),
    description: "The books: Aurora PostgreSQL",
    vpcId: network.vpcId,
    tags: { Name: physicalName("Books") },
  });
  const { cluster: books, global } = createDatabase(settings, network, keys.books, group, keys);
  const instances = createInstances(settings.books, network, books, keys.books);
  const owner = { secretArn: global?.ownerArn ?? ownerKeptByRds(books), key: keys.books };
  const behind = { cluster: books, group, instances, owner };
  const way = cluster && createBooksProxy({ settings, network, cluster, keys }, behind);
  const door = way && {
    host: way.proxy.endpoint,
    connectAs: (user: BooksUser) => connecting(user, way.proxy),
    ready: [way.ready],
    desk: createBooksDesk(network, way),
  };
  return { cluster: books, instances, database, door, global };
}

/** On a laptop: the database, and nothing around it. Whoever runs the process tells it where that is. */
function createBooksBeside(settings: StageSettings, keys: Keys): Books {
  if (keys.books === undefined) throw new Error(`${settings.stage} has books without a key.`);
  const cluster = new aws.rds.Cluster("Books", {
    clusterIdentifier: physicalName("Books"),
    ...{ engine, engineVersion },
    ...createMembership(settings, keys.books, { engine, engineVersion, database }).args,
    iamDatabaseAuthenticationEnabled: true,
    storageEncrypted: true,
    kmsKeyId: keys.books.arn,
    skipFinalSnapshot: true,
  });
  const { accountId } = aws.getCallerIdentityOutput();
  const connectAs = (user: BooksUser): Permission => ({
    actions: ["rds-db:connect"],
    resources: [
      $interpolate`arn:aws:rds-db:${settings.region}:${accountId}:dbuser:${cluster.clusterResourceId}/${user}`,
    ],
  });
  const door = { host: cluster.endpoint, connectAs, ready: [], desk: undefined };
  return { cluster, instances: [], database, door, global: undefined };
}

/** The secret that RDS makes for a cluster whose password it manages. */
const ownerKeptByRds = (books: aws.rds.Cluster): $util.Output<string> =>
  books.masterUserSecrets.apply(([secret]) => {
    if (secret === undefined) throw new Error("RDS keeps no password of the books' owner.");
    return secret.secretArn;
  });

function createDatabase(
  settings: StageSettings,
  network: Network,
  key: SharedKey,
  group: aws.ec2.SecurityGroup,
  keys: Keys,
): Pick<Books, "cluster" | "global"> {
  const name = physicalName("Books");
  const subnets = new aws.rds.SubnetGroup("BooksSubnets", {
    name,
    description: "Private subnets",
    subnetIds: [...network.privateSubnetIds],
  });
  const parameterGroup = new aws.rds.ClusterParameterGroup("BooksParameters", {
    name,
    family: `${engine}${engineVersion.split(".")[0]}`,
    description: "TLS only; who came, who went, and who changed the shape of the books is logged",
    parameters: Object.entries(parameters).map(([parameter, value]) => ({ name: parameter, value })),
  });
  // Before the cluster: RDS would make it itself, to keep its logs for ever and under no key of ours.
  const logs = createLogGroup("BooksLogs", `/aws/rds/cluster/${name}/postgresql`, settings, keys);
  const membership = createMembership(settings, key, { engine, engineVersion, database });
  const cluster = new aws.rds.Cluster(
    "Books",
    {
      ...{ clusterIdentifier: name, engine, engineVersion, ...membership.args },
      iamDatabaseAuthenticationEnabled: true,
      storageEncrypted: true,
      kmsKeyId: key.arn,
      dbSubnetGroupName: subnets.name,
      vpcSecurityGroupIds: [group.id],
      dbClusterParameterGroupName: parameterGroup.name,
      serverlessv2ScalingConfiguration: {
        minCapacity: settings.books?.capacity.min ?? 0.5,
        maxCapacity: settings.books?.capacity.max ?? 0.5,
      },
      enabledCloudwatchLogsExports: ["postgresql"],
      backupRetentionPeriod: backupDays,
      // UTC, when least is settled, and before the backup vault's own (stacks/backup.ts).
      preferredBackupWindow: "01:30-02:30",
      preferredMaintenanceWindow: "sun:04:00-sun:05:00",
      copyTagsToSnapshot: true,
      deletionProtection: settings.protectFromDeletion,
      skipFinalSnapshot: !settings.retainData,
      ...(settings.retainData && { finalSnapshotIdentifier: `${name}-last` }),
    },
    {
      retainOnDelete: settings.retainData,
      dependsOn: [logs],
      ignoreChanges: ["engineVersion", ...membership.ignoreChanges],
    },
  );
  return { cluster, global: membership.global };
}

/** Seconds between two readings of the operating system. */
const monitoringSeconds = 60;
/** Of the history of waits and statements. Seven days cost nothing. */
const insightDays = 7;

function createInstances(
  { instances }: BooksSettings,
  network: Network,
  cluster: aws.rds.Cluster,
  key: SharedKey,
): aws.rds.ClusterInstance[] {
  const monitor = new aws.iam.Role("BooksMonitorRole", {
    name: physicalName("BooksMonitor"),
    description: "Lets RDS write what the books' machines are busy with",
    assumeRolePolicy: trustOnly("monitoring.rds.amazonaws.com"),
    managedPolicyArns: ["arn:aws:iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole"],
  });
  return Array.from(
    { length: instances },
    (_, index) =>
      new aws.rds.ClusterInstance(`Books${index + 1}`, {
        identifier: `${physicalName("Books")}-${index + 1}`,
        clusterIdentifier: cluster.id,
        engine,
        instanceClass: "db.serverless",
        // Named, because Aurora promises nothing: the loss of one zone must leave one instance.
        ...(network.zones[index] !== undefined && { availabilityZone: network.zones[index] }),
        // The first two are of one size at any time: whoever takes over does not start small.
        promotionTier: Math.min(index, 1),
        publiclyAccessible: false,
        autoMinorVersionUpgrade: true,
        copyTagsToSnapshot: true,
        monitoringInterval: monitoringSeconds,
        monitoringRoleArn: monitor.arn,
        performanceInsightsEnabled: true,
        performanceInsightsKmsKeyId: key.arn,
        performanceInsightsRetentionPeriod: insightDays,
      }),
  );
}

/** IAM knows a proxy by the id at the end of its ARN. */
function connecting(user: BooksUser, proxy: aws.rds.Proxy): Permission {
  const { accountId } = aws.getCallerIdentityOutput();
  const id = proxy.arn.apply((arn) => arn.split(":").at(-1) ?? "");
  const region = proxy.arn.apply((arn) => arn.split(":")[3] ?? "");
  return {
    actions: ["rds-db:connect"],
    resources: [$interpolate`arn:aws:rds-db:${region}:${accountId}:dbuser:${id}/${user}`],
  };
}
