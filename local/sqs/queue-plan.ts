import { z } from "zod";
import { inputsOf, resourcesOf } from "../plan/load.ts";
import type { Plan } from "../plan/plan.ts";

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
    return {
      ...queue,
      ...(policy !== undefined && { redrivePolicy: policy }),
      arn: `arn:aws:sqs:${plan.region}:${plan.account}:${queue.name}`,
      url: `https://sqs.${plan.region}.amazonaws.com/${plan.account}/${queue.name}`,
    };
  });
}

/** The last part of a queue's URL or ARN. */
export const queueNameOf = (urlOrArn: string): string => urlOrArn.split(/[/:]/).at(-1) ?? "";
