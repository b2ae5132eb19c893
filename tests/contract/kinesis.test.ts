import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  DescribeStreamSummaryCommand,
  GetRecordsCommand,
  GetShardIteratorCommand,
  type GetShardIteratorCommandInput,
  KinesisClient,
  ListShardsCommand,
  PutRecordCommand,
  PutRecordsCommand,
} from "@aws-sdk/client-kinesis";
import { NodeHttpHandler } from "@smithy/node-http-handler";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { KinesisEngine } from "#local/kinesis/engine.ts";
import { Stream } from "#local/kinesis/stream.ts";
import { streamPlansOf } from "#local/kinesis/stream-plan.ts";
import { type EngineDoor, openEngineDoor } from "#tests/support/engine-door.ts";
import { planOf, resource } from "#tests/support/handmade-plan.ts";

const start = Date.UTC(2030, 0, 1);
const dayMs = 24 * 3_600_000;
const StreamName = "events";
const plans = streamPlansOf(
  planOf([
    resource("aws:kinesis/stream:Stream", "Events", { name: StreamName, shardCount: 2 }),
    resource("aws:kinesis/stream:Stream", "Elastic", {
      name: "elastic",
      streamModeDetails: { streamMode: "ON_DEMAND" },
    }),
  ]),
);

let directory: string;
let now: number;
let engine: KinesisEngine;
let door: EngineDoor;
let kinesis: KinesisClient;

async function open(): Promise<void> {
  const clock = () => now;
  engine = new KinesisEngine(
    plans.map((plan) => new Stream(plan, join(directory, `${plan.name}.jsonl`), clock)),
    clock,
  );
  door = await openEngineDoor(engine);
  kinesis = new KinesisClient({ ...door.client, requestHandler: new NodeHttpHandler() });
}
async function close(): Promise<void> {
  kinesis.destroy();
  engine.stop();
  await door.stop();
}
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "tallystick-kinesis-"));
  now = start;
  await open();
});
afterEach(async () => {
  await close();
  expect(door.warnings).toEqual([]);
  rmSync(directory, { recursive: true });
});

const put = (PartitionKey: string, text: string, ExplicitHashKey?: string) =>
  kinesis.send(new PutRecordCommand({ StreamName, PartitionKey, Data: Buffer.from(text), ExplicitHashKey }));
const shardIds = async () => {
  const { Shards = [] } = await kinesis.send(new ListShardsCommand({ StreamName }));
  return Shards.map(({ ShardId }) => ShardId ?? "");
};
async function iteratorOf(ShardId: string, more: Partial<GetShardIteratorCommandInput> = {}) {
  const input = { StreamName, ShardId, ShardIteratorType: "TRIM_HORIZON" as const, ...more };
  return (await kinesis.send(new GetShardIteratorCommand(input))).ShardIterator;
}
async function read(ShardIterator: string | undefined, Limit?: number) {
  now += 250;
  const answer = await kinesis.send(new GetRecordsCommand({ ShardIterator, Limit }));
  const texts = (answer.Records ?? []).map(({ Data = new Uint8Array() }) => Buffer.from(Data).toString());
  return { ...answer, texts };
}
/** A hash in the first shard, and one in the second. */
const [low, high] = ["0", (2n ** 127n).toString()];

