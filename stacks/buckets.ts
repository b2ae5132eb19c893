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
export function encryptBucket(logical: string, bucket: aws.s3.Bucket, keyArn: $util.Input<string>): void {
  new aws.s3.BucketServerSideEncryptionConfiguration(`${logical}Encryption`, {
    bucket: bucket.bucket,
    rules: [
      {
        applyServerSideEncryptionByDefault: { sseAlgorithm: "aws:kms", kmsMasterKeyId: keyArn },
        bucketKeyEnabled: true,
      },
    ],
  });
}

/**
 * Deletes what is older, versions too.
 * @param coldAfterDays until it moves to where keeping costs a sixth and reading is paid for. Small objects stay.
 */
export function expireBucket(
  logical: string,
  bucket: aws.s3.Bucket,
  days: number,
  { versioning }: BucketGuards,
  coldAfterDays?: number,
): void {
  new aws.s3.BucketLifecycleConfiguration(
    `${logical}Lifecycle`,
    {
      bucket: bucket.bucket,
      rules: [
        {
          id: "keep",
          status: "Enabled",
          filter: {},
          expiration: { days },
          noncurrentVersionExpiration: { noncurrentDays: days },
          ...(coldAfterDays !== undefined && {
            transitions: [{ days: coldAfterDays, storageClass: "GLACIER_IR" }],
          }),
          abortIncompleteMultipartUpload: { daysAfterInitiation: 1 },
        },
      ],
    },
    { dependsOn: versioning },
  );
}
