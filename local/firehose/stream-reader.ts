import { DescribeStreamCommand, type KinesisClient } from "@aws-sdk/client-kinesis";
import { iteratorAt, nameOfStream, recordsFrom, shardsOf } from "../event-sources/streams/kinesis-reads.ts";
import type { ShardPosition } from "../event-sources/streams/source.ts";
import type { Arrived } from "./forms.ts";
import type { Positions } from "./positions.ts";

/** How long a new shard of a stream can stay unseen. */
const discoverEveryMs = 30_000;

interface OpenShard {
  /** Undefined: to be asked for. */
  iterator: string | undefined;
  /** The last record that was read, delivered or not. */
  readUpTo: string | undefined;
}

/** What one look at a stream brought. */
export interface Look {
  readonly records: readonly Arrived[];
  /** Some shard has more. */
  readonly isBehind: boolean;
}

/** Reads all shards of a stream, each from where it is delivered. In whatever order: Firehose keeps none. */
export class StreamReader {
  readonly #kinesis: KinesisClient;
  readonly #streamArn: string;
  readonly #positions: Positions;
  readonly #clock: () => number;
  readonly #shards = new Map<string, OpenShard>();
  /** Read to their end. */
  readonly #ended = new Set<string>();
  #discoveredAt: number | undefined;

  constructor(kinesis: KinesisClient, streamArn: string, positions: Positions, clock: () => number) {
    this.#kinesis = kinesis;
    this.#streamArn = streamArn;
    this.#positions = positions;
    this.#clock = clock;
  }

  /**
   * Reads each shard once.
   * @throws Error when the stream cannot be read: what was read before of it is not lost, the same look brings it again.
   */
  async look(): Promise<Look> {
    await this.#discover();
    const records: Arrived[] = [];
    let isBehind = false;
    // What came of one shard is kept though another fails: its iterator has moved on.
    let failure: unknown;
    for (const [shardId, shard] of [...this.#shards]) {
      try {
        const page = await this.#read(shardId, shard);
        records.push(...page.records);
        isBehind ||= page.isBehind;
      } catch (thrown) {
        shard.iterator = undefined;
        failure ??= thrown;
      }
    }
    if (failure !== undefined && records.length === 0) throw failure;
    return { records, isBehind: isBehind || failure !== undefined };
  }

  async #discover(): Promise<void> {
    const now = this.#clock();
    if (this.#discoveredAt !== undefined && now - this.#discoveredAt < discoverEveryMs) return;
    if (this.#discoveredAt === undefined && this.#shards.size === 0) await this.#compareStream();
    for (const { ShardId: shardId = "" } of await shardsOf(this.#kinesis, nameOfStream(this.#streamArn))) {
      if (this.#shards.has(shardId) || this.#ended.has(shardId)) continue;
      this.#shards.set(shardId, { iterator: undefined, readUpTo: this.#positions.of(shardId) });
    }
    this.#discoveredAt = now;
  }

  /** Places of a stream that was made anew under this name mean nothing: another emulator forgets what it had. */
  async #compareStream(): Promise<void> {
    const { StreamDescription } = await this.#kinesis.send(
      new DescribeStreamCommand({ StreamARN: this.#streamArn }),
    );
    this.#positions.areOf(StreamDescription?.StreamCreationTimestamp?.toISOString() ?? "");
  }

  async #read(shardId: string, shard: OpenShard): Promise<Look> {
    shard.iterator ??= await this.#iteratorOf(shardId, shard.readUpTo);
    const {
      records: read,
      next,
      isBehind,
    } = await recordsFrom(this.#kinesis, this.#streamArn, shard.iterator);
    const records = read.map(
      ({ SequenceNumber = "", Data = new Uint8Array(), ApproximateArrivalTimestamp }): Arrived => ({
        ...{ shardId, sequenceNumber: SequenceNumber, data: Data },
        at: ApproximateArrivalTimestamp?.getTime() ?? this.#clock(),
      }),
    );
    shard.iterator = next;
    shard.readUpTo = records.at(-1)?.sequenceNumber ?? shard.readUpTo;
    if (next !== undefined) return { records, isBehind };
    this.#shards.delete(shardId);
    this.#ended.add(shardId);
    // Its children are there.
    this.#discoveredAt = undefined;
    return { records, isBehind: true };
  }

  #iteratorOf(shardId: string, after: string | undefined): Promise<string> {
    const position: ShardPosition =
      after === undefined ? { at: "TRIM_HORIZON" } : { at: "AFTER_SEQUENCE_NUMBER", sequenceNumber: after };
    return iteratorAt(this.#kinesis, nameOfStream(this.#streamArn), shardId, position);
  }
}
