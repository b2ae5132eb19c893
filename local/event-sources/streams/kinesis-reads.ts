import {
  type _Record,
  GetRecordsCommand,
  GetShardIteratorCommand,
  type KinesisClient,
  type Shard as KinesisShard,
  ListShardsCommand,
} from "@aws-sdk/client-kinesis";
import { exceptionOf } from "../exception.ts";
import { pagesOf, type ShardPosition } from "./source.ts";

// How whoever reads a stream of Kinesis here asks for it: those who hand records to functions, and those who deliver them.

/** Pages of shards; 1,000 each. */
const shardPagesMax = 10;

/** What one reading of a shard brought. */
export interface RecordsPage {
  readonly records: readonly _Record[];
  /** Where to read on; undefined once the shard has ended. */
  readonly next: string | undefined;
  /** There is more to read now. */
  readonly isBehind: boolean;
}

export const nameOfStream = (streamArn: string): string => streamArn.split("/")[1] ?? "";

export async function shardsOf(client: KinesisClient, StreamName: string): Promise<readonly KinesisShard[]> {
  const pages = await pagesOf(
    (next) => client.send(new ListShardsCommand(next === undefined ? { StreamName } : { NextToken: next })),
    ({ NextToken }) => NextToken,
    shardPagesMax,
  );
  return pages.flatMap(({ Shards = [] }) => Shards);
}

export async function iteratorAt(
  client: KinesisClient,
  StreamName: string,
  ShardId: string,
  position: ShardPosition,
): Promise<string> {
  const { ShardIterator } = await client.send(
    new GetShardIteratorCommand({ StreamName, ShardId, ...askedOf(position) }),
  );
  return ShardIterator ?? "";
}

function askedOf(position: ShardPosition) {
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

/** @param limit records at most; Kinesis gives 10,000 and 10 MiB when it is left out. */
export async function recordsFrom(
  client: KinesisClient,
  StreamARN: string,
  iterator: string,
  limit?: number,
): Promise<RecordsPage> {
  // An iterator does not tell IAM whose records are read.
  const input = { StreamARN, ShardIterator: iterator, ...(limit !== undefined && { Limit: limit }) };
  try {
    const page = await client.send(new GetRecordsCommand(input));
    const { Records: records = [], NextShardIterator: next, MillisBehindLatest: behind = 0 } = page;
    return { records, next: next ?? undefined, isBehind: behind > 0 };
  } catch (thrown) {
    // Others read the shard too, and it gives five reads a second to all of them: it is looked at again.
    if (exceptionOf(thrown) !== "ProvisionedThroughputExceededException") throw thrown;
    return { records: [], next: iterator, isBehind: true };
  }
}
