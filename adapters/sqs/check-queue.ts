import { SendMessageBatchCommand, SQSClient } from "@aws-sdk/client-sqs";
import type { Check, DisputeCheck } from "#core/payments/check.ts";

const requestTimeoutMs = 3_000;
const connectionTimeoutMs = 500;
const attemptsMax = 3;
/** SQS takes ten messages per call. */
const batchMax = 10;

/** @param waitSeconds how long a question to an empty queue may take: 0 … 20 */
export const createSqs = (waitSeconds = 0): SQSClient =>
  new SQSClient({
    // Else the SDK would call the host that a queue's URL names, whatever the endpoint is.
    useQueueUrlAsEndpoint: process.env["AWS_ENDPOINT_URL"] === undefined,
    maxAttempts: attemptsMax,
    requestHandler: {
      connectionTimeout: connectionTimeoutMs,
      requestTimeout: waitSeconds * 1_000 + requestTimeoutMs,
      throwOnRequestTimeout: true,
    },
  });

/** A reminder, and when it is due. */
export interface DueCheck {
  readonly check: Check | DisputeCheck;
  /** 0 … 900, SQS's longest delay. */
  readonly seconds: number;
}

/** Reminders to look at payments and disputes again. A reminder may come twice: whoever gets it looks first. */
export class CheckQueue {
  readonly #client: SQSClient;
  readonly #url: string;

  constructor(client: SQSClient, url: string) {
    this.#client = client;
    this.#url = url;
  }

  /** @throws when one of them was not taken: all may be sent again. */
  async send(checks: readonly DueCheck[]): Promise<void> {
    const batches = Array.from({ length: Math.ceil(checks.length / batchMax) }, (_, n) =>
      checks.slice(n * batchMax, (n + 1) * batchMax),
    );
    await Promise.all(batches.map((batch) => this.#sendBatch(batch)));
  }

  async #sendBatch(checks: readonly DueCheck[]): Promise<void> {
    const { Failed: failed = [] } = await this.#client.send(
      new SendMessageBatchCommand({
        QueueUrl: this.#url,
        Entries: checks.map(({ check, seconds }, index) => ({
          Id: String(index),
          DelaySeconds: seconds,
          MessageBody: JSON.stringify(check),
        })),
      }),
    );
    if (failed.length > 0) throw new Error(`${failed.length} checks were not taken: ${failed[0]?.Message}`);
  }
}
