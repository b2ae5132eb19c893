import type { PlanView } from "../plan-view.ts";
import { each, type Rule } from "./rule.ts";
import { type Cluster, follows } from "./secrets.ts";

const backupDays = 35;
const reason = "its data is made up, and the stage can be removed";

interface Instance {
  readonly clusterIdentifier?: string;
  readonly availabilityZone?: string;
}

const instancesOf = (plan: PlanView, cluster: unknown): readonly { readonly inputs: Instance }[] =>
  plan
    .ofType<Instance>("aws:rds/clusterInstance:ClusterInstance")
    .filter(({ inputs }) => inputs.clusterIdentifier === cluster);

/** Backups, copies, and what must not be deleted. */
export const resilienceRules: readonly Rule[] = [
  {
    name: "table-backed-up",
    shows: ["DynamoDB.2", "PCI 12.10.1"],
    says: "Tables can be brought back to any second of the last weeks.",
    notDisposableBecause: reason,
    check: each<{ pointInTimeRecovery?: { enabled?: boolean } }>(
      "aws:dynamodb/table:Table",
      ({ pointInTimeRecovery }) =>
        !pointInTimeRecovery?.enabled && "has no backups: enable pointInTimeRecovery",
    ),
  },
  {
    name: "table-kept",
    shows: ["DynamoDB.6"],
    says: "Nobody deletes a table in passing.",
    notDisposableBecause: reason,
    check: each<{ deletionProtectionEnabled?: boolean }>(
      "aws:dynamodb/table:Table",
      ({ deletionProtectionEnabled }) =>
        !deletionProtectionEnabled && "may be deleted: set deletionProtectionEnabled",
    ),
  },
  {
    name: "table-scales",
    shows: ["DynamoDB.1"],
    says: "Tables take what comes.",
    check: each<{ billingMode?: string }>(
      "aws:dynamodb/table:Table",
      ({ billingMode }) => billingMode !== "PAY_PER_REQUEST" && "has a fixed capacity: set PAY_PER_REQUEST",
    ),
  },
  {
    name: "key-kept",
    shows: ["PCI 3.7.5", "KMS.3"],
    says: "A key waits for thirty days before it is gone, and outlives its stage.",
    notDisposableBecause: reason,
    check: each<{ deletionWindowInDays?: number }>(
      "aws:kms/key:Key",
      ({ deletionWindowInDays = 30 }, { options }) =>
        (deletionWindowInDays < 30 || !options?.["retainOnDelete"]) &&
        "is gone too soon: deletionWindowInDays 30, retainOnDelete",
    ),
  },
  {
    name: "user-pool-kept",
    shows: ["Cognito.6"],
    says: "Nobody deletes the clients in passing.",
    notDisposableBecause: reason,
    check: each<{ deletionProtection?: string }>(
      "aws:cognito/userPool:UserPool",
      ({ deletionProtection }) =>
        deletionProtection !== "ACTIVE" && "may be deleted: set deletionProtection ACTIVE",
    ),
  },
  {
    name: "bucket-versioned",
    shows: ["PCI 10.3.3", "S3.14"],
    says: "What is overwritten is still there.",
    check: each<{ bucket: string }>(
      "aws:s3/bucket:Bucket",
      ({ bucket }, _, plan) =>
        !plan
          .ofType<{ bucket: string; versioningConfiguration?: { status?: string } }>(
            "aws:s3/bucketVersioning:BucketVersioning",
          )
          .some(
            ({ inputs }) => inputs.bucket === bucket && inputs.versioningConfiguration?.status === "Enabled",
          ) && "forgets what is overwritten: enable versioning",
    ),
  },
  {
    name: "bucket-forgets-in-time",
    shows: ["PCI 3.2.1", "S3.13"],
    says: "What is kept is kept for a time that somebody chose.",
    check: each<{ bucket: string }>(
      "aws:s3/bucket:Bucket",
      ({ bucket }, _, plan) =>
        !plan
          .ofType<{ bucket: string }>("aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration")
          .some(({ inputs }) => inputs.bucket === bucket) && "keeps all for ever: add a lifecycle",
    ),
  },
  {
    name: "locked-objects-stay",
    shows: ["PCI 10.3.2", "S3.15"],
    says: "In production nobody, root included, deletes what is under lock before its time.",
    notDisposableBecause: "a stage with compliance locks could not be removed",
    check: each<{ rule?: { defaultRetention?: { mode?: string } } }>(
      "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration",
      ({ rule }, _, plan) =>
        plan.stage === "production" &&
        rule?.defaultRetention?.mode !== "COMPLIANCE" &&
        "may be unlocked: set the mode COMPLIANCE",
    ),
  },
  {
    name: "aurora-backed-up",
    shows: ["RDS.50", "PCI 12.10.1"],
    says: "The books are backed up for 35 days.",
    notDisposableBecause: reason,
    check: each<{ backupRetentionPeriod?: number }>(
      "aws:rds/cluster:Cluster",
      ({ backupRetentionPeriod = 1 }) =>
        backupRetentionPeriod < backupDays &&
        `keeps backups for ${backupRetentionPeriod} days: set ${backupDays}`,
    ),
  },
  {
    name: "aurora-kept",
    shows: ["RDS.7"],
    says: "Nobody deletes the books in passing.",
    notDisposableBecause: reason,
    check: each<{ deletionProtection?: boolean }>(
      "aws:rds/cluster:Cluster",
      ({ deletionProtection }) => !deletionProtection && "may be deleted: set deletionProtection",
    ),
  },
  {
    name: "aurora-in-two-zones",
    shows: ["RDS.15"],
    says: "The books survive the loss of a zone.",
    notDisposableBecause: "one instance costs half",
    check: each<Cluster>("aws:rds/cluster:Cluster", (cluster, { outputs }, plan) => {
      const instances = instancesOf(plan, outputs?.["id"]);
      const zones = new Set(instances.map(({ inputs }) => inputs.availabilityZone ?? "one that AWS picks"));
      return (
        !follows(cluster) &&
        zones.size < 2 &&
        `is in ${zones.size} zones: name two at least, one for each of its instances`
      );
    }),
  },
  {
    name: "aurora-can-take-over",
    shows: ["PCI 12.10.1"],
    says: "Books that follow another region's have an instance: without one they take over nothing.",
    check: each<Cluster>(
      "aws:rds/cluster:Cluster",
      (cluster, { outputs }, plan) =>
        follows(cluster) &&
        instancesOf(plan, outputs?.["id"]).length < 1 &&
        "follows another region's and has no instance: one at least",
    ),
  },
  {
    name: "global-books-kept",
    shows: ["RDS.7"],
    says: "Nobody deletes a database of several regions in passing.",
    notDisposableBecause: reason,
    check: each<{ deletionProtection?: boolean }>(
      "aws:rds/globalCluster:GlobalCluster",
      ({ deletionProtection }) => !deletionProtection && "may be deleted: set deletionProtection",
    ),
  },
  {
    name: "stream-remembers",
    shows: ["Kinesis.3"],
    says: "A stream keeps records for a week: as long as a weekend and its repair.",
    check: each<{ retentionPeriod?: number }>(
      "aws:kinesis/stream:Stream",
      ({ retentionPeriod = 24 }) =>
        retentionPeriod < 168 && `forgets after ${retentionPeriod} h: set 168 or more`,
    ),
  },
  {
    name: "cache-backed-up",
    shows: ["ElastiCache.1"],
    says: "A cache has snapshots.",
    notDisposableBecause: reason,
    check: each<{ snapshotRetentionLimit?: number }>(
      "aws:elasticache/serverlessCache:ServerlessCache",
      ({ snapshotRetentionLimit = 0 }) =>
        snapshotRetentionLimit < 1 && "has no snapshots: set snapshotRetentionLimit",
    ),
  },
];
