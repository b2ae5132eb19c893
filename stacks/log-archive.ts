import type { AccountJobs } from "./account-settings.ts";
import { encryptBucket, expireBucket, guardBucket } from "./buckets.ts";
import { company } from "./company.ts";
import { homeRegion } from "./constants.ts";
import { createKey, keptForGood, keyPolicy, letUse } from "./keys.ts";
import { nameIn } from "./naming.ts";

type ArchiveSettings = NonNullable<AccountJobs["logArchive"]>;
type ArchiveName = "Trail" | "Configuration";

const archiveStage = "account-log-archive";

/** The bucket of an archive, for whoever writes to it from another account. */
export const archiveBucketOf = (name: ArchiveName): string =>
  `${nameIn(archiveStage, name)}-${company.accounts.logArchive}`;

/** The key's alias: other accounts name the key by it, before they know its id. */
export const archiveKeyAlias = (): string =>
  `arn:aws:kms:${homeRegion}:${company.accounts.logArchive}:alias/${nameIn(archiveStage, "Archive")}`;

/** The trail of the organization, which belongs to its own account whoever creates it. */
const trailArn = `arn:aws:cloudtrail:${homeRegion}:${company.accounts.organization}:trail/*`;

/** What the archives' buckets wait for: nothing is delivered before it is there. */
export type LogArchive = readonly aws.s3.BucketPolicy[];

/**
 * The trail and the configuration history of all accounts, in an account where nobody works: who may write there may
 * not change what is written.
 */
export function createLogArchive(settings: ArchiveSettings): LogArchive {
  const key = createArchiveKey();
  return [createTrailArchive(settings, key), createConfigurationArchive(settings, key)];
}

function createArchiveKey(): aws.kms.Key {
  const { security } = company.accounts;
  const policy = keyPolicy(
    letUse("Trail", "cloudtrail.amazonaws.com", ["kms:GenerateDataKey*", "kms:DescribeKey"], {
      ArnLike: { "aws:SourceArn": trailArn },
    }),
    letUse("Configuration", "config.amazonaws.com", ["kms:GenerateDataKey", "kms:Decrypt"], {
      StringEquals: { "aws:SourceAccount": Object.values(company.accounts) },
    }),
    {
      // Whoever investigates reads from the security account.
      Sid: "Readers",
      Effect: "Allow",
      Principal: { AWS: `arn:aws:iam::${security}:root` },
      Action: "kms:Decrypt",
      Resource: "*",
      Condition: { StringEquals: { "kms:ViaService": `s3.${homeRegion}.amazonaws.com` } },
    },
  );
  const description = "Encrypts the trail and the configuration history";
  return createKey(keptForGood, "Archive", { description, policy }, { protect: true });
}

/** Locked in compliance mode: not even the root user of this account deletes a log file before its time. */
function createTrailArchive({ lockDays, keepDays }: ArchiveSettings, key: aws.kms.Key): aws.s3.BucketPolicy {
  const bucket = new aws.s3.Bucket(
    "TrailBucket",
    { bucket: archiveBucketOf("Trail"), objectLockEnabled: true },
    { retainOnDelete: true, protect: true },
  );
  const condition = { ArnLike: { "aws:SourceArn": trailArn } };
  const guards = guardBucket("TrailBucket", bucket, [
    ...writing("cloudtrail.amazonaws.com", bucket, condition),
    readingFrom(company.accounts.security, bucket),
  ]);
  encryptBucket("TrailBucket", bucket, key.arn);
  expireBucket("TrailBucket", bucket, { days: keepDays }, guards);
  new aws.s3.BucketObjectLockConfiguration(
    "TrailBucketLock",
    { bucket: bucket.bucket, rule: { defaultRetention: { mode: "COMPLIANCE", days: lockDays } } },
    { dependsOn: guards.versioning },
  );
  return guards.policy;
}

/** Without a lock: AWS Config delivers to no bucket whose objects are locked by default. It keeps versions instead. */
function createConfigurationArchive({ keepDays }: ArchiveSettings, key: aws.kms.Key): aws.s3.BucketPolicy {
  const bucket = new aws.s3.Bucket(
    "ConfigurationBucket",
    { bucket: archiveBucketOf("Configuration") },
    { retainOnDelete: true, protect: true },
  );
  const condition = { StringEquals: { "aws:SourceAccount": Object.values(company.accounts) } };
  const guards = guardBucket("ConfigurationBucket", bucket, [
    ...writing("config.amazonaws.com", bucket, condition),
    readingFrom(company.accounts.security, bucket),
  ]);
  encryptBucket("ConfigurationBucket", bucket, key.arn);
  expireBucket("ConfigurationBucket", bucket, { days: keepDays }, guards);
  return guards.policy;
}

/** The writer looks whether the bucket is there, and leaves it to us what it wrote. */
function writing(
  service: string,
  bucket: aws.s3.Bucket,
  condition: Readonly<Record<string, object>>,
): object[] {
  const owned = { "s3:x-amz-acl": "bucket-owner-full-control" };
  return [
    {
      Sid: "Look",
      Effect: "Allow",
      Principal: { Service: service },
      Action: ["s3:GetBucketAcl", "s3:ListBucket"],
      Resource: bucket.arn,
      Condition: condition,
    },
    {
      Sid: "Write",
      Effect: "Allow",
      Principal: { Service: service },
      Action: "s3:PutObject",
      Resource: $interpolate`${bucket.arn}/AWSLogs/*`,
      Condition: { ...condition, StringEquals: { ...condition["StringEquals"], ...owned } },
    },
  ];
}

const readingFrom = (account: string, bucket: aws.s3.Bucket): object => ({
  Sid: "Read",
  Effect: "Allow",
  Principal: { AWS: `arn:aws:iam::${account}:root` },
  Action: ["s3:GetObject", "s3:ListBucket"],
  Resource: [bucket.arn, $interpolate`${bucket.arn}/*`],
});
