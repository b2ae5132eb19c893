import { z } from "zod";
import { inputsOf, outputsOf, resourcesOf } from "../plan/load.ts";
import type { Plan } from "../plan/plan.ts";
import { Refusal } from "../process/refusal.ts";

const fifoSuffix = ".fifo";
const topicInputs = z.object({
  name: z.string().regex(/^[A-Za-z0-9_-]{1,256}(\.fifo)?$/, "a topic's name is 1 to 256 of A-Z a-z 0-9 - _"),
  displayName: z.string().default(""),
  fifoTopic: z.boolean().default(false),
  contentBasedDeduplication: z.boolean().default(false),
  /** What a deduplication id is unique in. */
  fifoThroughputScope: z.enum(["Topic", "MessageGroup"]).default("Topic"),
});
/** JSON text on AWS. */
const redrivePolicy = z
  .string()
  .transform((text): unknown => JSON.parse(text))
  .pipe(z.object({ deadLetterTargetArn: z.string().startsWith("arn:aws:sqs:") }));
export const filterScope = z.enum(["MessageAttributes", "MessageBody"]);
export type FilterScope = z.output<typeof filterScope>;
const subscriptionInputs = z.object({
  topic: z.string().startsWith("arn:aws:sns:"),
  protocol: z.string(),
  endpoint: z.string(),
  rawMessageDelivery: z.boolean().default(false),
  filterPolicy: z.string().optional(),
  filterPolicyScope: filterScope.default("MessageAttributes"),
  redrivePolicy: redrivePolicy.optional(),
});
const subscriptionOutputs = z.object({ arn: z.string().optional() });

export interface SubscriptionPlan extends z.output<typeof subscriptionInputs> {
  readonly arn: string;
}

/** A topic that the plan asks for, with those who get what is published to it. */
export interface TopicPlan extends z.output<typeof topicInputs> {
  readonly arn: string;
  readonly subscriptions: readonly SubscriptionPlan[];
}

/** @throws Refusal when SNS would refuse a topic or a subscription. */
export function topicPlansOf(plan: Plan): readonly TopicPlan[] {
  const subscriptions = resourcesOf(plan, "aws:sns/topicSubscription:TopicSubscription").map((resource) => {
    const subscription = inputsOf(resource, subscriptionInputs);
    const { arn = `${subscription.topic}:${resource.name}` } = outputsOf(resource, subscriptionOutputs);
    return { ...subscription, arn };
  });
  return resourcesOf(plan, "aws:sns/topic:Topic").map((resource) => {
    const topic = inputsOf(resource, topicInputs);
    const arn = `arn:aws:sns:${plan.region}:${plan.account}:${topic.name}`;
    const own = subscriptions.filter((subscription) => subscription.topic === arn);
    if (topic.fifoTopic !== topic.name.endsWith(fifoSuffix)) {
      throw new Refusal(
        `the plan's topic ${topic.name}: a FIFO topic, and no other, has a name in ${fifoSuffix}`,
      );
    }
    for (const subscription of own) checkSubscription(topic.fifoTopic, subscription);
    return { ...topic, arn, subscriptions: own };
  });
}

function checkSubscription(
  isFifo: boolean,
  { arn, protocol, endpoint, redrivePolicy: policy }: SubscriptionPlan,
) {
  const refuse = (why: string): never => {
    throw new Refusal(`the plan's subscription ${arn}: ${why}`);
  };
  if (isFifo && protocol !== "sqs") refuse(`a FIFO topic delivers to queues, not to ${protocol}`);
  if (!isFifo && protocol === "sqs" && endpoint.endsWith(fifoSuffix)) {
    refuse("a standard topic does not deliver to a FIFO queue");
  }
  const grave = policy?.deadLetterTargetArn;
  const isFifoEndpoint = isFifo && endpoint.endsWith(fifoSuffix);
  if (grave !== undefined && grave.endsWith(fifoSuffix) !== isFifoEndpoint) {
    refuse(`its dead-letter queue is to be a ${isFifoEndpoint ? "FIFO" : "standard"} queue`);
  }
}
