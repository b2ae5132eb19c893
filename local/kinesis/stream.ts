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
/** Read of a shard in a second. What one call brings beyond is waited off: 10 MiB are five seconds. */
const readBytesMax = 2 * 1024 * 1024;
const windowMs = 1_000;
const pageBytesMax = 10 * 1024 * 1024;

/** Shards that were closed, and those that took over their hash keys. */
const resharding = z.object({
  /** Shards that the plan had then: with another number the estate was deployed anew. */
  planned: z.int(),
  /** Its own place: what was written before it is in the closed shards. */
  n: z.int(),
  at: z.number(),
  closed: z.array(z.int()),
  /** Hash keys as decimal text: they have 128 bits. */
  opened: z.array(z.object({ start: z.string(), end: z.string() })),
});
type Resharding = z.output<typeof resharding>;

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
const line = z.union([record, z.object({ resharding })]);
type Line = z.output<typeof line>;

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
  /** Ids of those whose hash keys it took over: one after a split, two after a merge. */
  readonly parentIds: readonly string[];
  /** Place at which it began. */
  readonly from: number;
  /** Place at which it was closed, and when. Undefined: it takes records. */
  readonly closed: { readonly n: number; readonly at: number } | undefined;
  readonly records: readonly StreamRecord[];
}

interface KeptShard extends Shard {
  closed: Shard["closed"];
  records: StreamRecord[];
  bytes: number;
  readonly written: Window;
  readonly read: Window;
}

export interface HashRange {
  readonly start: bigint;
  /** Inclusive. */
  readonly end: bigint;
}

/** Hash keys in equal parts. */
export const uniformRanges = (count: number): readonly HashRange[] =>
  Array.from({ length: count }, (_, index) => ({
    start: (hashMax * BigInt(index)) / BigInt(count),
    end: (hashMax * BigInt(index + 1)) / BigInt(count) - 1n,
  }));

const emptyWindow = (): Window => ({ startedAt: 0, records: 0, bytes: 0 });

/** One stream, its records and its shards in a journal. */
export class Stream {
  readonly plan: StreamPlan;
  readonly #clock: () => number;
  readonly #journal: Journal<Line>;
  readonly #shards: KeptShard[] = [];
  readonly #reshardings: Resharding[] = [];
  #lines = 0;
  #last = 0;

  /** @throws Refusal when the journal is damaged. */
  constructor(plan: StreamPlan, journalPath: string, clock: () => number) {
    this.plan = plan;
    this.#clock = clock;
    this.#journal = new Journal(journalPath, line);
    for (const range of uniformRanges(plan.shards)) this.#open(range, [], 0);
    for (const written of this.#journal.recall()) {
      this.#lines += 1;
      if ("resharding" in written) this.#recall(written.resharding);
      else this.#restore(written);
    }
    for (const shard of this.#shards) this.#trim(shard);
  }

  /** Those that are open, and those closed ones that may still have records. */
  get shards(): readonly Shard[] {
    const oldest = this.#oldest();
    return this.#shards.filter(({ closed }) => closed === undefined || closed.at > oldest);
  }

  shard(id: string): Shard | undefined {
    return this.shards.find((candidate) => candidate.id === id);
  }

  childrenOf(id: string): readonly Shard[] {
    return this.#shards.filter(({ parentIds }) => parentIds.includes(id));
  }

  /** Closes shards and opens others over the same hash keys: one becomes two, or two adjacent ones become one. */
  reshard(closed: readonly Shard[], ranges: readonly HashRange[]): void {
    this.#last += 1;
    const done: Resharding = {
      ...{ planned: this.plan.shards, n: this.#last, at: this.#clock() },
      closed: closed.map(({ index }) => index),
      opened: ranges.map(({ start, end }) => ({ start: start.toString(), end: end.toString() })),
    };
    this.#journal.append({ resharding: done });
    this.#lines += 1;
    this.#apply(done);
  }

  /** `explicitHash`: in place of the key's own. @returns undefined when the shard takes no more in this second. */
  put(key: string, data: string, explicitHash?: bigint): StreamRecord | undefined {
    const shard = this.#shardOf(explicitHash ?? hashOf(key));
    const bytes = bytesOf({ key, data });
    const { written } = shard;
    this.#turn(written);
    // A record of more than a second's worth goes through when it is the only one of its second.
    const isOver = written.bytes > 0 && written.bytes + bytes > writtenBytesMax;
    if (written.records >= writtenRecordsMax || isOver) return undefined;
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
    const { read } = shard;
    const debt = read.bytes - Math.floor((this.#clock() - read.startedAt) / windowMs) * readBytesMax;
    this.#turn(read);
    read.bytes = Math.max(read.bytes, debt);
    if (read.records >= readsMax || read.bytes >= readBytesMax) return undefined;
    read.records += 1;
    this.#trim(shard);
    const start = firstAfter(shard.records, after);
    const page = pageOf(shard.records.slice(start, start + max));
    read.bytes += page.reduce((sum, each) => sum + bytesOf(each), 0);
    return page;
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

  #open({ start, end }: HashRange, parentIds: readonly string[], from: number): void {
    const index = this.#shards.length;
    this.#shards.push({
      ...{ index, id: `shardId-${String(index).padStart(12, "0")}` },
      ...{ startingHashKey: start, endingHashKey: end, parentIds, from, closed: undefined },
      ...{ records: [], bytes: 0, written: emptyWindow(), read: emptyWindow() },
    });
  }

  #recall(done: Resharding): void {
    this.#last = Math.max(this.#last, done.n);
    // The plan has another number of shards now, and these are the shards of the plan.
    if (done.planned === this.plan.shards) this.#apply(done);
  }

  #restore(restored: StreamRecord): void {
    this.#last = Math.max(this.#last, restored.n);
    // A shard that is not there any more: it goes where a writer would put it now.
    this.#keep(restored, this.#shards[restored.shard] ?? this.#shardOf(hashOf(restored.key)));
  }

  #apply(done: Resharding): void {
    this.#reshardings.push(done);
    const parents: string[] = [];
    for (const index of done.closed) {
      const shard = this.#shards[index];
      if (shard === undefined) continue;
      shard.closed = { n: done.n, at: done.at };
      parents.push(shard.id);
    }
    for (const { start, end } of done.opened) {
      this.#open({ start: BigInt(start), end: BigInt(end) }, parents, done.n);
    }
  }

  #shardOf(hash: bigint): KeptShard {
    const found = this.#shards.find(
      ({ startingHashKey, endingHashKey, closed }) =>
        closed === undefined && startingHashKey <= hash && hash <= endingHashKey,
    );
    if (found === undefined) throw new RangeError(`${hash} is no hash key`);
    return found;
  }

  #oldest(): number {
    return this.#clock() - this.plan.retentionHours * 3_600_000;
  }

  #keep(kept: StreamRecord, shard: KeptShard): void {
    shard.records.push(kept);
    shard.bytes += bytesOf(kept);
  }

  #trim(shard: KeptShard): void {
    const oldest = this.#oldest();
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
    const reshardings = this.#reshardings.map((done) => ({ resharding: done }));
    this.#journal.rewrite([...reshardings, ...this.#shards.flatMap(({ records }) => records)]);
    this.#lines = left + reshardings.length;
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

/** As many as one call may bring, and one at least. */
function pageOf(records: readonly StreamRecord[]): readonly StreamRecord[] {
  let bytes = 0;
  const end = records.findIndex((each) => {
    bytes += bytesOf(each);
    return bytes > pageBytesMax;
  });
  return end === -1 ? records : records.slice(0, Math.max(1, end));
}

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
