import type { Region } from "./constants.ts";
import { physicalName } from "./naming.ts";
import type { StageSettings } from "./settings.ts";

export interface BucketKeeping {
  readonly key: { readonly arn: $util.Output<string> };
  /** Objects are deleted after so many days. */
  readonly days: number;
  /**
   * Their versions so many days after they were replaced or deleted; one when left out. An object is there for as long as
   * both together, at most.
   */
  readonly replacedDays?: number;
  /** Only those whose names begin so; all when left out. */
  readonly expirePrefix?: string;
  /** Until they move to where keeping costs a sixth and reading is paid for. Small objects stay. */
  readonly coldAfterDays?: number;
  /** Whether its objects may be locked against deletion: known when a bucket is made, and for as long as it exists. */
  readonly lockable?: boolean;
  /** Who may or may not do what, beside those whom IAM lets. */
  readonly statements?: (bucket: BucketRef) => readonly object[];
  /** The stage's own when left out. */
  readonly region?: Region;
}

/** A bucket as those see it who are wired to it, whichever stage made it. */
export type BucketRef = Pick<aws.s3.Bucket, "arn" | "bucket">;

export interface MadeBucket {
  readonly bucket: aws.s3.Bucket;
  readonly versioning: aws.s3.BucketVersioning;
}

/** A closed bucket, encrypted under one key, whose objects have their time. */
export function createBucket(
  name: string,
  settings: StageSettings,
  { key, lockable = false, statements = () => [], ...keeping }: BucketKeeping,
): MadeBucket {
  const logical = `${name}Bucket`;
  const { region } = keeping;
  const { accountId } = aws.getCallerIdentityOutput();
  const bucket = new aws.s3.Bucket(
    logical,
    {
      ...(region !== undefined && { region }),
      // All companies on AWS share these names: the account number makes ours free.
      bucket: $interpolate`${physicalName(name)}-${accountId}`,
      forceDestroy: !settings.retainData,
      ...(lockable && { objectLockEnabled: true }),
    },
    { retainOnDelete: settings.retainData },
  );
  const guards = guardBucket(logical, bucket, statements(bucket), region);
  encryptBucket(logical, bucket, key.arn, region);
  expireBucket(logical, bucket, keeping, guards);
  return { bucket, versioning: guards.versioning };
}

/** What every bucket has: no public access, versions, and TLS. */
export interface BucketGuards {
  readonly versioning: aws.s3.BucketVersioning;
  readonly policy: aws.s3.BucketPolicy;
}

/**
 * Closes a bucket.
 * @param statements who may do what, beside those whom IAM lets.
 */
export function guardBucket(
  logical: string,
  bucket: aws.s3.Bucket,
  statements: readonly object[] = [],
  region?: string,
): BucketGuards {
  const place = region === undefined ? {} : { region };
  const versioning = new aws.s3.BucketVersioning(`${logical}Versioning`, {
    ...place,
    bucket: bucket.bucket,
    versioningConfiguration: { status: "Enabled" },
  });
  const publicAccess = new aws.s3.BucketPublicAccessBlock(`${logical}PublicAccess`, {
    ...place,
    bucket: bucket.bucket,
    blockPublicAcls: true,
    blockPublicPolicy: true,
    ignorePublicAcls: true,
    restrictPublicBuckets: true,
  });
  const tlsOnly = {
    Sid: "TlsOnly",
    Effect: "Deny",
    Principal: "*",
    Action: "s3:*",
    Resource: [bucket.arn, $interpolate`${bucket.arn}/*`],
    Condition: { Bool: { "aws:SecureTransport": "false" } },
  };
  const policy = new aws.s3.BucketPolicy(
    `${logical}Policy`,
    {
      ...place,
      bucket: bucket.bucket,
      policy: $jsonStringify({ Version: "2012-10-17", Statement: [tlsOnly, ...statements] }),
    },
    { dependsOn: publicAccess },
  );
  return { versioning, policy };
}

/** Encrypts under a key, with one data key for the bucket. */
export function encryptBucket(
  logical: string,
  bucket: aws.s3.Bucket,
  keyArn: $util.Input<string>,
  region?: Region,
): aws.s3.BucketServerSideEncryptionConfiguration {
  return new aws.s3.BucketServerSideEncryptionConfiguration(`${logical}Encryption`, {
    ...(region !== undefined && { region }),
    bucket: bucket.bucket,
    rules: [
      {
        applyServerSideEncryptionByDefault: { sseAlgorithm: "aws:kms", kmsMasterKeyId: keyArn },
        // Not one call to KMS per object.
        bucketKeyEnabled: true,
      },
    ],
  });
}

/** Deletes what is older, and what was replaced. */
export function expireBucket(
  logical: string,
  bucket: aws.s3.Bucket,
  {
    days,
    replacedDays = 1,
    expirePrefix,
    coldAfterDays,
    region,
  }: Omit<BucketKeeping, "key" | "lockable" | "statements">,
  { versioning }: BucketGuards,
): void {
  new aws.s3.BucketLifecycleConfiguration(
    `${logical}Lifecycle`,
    {
      ...(region !== undefined && { region }),
      bucket: bucket.bucket,
      rules: [
        {
          id: "keep",
          status: "Enabled",
          filter: expirePrefix === undefined ? {} : { prefix: expirePrefix },
          expiration: { days },
          noncurrentVersionExpiration: { noncurrentDays: replacedDays },
          ...(coldAfterDays !== undefined && {
            transitions: [{ days: coldAfterDays, storageClass: "GLACIER_IR" }],
          }),
          // What of an upload never became an object.
          abortIncompleteMultipartUpload: { daysAfterInitiation: 1 },
        },
      ],
    },
    { dependsOn: versioning },
  );
}
