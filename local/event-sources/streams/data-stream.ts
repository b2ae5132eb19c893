import {
  type _Record,
  DescribeStreamSummaryCommand,
  GetRecordsCommand,
  GetShardIteratorCommand,
  type KinesisClient,
  ListShardsCommand,
} from "@aws-sdk/client-kinesis";
import { exceptionOf } from "../exception.ts";
import { filterable } from "../filter.ts";
import {
  pagesOf,
  type Shard,
  type ShardPosition,
  type StreamPage,
  type StreamRecord,
  type StreamSource,
} from "./source.ts";

/** Kinesis gives 10,000 at most; fewer keep the memory of a poller small. */
const pageMax = 1_000;
/** AWS looks once a second; the emulator works 20 ms for each look. */
const idleMsMax = 2_000;
/** A shard may be read five times a second, by all its readers together. AWS looks once a second. */
const readMsMin = 250;
/** Pages of shards; 1,000 each. */
const shardPagesMax = 10;

/** A stream of Kinesis. */
export class DataStream implements StreamSource {
  readonly idleMsMax = idleMsMax;
  readonly readMsMin = readMsMin;
  readonly #client: KinesisClient;
  readonly #sourceArn: string;
  readonly #name: string;
  /** Records show whose role reads them. */
  readonly #roleArn: string;

  constructor(client: KinesisClient, sourceArn: string, roleArn: string) {
    this.#client = client;
    this.#sourceArn = sourceArn;
    this.#name = sourceArn.split("/")[1] ?? "";
    this.#roleArn = roleArn;
  }

  async describe(): Promise<{ incarnation: string; shards: readonly Shard[] }> {
    const { StreamDescriptionSummary: summary } = await this.#client.send(
      new DescribeStreamSummaryCommand({ StreamName: this.#name }),
    );
    const pages = await pagesOf(
      (next) =>
        this.#client.send(
          new ListShardsCommand(next === undefined ? { StreamName: this.#name } : { NextToken: next }),
        ),
      ({ NextToken }) => NextToken,
      shardPagesMax,
    );
    const shards = pages
      .flatMap(({ Shards = [] }) => Shards)
      .map(({ ShardId: shardId = "", ParentShardId, AdjacentParentShardId }) => ({
        shardId,
        parentIds: [ParentShardId, AdjacentParentShardId].filter((id) => id !== undefined),
      }));
    const createdAt = summary?.StreamCreationTimestamp?.toISOString() ?? "";
    return { incarnation: `${this.#sourceArn} ${createdAt}`, shards };
  }

  async open(shardId: string, position: ShardPosition): Promise<string> {
    const { ShardIterator } = await this.#client.send(
      new GetShardIteratorCommand({ StreamName: this.#name, ShardId: shardId, ...iteratorOf(position) }),
    );
    return ShardIterator ?? "";
  }

  async read(shardId: string, iterator: string): Promise<StreamPage> {
    // An iterator does not tell IAM whose records are read.
    const input = { StreamARN: this.#sourceArn, ShardIterator: iterator, Limit: pageMax };
    const page = await this.#client.send(new GetRecordsCommand(input)).catch((thrown: unknown) => {
      // Others read the shard too, and it gives five reads a second.
      if (exceptionOf(thrown) !== "ProvisionedThroughputExceededException") throw thrown;
      return undefined;
    });
    if (page === undefined) return { records: [], next: iterator, refused: true };
    const { Records: records = [], NextShardIterator: next } = page;
    return {
      records: records.map((record) => dataRecord(record, shardId, this.#sourceArn, this.#roleArn)),
      next: next ?? undefined,
    };
  }
}

function iteratorOf(position: ShardPosition) {
  switch (position.at) {
    case "AFTER_SEQUENCE_NUMBER":
      return { ShardIteratorType: position.at, StartingSequenceNumber: position.sequenceNumber };
    case "AT_TIMESTAMP":
      return { ShardIteratorType: position.at, Timestamp: new Date(position.timestampMs) };
    case "TRIM_HORIZON":
    case "LATEST":
      return { ShardIteratorType: position.at };
  }
}

/** A record of Kinesis as Lambda shows it to a function. */
function dataRecord(record: _Record, shardId: string, sourceArn: string, roleArn: string): StreamRecord {
  const sequenceNumber = record.SequenceNumber ?? "";
  const partitionKey = record.PartitionKey ?? "";
  const data = Buffer.from(record.Data ?? new Uint8Array());
  const arrivedAtMs = record.ApproximateArrivalTimestamp?.getTime() ?? 0;
  const kinesis = {
    kinesisSchemaVersion: "1.0",
    partitionKey,
    sequenceNumber,
    data: data.toString("base64"),
    approximateArrivalTimestamp: arrivedAtMs / 1_000,
  };
  const event = {
    kinesis,
    eventSource: "aws:kinesis",
    eventVersion: "1.0",
    eventID: `${shardId}:${sequenceNumber}`,
    eventName: "aws:kinesis:record",
    invokeIdentityArn: roleArn,
    awsRegion: sourceArn.split(":")[3],
    eventSourceARN: sourceArn,
  };
  return {
    sequenceNumber,
    orderKey: partitionKey,
    arrivedAtMs,
    text: JSON.stringify(event),
    filterView: () => ({ ...kinesis, data: filterable(data.toString("utf8")) }),
  };
}
