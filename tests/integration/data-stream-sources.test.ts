import { PutRecordCommand, PutRecordsCommand, SplitShardCommand } from "@aws-sdk/client-kinesis";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startKinesis, type TestKinesis, untilActive } from "#tests/support/emulators.ts";
import {
  askingFunction,
  mappingResource,
  recorder,
  runSources,
  type TestEvent,
  until,
} from "#tests/support/event-harness.ts";
import { functionArn } from "#tests/support/handmade-plan.ts";

let kinesis: TestKinesis;

beforeAll(async () => {
  kinesis = await startKinesis();
});
afterAll(() => kinesis.stop());

const arnOf = (name: string): string => `arn:aws:kinesis:eu-west-1:123456789012:stream/${name}`;
const textsIn = ({ Records }: TestEvent): string[] =>
  Records.map(({ kinesis: { data } }) => Buffer.from(data, "base64").toString());
const textsOf = (events: readonly TestEvent[]): string[] => events.flatMap(textsIn);

async function put(StreamName: string, PartitionKey: string, texts: readonly string[]): Promise<void> {
  for (const text of texts) {
    await kinesis.client.send(new PutRecordCommand({ StreamName, PartitionKey, Data: Buffer.from(text) }));
  }
}

function run(url: string, stream: string, inputs: Readonly<Record<string, unknown>> = {}) {
  return runSources(
    [
      askingFunction("Consume", url),
      mappingResource("Mapping", {
        functionName: functionArn("Consume"),
        eventSourceArn: arnOf(stream),
        startingPosition: "TRIM_HORIZON",
        ...inputs,
      }),
    ],
    { kinesis: kinesis.endpoint },
  );
}

test("a function gets a record in the shape that AWS gives it", async () => {
  await kinesis.createStream("shape", 1);
  const { url, events } = await recorder();
  run(url, "shape");
  await put("shape", "pay_1", ["für Zoë"]);
  await until(() => events.length === 1, "the event");
  expect(events[0]).toEqual({
    Records: [
      {
        kinesis: {
          kinesisSchemaVersion: "1.0",
          partitionKey: "pay_1",
          sequenceNumber: expect.stringMatching(/^\d{56}$/),
          data: Buffer.from("für Zoë").toString("base64"),
          approximateArrivalTimestamp: expect.any(Number),
        },
        eventSource: "aws:kinesis",
        eventVersion: "1.0",
        eventID: expect.stringMatching(/^shardId-000000000000:\d{56}$/),
        eventName: "aws:kinesis:record",
        invokeIdentityArn: "arn:aws:iam::123456789012:role/Consume",
        awsRegion: "eu-west-1",
        eventSourceARN: arnOf("shape"),
      },
    ],
  });
});

test("a filter looks into the data of a record, and drops data that is no JSON", async () => {
  await kinesis.createStream("filtered", 1);
  const { url, events } = await recorder();
  await put("filtered", "k", ['{"kind":"captured"}', "captured", '{"kind":"voided"}']);
  run(url, "filtered", { filterCriteria: { filters: [{ pattern: '{"data":{"kind":["captured"]}}' }] } });
  await put("filtered", "k", ['{"kind":"captured","last":true}']);
  await until(() => textsOf(events).length === 2, "the wanted records");
  expect(textsOf(events)).toEqual(['{"kind":"captured"}', '{"kind":"captured","last":true}']);
});

test("what was written to a shard before it was split comes before what was written to its children", async () => {
  await kinesis.createStream("split", 1);
  const { url, events } = await recorder();
  await put("split", "k", ["1", "2", "3"]);
  await kinesis.client.send(
    new SplitShardCommand({
      StreamName: "split",
      ShardToSplit: "shardId-000000000000",
      NewStartingHashKey: "170141183460469231731687303715884105728",
    }),
  );
  await untilActive(kinesis.client, "split");
  await put("split", "k", ["4", "5"]);
  run(url, "split", { batchSize: 2 });
  await until(() => textsOf(events).length === 5, "all records");
  expect(textsOf(events)).toEqual(["1", "2", "3", "4", "5"]);
});

test("a failing batch of one shard does not hold up another shard", async () => {
  await kinesis.createStream("shards", 2);
  const { url, events } = await recorder((event) => (textsIn(event).includes("bad") ? { error: "bad" } : {}));
  const Records = ["bad", "good"].flatMap((text) =>
    Array.from({ length: 10 }, (_, index) => ({
      Data: Buffer.from(text === "bad" ? "bad" : `good ${index}`),
      // These two keys are of different shards.
      PartitionKey: text === "bad" ? "k2" : "k1",
    })),
  );
  await kinesis.client.send(new PutRecordsCommand({ StreamName: "shards", Records }));
  run(url, "shards");
  const good = () => textsOf(events).filter((text) => text.startsWith("good"));
  await until(() => good().length === 10, "the good records");
  expect(good()).toEqual(Array.from({ length: 10 }, (_, index) => `good ${index}`));
});

test("a tumbling window passes its state from one invocation to the next, and ends with a last one", async () => {
  await kinesis.createStream("tumbling", 1);
  const { url, events } = await recorder(({ Records, state }) => ({
    result: { state: { count: (state?.["count"] ?? 0) + Records.length } },
  }));
  run(url, "tumbling", { tumblingWindowInSeconds: 2, batchSize: 2 });
  await put("tumbling", "k", ["1", "2", "3", "4", "5"]);
  await until(
    () => events.filter(({ isFinalInvokeForWindow }) => isFinalInvokeForWindow === true).length > 0,
    "the last invocation of a window",
  );
  const last = events.findIndex(({ isFinalInvokeForWindow }) => isFinalInvokeForWindow === true);
  const window = events.slice(0, last + 1);
  const inWindow = textsOf(window).length;
  expect(window[0]).toMatchObject({
    state: {},
    isFinalInvokeForWindow: false,
    isWindowTerminatedEarly: false,
  });
  expect(window.at(-1)).toEqual({
    Records: [],
    window: window[0]?.window,
    state: { count: inWindow },
    shardId: "shardId-000000000000",
    eventSourceARN: arnOf("tumbling"),
    isFinalInvokeForWindow: true,
    isWindowTerminatedEarly: false,
  });
  expect(window[0]?.window?.start).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
});
