import { z } from "zod";
import { errorAnswer, jsonAnswer } from "../door/answers.ts";
import type { AwsAnswer, AwsCall, Engine } from "../door/engine.ts";
import { invalid, KinesisRefusal, parsed } from "./refusal.ts";
import { mergeShards, splitShard, updateShardCount } from "./resharding.ts";
import { childView, listShards, shardView, tokenIn } from "./shard-list.ts";
import { bytesOf, placeOf, type Shard, type Stream, sequenceNumberOf } from "./stream.ts";

const batchRecordsMax = 500;
/** Since records may have 10 MiB. */
const batchBytesMax = 10 * 1024 * 1024;
const pageRecordsMax = 10_000;
const iteratorMsMax = 5 * 60_000;

const named = z.object({ StreamName: z.string().optional(), StreamARN: z.string().optional() });
const putting = z.object({
  Data: z.base64(),
  PartitionKey: z.string().min(1).max(256),
  ExplicitHashKey: z
    .string()
    .regex(/^(0|[1-9]\d{0,38})$/)
    .optional(),
});
const batch = z.object({ Records: z.array(putting).min(1).max(batchRecordsMax) });
const iterating = z.object({
  ShardId: z.string(),
  ShardIteratorType: z.enum([
    "TRIM_HORIZON",
    "LATEST",
    "AT_SEQUENCE_NUMBER",
    "AFTER_SEQUENCE_NUMBER",
    "AT_TIMESTAMP",
  ]),
  StartingSequenceNumber: z.string().optional(),
  /** Epoch seconds. */
  Timestamp: z.number().optional(),
});
const reading = z.object({
  ShardIterator: z.string(),
  Limit: z.int().min(1).max(pageRecordsMax).default(pageRecordsMax),
});
/** What stands in an iterator: which shard, behind which record, and since when. */
const iterator = z.object({ stream: z.string(), shard: z.string(), after: z.int(), at: z.number() });
type Iterator = z.output<typeof iterator>;

type Output = Readonly<Record<string, unknown>>;

const throttled = (shard: string, stream: Stream): KinesisRefusal =>
  new KinesisRefusal(
    "ProvisionedThroughputExceededException",
    `Rate exceeded for shard ${shard} in stream ${stream.plan.name}.`,
  );

/** Kinesis's actions on streams that the plan made. */
export class KinesisEngine implements Engine {
  readonly service = "kinesis";
  readonly #streams: ReadonlyMap<string, Stream>;
  readonly #clock: () => number;

  constructor(streams: readonly Stream[], clock: () => number) {
    this.#streams = new Map(streams.map((stream) => [stream.plan.name, stream]));
    this.#clock = clock;
  }

  async handle({ action, body }: AwsCall): Promise<AwsAnswer> {
    try {
      const output = this.#act(action, JSON.parse(body.toString()));
      return output === undefined
        ? errorAnswer("UnknownOperationException", `The local Kinesis does not know ${action}.`)
        : jsonAnswer(output);
    } catch (thrown) {
      if (thrown instanceof KinesisRefusal) return errorAnswer(thrown.code, thrown.message);
      throw thrown;
    }
  }

