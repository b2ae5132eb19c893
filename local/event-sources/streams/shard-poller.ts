import { createHash } from "node:crypto";
import { passes } from "../filter.ts";
import type { StreamMapping } from "../mapping.ts";
import { Backoff, pause } from "../pause.ts";
import { type BatchPorts, settleBatch } from "./batch.ts";
import type { Checkpoint, MappingCheckpoints } from "./checkpoints.ts";
import { failureRecord } from "./failure-record.ts";
import { Lane } from "./lane.ts";
import type { StreamPorts } from "./poller.ts";
import { Progress } from "./progress.ts";
import {
  recordsText,
  type ShardPosition,
  type StreamRecord,
  type StreamSource,
  TrimmedPosition,
} from "./source.ts";
import { TumblingWindows } from "./tumbling.ts";

/** Records that a shard's poller has in hand: enough to fill every lane twice, and never more than two large batches. */
const readAheadMin = 2_000;
const idleMsMin = 25;
/** Before a read that was refused is made again. */
const refusedMs = 250;
const errorMsMin = 200;
const errorMsMax = 30_000;

export interface ShardOptions {
  readonly mapping: StreamMapping;
  readonly source: StreamSource;
  readonly shardId: string;
  /** Where to begin when there is no checkpoint. */
  readonly start: ShardPosition;
  readonly checkpoints: MappingCheckpoints;
  readonly ports: StreamPorts;
  readonly signal: AbortSignal;
  /** Waits between reads that bring nothing; ends early when something may have been written. */
  readonly idle: (ms: number) => Promise<void>;
}

/** Reads one shard and hands its records to the function, in order, as far as they have the same key. */
export class ShardPoller {
  readonly #options: ShardOptions;
  readonly #progress = new Progress();
  readonly #lanes: readonly Lane[];
  readonly #readAheadMax: number;
  readonly #broken = new AbortController();
  readonly #signal: AbortSignal;
  #roomMade: (() => void) | undefined;
  /** Epoch milliseconds: records that arrived earlier are not for this mapping. */
  #sinceMs = 0;
  #position: ShardPosition;
  #window: Checkpoint["window"];

  constructor(options: ShardOptions) {
    const { mapping, ports, checkpoints, shardId, start } = options;
    this.#options = options;
    this.#signal = AbortSignal.any([options.signal, this.#broken.signal]);
    this.#lanes = Array.from({ length: mapping.lanes }, () => new Lane(mapping, ports.clock));
    this.#readAheadMax = Math.max(readAheadMin, 2 * mapping.batchSize * mapping.lanes);
    const { sequence_number: sequenceNumber, window } = checkpoints.of(shardId) ?? {};
    this.#window = window;
    this.#position = sequenceNumber === undefined ? start : { at: "AFTER_SEQUENCE_NUMBER", sequenceNumber };
  }

