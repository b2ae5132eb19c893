import { type _Record, DescribeStreamSummaryCommand, type KinesisClient } from "@aws-sdk/client-kinesis";
import { filterable } from "../filter.ts";
import { iteratorAt, nameOfStream, recordsFrom, shardsOf } from "./kinesis-reads.ts";
import type { Shard, ShardPosition, StreamPage, StreamRecord, StreamSource } from "./source.ts";

/** Kinesis gives 10,000 at most; fewer keep the memory of a poller small. */
const pageMax = 1_000;
/** AWS looks once a second; the emulator works 20 ms for each look. */
const idleMsMax = 2_000;
/** A shard may be read five times a second, by all its readers together. AWS looks once a second. */
const readMsMin = 250;

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
    this.#name = nameOfStream(sourceArn);
    this.#roleArn = roleArn;
  }

  async describe(): Promise<{ incarnation: string; shards: readonly Shard[] }> {
    const { StreamDescriptionSummary: summary } = await this.#client.send(
      new DescribeStreamSummaryCommand({ StreamName: this.#name }),
    );
    const shards = (await shardsOf(this.#client, this.#name)).map(
      ({ ShardId: shardId = "", ParentShardId, AdjacentParentShardId }) => ({
        shardId,
        parentIds: [ParentShardId, AdjacentParentShardId].filter((id) => id !== undefined),
      }),
    );
    const createdAt = summary?.StreamCreationTimestamp?.toISOString() ?? "";
    return { incarnation: `${this.#sourceArn} ${createdAt}`, shards };
  }

  open(shardId: string, position: ShardPosition): Promise<string> {
    return iteratorAt(this.#client, this.#name, shardId, position);
  }

  async read(shardId: string, iterator: string): Promise<StreamPage> {
    const { records, next } = await recordsFrom(this.#client, this.#sourceArn, iterator, pageMax);
    return {
      records: records.map((record) => dataRecord(record, shardId, this.#sourceArn, this.#roleArn)),
      next,
    };
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
