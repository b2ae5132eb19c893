import { createHash } from "node:crypto";
import {
  type _Record,
  DescribeStreamCommand,
  type DescribeStreamCommandOutput,
  type DynamoDBStreamsClient,
  GetRecordsCommand,
  GetShardIteratorCommand,
  ListStreamsCommand,
} from "@aws-sdk/client-dynamodb-streams";
import { exceptionOf } from "../exception.ts";
import {
  pagesOf,
  type Shard,
  type ShardPosition,
  type StreamPage,
  type StreamRecord,
  type StreamSource,
  TrimmedPosition,
} from "./source.ts";

/** DynamoDB gives 1,000 at most. */
const pageMax = 1_000;
/** AWS looks four times a second; here each look is a call to a process of the same laptop. */
const idleMsMax = 1_000;
/** As often as AWS looks: what changes in between comes in one batch, as it does there. */
const readMsMin = 250;
/** Pages of shards; 100 each. */
const shardPagesMax = 100;

/** The stream of a table. */
export class TableStream implements StreamSource {
  readonly idleMsMax = idleMsMax;
  readonly readMsMin = readMsMin;
  readonly #client: DynamoDBStreamsClient;
  /** As the plan has it: records show it. */
  readonly #sourceArn: string;
  /** As the engine calls it. */
  #streamArn: string | undefined;

  constructor(client: DynamoDBStreamsClient, sourceArn: string) {
    this.#client = client;
    this.#sourceArn = sourceArn;
  }

  async describe(): Promise<{ incarnation: string; shards: readonly Shard[] }> {
    const streamArn = await this.#find();
    this.#streamArn = streamArn;
    const pages = await pagesOf(
      (after) => this.#describe(streamArn, after),
      ({ StreamDescription: description }) => description?.LastEvaluatedShardId,
      shardPagesMax,
    );
    const shards = pages
      .flatMap(({ StreamDescription: description }) => description?.Shards ?? [])
      .map(({ ShardId: shardId = "", ParentShardId: parent }) => ({
        shardId,
        parentIds: parent === undefined ? [] : [parent],
      }));
    // A table that is made anew has a stream of another name; dynoxide goes on with the old one, and so do we.
    return { incarnation: streamArn, shards };
  }

  async open(shardId: string, position: ShardPosition): Promise<string> {
    try {
      const { ShardIterator } = await this.#client.send(
        new GetShardIteratorCommand({
          StreamArn: this.#streamArn,
          ShardId: shardId,
          ...iteratorOf(position),
        }),
      );
      return ShardIterator ?? "";
    } catch (thrown) {
      if (exceptionOf(thrown) !== "TrimmedDataAccessException") throw thrown;
      throw new TrimmedPosition("the stream was trimmed", { cause: thrown });
    }
  }

  async read(_shardId: string, iterator: string): Promise<StreamPage> {
    const { Records: records = [], NextShardIterator: next } = await this.#client.send(
      new GetRecordsCommand({ ShardIterator: iterator, Limit: pageMax }),
    );
    return { records: records.map((record) => tableRecord(record, this.#sourceArn)), next };
  }

  /** An emulator may name the stream otherwise than the plan: it is then the latest of the table. */
  async #find(): Promise<string> {
    if (this.#streamArn !== undefined) return this.#streamArn;
    try {
      await this.#describe(this.#sourceArn, undefined);
      return this.#sourceArn;
    } catch (thrown) {
      if (!["ResourceNotFoundException", "ValidationException"].includes(exceptionOf(thrown))) throw thrown;
    }
    const table = this.#sourceArn.split("/")[1];
    const { Streams: streams = [] } = await this.#client.send(new ListStreamsCommand({ TableName: table }));
    const arn = streams.at(-1)?.StreamArn;
    if (arn === undefined) throw new Error(`table ${table} has no stream`);
    return arn;
  }

  #describe(streamArn: string, after: string | undefined): Promise<DescribeStreamCommandOutput> {
    return this.#client.send(
      new DescribeStreamCommand({
        StreamArn: streamArn,
        ...(after !== undefined && { ExclusiveStartShardId: after }),
      }),
    );
  }
}

function iteratorOf(position: ShardPosition) {
  switch (position.at) {
    case "AFTER_SEQUENCE_NUMBER":
      return { ShardIteratorType: position.at, SequenceNumber: position.sequenceNumber };
    case "AT_TIMESTAMP":
      // Table streams have no such iterator: whoever reads passes over what is older.
      return { ShardIteratorType: "TRIM_HORIZON" as const };
    case "TRIM_HORIZON":
    case "LATEST":
      return { ShardIteratorType: position.at };
  }
}

/** A record of a table's stream as Lambda shows it to a function. */
function tableRecord(record: _Record, sourceArn: string): StreamRecord {
  const { dynamodb = {} } = record;
  const sequenceNumber = dynamodb.SequenceNumber ?? "";
  const arrivedAt = dynamodb.ApproximateCreationDateTime ?? new Date(0);
  const event = {
    eventID: createHash("md5").update(`${sourceArn} ${sequenceNumber}`).digest("hex"),
    eventName: record.eventName,
    eventVersion: record.eventVersion ?? "1.1",
    eventSource: "aws:dynamodb",
    awsRegion: sourceArn.split(":")[3],
    dynamodb: {
      ApproximateCreationDateTime: Math.floor(arrivedAt.getTime() / 1_000),
      Keys: plainValue(dynamodb.Keys),
      NewImage: plainValue(dynamodb.NewImage),
      OldImage: plainValue(dynamodb.OldImage),
      SequenceNumber: sequenceNumber,
      SizeBytes: dynamodb.SizeBytes,
      StreamViewType: dynamodb.StreamViewType,
    },
    ...(record.userIdentity !== undefined && {
      userIdentity: { type: record.userIdentity.Type, principalId: record.userIdentity.PrincipalId },
    }),
    eventSourceARN: sourceArn,
  };
  return {
    sequenceNumber,
    // Order is kept per item.
    orderKey: keyText(dynamodb.Keys),
    arrivedAtMs: arrivedAt.getTime(),
    text: JSON.stringify(event),
    filterView: () => event,
  };
}

/** Binary values as Base64, the rest as it is. */
function plainValue(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString("base64");
  if (Array.isArray(value)) return value.map(plainValue);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, plainValue(each)]));
}

function keyText(keys: Readonly<Record<string, unknown>> | undefined): string {
  const entries = Object.entries(keys ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify(entries.map(([name, value]) => [name, plainValue(value)]));
}
