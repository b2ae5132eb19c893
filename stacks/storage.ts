import { logicalName, physicalName } from "./naming.ts";
import type { StageSettings } from "./settings.ts";

export type BucketName = "inbound";
export type Buckets = { readonly [Name in BucketName]: aws.s3.Bucket };

/** The buckets. `Inbound` is where acquirers and banks put their files: nothing is ever taken out of it by us. */
export function createBuckets(settings: StageSettings): Buckets {
  return { inbound: createBucket("inbound", settings) };
}

function createBucket(name: BucketName, settings: StageSettings): aws.s3.Bucket {
  const logical = `${logicalName(name)}Bucket`;
  const { accountId } = aws.getCallerIdentityOutput();
  const bucket = new aws.s3.Bucket(
    logical,
    // All companies on AWS share these names: the account number makes ours free.
    { bucket: $interpolate`${physicalName(name)}-${accountId}` },
    { retainOnDelete: settings.retainData },
  );
  new aws.s3.BucketVersioning(`${logical}Versioning`, {
    bucket: bucket.bucket,
    versioningConfiguration: { status: "Enabled" },
  });
  new aws.s3.BucketPublicAccessBlock(`${logical}PublicAccess`, {
    bucket: bucket.bucket,
    blockPublicAcls: true,
    blockPublicPolicy: true,
    ignorePublicAcls: true,
    restrictPublicBuckets: true,
  });
  new aws.s3.BucketServerSideEncryptionConfiguration(`${logical}Encryption`, {
    bucket: bucket.bucket,
    rules: [{ applyServerSideEncryptionByDefault: { sseAlgorithm: "AES256" } }],
  });
  return bucket;
}
