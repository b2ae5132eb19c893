import type { Clock } from "../../stepfunctions/clock.ts";
import type { BatchInvoker } from "../invoker.ts";
import type { StreamMapping } from "../mapping.ts";
import { Backoff, pause } from "../pause.ts";
import type { Checkpoints, MappingCheckpoints } from "./checkpoints.ts";
import { ShardPoller } from "./shard-poller.ts";
import type { Shard, ShardPosition, StreamSource } from "./source.ts";

/** How long a new shard of a stream can stay unseen. */
const discoverEveryMs = 30_000;
/** Shortest wait between two reads of a shard that brings nothing. */
const wakeMsMin = 20;
const errorMsMin = 200;
const errorMsMax = 30_000;

export interface StreamPorts {
  readonly clock: Clock;
  readonly invoke: BatchInvoker;
  /** Hands the record of a failure to the mapping's on-failure destination, if it has one. Never rejects. */
  readonly tellFailure: (mapping: StreamMapping, record: Readonly<Record<string, unknown>>) => Promise<void>;
  readonly newId: () => string;
  /** Longest wait between looks that bring nothing, in milliseconds; the source's own when left out. */
  readonly idleMsMax?: number | undefined;
  readonly warn: (line: string) => void;
}

/** Reads a stream for one mapping: each shard on its own, a child behind its parents. */
export class StreamPoller {
  readonly #mapping: StreamMapping;
  readonly #source: StreamSource;
  readonly #checkpoints: Checkpoints;
  readonly #ports: StreamPorts;
  readonly #stopping = new AbortController();
  readonly #running = new Map<string, Promise<void>>();
  /** Ends the waits of shards that had nothing to read. */
  readonly #sleepers = new Set<AbortController>();
  #wakes = 0;
  #run: Promise<void> | undefined;
  #rediscover = new AbortController();
  #hasLooked = false;

  constructor(mapping: StreamMapping, source: StreamSource, checkpoints: Checkpoints, ports: StreamPorts) {
    this.#mapping = mapping;
    this.#source = source;
    this.#checkpoints = checkpoints;
    this.#ports = ports;
  }

  get kind(): StreamMapping["kind"] {
    return this.#mapping.kind;
  }

  start(): void {
    this.#run ??= this.#discover();
  }

  /** Reads at once: something may have been written. */
  wake(): void {
    this.#wakes += 1;
    for (const sleeper of this.#sleepers) sleeper.abort();
  }

  /** Ends after the invocations under way. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#rediscover.abort();
    this.wake();
    await this.#run;
    await Promise.all(this.#running.values());
  }

  async #discover(): Promise<void> {
    const { signal } = this.#stopping;
    const failing = new Backoff(errorMsMin, errorMsMax);
    while (!signal.aborted) {
      let waitMs = discoverEveryMs;
      this.#rediscover = new AbortController();
      try {
        const { incarnation, shards } = await this.#source.describe();
        failing.reset();
        this.#startShards(
          this.#checkpoints.open(this.#mapping.name, incarnation, this.#ports.clock.now()),
          shards,
        );
      } catch (thrown) {
        if (signal.aborted) return;
        this.#ports.warn(`${this.#mapping.name} cannot find its stream: ${String(thrown)}`);
        waitMs = failing.next();
      }
      if (!signal.aborted) await pause(this.#ports.clock, waitMs, this.#rediscover.signal);
    }
  }

  #startShards(checkpoints: MappingCheckpoints, shards: readonly Shard[]): void {
    const known = new Set(shards.map(({ shardId }) => shardId));
    const isEnded = (shardId: string): boolean => checkpoints.of(shardId)?.ended === true;
    // What a mapping finds at its first look was there before it; what comes later belongs to it from the beginning.
    const isFirstLook = checkpoints.isFirst && !this.#hasLooked;
    this.#hasLooked = true;
    if (isFirstLook) for (const shardId of known) checkpoints.set(shardId, {});
    for (const { shardId, parentIds } of shards) {
      if (this.#running.has(shardId) || isEnded(shardId)) continue;
      if (parentIds.some((parent) => known.has(parent) && !isEnded(parent))) continue;
      this.#startShard(checkpoints, shardId, this.#startOf(checkpoints, shardId, isFirstLook));
    }
  }

  #startOf(checkpoints: MappingCheckpoints, shardId: string, isFirstLook: boolean): ShardPosition {
    const { start } = this.#mapping;
    if (start.at !== "LATEST" || isFirstLook) return start;
    return checkpoints.of(shardId) === undefined
      ? { at: "TRIM_HORIZON" }
      : { at: "AT_TIMESTAMP", timestampMs: checkpoints.sinceMs };
  }

  #startShard(checkpoints: MappingCheckpoints, shardId: string, start: ShardPosition): void {
    let heard = this.#wakes;
    const idle = async (ms: number): Promise<void> => {
      // What was written while the shard was being read may not have been in what the read brought.
      await this.#sleep(this.#wakes === heard ? ms : wakeMsMin);
      heard = this.#wakes;
    };
    const poller = new ShardPoller({
      mapping: this.#mapping,
      source: this.#source,
      shardId,
      start,
      checkpoints,
      ports: this.#ports,
      signal: this.#stopping.signal,
      idle,
    });
    const run = poller
      .run()
      // Its children, if it has any, can begin.
      .then(() => this.#rediscover.abort())
      .catch((thrown: unknown) =>
        this.#ports.warn(`${this.#mapping.name} broke on ${shardId} and begins again: ${String(thrown)}`),
      )
      .finally(() => this.#running.delete(shardId));
    this.#running.set(shardId, run);
  }

  async #sleep(ms: number): Promise<void> {
    const sleeper = new AbortController();
    this.#sleepers.add(sleeper);
    // Whoever wakes at each write must not turn every write into a read.
    await pause(this.#ports.clock, Math.min(ms, wakeMsMin), this.#stopping.signal);
    if (!this.#stopping.signal.aborted) {
      await pause(this.#ports.clock, Math.max(0, ms - wakeMsMin), sleeper.signal);
    }
    this.#sleepers.delete(sleeper);
  }
}
