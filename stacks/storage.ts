import { type BucketRef, createBucket } from "./buckets.ts";
import { type Copy, createCopies } from "./copies.ts";
import { guardVerdicts } from "./inspection.ts";
import { logicalName, nameIn, physicalName } from "./naming.ts";
import { peerRegion, referredStage, replicaRegion, sharedName } from "./pair.ts";
import { inlinePolicy, trustAccount } from "./roles.ts";
import type { Keys } from "./security.ts";
import type { Deliverer, StageSettings } from "./settings.ts";
import type { SharedKey } from "./shared-keys.ts";

export type BucketName = "inbound";
export type Buckets = { readonly [Name in BucketName]: BucketRef } & {
  /** Where the inbound files are copied to, by the stage that copies. */
  readonly inboundCopy: Copy | undefined;
};

/**
 * The buckets. `Inbound` is where acquirers and banks put their files: nothing is ever taken out of it by us. Of a pair of
 * regions the home makes the bucket of each, and copies its own into the other's.
 */
export function createBuckets(settings: StageSettings, keys: Keys): Buckets {
  const buckets = referredStage(settings) === undefined ? makeInbound(settings, keys) : findInbound(settings);
  const { inbound } = buckets;
  for (const deliverer of settings.deliverers) createDelivery(deliverer, inbound, keys.inbound, settings);
  return buckets;
}

/** What the bucket in the other region is called after. */
const replicaName = "InboundReplica";

function makeInbound(settings: StageSettings, keys: Keys): Buckets {
  // Files are small and read once: colder storage would bill each for 128 KB, and cost more.
  const days = settings.inboundFileDays;
  const inbound = createBucket("Inbound", settings, {
    key: keys.inbound,
    days,
    // A file that another one replaced is evidence for as long as that other one.
    replacedDays: days,
    statements: (bucket) => guardVerdicts(settings, bucket, settings.stage),
  });
  const region = replicaRegion(settings);
  const { replicaArn } = keys.inbound;
  if (region === undefined || replicaArn === undefined)
    return { inbound: inbound.bucket, inboundCopy: undefined };
  const key = { arn: replicaArn };
  const copy: Copy = {
    id: "inbound",
    ...createBucket(replicaName, settings, {
      ...{ key, days, replacedDays: days, region },
      // A verdict is copied with its file. What comes there first is scanned by the stage that is there.
      statements: (bucket) => guardVerdicts(settings, bucket, peerRegion(settings)?.stage ?? settings.stage),
    }),
    key,
    region,
  };
  createCopies(
    "InboundCopy",
    "Copies the files of acquirers and banks into another region",
    { ...inbound, key: keys.inbound },
    [copy],
    settings,
  );
  return { inbound: inbound.bucket, inboundCopy: copy };
}

/** By its name: the home's state alone knows the bucket itself. */
function findInbound(settings: StageSettings): Buckets {
  const { accountId } = aws.getCallerIdentityOutput();
  const bucket = $interpolate`${sharedName(settings, replicaName)}-${accountId}`;
  return { inbound: { bucket, arn: $interpolate`arn:aws:s3:::${bucket}` }, inboundCopy: undefined };
}

/**
 * Not called after its stage as all other roles are: whose name begins so is the stage itself to the trail, and a company's
 * hands are others (stacks/trail.ts).
 */
const delivererRole = (stage: string, name: string): string => nameIn(`deliverer-${stage}`, name);

/** A company may leave files below its own name, and read nothing: not even what it left there. */
function createDelivery(
  { name, awsAccount }: Deliverer,
  bucket: BucketRef,
  key: SharedKey,
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
    name: delivererRole(settings.stage, name),
    description: `Lets ${name} leave its files`,
    assumeRolePolicy: trustAccount(awsAccount, physicalName(name)),
    inlinePolicies: [inlinePolicy(statements)],
  });
}
