import type { SQSClient } from "@aws-sdk/client-sqs";
import { Consumer } from "sqs-consumer";

/** Of a message's lease: after this part of it, one that is still worked on is kept for as long again. */
const renewAfter = 0.2;
/** Seconds that one question to an empty queue takes. */
export const waitSeconds = 20;
/** From being asked to end, in milliseconds: less than a pod has (stacks/reconciler-pods.ts). */
const drainMsMax = 100_000;

export interface Message {
  readonly id: string;
  readonly body: string;
  /** X-Ray's header of what sent it, where S3 or SQS was told one. */
  readonly cause: string | undefined;
}

export interface WorkerOptions {
  readonly sqs: SQSClient;
  readonly queueUrl: string;
  /** A killed process's messages are seen by others after this. */
  readonly leaseSeconds: number;
  /** Does what a message says. What it throws is told, and the message comes again. */
  readonly handle: (message: Message) => Promise<void>;
  /** @param message id of the one that it is about, if any */
  readonly tell: (error: Error, message?: string) => void;
}

/** Takes messages of a queue, one at a time, until it is stopped: then it ends what it has begun. */
export class Worker {
  readonly #consumer: Consumer;
  #isBusy = false;
  /** Stopped while it waited: that its question ends with an error is meant. */
  #isBrokenOff = false;

  constructor({ sqs, queueUrl, leaseSeconds, handle, tell }: WorkerOptions) {
    this.#consumer = Consumer.create({
      ...{ sqs, queueUrl, batchSize: 1, waitTimeSeconds: waitSeconds },
      ...{ visibilityTimeout: leaseSeconds, heartbeatInterval: leaseSeconds * renewAfter },
      pollingCompleteWaitTimeMs: drainMsMax,
      messageSystemAttributeNames: ["AWSTraceHeader"],
      handleMessage: async (message) => {
        this.#isBusy = true;
        try {
          const { MessageId: id = "", Body: body = "", Attributes: { AWSTraceHeader: cause } = {} } = message;
          await handle({ id, body, cause });
        } finally {
          this.#isBusy = false;
        }
        return message;
      },
    });
    for (const event of ["error", "processing_error", "timeout_error"] as const)
      this.#consumer.on(event, (...[error, about]: readonly [Error, ...unknown[]]) => {
        if (!this.#isBrokenOff) tell(error, (about as { MessageId?: string } | undefined)?.MessageId);
      });
  }

  start(): void {
    this.#consumer.start();
  }

  get isRunning(): boolean {
    return this.#consumer.status.isRunning;
  }

  /** Resolves when nothing is under way any more. A question to an empty queue is broken off. */
  async stop(): Promise<void> {
    if (!this.isRunning) return;
    const stopped = new Promise<void>((resolve) => {
      this.#consumer.once("stopped", () => resolve());
    });
    // Not while it works: its last word to the queue would be broken off too.
    this.#isBrokenOff = !this.#isBusy;
    this.#consumer.stop({ abort: this.#isBrokenOff });
    await stopped;
  }
}
