import type { Message } from "./message.ts";
import type { Queue } from "./queue.ts";

/** A queue's attributes by the names that were asked for; `All` is every one. */
export function queueAttributes(queue: Queue, names: readonly string[]): Readonly<Record<string, string>> {
  const { plan } = queue;
  const { visible, inFlight, delayed } = queue.counts();
  return asked(names, {
    QueueArn: plan.arn,
    ApproximateNumberOfMessages: `${visible}`,
    ApproximateNumberOfMessagesNotVisible: `${inFlight}`,
    ApproximateNumberOfMessagesDelayed: `${delayed}`,
    VisibilityTimeout: `${plan.visibilityTimeoutSeconds}`,
    MessageRetentionPeriod: `${plan.messageRetentionSeconds}`,
    DelaySeconds: `${plan.delaySeconds}`,
    ReceiveMessageWaitTimeSeconds: `${plan.receiveWaitTimeSeconds}`,
    MaximumMessageSize: `${plan.maxMessageSize}`,
    ...(plan.redrivePolicy !== undefined && { RedrivePolicy: JSON.stringify(plan.redrivePolicy) }),
    ...(plan.fifoQueue && {
      FifoQueue: "true",
      ContentBasedDeduplication: `${plan.contentBasedDeduplication}`,
      DeduplicationScope: plan.deduplicationScope ?? "queue",
      FifoThroughputLimit: plan.fifoThroughputLimit ?? "perQueue",
    }),
  });
}

/** What SQS itself says of a message. */
export function systemAttributes(
  received: Message,
  names: readonly string[],
): Readonly<Record<string, string>> {
  return asked(names, {
    SenderId: received.sender,
    SentTimestamp: `${received.sentAt}`,
    ApproximateReceiveCount: `${received.receiveCount}`,
    ApproximateFirstReceiveTimestamp: `${received.firstReceivedAt}`,
    ...(received.sequence !== undefined && { SequenceNumber: received.sequence }),
    ...(received.group !== undefined && { MessageGroupId: received.group }),
    ...(received.sequence !== undefined &&
      received.deduplication !== undefined && { MessageDeduplicationId: received.deduplication }),
    ...(received.trace !== undefined && { AWSTraceHeader: received.trace }),
    ...(received.deadFrom !== undefined && { DeadLetterQueueSourceArn: received.deadFrom }),
  });
}

function asked(
  names: readonly string[],
  attributes: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  if (names.includes("All")) return attributes;
  return Object.fromEntries(Object.entries(attributes).filter(([name]) => names.includes(name)));
}
