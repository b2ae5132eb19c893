import { z } from "zod";
import { inputsOf, resourcesOf } from "../plan/load.ts";
import type { Plan } from "../plan/plan.ts";

/** What an on-demand stream begins with on AWS. Here it stays so: it would take 4 MB/s to make it grow. */
const onDemandShards = 4;

const streamInputs = z.object({
  name: z.string().regex(/^[A-Za-z0-9_.-]{1,128}$/, "a stream's name is 1 to 128 of A-Z a-z 0-9 _ . -"),
  shardCount: z.int().min(1).max(200).optional(),
  /** Hours. */
  retentionPeriod: z.int().min(24).max(8_760).default(24),
  /** KiB of the largest record. */
  maxRecordSizeInKib: z.int().min(1_024).max(10_240).default(1_024),
  streamModeDetails: z.object({ streamMode: z.enum(["ON_DEMAND", "PROVISIONED"]) }).optional(),
});

/** A stream that the plan asks for. */
export interface StreamPlan {
  readonly name: string;
  readonly arn: string;
  readonly mode: "ON_DEMAND" | "PROVISIONED";
  readonly shards: number;
  readonly retentionHours: number;
  readonly recordBytesMax: number;
}

export function streamPlansOf(plan: Plan): readonly StreamPlan[] {
  return resourcesOf(plan, "aws:kinesis/stream:Stream").map((resource) => {
    const inputs = inputsOf(resource, streamInputs);
    const { name, shardCount, retentionPeriod, streamModeDetails } = inputs;
    const mode = streamModeDetails?.streamMode ?? "PROVISIONED";
    return {
      name,
      arn: `arn:aws:kinesis:${plan.region}:${plan.account}:stream/${name}`,
      mode,
      shards: mode === "ON_DEMAND" ? onDemandShards : (shardCount ?? 1),
      retentionHours: retentionPeriod,
      recordBytesMax: inputs.maxRecordSizeInKib * 1_024,
    };
  });
}
