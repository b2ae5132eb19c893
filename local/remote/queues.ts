import {
  CreateQueueCommand,
  DeleteQueueCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  ListQueuesCommand,
  QueueDoesNotExist,
  SetQueueAttributesCommand,
  SQSClient,
} from "@aws-sdk/client-sqs";
import type { QueuePlan } from "../sqs/queue-plan.ts";
import { type Access, clientOptions, using } from "./access.ts";
import { arnBaseOf, type Names, toRemote } from "./names.ts";
import type { RemoteResources } from "./remotes.ts";

/** The plan's queues, made in another emulator. */
export const remoteQueues = (plans: readonly QueuePlan[]): RemoteResources => ({
  isNeeded: plans.length > 0,
  probe: (access) => using(clientOf(access), async (sqs) => void (await sqs.send(new ListQueuesCommand({})))),
  ensure: (access, fresh) =>
    using(clientOf(access), async (sqs) => {
      const urls = new Map<string, string>();
      for (const plan of plans) urls.set(plan.name, await ensureQueue(sqs, plan, fresh));
      const names = await namesOf(sqs, plans, urls);
      // Dead-letter queues are all there now.
      for (const plan of plans) await configure(sqs, plan, urls.get(plan.name), names);
      return names;
    }),
});

const clientOf = (access: Access): SQSClient =>
  new SQSClient({ ...clientOptions(access), useQueueUrlAsEndpoint: false });

async function ensureQueue(sqs: SQSClient, { name, fifoQueue }: QueuePlan, fresh: boolean): Promise<string> {
  const there = await sqs.send(new GetQueueUrlCommand({ QueueName: name })).catch((thrown: unknown) => {
    if (thrown instanceof QueueDoesNotExist) return undefined;
    throw thrown;
  });
  if (there?.QueueUrl !== undefined) {
    if (!fresh) return there.QueueUrl;
    await sqs.send(new DeleteQueueCommand({ QueueUrl: there.QueueUrl }));
  }
  const Attributes = fifoQueue ? { FifoQueue: "true" } : undefined;
  const made = await sqs.send(new CreateQueueCommand({ QueueName: name, Attributes }));
  return made.QueueUrl ?? "";
}

async function namesOf(
  sqs: SQSClient,
  [plan]: readonly QueuePlan[],
  urls: ReadonlyMap<string, string>,
): Promise<Names> {
  const QueueUrl = plan && urls.get(plan.name);
  if (plan === undefined || QueueUrl === undefined) return [];
  const asked = new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["QueueArn"] });
  const { Attributes } = await sqs.send(asked);
  const before = (url: string): string => url.slice(0, url.length - plan.name.length);
  return [
    [before(plan.url), before(QueueUrl)],
    [arnBaseOf(plan.arn), arnBaseOf(Attributes?.QueueArn ?? plan.arn)],
  ];
}

async function configure(
  sqs: SQSClient,
  plan: QueuePlan,
  QueueUrl: string | undefined,
  names: Names,
): Promise<void> {
  const Attributes = {
    VisibilityTimeout: `${plan.visibilityTimeoutSeconds}`,
    MessageRetentionPeriod: `${plan.messageRetentionSeconds}`,
    DelaySeconds: `${plan.delaySeconds}`,
    ReceiveMessageWaitTimeSeconds: `${plan.receiveWaitTimeSeconds}`,
    MaximumMessageSize: `${plan.maxMessageSize}`,
    ...(plan.fifoQueue && { ContentBasedDeduplication: `${plan.contentBasedDeduplication}` }),
    ...(plan.redrivePolicy !== undefined && {
      RedrivePolicy: toRemote(JSON.stringify(plan.redrivePolicy), names),
    }),
  };
  await sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes }));
}
