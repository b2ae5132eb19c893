import { type Example, either, type Violation, without } from "./violation.ts";

const table = "aws:dynamodb/table:Table";
const cluster = "aws:rds/cluster:Cluster";
const bucket = { type: "aws:s3/bucket:Bucket", inputs: { bucket: "files" } };
const instance = (availabilityZone: string): Example => ({
  type: "aws:rds/clusterInstance:ClusterInstance",
  inputs: { clusterIdentifier: "it", availabilityZone },
});
const key = { type: "aws:kms/key:Key", inputs: { deletionWindowInDays: 30 } };

export const resilienceViolations: readonly Violation[] = [
  either("table-backed-up", table, {}, { pointInTimeRecovery: { enabled: true } }),
  either("table-kept", table, {}, { deletionProtectionEnabled: true }),
  either("table-scales", table, { billingMode: "PROVISIONED" }, { billingMode: "PAY_PER_REQUEST" }),
  { rule: "key-kept", broken: [key], kept: [{ ...key, options: { retainOnDelete: true } }] },
  either(
    "user-pool-kept",
    "aws:cognito/userPool:UserPool",
    { deletionProtection: "INACTIVE" },
    { deletionProtection: "ACTIVE" },
  ),
  without("bucket-versioned", bucket, {
    type: "aws:s3/bucketVersioning:BucketVersioning",
    inputs: { bucket: "files", versioningConfiguration: { status: "Enabled" } },
  }),
  without("bucket-forgets-in-time", bucket, {
    type: "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
    inputs: { bucket: "files" },
  }),
  either(
    "locked-objects-stay",
    "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration",
    { rule: { defaultRetention: { mode: "GOVERNANCE" } } },
    { rule: { defaultRetention: { mode: "COMPLIANCE" } } },
  ),
  either("aurora-backed-up", cluster, { backupRetentionPeriod: 7 }, { backupRetentionPeriod: 35 }),
  either("aurora-kept", cluster, {}, { deletionProtection: true }),
  {
    rule: "aurora-in-two-zones",
    broken: [{ type: cluster, inputs: {} }, instance("eu-west-1a"), instance("eu-west-1a")],
    kept: [{ type: cluster, inputs: {} }, instance("eu-west-1a"), instance("eu-west-1b")],
  },
  without(
    "aurora-can-take-over",
    { type: cluster, inputs: { globalClusterIdentifier: "books" } },
    instance("eu-west-1a"),
  ),
  either("global-books-kept", "aws:rds/globalCluster:GlobalCluster", {}, { deletionProtection: true }),
  either("stream-remembers", "aws:kinesis/stream:Stream", { retentionPeriod: 24 }, { retentionPeriod: 168 }),
  either(
    "cache-backed-up",
    "aws:elasticache/serverlessCache:ServerlessCache",
    {},
    { snapshotRetentionLimit: 7 },
  ),
];
