import { z } from "zod";
import { inputsOf, resourcesOf } from "../plan/load.ts";
import type { Plan } from "../plan/plan.ts";
import { Refusal } from "../process/refusal.ts";

/** JSON text on AWS. */
const redrivePolicy = z
  .string()
  .transform((text): unknown => JSON.parse(text))
  .pipe(
    z.object({
      deadLetterTargetArn: z.string(),
      maxReceiveCount: z.coerce.number().int().min(1).max(1_000),
    }),
  );
const queueInputs = z.object({
  name: z.string().regex(/^[A-Za-z0-9_-]{1,75}(\.fifo)?$/, "a queue's name is 1 to 80 of A-Z a-z 0-9 - _"),
  fifoQueue: z.boolean().default(false),
  contentBasedDeduplication: z.boolean().default(false),
  /** What a deduplication id is unique in: the queue, when it says nothing. */
  deduplicationScope: z.enum(["queue", "messageGroup"]).optional(),
  /** Throughput is not limited here. */
  fifoThroughputLimit: z.enum(["perQueue", "perMessageGroupId"]).optional(),
  visibilityTimeoutSeconds: z.int().min(0).max(43_200).default(30),
  messageRetentionSeconds: z.int().min(60).max(1_209_600).default(345_600),
  delaySeconds: z.int().min(0).max(900).default(0),
  receiveWaitTimeSeconds: z.int().min(0).max(20).default(0),
  maxMessageSize: z.int().min(1_024).max(1_048_576).default(262_144),
  redrivePolicy: redrivePolicy.optional(),
});
const attachedInputs = z.object({ queueUrl: z.string(), redrivePolicy });

/** A queue that the plan asks for, with AWS's defaults. */
export interface QueuePlan extends z.output<typeof queueInputs> {
  readonly arn: string;
  /** As AWS names it. */
  readonly url: string;
}

const fifoSuffix = ".fifo";

/** @throws Refusal when SQS would refuse a queue. */
export function queuePlansOf(plan: Plan): readonly QueuePlan[] {
  const attached = new Map(
    resourcesOf(plan, "aws:sqs/redrivePolicy:RedrivePolicy").map((resource) => {
      const { queueUrl, redrivePolicy: policy } = inputsOf(resource, attachedInputs);
      return [queueNameOf(queueUrl), policy] as const;
    }),
  );
  return resourcesOf(plan, "aws:sqs/queue:Queue").map((resource) => {
    const queue = inputsOf(resource, queueInputs);
    const policy = queue.redrivePolicy ?? attached.get(queue.name);
    checkFifo(queue, policy?.deadLetterTargetArn);
    return {
      ...queue,
      ...(policy !== undefined && { redrivePolicy: policy }),
      arn: `arn:aws:sqs:${plan.region}:${plan.account}:${queue.name}`,
      url: `https://sqs.${plan.region}.amazonaws.com/${plan.account}/${queue.name}`,
    };
  });
}

function checkFifo(queue: z.output<typeof queueInputs>, grave: string | undefined): void {
  const { name, fifoQueue, deduplicationScope, fifoThroughputLimit } = queue;
  const refuse = (why: string): never => {
    throw new Refusal(`the plan's queue ${name}: ${why}`);
  };
  if (fifoQueue !== name.endsWith(fifoSuffix))
    refuse(`a FIFO queue, and no other, has a name in ${fifoSuffix}`);
  if (grave !== undefined && grave.endsWith(fifoSuffix) !== fifoQueue) {
    refuse(`its dead-letter queue is to be a ${fifoQueue ? "FIFO" : "standard"} queue`);
  }
  if (!fifoQueue && (queue.contentBasedDeduplication || deduplicationScope !== undefined)) {
    refuse("only a FIFO queue deduplicates");
  }
  if (fifoThroughputLimit === "perMessageGroupId" && deduplicationScope !== "messageGroup") {
    refuse("throughput per message group asks for deduplication per message group");
  }
}

/** The last part of a queue's URL or ARN. */
export const queueNameOf = (urlOrArn: string): string => urlOrArn.split(/[/:]/).at(-1) ?? "";
