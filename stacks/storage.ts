import { logicalName, physicalName } from "./naming.ts";
import { trustAccount } from "./roles.ts";
import type { Keys } from "./security.ts";
import type { Deliverer, StageSettings } from "./settings.ts";

export type BucketName = "inbound";
export type Buckets = { readonly [Name in BucketName]: aws.s3.Bucket };

/** What of an upload never became a file is gone after so many days. */
const unfinishedUploadDays = 1;

/** The buckets. `Inbound` is where acquirers and banks put their files: nothing is ever taken out of it by us. */
export function createBuckets(settings: StageSettings, keys: Keys): Buckets {
  const inbound = createBucket("inbound", settings, keys.inbound);
  for (const deliverer of settings.deliverers) createDelivery(deliverer, inbound, keys.inbound, settings);
  return { inbound };
}

function createBucket(name: BucketName, settings: StageSettings, key: aws.kms.Key): aws.s3.Bucket {
  const logical = `${logicalName(name)}Bucket`;
  const { accountId } = aws.getCallerIdentityOutput();
  const bucket = new aws.s3.Bucket(
    logical,
    // All companies on AWS share these names: the account number makes ours free.
    { bucket: $interpolate`${physicalName(name)}-${accountId}` },
    { retainOnDelete: settings.retainData },
  );
  const versioning = new aws.s3.BucketVersioning(`${logical}Versioning`, {
    bucket: bucket.bucket,
    versioningConfiguration: { status: "Enabled" },
  });
  const publicAccess = new aws.s3.BucketPublicAccessBlock(`${logical}PublicAccess`, {
    bucket: bucket.bucket,
    blockPublicAcls: true,
    blockPublicPolicy: true,
    ignorePublicAcls: true,
    restrictPublicBuckets: true,
  });
  new aws.s3.BucketServerSideEncryptionConfiguration(`${logical}Encryption`, {
    bucket: bucket.bucket,
    rules: [
      {
        applyServerSideEncryptionByDefault: { sseAlgorithm: "aws:kms", kmsMasterKeyId: key.arn },
        // One data key for the bucket, not one call to KMS per file.
        bucketKeyEnabled: true,
      },
    ],
  });
  // Files are small and read once: colder storage would bill each for 128 KB, and cost more.
  new aws.s3.BucketLifecycleConfiguration(
    `${logical}Lifecycle`,
    {
      bucket: bucket.bucket,
      rules: [
        {
          id: "keep",
          status: "Enabled",
          filter: {},
          expiration: { days: settings.inboundFileDays },
          noncurrentVersionExpiration: { noncurrentDays: settings.inboundFileDays },
          abortIncompleteMultipartUpload: { daysAfterInitiation: unfinishedUploadDays },
        },
      ],
    },
    { dependsOn: versioning },
  );
  new aws.s3.BucketPolicy(
    `${logical}Policy`,
    { bucket: bucket.bucket, policy: onlyTls(bucket) },
    { dependsOn: publicAccess },
  );
  return bucket;
}

const onlyTls = (bucket: aws.s3.Bucket): $util.Output<string> =>
  $jsonStringify({
    Version: "2012-10-17",
    Statement: [
      {
        Effect: "Deny",
        Principal: "*",
        Action: "s3:*",
        Resource: [bucket.arn, $interpolate`${bucket.arn}/*`],
        Condition: { Bool: { "aws:SecureTransport": "false" } },
      },
    ],
  });

/** A company may leave files below its own name, and read nothing: not even what it left there. */
function createDelivery(
  { name, awsAccount }: Deliverer,
  bucket: aws.s3.Bucket,
  key: aws.kms.Key,
  settings: StageSettings,
): void {
  const logical = `${logicalName(name)}Delivery`;
  const statements = [
    { actions: ["s3:PutObject"], resources: [$interpolate`${bucket.arn}/${name}/*`] },
    {
      // S3 encrypts in the name of whoever writes; through S3, and in this bucket, is the only use.
      actions: ["kms:GenerateDataKey"],
      resources: [key.arn],
      conditions: [
        { test: "StringEquals", variable: "kms:ViaService", values: [`s3.${settings.region}.amazonaws.com`] },
        { test: "StringEquals", variable: "kms:EncryptionContext:aws:s3:arn", values: [bucket.arn] },
      ],
    },
  ];
  new aws.iam.Role(`${logical}Role`, {
    name: physicalName(logical),
    description: `Lets ${name} leave its files`,
    assumeRolePolicy: trustAccount(awsAccount, physicalName(name)),
    inlinePolicies: [{ name: "inline", policy: aws.iam.getPolicyDocumentOutput({ statements }).json }],
  });
}
