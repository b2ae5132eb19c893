import { type DynamoDBStreamsClient, TrimmedDataAccessException } from "@aws-sdk/client-dynamodb-streams";
import { type KinesisClient, ResourceNotFoundException } from "@aws-sdk/client-kinesis";
import { describe, expect, test } from "vitest";
import { type StreamRange, StreamRanges } from "./stream-range.ts";

const metadata = { message: "scripted", $metadata: {} };
const soon = () => Date.now() + 60_000;

interface Command {
  readonly input: { readonly ShardIteratorType?: string; readonly ShardIterator?: string };
}

interface Shard {
  readonly pages: readonly (readonly number[])[];
  /** Nothing is written to it any more. */
  readonly isClosed?: boolean;
  /** What opening it at a sequence number ends with. */
  readonly failure?: Error;
}

/** A shard that is read in these pages, each named by its place. */
function shard({ pages, isClosed = false, failure }: Shard) {
  const opened: string[] = [];
  let reads = 0;
  const send = async ({ input }: Command) => {
    if (input.ShardIterator === undefined) {
      opened.push(input.ShardIteratorType ?? "");
      if (failure !== undefined && input.ShardIteratorType === "AT_SEQUENCE_NUMBER") throw failure;
      return { ShardIterator: "0" };
    }
    reads += 1;
    const place = Number(input.ShardIterator);
    const isLast = place >= pages.length - 1;
    return {
      Records: (pages[place] ?? []).map((n) => ({
        SequenceNumber: String(n),
        dynamodb: { SequenceNumber: String(n) },
      })),
      ...(!(isLast && isClosed) && { NextShardIterator: String(place + 1) }),
      MillisBehindLatest: isLast ? 0 : 1_000,
    };
  };
  const ranges = new StreamRanges(
    { send } as unknown as DynamoDBStreamsClient,
    { send } as unknown as KinesisClient,
  );
  return { ranges, opened, reads: () => reads };
}

const arns = {
  table: "arn:aws:dynamodb:eu-west-1:123456789012:table/payments/stream/1",
  stream: "arn:aws:kinesis:eu-west-1:123456789012:stream/events",
};
const rangeOf = (kind: keyof typeof arns, first = 8, last = 12): StreamRange => ({
  streamArn: arns[kind],
  shardId: "shard-1",
  first: String(first),
  last: String(last),
});

describe.each(["table", "stream"] as const)("a range of a %s", (kind) => {
  const read = async (of: Shard, until = soon()) => {
    const { records, extent } = await shard(of).ranges.read(rangeOf(kind), until);
    return [extent, ...records.map(({ sequenceNumber }) => Number(sequenceNumber))];
  };

  test.each<{ what: string; pages: number[][] }>([
    { what: "in one page", pages: [[8, 9, 10, 12, 13]] },
    { what: "in several", pages: [[8, 9], [10], [12], [13]] },
    { what: "with an empty page in between", pages: [[8, 9, 10], [], [12], [13]] },
    { what: "that ends where a page does", pages: [[8, 9, 10, 12], [13]] },
  ])("$what is read to its last record", async ({ pages }) => {
    expect(await read({ pages })).toEqual(["whole", 8, 9, 10, 12]);
  });

  test.each<{ what: string; of: Shard; found: (string | number)[] }>([
    { what: "begins", of: { pages: [[10, 12]] }, found: ["trimmed", 10, 12] },
    { what: "ends", of: { pages: [[8, 9, 13]] }, found: ["trimmed", 8, 9] },
    { what: "was", of: { pages: [[13]] }, found: ["trimmed"] },
    { what: "was, with all of its shard", of: { pages: [[]], isClosed: true }, found: ["trimmed"] },
  ])("whose stream has forgotten where it $what is trimmed", async ({ of, found }) => {
    expect(await read(of)).toEqual(found);
  });

  test("that takes too long is unfinished, and keeps what was found", async () => {
    const until = Date.now() + 500;
    const { ranges } = shard({ pages: [[8, 9], ...Array.from({ length: 100 }, () => [])] });
    const { records, extent } = await ranges.read(rangeOf(kind), until);
    expect([extent, records.length]).toEqual(["unfinished", 2]);
  });
});

test("a table's stream that has forgotten the first record is read from the oldest that it has", async () => {
  const failure = new TrimmedDataAccessException(metadata);
  const { ranges, opened } = shard({ pages: [[10, 12]], failure });
  expect(await ranges.read(rangeOf("table"), soon())).toMatchObject({
    extent: "trimmed",
    records: [{ sequenceNumber: "10" }, { sequenceNumber: "12" }],
  });
  expect(opened).toEqual(["AT_SEQUENCE_NUMBER", "TRIM_HORIZON"]);
});

test("a shard that is gone has nothing left", async () => {
  const { ranges } = shard({ pages: [[8]], failure: new ResourceNotFoundException(metadata) });
  expect(await ranges.read(rangeOf("stream"), soon())).toEqual({ extent: "trimmed", records: [] });
});

test("a stream is read up to its tip, and not again and again beyond", async () => {
  const { ranges, reads } = shard({ pages: [[8, 9], []] });
  expect((await ranges.read(rangeOf("stream"), soon())).extent).toBe("trimmed");
  expect(reads()).toBe(2);
});
