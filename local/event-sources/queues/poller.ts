import {
  DeleteMessageBatchCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  type SQSClient,
} from "@aws-sdk/client-sqs";
import { queueUrlOf } from "../../delivery/clients.ts";
import type { Clock } from "../../stepfunctions/clock.ts";
import { batchVerdictOf } from "../batch-response.ts";
import { passes } from "../filter.ts";
import type { BatchInvoker, BatchOutcome } from "../invoker.ts";
import type { QueueMapping } from "../mapping.ts";
import { Backoff, pause } from "../pause.ts";
import { type QueueMessage, queueMessage } from "./message.ts";

/** SQS's own longest poll. */
const pollSecondsMax = 20;
/** What one call receives or deletes. */
const messagesPerCallMax = 10;
/** Lambda begins with five batches at a time. It then grows; a laptop does not. */
const concurrencyDefault = 5;
/** Lambda hands a function 6 MiB at most; the rest is the event around the messages. */
const batchBytesMax = 6 * 1024 * 1024 - 16 * 1024;
const errorMsMin = 200;
const errorMsMax = 30_000;
const throttledMsMin = 1_000;
const throttledMsMax = 60_000;

export interface QueuePorts {
  readonly clock: Clock;
  readonly invoke: BatchInvoker;
  readonly warn: (line: string) => void;
}

/** Reads a queue for one mapping, and deletes what the function has done with. What it has not, the queue shows again. */
export class QueuePoller {
  readonly #mapping: QueueMapping;
  readonly #client: SQSClient;
  readonly #ports: QueuePorts;
  readonly #queueUrl: string;
  readonly #stopping = new AbortController();
  readonly #batches = new Set<Promise<void>>();
  #visibilityMs = 0;
  #run: Promise<void> | undefined;

  constructor(mapping: QueueMapping, client: SQSClient, ports: QueuePorts) {
    this.#mapping = mapping;
    this.#client = client;
    this.#ports = ports;
    this.#queueUrl = queueUrlOf(mapping.sourceArn);
  }

  start(): void {
    this.#run ??= this.#poll();
  }

  /** Ends after the invocations under way. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#run;
    await Promise.all(this.#batches);
  }

  async #poll(): Promise<void> {
    const { signal } = this.#stopping;
    const failing = new Backoff(errorMsMin, errorMsMax);
    while (!signal.aborted) {
      await this.#room();
      try {
        if (this.#visibilityMs === 0) this.#visibilityMs = await this.#askVisibility();
        const messages = await this.#collect();
        failing.reset();
        if (messages.length > 0 && !signal.aborted) this.#start(messages);
      } catch (thrown) {
        if (signal.aborted) return;
        this.#ports.warn(`${this.#mapping.name} cannot read its queue: ${String(thrown)}`);
        await pause(this.#ports.clock, failing.next(), signal);
      }
    }
  }

  async #room(): Promise<void> {
    const most = this.#mapping.concurrencyMax ?? concurrencyDefault;
    while (this.#batches.size >= most) await Promise.race(this.#batches);
  }

  async #askVisibility(): Promise<number> {
    const { Attributes: attributes } = await this.#client.send(
      new GetQueueAttributesCommand({ QueueUrl: this.#queueUrl, AttributeNames: ["VisibilityTimeout"] }),
      { abortSignal: this.#stopping.signal },
    );
    return Math.max(1, Number(attributes?.["VisibilityTimeout"] ?? 30)) * 1_000;
  }

  /** One batch: what one call brings, or what comes until the window ends that opens with its first message. */
  async #collect(): Promise<readonly QueueMessage[]> {
    const { batchSize, windowSeconds } = this.#mapping;
    const batch: QueueMessage[] = [];
    let bytes = 0;
    let opensUntilMs = Infinity;
    while (!this.#stopping.signal.aborted && batch.length < batchSize && bytes < batchBytesMax) {
      const leftSeconds = Math.ceil((opensUntilMs - this.#ports.clock.now()) / 1_000);
      if (leftSeconds <= 0) break;
      const wait = Math.min(pollSecondsMax, leftSeconds);
      const received = await this.#receive(Math.min(messagesPerCallMax, batchSize - batch.length), wait);
      batch.push(...received);
      bytes = batch.reduce((sum, { text }) => sum + text.length, 0);
      if (received.length === 0) continue;
      if (windowSeconds === 0) break;
      if (opensUntilMs === Infinity) opensUntilMs = this.#ports.clock.now() + windowSeconds * 1_000;
    }
    return batch;
  }

  /** Messages that pass the filters; Lambda deletes the others. */
  async #receive(count: number, waitSeconds: number): Promise<readonly QueueMessage[]> {
    const { Messages: received = [] } = await this.#client.send(
      new ReceiveMessageCommand({
        QueueUrl: this.#queueUrl,
        MaxNumberOfMessages: count,
        WaitTimeSeconds: waitSeconds,
        MessageSystemAttributeNames: ["All"],
        MessageAttributeNames: ["All"],
      }),
      { abortSignal: this.#stopping.signal },
    );
    const { filters, sourceArn } = this.#mapping;
    const messages = received.map((message) => queueMessage(message, sourceArn));
    const [wanted, unwanted] = [true, false].map((want) =>
      messages.filter(({ filterView }) => passes(filters, filterView) === want),
    );
    await this.#delete(unwanted ?? []);
    return wanted ?? [];
  }

