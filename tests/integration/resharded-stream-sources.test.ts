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
  await put("events", "whole");
  const first = { StreamName: "events", ShardToSplit: "shardId-000000000000" };
  await kinesis.send(new SplitShardCommand({ ...first, NewStartingHashKey: half.toString() }));
  await put("events", "low", 0n);
  await put("events", "high", half);
  const halves = { ShardToMerge: "shardId-000000000001", AdjacentShardToMerge: "shardId-000000000002" };
  await kinesis.send(new MergeShardsCommand({ StreamName: "events", ...halves }));
  await put("events", "whole again");
  const { url, events } = await recorder();
  const sources = runSources(
    [
      askingFunction("Consume", url),
      mappingResource("Mapping", {
        functionName: functionArn("Consume"),
        eventSourceArn: "arn:aws:kinesis:eu-west-1:123456789012:stream/events",
        startingPosition: "TRIM_HORIZON",
      }),
    ],
    { kinesis: door.client.endpoint },
    { credentials: door.client.credentials },
  );
  const texts = () =>
    events.flatMap(({ Records }) =>
      Records.map(({ kinesis: { data } }) => Buffer.from(data, "base64").toString()),
    );
  await until(() => texts().length === 4, "every record");
  const [head, ...rest] = texts();
  expect([head, rest.slice(0, 2).sort(), rest.at(-1)]).toEqual(["whole", ["high", "low"], "whole again"]);
  // The engine's clock stands still: five reads a second are all there are, and nobody is told of the others.
  expect(sources.warnings).toEqual([]);
  await sources.stop();
});
