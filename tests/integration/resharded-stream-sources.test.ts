import { setTimeout as sleep } from "node:timers/promises";
import { MergeShardsCommand, SplitShardCommand } from "@aws-sdk/client-kinesis";
import { expect, test } from "vitest";
import { streams } from "#tests/support/data-streams.ts";
import {
  askingFunction,
  mappingResource,
  recorder,
  runSources,
  until,
} from "#tests/support/event-harness.ts";
import { functionArn } from "#tests/support/handmade-plan.ts";

const half = 2n ** 127n;
const running = streams({ events: { shardCount: 1 } });

test("a function gets what was written before a split and a merge before what was written after", async () => {
  const { kinesis, put, door } = running();
  for (const text of ["one", "two", "three"]) await put("events", text);
  const first = { StreamName: "events", ShardToSplit: "shardId-000000000000" };
  await kinesis.send(new SplitShardCommand({ ...first, NewStartingHashKey: half.toString() }));
  await put("events", "low", 0n);
  await put("events", "high", half);
  const halves = { ShardToMerge: "shardId-000000000001", AdjacentShardToMerge: "shardId-000000000002" };
  await kinesis.send(new MergeShardsCommand({ StreamName: "events", ...halves }));
  await put("events", "whole again");
  const lastShard = "shardId-000000000003";
  // Others read it as often as it lets anyone in one second of its clock, which stands still.
  for (let read = 0; read < 5; read += 1) await running().read("events", lastShard);
  // Whoever does not wait for the parents is faster than a function that takes its time over each record.
  const { url, events } = await recorder(async () => {
    await sleep(100);
    return {};
  });
  const sources = runSources(
    [
      askingFunction("Consume", url),
      mappingResource("Mapping", {
        functionName: functionArn("Consume"),
        eventSourceArn: "arn:aws:kinesis:eu-west-1:123456789012:stream/events",
        startingPosition: "TRIM_HORIZON",
        batchSize: 1,
      }),
    ],
    { kinesis: door.client.endpoint },
    { credentials: door.client.credentials },
  );
  const texts = () =>
    events.flatMap(({ Records }) =>
      Records.map(({ kinesis: { data } }) => Buffer.from(data, "base64").toString()),
    );
  const isThrottled = ({ error }: { readonly error: string | undefined }) =>
    error === "ProvisionedThroughputExceededException";
  // The SDK tries a read three times by itself.
  await until(() => door.log.recent().filter(isThrottled).length > 3, "more than one read too many");
  running().pass(1_000);
  await until(() => texts().length === 6, "every record");
  expect([texts().slice(0, 3), texts().slice(3, 5).sort(), texts().at(-1)]).toEqual([
    ["one", "two", "three"],
    ["high", "low"],
    "whole again",
  ]);
  expect(sources.warnings).toEqual([]);
  await sources.stop();
});
