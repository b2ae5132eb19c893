import { setTimeout as sleep } from "node:timers/promises";
import {
  type _Record,
  DynamoDBStreamsClient,
  GetRecordsCommand as GetTableRecordsCommand,
  GetShardIteratorCommand as GetTableShardIteratorCommand,
  ResourceNotFoundException as TableShardNotFoundException,
  TrimmedDataAccessException,
} from "@aws-sdk/client-dynamodb-streams";
import {
  GetRecordsCommand,
  GetShardIteratorCommand,
  KinesisClient,
  type _Record as KinesisRecord,
  ResourceNotFoundException,
} from "@aws-sdk/client-kinesis";
import { NodeHttpHandler } from "@smithy/node-http-handler";

/** Records of one shard, from one sequence number to another, both included. */
export interface StreamRange {
  readonly streamArn: string;
  readonly shardId: string;
  readonly first: string;
  readonly last: string;
}

/** A record as Lambda shows it to a function, as JSON text. */
export interface ShownRecord {
  readonly sequenceNumber: string;
  readonly text: string;
}

export interface ReadBack {
  /** All of the shard in the range, also what the function's mapping filters out. */
  readonly records: readonly ShownRecord[];
  /**
   * `whole`: both ends were seen, and a stream forgets nothing between two records that it has. `trimmed`: it has forgotten
   * one of them. `unfinished`: time was up before the last.
   */
  readonly extent: "whole" | "trimmed" | "unfinished";
}

type Page = readonly ShownRecord[];

/** A shard may be read five times a second, and answers with empty pages where there is nothing. */
const emptyPagePauseMs = 200;

/**
 * Reads what a function gave up back from its stream: the notice says only where it lies. How many records it counts
 * says nothing about when to stop: AWS does not tell whether that is before or after the mapping's filter.
 */
export class StreamRanges {
  readonly #tables: DynamoDBStreamsClient;
  readonly #streams: KinesisClient;

  constructor(tables: DynamoDBStreamsClient, streams: KinesisClient) {
    this.#tables = tables;
    this.#streams = streams;
  }

  /** @param until epoch milliseconds; what takes longer is `unfinished` */
  async read(range: StreamRange, until: number): Promise<ReadBack> {
    const nextPage = range.streamArn.startsWith("arn:aws:kinesis:")
      ? await this.#openStream(range)
      : await this.#openTable(range);
    return collect(range, nextPage, until);
  }

  async #openTable(range: StreamRange): Promise<() => Promise<Page | undefined>> {
    let iterator = await this.#tableIterator(range);
    return async () => {
      if (iterator === undefined) return undefined;
      const page = await this.#tables.send(new GetTableRecordsCommand({ ShardIterator: iterator }));
      iterator = page.NextShardIterator;
      return (page.Records ?? []).map((record) => shownTableRecord(record, range.streamArn));
    };
  }

  /** At the first record, or at the oldest that is left; undefined when the whole shard is gone. */
  async #tableIterator({ streamArn, shardId, first }: StreamRange): Promise<string | undefined> {
    const shard = { StreamArn: streamArn, ShardId: shardId };
    const positions = [
      { ShardIteratorType: "AT_SEQUENCE_NUMBER", SequenceNumber: first },
      { ShardIteratorType: "TRIM_HORIZON" },
    ] as const;
    for (const position of positions) {
      try {
        const command = new GetTableShardIteratorCommand({ ...shard, ...position });
        return (await this.#tables.send(command)).ShardIterator;
      } catch (error) {
        if (error instanceof TableShardNotFoundException) return undefined;
        if (!(error instanceof TrimmedDataAccessException)) throw error;
      }
    }
    return undefined;
  }

  async #openStream(range: StreamRange): Promise<() => Promise<Page | undefined>> {
    let iterator = await this.#streamIterator(range);
    return async () => {
      if (iterator === undefined) return undefined;
      const page = await this.#streams.send(new GetRecordsCommand({ ShardIterator: iterator }));
      // At its tip the shard has nothing more: what was given up is older than the notice.
      iterator = page.MillisBehindLatest === 0 ? undefined : page.NextShardIterator;
      return (page.Records ?? []).map((record) => shownStreamRecord(record, range));
    };
  }

  async #streamIterator({ streamArn, shardId, first }: StreamRange): Promise<string | undefined> {
    try {
      const opened = await this.#streams.send(
        new GetShardIteratorCommand({
          StreamARN: streamArn,
          ShardId: shardId,
          ShardIteratorType: "AT_SEQUENCE_NUMBER",
          StartingSequenceNumber: first,
        }),
      );
      return opened.ShardIterator;
    } catch (error) {
      if (error instanceof ResourceNotFoundException) return undefined;
      throw error;
    }
  }
}

/** Reading back is rare and nobody waits for it: the SDK's own retries do. */
export const createStreamRanges = (): StreamRanges =>
  new StreamRanges(
    new DynamoDBStreamsClient({}),
    // Its default is HTTP/2, which a plain endpoint refuses.
    new KinesisClient({ requestHandler: new NodeHttpHandler({}) }),
  );

/** Takes pages until the last record is there or passed, the shard has no more, or time is up. */
async function collect(
  range: StreamRange,
  nextPage: () => Promise<Page | undefined>,
  until: number,
): Promise<ReadBack> {
  // Sequence numbers are decimal, of different lengths, and longer than a number holds.
  const [first, last] = [BigInt(range.first), BigInt(range.last)];
  const records: ShownRecord[] = [];
  let hasFirst = false;
  while (Date.now() < until) {
    const page = await nextPage();
    if (page === undefined) return { records, extent: "trimmed" };
    if (page.length === 0) await sleep(emptyPagePauseMs);
    for (const record of page) {
      const place = BigInt(record.sequenceNumber);
      if (place > last) return { records, extent: "trimmed" };
      records.push(record);
      hasFirst ||= place === first;
      if (place === last) return { records, extent: hasFirst ? "whole" : "trimmed" };
    }
  }
  return { records, extent: "unfinished" };
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