describe("records", () => {
  test("of a key are read in their order, each from its shard", async () => {
    for (const text of ["a1", "a2", "a3"]) await put("a", text);
    const all = await Promise.all(
      (await shardIds()).map(async (id) => (await read(await iteratorOf(id))).texts),
    );
    expect(all.filter((texts) => texts.length > 0)).toEqual([["a1", "a2", "a3"]]);
  });

  test("are read page by page, and told how far behind the reader is", async () => {
    for (const text of ["1", "2", "3"]) await put("k", text, low);
    const [first = ""] = await shardIds();
    const page = await read(await iteratorOf(first), 2);
    expect([page.texts, page.MillisBehindLatest]).toEqual([["1", "2"], 250]);
    const rest = await read(page.NextShardIterator, 2);
    expect([rest.texts, rest.MillisBehindLatest]).toEqual([["3"], 0]);
    expect((await read(rest.NextShardIterator)).texts).toEqual([]);
  });

  test.each<[string, (sequence: string | undefined) => Partial<GetShardIteratorCommandInput>, string[]]>([
    ["the latest on", () => ({ ShardIteratorType: "LATEST" }), ["4"]],
    [
      "one of them",
      (n) => ({ ShardIteratorType: "AT_SEQUENCE_NUMBER", StartingSequenceNumber: n }),
      ["2", "3", "4"],
    ],
    [
      "behind one",
      (n) => ({ ShardIteratorType: "AFTER_SEQUENCE_NUMBER", StartingSequenceNumber: n }),
      ["3", "4"],
    ],
    [
      "a moment",
      () => ({ ShardIteratorType: "AT_TIMESTAMP", Timestamp: new Date(start + 2_000) }),
      ["3", "4"],
    ],
  ])("are read from %s", async (_what, startAt, texts) => {
    const sequences: (string | undefined)[] = [];
    for (const text of ["1", "2", "3"]) {
      sequences.push((await put("k", text, low)).SequenceNumber);
      now += 1_000;
    }
    const [first = ""] = await shardIds();
    const iterator = await iteratorOf(first, startAt(sequences[1]));
    await put("k", "4", low);
    expect((await read(iterator)).texts).toEqual(texts);
  });

  test("are gone after the retention", async () => {
    await put("k", "old", low);
    now += dayMs;
    await put("k", "new", low);
    const [first = ""] = await shardIds();
    expect((await read(await iteratorOf(first))).texts).toEqual(["new"]);
  });
});

describe("a batch", () => {
  test("is in shard by shard: the one that is full refuses its own", async () => {
    const Records = [low, low, high].map((ExplicitHashKey) => ({
      PartitionKey: "k",
      ExplicitHashKey,
      Data: Buffer.alloc(600 * 1024),
    }));
    const answer = await kinesis.send(new PutRecordsCommand({ StreamName, Records }));
    expect(answer.FailedRecordCount).toBe(1);
    expect(answer.Records?.map(({ ErrorCode }) => ErrorCode)).toEqual([
      undefined,
      "ProvisionedThroughputExceededException",
      undefined,
    ]);
    now += 1_000;
    await put("k", "again", low);
  });
});

describe("Kinesis refuses", () => {
  test("the 1,001st record of a second", async () => {
    const Records = Array.from({ length: 500 }, () => ({
      PartitionKey: "k",
      ExplicitHashKey: low,
      Data: Buffer.from("x"),
    }));
    for (let n = 0; n < 2; n += 1) await kinesis.send(new PutRecordsCommand({ StreamName, Records }));
    await expect(put("k", "x", low)).rejects.toMatchObject({
      name: "ProvisionedThroughputExceededException",
    });
  });

  test("the sixth read of a shard in a second", async () => {
    const [first = ""] = await shardIds();
    const ShardIterator = await iteratorOf(first);
    const readOne = () => kinesis.send(new GetRecordsCommand({ ShardIterator }));
    for (let n = 0; n < 5; n += 1) await readOne();
    await expect(readOne()).rejects.toMatchObject({ name: "ProvisionedThroughputExceededException" });
  });

  test("an iterator that is older than five minutes, and one that is none", async () => {
    const [first = ""] = await shardIds();
    const iterator = await iteratorOf(first);
    now += 5 * 60_000 + 1;
    await expect(read(iterator)).rejects.toMatchObject({ name: "ExpiredIteratorException" });
    await expect(read("none")).rejects.toMatchObject({ name: "InvalidArgumentException" });
  });

  test("a stream and a shard that are not there", async () => {
    const unknown = kinesis.send(new DescribeStreamSummaryCommand({ StreamName: "none" }));
    await expect(unknown).rejects.toMatchObject({ name: "ResourceNotFoundException" });
    await expect(iteratorOf("shardId-000000000009")).rejects.toMatchObject({
      name: "ResourceNotFoundException",
    });
  });
});

test("a stream tells its shards: as many as the plan says, or four on demand", async () => {
  const shardsOf = async (name: string) => {
    const answer = await kinesis.send(new DescribeStreamSummaryCommand({ StreamName: name }));
    return answer.StreamDescriptionSummary?.OpenShardCount;
  };
  expect([await shardsOf(StreamName), await shardsOf("elastic")]).toEqual([2, 4]);
});

test("a restart loses no record, and a reader goes on where it was", async () => {
  for (const text of ["1", "2", "3"]) await put("k", text, low);
  const [first = ""] = await shardIds();
  const page = await read(await iteratorOf(first), 2);
  await close();
  await open();
  await put("k", "4", low);
  expect((await read(page.NextShardIterator)).texts).toEqual(["3", "4"]);
});
