import { z } from "zod";
import { inputsOf, outputsOf, resourcesOf } from "../plan/load.ts";
import type { Plan } from "../plan/plan.ts";

const topicInputs = z.object({
  name: z.string().regex(/^[A-Za-z0-9_-]{1,256}(\.fifo)?$/, "a topic's name is 1 to 256 of A-Z a-z 0-9 - _"),
  displayName: z.string().default(""),
  fifoTopic: z.literal(false, "FIFO topics do not run here").default(false),
});
const subscriptionInputs = z.object({
  topic: z.string().startsWith("arn:aws:sns:"),
  protocol: z.string(),
  endpoint: z.string(),
  rawMessageDelivery: z.boolean().default(false),
  filterPolicy: z.string().optional(),
  filterPolicyScope: z.enum(["MessageAttributes", "MessageBody"]).default("MessageAttributes"),
});
const subscriptionOutputs = z.object({ arn: z.string().optional() });

export interface SubscriptionPlan extends z.output<typeof subscriptionInputs> {
  readonly arn: string;
}

/** A topic that the plan asks for, with those who get what is published to it. */
export interface TopicPlan {
  readonly arn: string;
  readonly displayName: string;
  readonly subscriptions: readonly SubscriptionPlan[];
}

export function topicPlansOf(plan: Plan): readonly TopicPlan[] {
  const subscriptions = resourcesOf(plan, "aws:sns/topicSubscription:TopicSubscription").map((resource) => {
    const subscription = inputsOf(resource, subscriptionInputs);
    const { arn = `${subscription.topic}:${resource.name}` } = outputsOf(resource, subscriptionOutputs);
    return { ...subscription, arn };
  });
  return resourcesOf(plan, "aws:sns/topic:Topic").map((resource) => {
    const { name, displayName } = inputsOf(resource, topicInputs);
    const arn = `arn:aws:sns:${plan.region}:${plan.account}:${name}`;
    return { arn, displayName, subscriptions: subscriptions.filter(({ topic }) => topic === arn) };
  });
}
