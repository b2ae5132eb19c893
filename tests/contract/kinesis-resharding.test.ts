import {
  GetRecordsCommand,
  ListShardsCommand,
  MergeShardsCommand,
  PutRecordCommand,
  PutRecordsCommand,
  type Shard,
  SplitShardCommand,
  UpdateShardCountCommand,
} from "@aws-sdk/client-kinesis";
import { describe, expect, test } from "vitest";
import { streams } from "#tests/support/data-streams.ts";

const hourMs = 3_600_000;
const mebibyte = 1024 * 1024;
const half = 2n ** 127n;
const last = 2n ** 128n - 1n;
const idOf = (index: number) => `shardId-${String(index).padStart(12, "0")}`;
const running = streams({
  one: { shardCount: 1 },
  two: { shardCount: 2 },
  three: { shardCount: 3 },
  elastic: { streamModeDetails: { streamMode: "ON_DEMAND" } },
  large: { shardCount: 1, maxRecordSizeInKib: 10_240 },
});

const split = (StreamName: string, ShardToSplit: string, border: bigint) =>
  running().kinesis.send(
    new SplitShardCommand({ StreamName, ShardToSplit, NewStartingHashKey: border.toString() }),
  );
const merge = (StreamName: string, ShardToMerge: string, AdjacentShardToMerge: string) =>
  running().kinesis.send(new MergeShardsCommand({ StreamName, ShardToMerge, AdjacentShardToMerge }));
const scale = (StreamName: string, TargetShardCount: number) =>
  running().kinesis.send(
    new UpdateShardCountCommand({ StreamName, TargetShardCount, ScalingType: "UNIFORM_SCALING" }),
  );
const isOpen = ({ SequenceNumberRange }: Shard) => SequenceNumberRange?.EndingSequenceNumber === undefined;
const rangesOf = (shards: readonly Shard[]) =>
  shards
    .filter(isOpen)
    .map(({ HashKeyRange }) =>
      [HashKeyRange?.StartingHashKey, HashKeyRange?.EndingHashKey].map((key) => BigInt(key ?? "")),
    );
const textsIn = ({ Records = [] }: { Records?: { Data: Uint8Array | undefined }[] | undefined }) =>
  Records.map(({ Data }) => Buffer.from(Data ?? []).toString());

test("a split closes a shard and opens two over its hash keys, which name it as their parent", async () => {
  await running().put("one", "before");
  await split("one", idOf(0), half);
  await running().put("one", "low", 0n);
  await running().put("one", "high", last);
  const shards = await running().shards("one");
  expect(shards.map(({ ShardId, ParentShardId }) => [ShardId, ParentShardId])).toEqual([
    [idOf(0), undefined],
    [idOf(1), idOf(0)],
    [idOf(2), idOf(0)],
  ]);
  expect(rangesOf(shards)).toEqual([
    [0n, half - 1n],
    [half, last],
  ]);
  const texts = await Promise.all([0, 1, 2].map(async (n) => textsIn(await running().read("one", idOf(n)))));
  expect(texts).toEqual([["before"], ["low"], ["high"]]);
});

test("a reader who comes to the end of a closed shard is told its children, and an open one has no end", async () => {
  await running().put("one", "before");
  await split("one", idOf(0), half);
  const closed = await running().read("one", idOf(0));
  expect([textsIn(closed), closed.NextShardIterator]).toEqual([["before"], undefined]);
  expect(closed.ChildShards?.map(({ ShardId, ParentShards }) => [ShardId, ParentShards])).toEqual([
    [idOf(1), [idOf(0)]],
    [idOf(2), [idOf(0)]],
  ]);
  const open = await running().read("one", idOf(1));
  expect([open.ChildShards, typeof open.NextShardIterator]).toEqual([undefined, "string"]);
});

test("a merge opens one shard over two adjacent ones, which are both its parents", async () => {
  await merge("two", idOf(1), idOf(0));
  const merged = (await running().shards("two")).at(-1);
  expect([merged?.ShardId, merged?.ParentShardId, merged?.AdjacentParentShardId]).toEqual([
    idOf(2),
    idOf(1),
    idOf(0),
  ]);
  expect(rangesOf(await running().shards("two"))).toEqual([[0n, last]]);
});

test("what cannot be split or merged is refused", async () => {
  const refused = { name: "InvalidArgumentException" };
  await expect(split("one", idOf(0), 0n)).rejects.toMatchObject(refused);
  await expect(merge("three", idOf(0), idOf(2))).rejects.toMatchObject(refused);
  await split("one", idOf(0), half);
  await expect(split("one", idOf(0), half)).rejects.toMatchObject(refused);
  await expect(split("one", idOf(9), half)).rejects.toMatchObject({ name: "ResourceNotFoundException" });
  await expect(split("elastic", idOf(0), 1n)).rejects.toMatchObject({ name: "ValidationException" });
});

