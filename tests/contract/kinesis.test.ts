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
import { expect } from "vitest";
import { openCloud } from "#tests/support/cloud.ts";
import { contract } from "#tests/support/contract.ts";
import { kinesisLocal } from "#tests/support/emulators.ts";
import { planOf, resource } from "#tests/support/handmade-plan.ts";

const dayMs = 24 * 3_600_000;
const StreamName = "events";
const plan = planOf([
  resource("aws:kinesis/stream:Stream", "Events", { name: StreamName, shardCount: 2 }),
  resource("aws:kinesis/stream:Stream", "Elastic", {
    name: "elastic",
    streamModeDetails: { streamMode: "ON_DEMAND" },
  }),
]);

await contract(
  {
    service: "KINESIS",
    emulator: kinesisLocal,
    open: async (subject) => {
      const cloud = await openCloud(plan, subject);
      const kinesis = new KinesisClient({ ...cloud.client, requestHandler: new NodeHttpHandler() });
      const stop = async () => {
        kinesis.destroy();
        await cloud.stop();
      };
      return { ...cloud, kinesis, stop };
    },
  },
  ({ use, group, behaviour, ours }) => {
    const put = (PartitionKey: string, text: string, ExplicitHashKey?: string) =>
      use().kinesis.send(
        new PutRecordCommand({ StreamName, PartitionKey, Data: Buffer.from(text), ExplicitHashKey }),
      );
    const shardIds = async () => {
      const { Shards = [] } = await use().kinesis.send(new ListShardsCommand({ StreamName }));
      return Shards.map(({ ShardId }) => ShardId ?? "");
    };
    async function iteratorOf(ShardId: string, more: Partial<GetShardIteratorCommandInput> = {}) {
      const input = { StreamName, ShardId, ShardIteratorType: "TRIM_HORIZON" as const, ...more };
      return (await use().kinesis.send(new GetShardIteratorCommand(input))).ShardIterator;
    }
    async function read(ShardIterator: string | undefined, Limit?: number) {
      await use().pass(250);
      const answer = await use().kinesis.send(new GetRecordsCommand({ ShardIterator, Limit }));
      const texts = (answer.Records ?? []).map(({ Data = new Uint8Array() }) => Buffer.from(Data).toString());
      return { ...answer, texts };
    }
    /** A hash in the first shard, and one in the second. */
    const [low, high] = ["0", (2n ** 127n).toString()];

    group("records", () => {
      behaviour("of a key are read in their order, each from its shard", async () => {
        for (const text of ["a1", "a2", "a3"]) await put("a", text);
        const all = await Promise.all(
          (await shardIds()).map(async (id) => (await read(await iteratorOf(id))).texts),
        );
        expect(all.filter((texts) => texts.length > 0)).toEqual([["a1", "a2", "a3"]]);
      });

      behaviour("are read page by page, and told how far behind the reader is", async () => {
        for (const text of ["1", "2", "3"]) await put("k", text, low);
        const [first = ""] = await shardIds();
        const page = await read(await iteratorOf(first), 2);
        expect(page.texts).toEqual(["1", "2"]);
        expect(page.MillisBehindLatest).toBeGreaterThan(0);
        const rest = await read(page.NextShardIterator, 2);
        expect([rest.texts, rest.MillisBehindLatest]).toEqual([["3"], 0]);
        expect((await read(rest.NextShardIterator)).texts).toEqual([]);
      });

      /** What a reader may start from: the second of three records, and the moment before the third. */
      interface Marks {
        readonly second: string | undefined;
        readonly beforeThird: Date;
      }
      const starts: readonly [string, (marks: Marks) => Partial<GetShardIteratorCommandInput>, string[]][] = [
        ["the latest on", () => ({ ShardIteratorType: "LATEST" }), ["4"]],
        [
          "one of them",
          ({ second }) => ({ ShardIteratorType: "AT_SEQUENCE_NUMBER", StartingSequenceNumber: second }),
          ["2", "3", "4"],
        ],
        [
          "behind one",
          ({ second }) => ({ ShardIteratorType: "AFTER_SEQUENCE_NUMBER", StartingSequenceNumber: second }),
          ["3", "4"],
        ],
        [
          "a moment",
          ({ beforeThird }) => ({ ShardIteratorType: "AT_TIMESTAMP", Timestamp: beforeThird }),
          ["3", "4"],
        ],
      ];
      for (const [what, startAt, texts] of starts) {
        behaviour(`are read from ${what}`, async () => {
          await put("k", "1", low);
          const { SequenceNumber: second } = await put("k", "2", low);
          await use().pass(20);
          const beforeThird = new Date(use().now());
          await put("k", "3", low);
          const [first = ""] = await shardIds();
          const iterator = await iteratorOf(first, startAt({ second, beforeThird }));
          await put("k", "4", low);
          expect((await read(iterator)).texts).toEqual(texts);
        });
      }

      ours("are gone after the retention", async () => {
        await put("k", "old", low);
        await use().pass(dayMs);
        await put("k", "new", low);
        const [first = ""] = await shardIds();
        expect((await read(await iteratorOf(first))).texts).toEqual(["new"]);
      });
    });

    group("a batch", () => {
      behaviour("is in shard by shard: the one that is full refuses its own", async () => {
        const Records = [low, low, high].map((ExplicitHashKey) => ({
          PartitionKey: "k",
          ExplicitHashKey,
          Data: Buffer.alloc(600 * 1024),
        }));
        const answer = await use().kinesis.send(new PutRecordsCommand({ StreamName, Records }));
        expect(answer.FailedRecordCount).toBe(1);
        expect(answer.Records?.map(({ ErrorCode }) => ErrorCode)).toEqual([
          undefined,
          "ProvisionedThroughputExceededException",
          undefined,
        ]);
        await use().pass(1_000);
        await put("k", "again", low);
      });
    });

    group("Kinesis refuses", () => {
      ours("the 1,001st record of a second", async () => {
        const Records = Array.from({ length: 500 }, () => ({
          PartitionKey: "k",
          ExplicitHashKey: low,
          Data: Buffer.from("x"),
        }));
        for (let n = 0; n < 2; n += 1)
          await use().kinesis.send(new PutRecordsCommand({ StreamName, Records }));
        await expect(put("k", "x", low)).rejects.toMatchObject({
          name: "ProvisionedThroughputExceededException",
        });
      });

      ours("the sixth read of a shard in a second", async () => {
        const [first = ""] = await shardIds();
        const ShardIterator = await iteratorOf(first);
        const readOne = () => use().kinesis.send(new GetRecordsCommand({ ShardIterator }));
        for (let n = 0; n < 5; n += 1) await readOne();
        await expect(readOne()).rejects.toMatchObject({ name: "ProvisionedThroughputExceededException" });
      });

      ours("an iterator that is older than five minutes", async () => {
        const [first = ""] = await shardIds();
        const iterator = await iteratorOf(first);
        await use().pass(5 * 60_000 + 1);
        await expect(read(iterator)).rejects.toMatchObject({ name: "ExpiredIteratorException" });
      });

      behaviour("an iterator that is none", async () => {
        await expect(read("none")).rejects.toMatchObject({ name: "InvalidArgumentException" });
      });

      behaviour("a stream and a shard that are not there", async () => {
        const unknown = use().kinesis.send(new DescribeStreamSummaryCommand({ StreamName: "none" }));
        await expect(unknown).rejects.toMatchObject({ name: "ResourceNotFoundException" });
        await expect(iteratorOf("shardId-000000000009")).rejects.toMatchObject({
          name: "ResourceNotFoundException",
        });
      });
    });

    behaviour("a stream tells its shards: as many as the plan says, or four on demand", async () => {
      const shardsOf = async (name: string) => {
        const answer = await use().kinesis.send(new DescribeStreamSummaryCommand({ StreamName: name }));
        return answer.StreamDescriptionSummary?.OpenShardCount;
      };
      expect([await shardsOf(StreamName), await shardsOf("elastic")]).toEqual([2, 4]);
    });

    ours("a restart loses no record, and a reader goes on where it was", async () => {
      for (const text of ["1", "2", "3"]) await put("k", text, low);
      const [first = ""] = await shardIds();
      const page = await read(await iteratorOf(first), 2);
      await use().restart();
      await put("k", "4", low);
      expect((await read(page.NextShardIterator)).texts).toEqual(["3", "4"]);
    });
  },
);
