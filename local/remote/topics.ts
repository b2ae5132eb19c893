import {
  CreateTopicCommand,
  DeleteTopicCommand,
  ListTopicsCommand,
  SetSubscriptionAttributesCommand,
  SNSClient,
  SubscribeCommand,
} from "@aws-sdk/client-sns";
import type { SubscriptionPlan, TopicPlan } from "../sns/topic-plan.ts";
import { type Access, clientOptions, using } from "./access.ts";
import { arnBaseOf, type Names, toRemote } from "./names.ts";
import type { RemoteResources } from "./remotes.ts";

/** The plan's topics with their subscriptions, made in another emulator. `queueNames` are the names of queues there. */
export const remoteTopics = (plans: readonly TopicPlan[], queueNames: () => Names): RemoteResources => ({
  isNeeded: plans.length > 0,
  probe: (access) => using(clientOf(access), async (sns) => void (await sns.send(new ListTopicsCommand({})))),
  ensure: (access, fresh) =>
    using(clientOf(access), async (sns) => {
      const names: (readonly [string, string])[] = [];
      for (const plan of plans) {
        const TopicArn = await ensureTopic(sns, plan, fresh);
        names.push([arnBaseOf(plan.arn), arnBaseOf(TopicArn)]);
        for (const subscription of plan.subscriptions) {
          const arn = await ensureSubscription(sns, TopicArn, subscription, queueNames());
          // Before the beginnings of ARNs, which would change a part of it.
          names.unshift([subscription.arn, arn]);
        }
      }
      return names;
    }),
});

const clientOf = (access: Access): SNSClient => new SNSClient(clientOptions(access));

async function ensureTopic(sns: SNSClient, plan: TopicPlan, fresh: boolean): Promise<string> {
  const Attributes = {
    ...(plan.displayName !== "" && { DisplayName: plan.displayName }),
    ...(plan.fifoTopic && {
      FifoTopic: "true",
      ContentBasedDeduplication: `${plan.contentBasedDeduplication}`,
      FifoThroughputScope: plan.fifoThroughputScope,
    }),
  };
  const create = async (): Promise<string> => {
    const { TopicArn } = await sns.send(new CreateTopicCommand({ Name: plan.name, Attributes }));
    return TopicArn ?? plan.arn;
  };
  const TopicArn = await create();
  if (!fresh) return TopicArn;
  // It takes its subscriptions with it.
  await sns.send(new DeleteTopicCommand({ TopicArn }));
  return create();
}

async function ensureSubscription(
  sns: SNSClient,
  TopicArn: string,
  plan: SubscriptionPlan,
  queueNames: Names,
): Promise<string> {
  const { SubscriptionArn = plan.arn } = await sns.send(
    new SubscribeCommand({
      TopicArn,
      Protocol: plan.protocol,
      Endpoint: toRemote(plan.endpoint, queueNames),
      ReturnSubscriptionArn: true,
    }),
  );
  const attributes = {
    RawMessageDelivery: plan.protocol === "sqs" ? `${plan.rawMessageDelivery}` : undefined,
    FilterPolicyScope: plan.filterPolicy === undefined ? undefined : plan.filterPolicyScope,
    FilterPolicy: plan.filterPolicy,
    RedrivePolicy: plan.redrivePolicy && toRemote(JSON.stringify(plan.redrivePolicy), queueNames),
  };
  for (const [AttributeName, AttributeValue] of Object.entries(attributes)) {
    if (AttributeValue === undefined) continue;
    await sns.send(new SetSubscriptionAttributesCommand({ SubscriptionArn, AttributeName, AttributeValue }));
  }
  return SubscriptionArn;
}
