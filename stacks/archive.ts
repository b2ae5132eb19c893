import { createBucket, type MadeBucket } from "./buckets.ts";
import { createEventDelivery, throughS3 } from "./firehose.ts";
import { physicalName } from "./naming.ts";
import type { Parts } from "./parts.ts";
import { inlinePolicy, trustOnly } from "./roles.ts";
import type { StageSettings } from "./settings.ts";

export interface ArchiveSettings {
  /**
   * How long nobody deletes or changes an event, in days. In governance mode a few may lift it; in compliance mode
   * nobody can, root and AWS included.
   */
  readonly lock: { readonly mode: "GOVERNANCE" | "COMPLIANCE"; readonly days: number };
  /** After so many days events are deleted. More than the lock. */
  readonly keepDays: number;
}

/** Whoever reads the archive is wired to this. */
export interface Archive {
  readonly bucket: aws.s3.Bucket;
  readonly key: aws.kms.Key;
  /** What the objects of one day (UTC, of their arrival) begin with is this and `day=2026-01-31/`. */
  readonly prefix: string;
  /** Of what brings them: its figures tell how far the archive is behind. */
  readonly delivery: aws.kinesis.FirehoseDeliveryStream;
  /** Where they land first. */
  readonly landing: aws.s3.Bucket;
}

export const archivePrefix = "events/";
/** As long as there is time to find out that copies did not arrive. */
const landingDays = 35;
/** An auditor asks for the last quarter; what is older is read once a year, if ever. */
const coldAfterDays = 120;

/**
 * Events as they were sent, one JSON text a line, for longer than anybody could wish to change them. They land in a
 * bucket without a lock, and S3 copies them into the archive within a quarter of an hour (ADR 38): nothing that runs
 * can write there, and what is there does not change.
 */
export function createArchive(parts: Pick<Parts, "settings" | "keys" | "streams">): Archive | undefined {
  const { settings, keys } = parts;
  if (settings.archive === undefined || keys.archive === undefined) return undefined;
  const { lock, keepDays } = settings.archive;
  if (keepDays <= lock.days)
    throw new Error(
      `${settings.stage} would delete events before their lock ends: keepDays (stacks/settings.ts).`,
    );
  const landing = createBucket("ArchiveLanding", settings, { key: keys.archive, days: landingDays });
  const archive = createLockedBucket(settings, lock, keys.archive, keepDays);
  copyInto(archive, landing, keys.archive, settings);
  const delivery = createEventDelivery(
    {
      name: "ArchiveDelivery",
      bucket: landing.bucket,
      key: keys.archive,
      form: () => ({
        prefix: `${archivePrefix}day=!{timestamp:yyyy-MM-dd}/`,
        // Nothing is looked at, so nothing can be wrong with it; Firehose wants a place all the same.
        errorOutputPrefix: "failed/!{firehose:error-output-type}/",
        compressionFormat: "GZIP",
        fileExtension: ".json.gz",
        processingConfiguration: {
          enabled: true,
          // Records have no ends of their own, and a reader goes line by line.
          processors: [
            {
              type: "AppendDelimiterToRecord",
              parameters: [{ parameterName: "Delimiter", parameterValue: "\\n" }],
            },
          ],
        },
      }),
    },
    parts,
  );
  return {
    bucket: archive.bucket,
    key: keys.archive,
    prefix: archivePrefix,
    delivery,
    landing: landing.bucket,
  };
}

function createLockedBucket(
  settings: StageSettings,
  { mode, days }: ArchiveSettings["lock"],
  key: aws.kms.Key,
  keepDays: number,
): MadeBucket {
  const made = createBucket("Archive", settings, { key, days: keepDays, coldAfterDays, lockable: true });
  new aws.s3.BucketObjectLockConfiguration(
    "ArchiveBucketLock",
    { bucket: made.bucket.bucket, rule: { defaultRetention: { mode, days } } },
    { dependsOn: made.versioning },
  );
  return made;
}

/** S3 itself copies: its role is assumed by nobody else, and may add to the archive and not take from it. */
function copyInto(archive: MadeBucket, landing: MadeBucket, key: aws.kms.Key, settings: StageSettings): void {
  const { accountId } = aws.getCallerIdentityOutput();
  const statements = [
    { actions: ["s3:GetReplicationConfiguration", "s3:ListBucket"], resources: [landing.bucket.arn] },
    {
      actions: ["s3:GetObjectVersionAcl", "s3:GetObjectVersionForReplication", "s3:GetObjectVersionTagging"],
      resources: [$interpolate`${landing.bucket.arn}/*`],
    },
    {
      actions: ["s3:ReplicateObject", "s3:ReplicateTags"],
      resources: [$interpolate`${archive.bucket.arn}/*`],
    },
    throughS3(["kms:Decrypt"], key, [landing.bucket], settings),
    throughS3(["kms:Encrypt", "kms:GenerateDataKey"], key, [archive.bucket], settings),
  ];
  const role = new aws.iam.Role("ArchiveCopyRole", {
    name: physicalName("ArchiveCopy"),
    description: "Copies events into the archive",
    assumeRolePolicy: trustOnly("s3.amazonaws.com", {
      StringEquals: { "aws:SourceAccount": accountId },
      ArnLike: { "aws:SourceArn": landing.bucket.arn },
    }),
    inlinePolicies: [inlinePolicy(statements)],
  });
  const within = { status: "Enabled", minutes: 15 };
  new aws.s3.BucketReplicationConfig(
    "ArchiveCopy",
    {
      bucket: landing.bucket.bucket,
      role: role.arn,
      rules: [
        {
          id: archiveRule,
          status: "Enabled",
          priority: 1,
          filter: {},
          // What is deleted here, by its time or by a hand, stays there.
          deleteMarkerReplication: { status: "Disabled" },
          sourceSelectionCriteria: { sseKmsEncryptedObjects: { status: "Enabled" } },
          destination: {
            bucket: archive.bucket.arn,
            encryptionConfiguration: { replicaKmsKeyId: key.arn },
            // AWS's promise, and figures by which an alarm sees that it is kept.
            replicationTime: { status: within.status, time: { minutes: within.minutes } },
            metrics: { status: within.status, eventThreshold: { minutes: within.minutes } },
          },
        },
      ],
    },
    { dependsOn: [landing.versioning, archive.versioning] },
  );
}

/** Name of the rule of replication, by which its figures are found. */
export const archiveRule = "archive";
