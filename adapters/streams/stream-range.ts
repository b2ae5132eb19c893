import {
  type _Record,
  DynamoDBStreamsClient,
  GetRecordsCommand as GetTableRecordsCommand,
  GetShardIteratorCommand as GetTableShardIteratorCommand,
  TrimmedDataAccessException,
} from "@aws-sdk/client-dynamodb-streams";
import {
  GetRecordsCommand,
  GetShardIteratorCommand,
  KinesisClient,
  type _Record as KinesisRecord,
} from "@aws-sdk/client-kinesis";
import { NodeHttpHandler } from "@smithy/node-http-handler";

/** Records of one shard, from one sequence number to another, both included. */
export interface StreamRange {
  readonly streamArn: string;
  readonly shardId: string;
  readonly first: string;
  readonly last: string;
  /** How many records lie in it, for who reads to know when it is done. */
  readonly count: number;
}

/** A record as Lambda shows it to a function, as JSON text. */
export interface ShownRecord {
  readonly sequenceNumber: string;
  readonly text: string;
}

/** Pages read at most: a page may be empty, or hold a part of what was asked for. */
const pagesMax = 100;

/** Sequence numbers are decimal, of different lengths, and longer than a number holds. */
const isPast = (sequenceNumber: string, last: string): boolean => BigInt(sequenceNumber) > BigInt(last);

/** Reads what a function gave up back from its stream: the notice says only where it lies. Short when it is gone. */
export class StreamRanges {
  readonly #tables: DynamoDBStreamsClient;
  readonly #streams: KinesisClient;

  constructor(tables: DynamoDBStreamsClient, streams: KinesisClient) {
    this.#tables = tables;
    this.#streams = streams;
  }

  read(range: StreamRange): Promise<readonly ShownRecord[]> {
    return range.streamArn.startsWith("arn:aws:kinesis:") ? this.#readStream(range) : this.#readTable(range);
  }

  async #readTable(range: StreamRange): Promise<readonly ShownRecord[]> {
    let iterator: string | undefined;
    try {
      const opened = await this.#tables.send(
        new GetTableShardIteratorCommand({
          StreamArn: range.streamArn,
          ShardId: range.shardId,
          ShardIteratorType: "AT_SEQUENCE_NUMBER",
          SequenceNumber: range.first,
        }),
      );
      iterator = opened.ShardIterator;
    } catch (error) {
      if (error instanceof TrimmedDataAccessException) return [];
      throw error;
    }
    return collect(range, async () => {
      if (iterator === undefined) return undefined;
      const page = await this.#tables.send(new GetTableRecordsCommand({ ShardIterator: iterator }));
      iterator = page.NextShardIterator;
      return (page.Records ?? []).map((record) => shownTableRecord(record, range.streamArn));
    });
  }

  async #readStream(range: StreamRange): Promise<readonly ShownRecord[]> {
    const opened = await this.#streams.send(
      new GetShardIteratorCommand({
        StreamARN: range.streamArn,
        ShardId: range.shardId,
        ShardIteratorType: "AT_SEQUENCE_NUMBER",
        StartingSequenceNumber: range.first,
      }),
    );
    let iterator = opened.ShardIterator;
    return collect(range, async () => {
      if (iterator === undefined) return undefined;
      const page = await this.#streams.send(new GetRecordsCommand({ ShardIterator: iterator }));
      iterator = page.NextShardIterator;
      return (page.Records ?? []).map((record) => shownStreamRecord(record, range));
    });
  }
}

/** Reading back is rare and nobody waits for it: the SDK's own retries do. */
export const createStreamRanges = (): StreamRanges =>
  new StreamRanges(
    new DynamoDBStreamsClient({}),
    // Its default is HTTP/2, which a plain endpoint refuses.
    new KinesisClient({ requestHandler: new NodeHttpHandler({}) }),
  );

/** Takes pages until the range is complete, is passed, or there are no more. */
async function collect(
  range: StreamRange,
  nextPage: () => Promise<readonly ShownRecord[] | undefined>,
): Promise<readonly ShownRecord[]> {
  const found: ShownRecord[] = [];
  for (let page = 0; page < pagesMax && found.length < range.count; page += 1) {
    const records = await nextPage();
    if (records === undefined) break;
    for (const record of records) {
      if (isPast(record.sequenceNumber, range.last)) return found;
      found.push(record);
    }
  }
  return found;
}

function shownTableRecord(record: _Record, streamArn: string): ShownRecord {
  const { dynamodb = {} } = record;
  const sequenceNumber = dynamodb.SequenceNumber ?? "";
  const shown = {
    eventID: record.eventID,
    eventName: record.eventName,
    eventVersion: record.eventVersion,
    eventSource: record.eventSource,
    awsRegion: record.awsRegion,
    dynamodb: {
      ...dynamodb,
      // The one member that Lambda shows otherwise than the stream does: in seconds.
      ApproximateCreationDateTime: Math.floor((dynamodb.ApproximateCreationDateTime?.getTime() ?? 0) / 1_000),
    },
    eventSourceARN: streamArn,
  };
  return { sequenceNumber, text: JSON.stringify(shown, bytesAsBase64) };
}

function shownStreamRecord(record: KinesisRecord, { streamArn, shardId }: StreamRange): ShownRecord {
  const sequenceNumber = record.SequenceNumber ?? "";
  const shown = {
    kinesis: {
      kinesisSchemaVersion: "1.0",
      partitionKey: record.PartitionKey,
      sequenceNumber,
      data: Buffer.from(record.Data ?? []).toString("base64"),
      approximateArrivalTimestamp: (record.ApproximateArrivalTimestamp?.getTime() ?? 0) / 1_000,
    },
    eventSource: "aws:kinesis",
    eventVersion: "1.0",
    eventID: `${shardId}:${sequenceNumber}`,
    eventName: "aws:kinesis:record",
    awsRegion: streamArn.split(":")[3],
    eventSourceARN: streamArn,
  };
  return { sequenceNumber, text: JSON.stringify(shown) };
}

/** The SDK has binary attributes as bytes; Lambda shows them in base64. */
const bytesAsBase64 = (_key: string, value: unknown): unknown =>
  value instanceof Uint8Array ? Buffer.from(value).toString("base64") : value;