  /** Resolves when the shard has ended and all its records are settled, or the signal aborted. */
  async run(): Promise<void> {
    const { checkpoints, shardId } = this.#options;
    const close = (): void => {
      for (const lane of this.#lanes) lane.close();
      this.#roomMade?.();
    };
    this.#signal.addEventListener("abort", close, { once: true });
    try {
      await Promise.all([this.#read().finally(close), ...this.#lanes.map((lane) => this.#work(lane))]);
    } catch (thrown) {
      // One part that broke must not leave the others waiting for it.
      this.#broken.abort();
      throw thrown;
    } finally {
      this.#signal.removeEventListener("abort", close);
    }
    if (!this.#signal.aborted) checkpoints.set(shardId, { ended: true });
  }

  /** Fills the lanes until the shard ends. */
  async #read(): Promise<void> {
    const { source, shardId, ports, mapping, idle } = this.#options;
    const signal = this.#signal;
    const idling = new Backoff(idleMsMin, ports.idleMsMax ?? source.idleMsMax);
    const failing = new Backoff(errorMsMin, errorMsMax);
    let iterator: string | undefined;
    let readAtMs = 0;
    while (!signal.aborted) {
      await this.#room();
      try {
        iterator ??= await this.#open();
        const restMs = readAtMs + source.readMsMin - ports.clock.now();
        if (restMs > 0) await pause(ports.clock, restMs, signal);
        readAtMs = ports.clock.now();
        const page = await source.read(shardId, iterator);
        failing.reset();
        this.#accept(page.records);
        if (page.next === undefined) return;
        iterator = page.next;
        if (page.refused) await pause(ports.clock, refusedMs, signal);
        else if (page.records.length > 0) idling.reset();
        else await idle(idling.next());
      } catch (thrown) {
        if (signal.aborted) return;
        ports.warn(`${mapping.name} cannot read its stream: ${String(thrown)}`);
        // Iterators expire, and an emulator that was started again does not know them.
        iterator = undefined;
        await idle(failing.next());
      }
    }
  }

  async #open(): Promise<string> {
    const { source, shardId, ports, mapping } = this.#options;
    const openedAtMs = ports.clock.now();
    if (this.#position.at === "AT_TIMESTAMP") this.#sinceMs = this.#position.timestampMs;
    try {
      const iterator = await source.open(shardId, this.#position);
      // Should the iterator be lost before it brought a record, what was written since is read all the same.
      if (this.#position.at === "LATEST") this.#position = { at: "AT_TIMESTAMP", timestampMs: openedAtMs };
      return iterator;
    } catch (thrown) {
      if (!(thrown instanceof TrimmedPosition)) throw thrown;
      ports.warn(`${mapping.name} goes on at the oldest record of ${shardId}: those before it are gone`);
      this.#position = { at: "TRIM_HORIZON" };
      return source.open(shardId, this.#position);
    }
  }

  #accept(records: readonly StreamRecord[]): void {
    const { mapping } = this.#options;
    for (const record of records) {
      this.#progress.read(record.sequenceNumber);
      this.#position = { at: "AFTER_SEQUENCE_NUMBER", sequenceNumber: record.sequenceNumber };
      if (this.#isBeforeStart(record) || !passes(mapping.filters, record.filterView)) this.#settle([record]);
      else this.#lanes[laneOf(record.orderKey, this.#lanes.length)]?.push(record);
    }
  }

  /** A table's stream cannot be opened at a time: it is read from its beginning, and what is too old is passed over. */
  #isBeforeStart({ arrivedAtMs }: StreamRecord): boolean {
    // Streams tell seconds.
    return arrivedAtMs < Math.floor(this.#sinceMs / 1_000) * 1_000;
  }

  async #room(): Promise<void> {
    while (this.#progress.openCount >= this.#readAheadMax && !this.#signal.aborted) {
      await new Promise<void>((resolve) => {
        this.#roomMade = resolve;
      });
    }
  }

  #settle(records: readonly StreamRecord[]): void {
    for (const { sequenceNumber } of records) this.#progress.settle(sequenceNumber);
    this.#keep();
    this.#roomMade?.();
  }

  #keep(): void {
    const { checkpoints, shardId } = this.#options;
    const sequenceNumber = this.#progress.checkpoint ?? checkpoints.of(shardId)?.sequence_number;
    checkpoints.set(shardId, {
      ...(sequenceNumber !== undefined && { sequence_number: sequenceNumber }),
      ...(this.#window !== undefined && { window: this.#window }),
    });
  }

  async #work(lane: Lane): Promise<void> {
    const { mapping, ports, shardId } = this.#options;
    const signal = this.#signal;
    const batchPorts: BatchPorts = {
      clock: ports.clock,
      signal,
      invoke: (batch) => ports.invoke(mapping.definition.arn, `{"Records":${recordsText(batch)}}`),
      settle: (batch) => this.#settle(batch),
      discard: async (discarded) => {
        const record = failureRecord(mapping, shardId, discarded, ports.clock.now(), ports.newId);
        await ports.tellFailure(mapping, record);
      },
    };
    if (mapping.tumblingSeconds > 0) {
      await new TumblingWindows({
        lane,
        mapping,
        shardId,
        ports: batchPorts,
        invoke: (payload) => ports.invoke(mapping.definition.arn, payload),
        window: this.#window,
        keep: (window) => {
          this.#window = window;
          this.#keep();
        },
      }).run();
      return;
    }
    for (let batch = await lane.take(); batch !== undefined; batch = await lane.take()) {
      if (signal.aborted) return;
      await settleBatch(batch, mapping, batchPorts);
    }
  }
}

function laneOf(orderKey: string, lanes: number): number {
  if (lanes === 1) return 0;
  return createHash("md5").update(orderKey).digest().readUInt32BE() % lanes;
}
