import {
  BucketAlreadyOwnedByYou,
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  GetBucketVersioningCommand,
  ListBucketsCommand,
  ListObjectVersionsCommand,
  NoSuchBucket,
  PutBucketVersioningCommand,
  PutObjectLockConfigurationCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import type { BucketPlan } from "../s3/bucket-plan.ts";
import { type Access, clientOptions, using } from "./access.ts";
import type { RemoteResources } from "./remotes.ts";

/** The plan's buckets, made in another emulator. A bucket's name is the same everywhere. */
export const remoteBuckets = (plans: readonly BucketPlan[]): RemoteResources => ({
  isNeeded: plans.length > 0,
  probe: (access) =>
    using(clientOf(access), async (s3) => {
      const { Buckets } = await s3.send(new ListBucketsCommand({}));
      // Another service may answer a GET of "/" too.
      if (Buckets === undefined) throw new Error("it lists no buckets");
    }),
  ensure: (access, fresh) =>
    using(clientOf(access), async (s3) => {
      for (const plan of plans) {
        if (fresh) await dropBucket(s3, plan.name);
        await ensureBucket(s3, plan, access.region);
      }
      return [];
    }),
});

const clientOf = (access: Access): S3Client =>
  new S3Client({ ...clientOptions(access), forcePathStyle: true });

async function ensureBucket(s3: S3Client, plan: BucketPlan, region: string): Promise<void> {
  const Bucket = plan.name;
  const create = new CreateBucketCommand({
    Bucket,
    ...(plan.objectLock && { ObjectLockEnabledForBucket: true }),
    // S3's first region is the one that may not be named.
    ...(region !== "us-east-1" && {
      CreateBucketConfiguration: { LocationConstraint: region as "eu-west-1" },
    }),
  });
  await s3.send(create).catch((thrown: unknown) => {
    if (!(thrown instanceof BucketAlreadyOwnedByYou)) throw thrown;
  });
  if (plan.versioned) {
    await s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: "Enabled" } }));
    // An emulator may say yes to what it does not do.
    const { Status } = await s3.send(new GetBucketVersioningCommand({ Bucket }));
    if (Status !== "Enabled") throw new Error(`it keeps no versions in ${Bucket}`);
  }
  const { mode, days, years } = plan.defaultRetention ?? {};
  if (mode === undefined) return;
  const DefaultRetention = { Mode: mode, ...(days === undefined ? { Years: years } : { Days: days }) };
  await s3.send(
    new PutObjectLockConfigurationCommand({
      Bucket,
      ObjectLockConfiguration: { ObjectLockEnabled: "Enabled", Rule: { DefaultRetention } },
    }),
  );
}

/** Every version and marker, page by page. @throws Error when a lock keeps one: that is what locks are for. */
async function dropBucket(s3: S3Client, Bucket: string): Promise<void> {
  const page = () =>
    s3.send(new ListObjectVersionsCommand({ Bucket })).catch((thrown: unknown) => {
      if (thrown instanceof NoSuchBucket || (thrown as Error).name === "NoSuchBucket") return undefined;
      throw thrown;
    });
  for (let listed = await page(); ; listed = await page()) {
    if (listed === undefined) return;
    const all = [...(listed.Versions ?? []), ...(listed.DeleteMarkers ?? [])];
    if (all.length === 0) break;
    for (const { Key, VersionId } of all) {
      await s3.send(new DeleteObjectCommand({ Bucket, Key, VersionId, BypassGovernanceRetention: true }));
    }
  }
  await s3.send(new DeleteBucketCommand({ Bucket }));
}
