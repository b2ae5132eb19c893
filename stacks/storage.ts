import { createBucket } from "./buckets.ts";
import { guardVerdicts } from "./inspection.ts";
import { logicalName, physicalName } from "./naming.ts";
import { inlinePolicy, trustAccount } from "./roles.ts";
import type { Keys } from "./security.ts";
import type { Deliverer, StageSettings } from "./settings.ts";

export type BucketName = "inbound";
export type Buckets = { readonly [Name in BucketName]: aws.s3.Bucket };

/** The buckets. `Inbound` is where acquirers and banks put their files: nothing is ever taken out of it by us. */
export function createBuckets(settings: StageSettings, keys: Keys): Buckets {
  // Files are small and read once: colder storage would bill each for 128 KB, and cost more.
  const { bucket: inbound } = createBucket("Inbound", settings, {
    key: keys.inbound,
    days: settings.inboundFileDays,
    statements: (bucket) => guardVerdicts(settings, bucket),
  });
  for (const deliverer of settings.deliverers) createDelivery(deliverer, inbound, keys.inbound, settings);
  return { inbound };
}

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
    inlinePolicies: [inlinePolicy(statements)],
  });
}