  stop(): void {
    for (const stream of this.#streams.values()) stream.close();
  }

  #act(action: string, input: unknown): Output | undefined {
    switch (action) {
      case "PutRecord":
        return this.#put(this.#stream(input), parsed(putting, input));
      case "PutRecords":
        return this.#putAll(this.#stream(input), parsed(batch, input).Records);
      case "GetShardIterator":
        return this.#iterate(this.#stream(input), parsed(iterating, input));
      case "GetRecords":
        return this.#read(parsed(reading, input));
      case "ListStreams":
        return { StreamNames: [...this.#streams.keys()], HasMoreStreams: false };
      case "ListShards": {
        const from = tokenIn(input);
        const stream = this.#stream(from === undefined ? input : { StreamName: from.stream });
        return listShards(stream, input, from);
      }
      case "SplitShard":
        return splitShard(this.#stream(input), input);
      case "MergeShards":
        return mergeShards(this.#stream(input), input);
      case "UpdateShardCount":
        return updateShardCount(this.#stream(input), input);
      case "DescribeStreamSummary":
        return { StreamDescriptionSummary: summary(this.#stream(input)) };
      case "DescribeStream": {
        const stream = this.#stream(input);
        const Shards = stream.shards.map(shardView);
        return { StreamDescription: { ...summary(stream), Shards, HasMoreShards: false } };
      }
      default:
        return undefined;
    }
  }

  #put(stream: Stream, { PartitionKey, Data, ExplicitHashKey }: z.output<typeof putting>): Output {
    const { recordBytesMax } = stream.plan;
    if (bytesOf({ key: PartitionKey, data: Data }) > recordBytesMax) {
      throw new KinesisRefusal("ValidationException", `A record may have ${recordBytesMax} bytes.`);
    }
    const hash = ExplicitHashKey === undefined ? undefined : BigInt(ExplicitHashKey);
    if (hash !== undefined && hash >= 2n ** 128n) throw invalid("Invalid ExplicitHashKey.");
    const kept = stream.put(PartitionKey, Data, hash);
    if (kept === undefined) throw throttled("of the key", stream);
    return { ShardId: stream.shards[kept.shard]?.id, SequenceNumber: sequenceNumberOf(kept.n) };
  }

  /** Each record by itself: a shard that is full refuses its own, and the others are in. */
  #putAll(stream: Stream, records: readonly z.output<typeof putting>[]): Output {
    const bytes = records.reduce(
      (sum, { PartitionKey, Data }) => sum + bytesOf({ key: PartitionKey, data: Data }),
      0,
    );
    if (bytes > batchBytesMax) throw invalid("Records size exceeds 10 MB limit");
    const results = records.map((each) => {
      try {
        return this.#put(stream, each);
      } catch (thrown) {
        if (!(thrown instanceof KinesisRefusal) || thrown.code !== "ProvisionedThroughputExceededException")
          throw thrown;
        return { ErrorCode: thrown.code, ErrorMessage: thrown.message };
      }
    });
    return { FailedRecordCount: results.filter((result) => "ErrorCode" in result).length, Records: results };
  }

  #iterate(stream: Stream, input: z.output<typeof iterating>): Output {
    const shard = stream.shard(input.ShardId);
    if (shard === undefined) throw noShard(stream, input.ShardId);
    const after = startOf(stream, shard, input);
    return { ShardIterator: this.#iteratorOf({ stream: stream.plan.name, shard: shard.id, after }) };
  }

  #read({ ShardIterator, Limit }: z.output<typeof reading>): Output {
    const from = iteratorIn(ShardIterator);
    if (this.#clock() - from.at > iteratorMsMax) {
      throw new KinesisRefusal("ExpiredIteratorException", "Iterator expired.");
    }
    const stream = this.#stream({ StreamName: from.stream });
    const shard = stream.shard(from.shard);
    if (shard === undefined) throw noShard(stream, from.shard);
    const page = stream.read(shard, from.after, Limit);
    if (page === undefined) throw throttled(shard.id, stream);
    const newest = shard.records.at(-1);
    const last = page.at(-1);
    const isCaughtUp = newest === undefined || newest.n <= (last?.n ?? from.after);
    const isEnd = isCaughtUp && shard.closed !== undefined;
    return {
      Records: page.map(({ n, key, data, at }) => ({
        SequenceNumber: sequenceNumberOf(n),
        PartitionKey: key,
        Data: data,
        ApproximateArrivalTimestamp: at / 1_000,
      })),
      ...(isEnd
        ? { ChildShards: stream.childrenOf(shard.id).map(childView) }
        : { NextShardIterator: this.#iteratorOf({ ...from, after: last?.n ?? from.after }) }),
      MillisBehindLatest: isCaughtUp ? 0 : Math.max(1, this.#clock() - (last?.at ?? newest.at)),
    };
  }

  #iteratorOf(position: Omit<Iterator, "at">): string {
    return Buffer.from(JSON.stringify({ ...position, at: this.#clock() })).toString("base64");
  }

  #stream(input: unknown): Stream {
    const { StreamName, StreamARN } = parsed(named, input);
    const name = StreamName ?? StreamARN?.split("/").at(-1) ?? "";
    const stream = this.#streams.get(name);
    if (stream !== undefined) return stream;
    throw new KinesisRefusal("ResourceNotFoundException", `Stream ${name} not found.`);
  }
}

function startOf(stream: Stream, shard: Shard, input: z.output<typeof iterating>): number {
  switch (input.ShardIteratorType) {
    case "TRIM_HORIZON":
      return 0;
    case "LATEST":
      return stream.last;
    case "AT_TIMESTAMP": {
      if (input.Timestamp === undefined) throw invalid("Must specify Timestamp for AT_TIMESTAMP.");
      const since = input.Timestamp * 1_000;
      return (shard.records.find(({ at }) => at >= since)?.n ?? stream.last + 1) - 1;
    }
    case "AT_SEQUENCE_NUMBER":
    case "AFTER_SEQUENCE_NUMBER": {
      const place = placeOf(input.StartingSequenceNumber ?? "");
      if (place === undefined) throw invalid("StartingSequenceNumber is not one of this shard.");
      return input.ShardIteratorType === "AT_SEQUENCE_NUMBER" ? place - 1 : place;
    }
  }
}

function iteratorIn(text: string): Iterator {
  try {
    return iterator.parse(JSON.parse(Buffer.from(text, "base64").toString()));
  } catch {
    throw invalid("Invalid ShardIterator.");
  }
}

const noShard = ({ plan }: Stream, shard: string): KinesisRefusal =>
  new KinesisRefusal("ResourceNotFoundException", `Could not find shard ${shard} in stream ${plan.name}.`);

const summary = ({ plan, shards }: Stream): Output => ({
  StreamName: plan.name,
  StreamARN: plan.arn,
  StreamStatus: "ACTIVE",
  StreamModeDetails: { StreamMode: plan.mode },
  RetentionPeriodHours: plan.retentionHours,
  StreamCreationTimestamp: 0,
  EnhancedMonitoring: [{ ShardLevelMetrics: [] }],
  OpenShardCount: shards.filter(({ closed }) => closed === undefined).length,
  ConsumerCount: 0,
});
