import { z } from "zod";
import { inputsOf, resourcesOf } from "../plan/load.ts";
import type { Plan } from "../plan/plan.ts";
import { type NotificationPlan, notificationPlansOf } from "./notification-plan.ts";
import { type ReplicationPlan, replicationPlansOf } from "./replication-plan.ts";

const lockMode = z.enum(["GOVERNANCE", "COMPLIANCE"]);
const defaultRetention = z.object({
  mode: lockMode,
  days: z.int().min(1).max(36_500).optional(),
  years: z.int().min(1).max(100).optional(),
});
const bucketInputs = z.object({
  bucket: z.string().min(3).max(63),
  objectLockEnabled: z.boolean().default(false),
});
const versioningInputs = z.object({
  bucket: z.string(),
  versioningConfiguration: z.object({ status: z.enum(["Enabled", "Suspended", "Disabled"]) }),
});
const lockInputs = z.object({
  bucket: z.string(),
  rule: z.object({ defaultRetention }).optional(),
});

/** A bucket that the plan asks for. */
export interface BucketPlan {
  readonly name: string;
  /** Object Lock needs versions, and brings them with it. */
  readonly versioned: boolean;
  readonly objectLock: boolean;
  /** What a new version is locked by when its writer says nothing. */
  readonly defaultRetention: z.output<typeof defaultRetention> | undefined;
  /** Who hears of what happens in it. */
  readonly notifications: NotificationPlan | undefined;
  /** Where its objects are copied to. */
  readonly replication: ReplicationPlan | undefined;
}

/** Pulumi has two names for each of these, an old and a new one, with the same inputs. */
const bucketTypes = ["aws:s3/bucket:Bucket", "aws:s3/bucketV2:BucketV2"];
const versioningTypes = [
  "aws:s3/bucketVersioning:BucketVersioning",
  "aws:s3/bucketVersioningV2:BucketVersioningV2",
];
const lockTypes = [
  "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration",
  "aws:s3/bucketObjectLockConfigurationV2:BucketObjectLockConfigurationV2",
];

export function bucketPlansOf(plan: Plan): readonly BucketPlan[] {
  const all = <T>(types: readonly string[], schema: z.ZodType<T>): readonly T[] =>
    types.flatMap((type) => resourcesOf(plan, type).map((resource) => inputsOf(resource, schema)));
  const versionings = all(versioningTypes, versioningInputs);
  const locks = all(lockTypes, lockInputs);
  const notifications = notificationPlansOf(plan);
  const replications = replicationPlansOf(plan);
  return all(bucketTypes, bucketInputs).map(({ bucket: name, objectLockEnabled }) => {
    const versioning = versionings.find(({ bucket }) => bucket === name);
    const lock = locks.find(({ bucket }) => bucket === name);
    const objectLock = objectLockEnabled || lock !== undefined;
    return {
      name,
      objectLock,
      versioned: objectLock || versioning?.versioningConfiguration.status === "Enabled",
      defaultRetention: lock?.rule?.defaultRetention,
      notifications: notifications.find(({ bucket }) => bucket === name),
      replication: replications.find(({ bucket }) => bucket === name),
    };
  });
}