test.each([
  ["two", 3],
  ["two", 4],
  ["three", 2],
  ["three", 5],
])(
  "scaling %s to %i shards cuts the hash keys into equal parts, each shard with two parents at most",
  async (name, count) => {
    const before = (await running().shards(name)).length;
    const answer = await scale(name, count);
    expect([answer.CurrentShardCount, answer.TargetShardCount]).toEqual([before, count]);
    const equal = Array.from({ length: count }, (_, n) => [
      (2n ** 128n * BigInt(n)) / BigInt(count),
      (2n ** 128n * BigInt(n + 1)) / BigInt(count) - 1n,
    ]);
    const inOrder = rangesOf(await running().shards(name)).sort(([one = 0n], [other = 0n]) =>
      one < other ? -1 : 1,
    );
    expect(inOrder).toEqual(equal);
  },
);

test("a stream is scaled to its double or its half, and no further", async () => {
  await expect(scale("two", 5)).rejects.toMatchObject({ name: "LimitExceededException" });
  await expect(scale("three", 1)).rejects.toMatchObject({ name: "LimitExceededException" });
});

test("shards are as they were after a restart, and closed ones are gone after the retention", async () => {
  await running().put("one", "before");
  await split("one", idOf(0), half);
  const shards = await running().shards("one");
  const restarted = await running().restart();
  expect(await restarted.shards("one")).toEqual(shards);
  expect(textsIn(await restarted.read("one", idOf(0)))).toEqual(["before"]);
  restarted.pass(24 * hourMs);
  expect((await restarted.shards("one")).map(({ ShardId }) => ShardId)).toEqual([idOf(1), idOf(2)]);
});

test("shards are listed page by page, and by what a reader wants of them", async () => {
  await split("two", idOf(0), 1n);
  const list = async (more: object) => {
    const input = new ListShardsCommand({ StreamName: "two", ...more });
    const { Shards = [], NextToken } = await running().kinesis.send(input);
    return { ids: Shards.map(({ ShardId }) => ShardId), NextToken };
  };
  const first = await list({ MaxResults: 3 });
  const next = await running().kinesis.send(new ListShardsCommand({ NextToken: first.NextToken }));
  expect([first.ids, next.Shards?.map(({ ShardId }) => ShardId), next.NextToken]).toEqual([
    [idOf(0), idOf(1), idOf(2)],
    [idOf(3)],
    undefined,
  ]);
  expect((await list({ ShardFilter: { Type: "AT_LATEST" } })).ids).toEqual([idOf(1), idOf(2), idOf(3)]);
  expect((await list({ ShardFilter: { Type: "AT_TRIM_HORIZON" } })).ids).toEqual([idOf(0), idOf(1)]);
  expect((await list({ ExclusiveStartShardId: idOf(2) })).ids).toEqual([idOf(3)]);
});

describe("a record", () => {
  const put = (StreamName: string, bytes: number) =>
    running().kinesis.send(
      new PutRecordCommand({ StreamName, PartitionKey: "k", Data: Buffer.alloc(bytes) }),
    );

  test("has 1 MiB with its key at most, where the stream says no more", async () => {
    await put("one", mebibyte - 1);
    await expect(put("two", mebibyte)).rejects.toMatchObject({ name: "ValidationException" });
  });

  test("may have 10 MiB in a stream that takes it, and uses up the second it comes in", async () => {
    await put("large", 10 * mebibyte - 1);
    await expect(put("large", 1)).rejects.toMatchObject({ name: "ProvisionedThroughputExceededException" });
    running().pass(1_000);
    await put("large", 1);
  });

  test("beside others in one call is one of 500, and all together have 10 MiB", async () => {
    const putAll = (Records: { PartitionKey: string; Data: Buffer }[]) =>
      running().kinesis.send(new PutRecordsCommand({ StreamName: "elastic", Records }));
    const record = (n: number, bytes: number) => ({ PartitionKey: `${n}`, Data: Buffer.alloc(bytes) });
    await expect(putAll(Array.from({ length: 501 }, (_, n) => record(n, 1)))).rejects.toMatchObject({
      name: "ValidationException",
    });
    const tooMuch = Array.from({ length: 11 }, (_, n) => record(n, mebibyte - 2));
    await expect(putAll(tooMuch)).rejects.toMatchObject({ name: "InvalidArgumentException" });
  });
});

test("a shard gives 2 MiB a second: what one read brings beyond is waited for", async () => {
  for (let second = 0; second < 6; second += 1) {
    await running().kinesis.send(
      new PutRecordCommand({ StreamName: "one", PartitionKey: "k", Data: Buffer.alloc(mebibyte - 1) }),
    );
    running().pass(1_000);
  }
  const { Records, NextShardIterator } = await running().read("one", idOf(0));
  expect(Records).toHaveLength(6);
  const again = new GetRecordsCommand({ ShardIterator: NextShardIterator });
  const throttled = { name: "ProvisionedThroughputExceededException" };
  running().pass(2_000);
  await expect(running().kinesis.send(again)).rejects.toMatchObject(throttled);
  running().pass(1_000);
  expect((await running().kinesis.send(again)).Records).toEqual([]);
});

test("an iterator of an open shard goes on into nothing, and never ends", async () => {
  let { NextShardIterator } = await running().read("one", idOf(0));
  for (let read = 0; read < 3; read += 1) {
    const input = new GetRecordsCommand({ ShardIterator: NextShardIterator });
    ({ NextShardIterator } = await running().kinesis.send(input));
  }
  await running().put("one", "late");
  const input = new GetRecordsCommand({ ShardIterator: NextShardIterator });
  expect(textsIn(await running().kinesis.send(input))).toEqual(["late"]);
});