  #start(messages: readonly QueueMessage[]): void {
    const batch = this.#process(messages)
      .catch((thrown: unknown) =>
        this.#ports.warn(`${this.#mapping.name} lost hold of a batch: ${String(thrown)}`),
      )
      .finally(() => this.#batches.delete(batch));
    this.#batches.add(batch);
  }

  async #process(messages: readonly QueueMessage[]): Promise<void> {
    const outcome = await this.#invoke(messages);
    if (outcome?.kind !== "answered") return;
    await this.#delete(this.#doneOf(messages, outcome));
  }

  /** @returns undefined when the function could not run before the messages are visible again. */
  async #invoke(messages: readonly QueueMessage[]): Promise<BatchOutcome | undefined> {
    const { clock, invoke } = this.#ports;
    const { signal } = this.#stopping;
    const visibleAtMs = clock.now() + this.#visibilityMs;
    const backoff = new Backoff(throttledMsMin, throttledMsMax);
    const payload = `{"Records":[${messages.map(({ text }) => text).join(",")}]}`;
    while (!signal.aborted) {
      const outcome = await invoke(this.#mapping.definition.arn, payload);
      if (outcome.kind !== "refused") return outcome;
      const waitMs = backoff.next();
      if (clock.now() + waitMs >= visibleAtMs) return undefined;
      await pause(clock, waitMs, signal);
    }
    return undefined;
  }

  #doneOf(
    messages: readonly QueueMessage[],
    { payload }: Extract<BatchOutcome, { kind: "answered" }>,
  ): readonly QueueMessage[] {
    if (!this.#mapping.reportsItemFailures) return messages;
    const verdict = batchVerdictOf(payload, new Set(messages.map(({ messageId }) => messageId)));
    switch (verdict.kind) {
      case "all_done":
        return messages;
      case "all_failed":
        return [];
      case "some_failed":
        return messages.filter(({ messageId }) => !verdict.identifiers.has(messageId));
    }
  }

  async #delete(messages: readonly QueueMessage[]): Promise<void> {
    for (let from = 0; from < messages.length; from += messagesPerCallMax) {
      const Entries = messages
        .slice(from, from + messagesPerCallMax)
        .map(({ receiptHandle }, index) => ({ Id: String(index), ReceiptHandle: receiptHandle }));
      const { Failed: failed = [] } = await this.#client.send(
        new DeleteMessageBatchCommand({ QueueUrl: this.#queueUrl, Entries }),
      );
      for (const { Message: message } of failed) {
        this.#ports.warn(`${this.#mapping.name} cannot delete a message: ${message}`);
      }
    }
  }
}
