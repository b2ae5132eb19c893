import { z } from "zod";
import { inputsOf, resourcesOf } from "../plan/load.ts";
import type { Plan } from "../plan/plan.ts";

const rule = z.object({
  id: z.string().optional(),
  status: z.enum(["Enabled", "Disabled"]),
  filter: z.object({ prefix: z.string().optional(), tag: z.never().optional(), and: z.never().optional() }),
  // What is deleted stays in the copy: the other way is not carried out here.
  deleteMarkerReplication: z.object({ status: z.literal("Disabled") }),
  destination: z.object({ bucket: z.string() }),
});
const replicationInputs = z.object({ bucket: z.string(), role: z.string(), rules: z.array(rule).min(1) });

/** Where S3 copies to what is put into a bucket. */
export interface ReplicationPlan {
  /** Name of the source. */
  readonly bucket: string;
  readonly roleArn: string;
  readonly rules: readonly { readonly prefix: string; readonly destination: string }[];
}

export function replicationPlansOf(plan: Plan): readonly ReplicationPlan[] {
  return resourcesOf(plan, "aws:s3/bucketReplicationConfig:BucketReplicationConfig").map((resource) => {
    const { bucket, role: roleArn, rules } = inputsOf(resource, replicationInputs);
    return {
      ...{ bucket, roleArn },
      rules: rules
        .filter(({ status }) => status === "Enabled")
        .map(({ filter, destination }) => ({
          prefix: filter.prefix ?? "",
          destination: destination.bucket.replace(/^arn:aws:s3:::/, ""),
        })),
    };
  });
}

/** Buckets that a new object of this key is copied to. */
export const destinationsOf = (plan: ReplicationPlan | undefined, key: string): readonly string[] => [
  ...new Set(
    plan?.rules.filter(({ prefix }) => key.startsWith(prefix)).map(({ destination }) => destination),
  ),
];
