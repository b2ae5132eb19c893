import { z } from "zod";
import { inputsOf, resourcesOf } from "../plan/load.ts";
import type { Plan, PlanResource } from "../plan/plan.ts";
import { Refusal } from "../process/refusal.ts";

/** What happens here to objects. */
const eventNames = [
  "ObjectCreated:Put",
  "ObjectCreated:Copy",
  "ObjectCreated:CompleteMultipartUpload",
  "ObjectRemoved:Delete",
  "ObjectRemoved:DeleteMarkerCreated",
] as const;
export type EventName = (typeof eventNames)[number];

/** AWS knows more; of these something here could make an event, or nothing ever does. */
const events = z
  .array(
    z.string().regex(/^s3:(Object(Created|Removed)|ObjectRestore|Lifecycle\w+|Replication|ObjectTagging):/),
  )
  .min(1);
const common = {
  id: z.string().optional(),
  events,
  filterPrefix: z.string().default(""),
  filterSuffix: z.string().default(""),
};
const inputs = z.object({
  bucket: z.string(),
  eventbridge: z.boolean().default(false),
  queues: z.array(z.object({ ...common, queueArn: z.string().startsWith("arn:aws:sqs:") })).default([]),
  topics: z.array(z.object({ ...common, topicArn: z.string().startsWith("arn:aws:sns:") })).default([]),
  lambdaFunctions: z
    .array(z.object({ ...common, lambdaFunctionArn: z.string().startsWith("arn:aws:lambda:") }))
    .default([]),
});

/** Who hears of what in one bucket. */
export interface Subscriber {
  readonly id: string;
  readonly arn: string;
  readonly events: readonly string[];
  readonly prefix: string;
  readonly suffix: string;
}

export interface NotificationPlan {
  readonly bucket: string;
  readonly region: string;
  readonly account: string;
  /** Every event of the bucket goes to the account's default bus. */
  readonly eventBridge: boolean;
  readonly subscribers: readonly Subscriber[];
}

/** @throws Refusal when S3 would refuse a configuration. */
export function notificationPlansOf(plan: Plan): readonly NotificationPlan[] {
  return resourcesOf(plan, "aws:s3/bucketNotification:BucketNotification").map((resource) => {
    const { bucket, eventbridge, queues, topics, lambdaFunctions } = inputsOf(resource, inputs);
    const targets = [
      ...queues.map((each) => ({ ...each, arn: each.queueArn })),
      ...topics.map((each) => ({ ...each, arn: each.topicArn })),
      ...lambdaFunctions.map((each) => ({ ...each, arn: each.lambdaFunctionArn })),
    ];
    const subscribers = targets.map(
      ({ id, arn, filterPrefix: prefix, filterSuffix: suffix, ...each }, n) => ({
        ...{ id: id ?? `${resource.name}-${n}`, arn, events: each.events, prefix, suffix },
      }),
    );
    check(resource, subscribers);
    const { region, account } = plan;
    return { bucket, region, account, eventBridge: eventbridge, subscribers };
  });
}

/** True when a subscriber hears of this event of this key. */
export function hears({ events, prefix, suffix }: Subscriber, event: EventName, key: string): boolean {
  const isMeant = events.some((name) =>
    name.endsWith("*") ? `s3:${event}`.startsWith(name.slice(0, -1)) : name === `s3:${event}`,
  );
  return isMeant && key.startsWith(prefix) && key.endsWith(suffix);
}

function check({ name }: PlanResource, subscribers: readonly Subscriber[]): void {
  for (const [n, one] of subscribers.entries()) {
    if (one.arn.endsWith(".fifo")) {
      throw new Refusal(`the plan's notification ${name}: S3 does not send to FIFO queues and topics`);
    }
    if (subscribers.slice(n + 1).some((other) => overlap(one, other))) {
      throw new Refusal(
        `the plan's notification ${name}: configurations overlap, and cannot share an event type`,
      );
    }
  }
}

const overlap = (one: Subscriber, other: Subscriber): boolean =>
  eventNames.some(
    (event) =>
      hears({ ...one, prefix: "", suffix: "" }, event, "") &&
      hears({ ...other, prefix: "", suffix: "" }, event, ""),
  ) &&
  (one.prefix.startsWith(other.prefix) || other.prefix.startsWith(one.prefix)) &&
  (one.suffix.endsWith(other.suffix) || other.suffix.endsWith(one.suffix));
