import type { MadeBucket } from "./buckets.ts";
import type { Region } from "./constants.ts";
import { throughS3 } from "./firehose.ts";
import { physicalName } from "./naming.ts";
import { inlinePolicy, trustOnly } from "./roles.ts";
import type { StageSettings } from "./settings.ts";

type Key = { readonly arn: $util.Output<string> };

/** Where a bucket's objects are copied to. */
export interface Copy extends MadeBucket {
  /** Of the rule, by which its figures are found. */
  readonly id: string;
  readonly key: Key;
  readonly region: Region;
}

/** AWS's promise, and from when on it counts an object as late. */
const minutesMax = { status: "Enabled", minutes: 15 };

/**
 * S3 itself copies what is put into a bucket: its role is assumed by nobody else, and may add to the copies and not take
 * from them.
 */
export function createCopies(
  name: string,
  description: string,
  from: MadeBucket & { readonly key: Key },
  copies: readonly Copy[],
  settings: StageSettings,
): void {
  const { accountId } = aws.getCallerIdentityOutput();
  const statements = [
    { actions: ["s3:GetReplicationConfiguration", "s3:ListBucket"], resources: [from.bucket.arn] },
    {
      actions: ["s3:GetObjectVersionAcl", "s3:GetObjectVersionForReplication", "s3:GetObjectVersionTagging"],
      resources: [$interpolate`${from.bucket.arn}/*`],
    },
    throughS3(["kms:Decrypt"], from.key, [from.bucket], settings),
    ...copies.flatMap(({ bucket, key, region }) => [
      { actions: ["s3:ReplicateObject", "s3:ReplicateTags"], resources: [$interpolate`${bucket.arn}/*`] },
      throughS3(["kms:Encrypt", "kms:GenerateDataKey"], key, [bucket], { region }),
    ]),
  ];
  const role = new aws.iam.Role(`${name}Role`, {
    name: physicalName(name),
    description,
    assumeRolePolicy: trustOnly("s3.amazonaws.com", {
      StringEquals: { "aws:SourceAccount": accountId },
      ArnLike: { "aws:SourceArn": from.bucket.arn },
    }),
    inlinePolicies: [inlinePolicy(statements)],
  });
  new aws.s3.BucketReplicationConfig(
    name,
    {
      bucket: from.bucket.bucket,
      role: role.arn,
      rules: copies.map(({ id, bucket, key }, index) => ({
        id,
        status: "Enabled",
        priority: index + 1,
        filter: {},
        // What is deleted here, by its time or by a hand, stays there.
        deleteMarkerReplication: { status: "Disabled" },
        sourceSelectionCriteria: { sseKmsEncryptedObjects: { status: "Enabled" } },
        destination: {
          bucket: bucket.arn,
          encryptionConfiguration: { replicaKmsKeyId: key.arn },
          replicationTime: { status: minutesMax.status, time: { minutes: minutesMax.minutes } },
          // Figures by which an alarm sees that the promise is kept.
          metrics: { status: minutesMax.status, eventThreshold: { minutes: minutesMax.minutes } },
        },
      })),
    },
    { dependsOn: [from.versioning, ...copies.map(({ versioning }) => versioning)] },
  );
}
