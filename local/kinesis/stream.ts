import { createHash } from "node:crypto";
import { z } from "zod";
import { Journal } from "../process/journal.ts";
import type { StreamPlan } from "./stream-plan.ts";

const hashMax = 2n ** 128n;
/** AWS's sequence numbers have 56 digits; users compare them as numbers. */
const sequenceBase = 49n * 10n ** 54n;
/** A shard keeps this much, whatever its retention: what is older is trimmed early. */
const shardBytesMax = 64 * 1024 * 1024;
/** The journal is rewritten when this share of its lines is of records that were trimmed. */
const linesPerRecordMax = 2;
const linesToRewriteMin = 10_000;
const writtenRecordsMax = 1_000;
const writtenBytesMax = 1024 * 1024;
const readsMax = 5;
const windowMs = 1_000;

const record = z.object({
  shard: z.int(),
  /** Its place in the stream: 1, 2, … */
  n: z.int(),
  key: z.string(),
  /** Base64. */
  data: z.string(),
  /** Epoch milliseconds. */
  at: z.number(),
});
export type StreamRecord = z.output<typeof record>;

interface Window {
  startedAt: number;
  records: number;
  bytes: number;
}

export interface Shard {
  readonly index: number;
  readonly id: string;
  readonly startingHashKey: bigint;
  readonly endingHashKey: bigint;
  readonly records: readonly StreamRecord[];
}

interface OpenShard extends Shard {
  records: StreamRecord[];
  bytes: number;
  readonly written: Window;
  readonly read: Window;
}

const emptyWindow = (): Window => ({ startedAt: 0, records: 0, bytes: 0 });

/** One stream, its records in a journal. */
export class Stream {
  readonly plan: StreamPlan;
  readonly #clock: () => number;
  readonly #journal: Journal<StreamRecord>;
  readonly #shards: readonly OpenShard[];
  #lines = 0;
  #last = 0;

  /** @throws Refusal when the journal is damaged. */
  constructor(plan: StreamPlan, journalPath: string, clock: () => number) {
    this.plan = plan;
    this.#clock = clock;
    this.#journal = new Journal(journalPath, record);
    const count = BigInt(plan.shards);
    this.#shards = Array.from({ length: plan.shards }, (_, index) => ({
      index,
      id: `shardId-${String(index).padStart(12, "0")}`,
      startingHashKey: (hashMax * BigInt(index)) / count,
      endingHashKey: (hashMax * BigInt(index + 1)) / count - 1n,
      records: [],
      bytes: 0,
      written: emptyWindow(),
      read: emptyWindow(),
    }));
    for (const restored of this.#journal.recall()) {
      this.#lines += 1;
      this.#last = Math.max(this.#last, restored.n);
      // Fewer shards than when it was written: it goes where a writer would put it now.
      this.#keep(restored, this.#shards[restored.shard] ?? this.#shardOf(hashOf(restored.key)));
    }
    for (const shard of this.#shards) this.#trim(shard);
  }

  get shards(): readonly Shard[] {
    return this.#shards;
  }

  shard(id: string): Shard | undefined {
    return this.#shards.find((candidate) => candidate.id === id);
  }

  /** `explicitHash`: in place of the key's own. @returns undefined when the shard takes no more in this second. */
  put(key: string, data: string, explicitHash?: bigint): StreamRecord | undefined {
    const shard = this.#shardOf(explicitHash ?? hashOf(key));
    const bytes = bytesOf({ key, data });
    const { written } = shard;
    this.#turn(written);
    if (written.records >= writtenRecordsMax || written.bytes + bytes > writtenBytesMax) return undefined;
    written.records += 1;
    written.bytes += bytes;
    this.#last += 1;
    const kept: StreamRecord = { shard: shard.index, n: this.#last, key, data, at: this.#clock() };
    this.#journal.append(kept);
    this.#lines += 1;
    this.#keep(kept, shard);
    this.#trim(shard);
    return kept;
  }

  /** At most `max` records behind the place `after`. @returns undefined when the shard is read too often. */
  read({ index }: Shard, after: number, max: number): readonly StreamRecord[] | undefined {
    const shard = this.#shards[index];
    if (shard === undefined) return [];
    this.#turn(shard.read);
    if (shard.read.records >= readsMax) return undefined;
    shard.read.records += 1;
    this.#trim(shard);
    const start = firstAfter(shard.records, after);
    return shard.records.slice(start, start + max);
  }

  /** The place of the newest record: behind it is what comes next. */
  get last(): number {
    return this.#last;
  }

  close(): void {
    this.#journal.close();
  }

  #turn(window: Window): void {
    const now = this.#clock();
    if (now - window.startedAt < windowMs) return;
    Object.assign(window, { startedAt: now, records: 0, bytes: 0 });
  }

  #shardOf(hash: bigint): OpenShard {
    const found = this.#shards.find(({ endingHashKey }) => hash <= endingHashKey);
    if (found === undefined) throw new RangeError(`${hash} is no hash key`);
    return found;
  }

  #keep(kept: StreamRecord, shard: OpenShard): void {
    shard.records.push(kept);
    shard.bytes += bytesOf(kept);
  }

  #trim(shard: OpenShard): void {
    const oldest = this.#clock() - this.plan.retentionHours * 3_600_000;
    let trimmed = 0;
    for (const candidate of shard.records) {
      if (candidate.at > oldest && shard.bytes <= shardBytesMax) break;
      shard.bytes -= bytesOf(candidate);
      trimmed += 1;
    }
    if (trimmed === 0) return;
    shard.records = shard.records.slice(trimmed);
    const left = this.#shards.reduce((sum, { records }) => sum + records.length, 0);
    if (this.#lines < linesToRewriteMin || this.#lines < linesPerRecordMax * left) return;
    this.#journal.rewrite(this.#shards.flatMap(({ records }) => records));
    this.#lines = left;
  }
}

export const sequenceNumberOf = (n: number): string => (sequenceBase + BigInt(n)).toString();

/** @returns undefined when it is none of ours. */
export function placeOf(sequenceNumber: string): number | undefined {
  if (!/^\d{56}$/.test(sequenceNumber)) return undefined;
  const n = BigInt(sequenceNumber) - sequenceBase;
  return n >= 0n && n <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(n) : undefined;
}

export const bytesOf = ({ key, data }: Pick<StreamRecord, "key" | "data">): number =>
  Buffer.byteLength(key) + Buffer.byteLength(data, "base64");

const hashOf = (key: string): bigint => BigInt(`0x${createHash("md5").update(key).digest("hex")}`);

/** Records are in the order of their places. */
function firstAfter(records: readonly StreamRecord[], after: number): number {
  let low = 0;
  let high = records.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((records[middle]?.n ?? 0) > after) high = middle;
    else low = middle + 1;
  }
  return low;
}
