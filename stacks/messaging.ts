import { logicalName, physicalName } from "./naming.ts";

export type QueueName = "checks" | "deadLetters" | "deadLettersUnread";
export type StreamName = "paymentEvents";
export type Queues = { readonly [Name in QueueName]: aws.sqs.Queue };
export type Streams = { readonly [Name in StreamName]: aws.kinesis.Stream };

/** SQS's longest: a dead letter that nobody collects for two weeks is gone. */
export const retentionSecondsMax = 14 * 24 * 3_600;
/** Lambda's rule: a message stays hidden for six times what its function may take. */
const visibilityPerTimeout = 6;

/** How long a queue hides a message from others: six times its function's timeout, in seconds. */
export const visibilityFor = (functionTimeoutSeconds: number): number =>
  visibilityPerTimeout * functionTimeoutSeconds;

/** Timeouts of the functions that read the queues, in seconds. `functions.ts` takes them from here. */
export const consumerTimeoutSeconds = { checks: 10, deadLetters: 30 } as const;

/** The queues. What `Checks` cannot hand over, and what any consumer gives up, ends in `DeadLetters`. */
export function createQueues(): Queues {
  // Behind it there is nothing: whoever reads this one is a person.
  const deadLettersUnread = createQueue("deadLettersUnread", {
    messageRetentionSeconds: retentionSecondsMax,
  });
  const deadLetters = createQueue("deadLetters", {
    messageRetentionSeconds: retentionSecondsMax,
    visibilityTimeoutSeconds: visibilityFor(consumerTimeoutSeconds.deadLetters),
    redrivePolicy: redriveTo(deadLettersUnread),
  });
  const checks = createQueue("checks", {
    visibilityTimeoutSeconds: visibilityFor(consumerTimeoutSeconds.checks),
    redrivePolicy: redriveTo(deadLetters),
  });
  return { checks, deadLetters, deadLettersUnread };
}

/** The streams of events that several consumers read, each at its own pace. */
export function createStreams(): Streams {
  return {
    paymentEvents: new aws.kinesis.Stream(logicalName("paymentEvents"), {
      name: physicalName("paymentEvents"),
      streamModeDetails: { streamMode: "ON_DEMAND" },
      encryptionType: "KMS",
      // AWS's own key for Kinesis: it costs nothing per request, and no consumer needs a grant for it.
      kmsKeyId: "alias/aws/kinesis",
      retentionPeriod: 168,
    }),
  };
}

/** Deliveries to one of our queues before it is given up. */
const receivesMax = 5;

/** Gives up to another queue after so many deliveries. */
export function redriveTo(queue: aws.sqs.Queue): $util.Output<string> {
  return $jsonStringify({ deadLetterTargetArn: queue.arn, maxReceiveCount: receivesMax });
}

/** A queue, encrypted. */
export function createQueue(name: string, args: aws.sqs.QueueArgs): aws.sqs.Queue {
  return new aws.sqs.Queue(`${logicalName(name)}Queue`, {
    name: physicalName(name),
    sqsManagedSseEnabled: true,
    ...args,
  });
}
