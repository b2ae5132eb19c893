import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import {
  BatchWriteItemCommand,
  CreateTableCommand,
  DeleteTableCommand,
  DynamoDBClient,
  PutItemCommand,
} from "@aws-sdk/client-dynamodb";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startDynamoDb } from "#local/dynamodb/server.ts";
import { startQueues } from "#tests/support/emulators.ts";
import {
  askingFunction,
  mappingResource,
  recorder,
  runSources,
  type TestEvent,
  until,
} from "#tests/support/event-harness.ts";
import { functionArn } from "#tests/support/handmade-plan.ts";

let folder: string;
let server: Awaited<ReturnType<typeof startDynamoDb>>;
let queues: Awaited<ReturnType<typeof startQueues>>;
let client: DynamoDBClient;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "tallystick-streams-"));
  [server, queues] = await Promise.all([startDynamoDb(join(folder, "dynamodb.sqlite")), startQueues()]);
  client = new DynamoDBClient({
    region: "eu-west-1",
    endpoint: server.endpoint,
    credentials: { accessKeyId: "test", secretAccessKey: "test" },
  });
});
afterAll(async () => {
  client.destroy();
  await Promise.all([server.child?.stop(), queues.stop()]);
  rmSync(folder, { recursive: true });
});

/** A table with a stream. @returns the ARN of the stream as the plan would have it. */
async function table(name: string): Promise<string> {
  await client.send(
    new CreateTableCommand({
      TableName: name,
      BillingMode: "PAY_PER_REQUEST",
      AttributeDefinitions: [{ AttributeName: "pk", AttributeType: "S" }],
      KeySchema: [{ AttributeName: "pk", KeyType: "HASH" }],
      StreamSpecification: { StreamEnabled: true, StreamViewType: "NEW_AND_OLD_IMAGES" },
    }),
  );
  return `arn:aws:dynamodb:eu-west-1:123456789012:table/${name}/stream/2026-01-01T00:00:00.000`;
}

/** Writes items one after the other, each with its number. */
async function write(
  name: string,
  items: readonly { readonly pk: string; readonly n: number }[],
): Promise<void> {
  for (let from = 0; from < items.length; from += 25) {
    const requests = items
      .slice(from, from + 25)
      .map(({ pk, n }) => ({ PutRequest: { Item: { pk: { S: pk }, n: { N: String(n) } } } }));
    await client.send(new BatchWriteItemCommand({ RequestItems: { [name]: requests } }));
  }
}

const numbered = (from: number, to: number): { pk: string; n: number }[] =>
  Array.from({ length: to - from + 1 }, (_, index) => ({ pk: `item ${from + index}`, n: from + index }));
const numbersIn = ({ Records }: TestEvent): number[] =>
  Records.map(({ dynamodb }) => Number(dynamodb.NewImage?.n?.N));
const numbersOf = (events: readonly TestEvent[]): number[] => events.flatMap(numbersIn);
const upTo = (last: number): number[] => numbered(1, last).map(({ n }) => n);

function run(
  url: string,
  eventSourceArn: string,
  inputs: Readonly<Record<string, unknown>> = {},
  checkpointsPath?: string,
  idleMsMax?: number,
) {
  return runSources(
    [
      askingFunction("Consume", url),
      mappingResource("Mapping", {
        functionName: functionArn("Consume"),
        eventSourceArn,
        startingPosition: "TRIM_HORIZON",
        ...inputs,
      }),
    ],
    { dynamodb: server.endpoint, sqs: queues.endpoint },
    {
      ...(checkpointsPath !== undefined && { checkpointsPath }),
      ...(idleMsMax !== undefined && { idleMsMax }),
    },
  );
}

test("a stream is looked at four times a second, so that changes close to each other come together", async () => {
  const arn = await table("close");
  const { url, events } = await recorder();
  run(url, arn);
  const startedMs = performance.now();
  for (const item of numbered(1, 40)) {
    await write("close", [item]);
    await sleep(10);
  }
  await until(() => numbersOf(events).length === 40, "the changes");
  expect(numbersOf(events)).toEqual(upTo(40));
  expect(events.length).toBeLessThanOrEqual(2 + (performance.now() - startedMs) / 250);
});

test("a function gets a change in the shape that AWS gives it", async () => {
  const arn = await table("shape");
  const { url, events } = await recorder();
  run(url, arn);
  const Item = { pk: { S: "pay_1" }, n: { N: "12.50" }, raw: { B: Buffer.from("hi") }, tags: { SS: ["a"] } };
  await client.send(new PutItemCommand({ TableName: "shape", Item }));
  await until(() => events.length === 1, "the event");
  expect(events[0]).toEqual({
    Records: [
      {
        eventID: expect.stringMatching(/^[0-9a-f]{32}$/),
        eventName: "INSERT",
        eventVersion: "1.1",
        eventSource: "aws:dynamodb",
        awsRegion: "eu-west-1",
        dynamodb: {
          ApproximateCreationDateTime: expect.any(Number),
          Keys: { pk: { S: "pay_1" } },
          NewImage: { pk: { S: "pay_1" }, n: { N: "12.5" }, raw: { B: "aGk=" }, tags: { SS: ["a"] } },
          SequenceNumber: "1",
          SizeBytes: expect.any(Number),
          StreamViewType: "NEW_AND_OLD_IMAGES",
        },
        eventSourceARN: arn,
      },
    ],
  });
});

test("a mapping that starts at the trim horizon gets what was there, one at the latest does not", async () => {
  const arn = await table("starts");
  await write("starts", numbered(1, 3));
  // Streams tell time in seconds, and a mapping that starts at the latest record takes the whole second.
  await new Promise((resolve) => setTimeout(resolve, 1_100));
  const [oldest, latest] = [await recorder(), await recorder()];
  const mapping = {
    eventSourceArn: arn,
    functionName: functionArn("Oldest"),
    startingPosition: "TRIM_HORIZON",
  };
  runSources(
    [
      askingFunction("Oldest", oldest.url),
      askingFunction("Latest", latest.url),
      mappingResource("OldestMapping", mapping),
      mappingResource("LatestMapping", {
        ...mapping,
        functionName: functionArn("Latest"),
        startingPosition: "LATEST",
      }),
    ],
    { dynamodb: server.endpoint },
  );
  await until(() => oldest.events.length > 0, "the oldest records");
  await new Promise((resolve) => setTimeout(resolve, 300));
  await write("starts", numbered(4, 5));
  await until(() => numbersOf(latest.events).length === 2, "the latest records");
  await until(() => numbersOf(oldest.events).length === 5, "all records");
  expect(numbersOf(latest.events)).toEqual([4, 5]);
  expect(numbersOf(oldest.events)).toEqual([1, 2, 3, 4, 5]);
});

test("one poison record among 100 is found by bisecting, told of, and holds up no other", async () => {
  const arn = await table("poison");
  queues.server.createQueue("given-up", { region: "eu-west-1" });
  const done: number[] = [];
  const { url } = await recorder((event) => {
    const batch = numbersIn(event);
    if (batch.includes(37)) return { error: "I do not like 37" };
    done.push(...batch);
    return {};
  });
  await write("poison", numbered(1, 100));
  run(url, arn, {
    bisectBatchOnFunctionError: true,
    maximumRetryAttempts: 1,
    destinationConfig: { onFailure: { destinationArn: "arn:aws:sqs:eu-west-1:123456789012:given-up" } },
  });
  const told = () => queues.server.inspectQueue("given-up")?.messages.ready ?? [];
  await until(() => told().length === 1 && done.length === 99, "99 records are done, and one is given up");
  expect(done).toEqual(upTo(100).filter((n) => n !== 37));
  const record = JSON.parse(told()[0]?.body ?? "");
  expect(record).toEqual({
    requestContext: {
      requestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      functionArn: functionArn("Consume"),
      condition: "RetryAttemptsExhausted",
      approximateInvokeCount: expect.any(Number),
    },
    responseContext: { statusCode: 200, executedVersion: "$LATEST", functionError: "Unhandled" },
    version: "1.0",
    timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
    DDBStreamBatchInfo: {
      shardId: expect.stringMatching(/^shardId-/),
      startSequenceNumber: "37",
      endSequenceNumber: "37",
      approximateArrivalOfFirstRecord: expect.stringMatching(/Z$/),
      approximateArrivalOfLastRecord: expect.stringMatching(/Z$/),
      batchSize: 1,
      streamArn: arn,
    },
  });
});

test("a function that reports where it failed is invoked again from there, in order", async () => {
  const arn = await table("partly");
  const { url, events } = await recorder(({ Records }, index) => ({
    result: {
      batchItemFailures: index === 0 ? [{ itemIdentifier: Records[3]?.dynamodb.SequenceNumber }] : [],
    },
  }));
  await write("partly", numbered(1, 6));
  run(url, arn, { functionResponseTypes: ["ReportBatchItemFailures"] });
  await until(() => events.length === 2, "the second invocation");
  expect(events.map(numbersIn)).toEqual([
    [1, 2, 3, 4, 5, 6],
    [4, 5, 6],
  ]);
});

test("a batch has at most its size, and a window gathers what comes one by one", async () => {
  const arn = await table("batches");
  const { url, events } = await recorder();
  run(url, arn, { batchSize: 10, maximumBatchingWindowInSeconds: 2 });
  for (const item of numbered(1, 13)) await write("batches", [item]);
  await until(() => numbersOf(events).length === 13, "all records");
  expect(events.map(({ Records }) => Records.length)).toEqual([10, 3]);
});

test("records that no filter wants are passed over", async () => {
  const arn = await table("filtered");
  const { url, events } = await recorder();
  await write("filtered", numbered(1, 20));
  run(url, arn, {
    filterCriteria: {
      filters: [{ pattern: '{"eventName":["INSERT"],"dynamodb":{"NewImage":{"n":{"N":["7","8"]}}}}' }],
    },
  });
  await until(() => numbersOf(events).length === 2, "the wanted records");
  expect(numbersOf(events)).toEqual([7, 8]);
});

test("batches of one shard run beside each other, and the changes of one item stay in order", async () => {
  const arn = await table("parallel");
  let running = 0;
  let most = 0;
  const { url, events } = await recorder(async () => {
    running += 1;
    most = Math.max(most, running);
    await new Promise((resolve) => setTimeout(resolve, 20));
    running -= 1;
    return {};
  });
  const changes = upTo(80).map((n) => ({ pk: `item ${n % 8}`, n }));
  for (let from = 0; from < 80; from += 8) await write("parallel", changes.slice(from, from + 8));
  run(url, arn, { parallelizationFactor: 4, batchSize: 5 });
  await until(() => numbersOf(events).length === 80, "all records");
  const byItem = Map.groupBy(
    events.flatMap(({ Records }) => Records),
    ({ dynamodb }) => dynamodb.Keys.pk.S,
  );
  for (const records of byItem.values()) {
    const numbers = records.map(({ dynamodb }) => Number(dynamodb.NewImage?.n?.N));
    expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
  }
  expect(most).toBeGreaterThan(1);
  expect(most).toBeLessThanOrEqual(4);
});

test("a poller that starts again goes on where it stood", async () => {
  const arn = await table("resumed");
  const checkpointsPath = join(folder, "resumed.json");
  await write("resumed", numbered(1, 5));
  const first = await recorder();
  const running = run(first.url, arn, {}, checkpointsPath);
  await until(() => numbersOf(first.events).length === 5, "the first records");
  await running.stop();
  await write("resumed", numbered(6, 8));
  const second = await recorder();
  run(second.url, arn, {}, checkpointsPath);
  await until(() => numbersOf(second.events).length >= 3, "the other records");
  expect(numbersOf(second.events)).toEqual([6, 7, 8]);
});

test("a batch that was under way when the poller stopped is delivered again", async () => {
  const arn = await table("interrupted");
  const checkpointsPath = join(folder, "interrupted.json");
  await write("interrupted", numbered(1, 4));
  const never = Promise.withResolvers<object>();
  const first = await recorder(() => never.promise);
  const running = run(first.url, arn, { batchSize: 2 }, checkpointsPath);
  await until(() => first.events.length === 1, "the first batch is under way");
  // As when the process is killed: the function never answers.
  await Promise.all([running.lambda.stop(), running.stop()]);
  const second = await recorder();
  run(second.url, arn, { batchSize: 2 }, checkpointsPath);
  await until(() => numbersOf(second.events).length === 4, "all records");
  expect(numbersOf(second.events)).toEqual([1, 2, 3, 4]);
});

test("a table that is made anew under the same name is read on, and the changes of the old one stay done", async () => {
  const arn = await table("anew");
  const checkpointsPath = join(folder, "anew.json");
  await write("anew", numbered(1, 3));
  const first = await recorder();
  const running = run(first.url, arn, {}, checkpointsPath);
  await until(() => numbersOf(first.events).length === 3, "the records of the old table");
  await running.stop();
  await client.send(new DeleteTableCommand({ TableName: "anew" }));
  await new Promise((resolve) => setTimeout(resolve, 300));
  await table("anew");
  await write("anew", numbered(1, 2));
  const second = await recorder();
  run(second.url, arn, {}, checkpointsPath);
  await until(() => numbersOf(second.events).length >= 2, "the records of the new table");
  expect(numbersOf(second.events)).toEqual([1, 2]);
});

test("a poller that is woken reads at once, and one that has nothing to read rests", async () => {
  const arn = await table("idle");
  const { url, events } = await recorder();
  const { sources, lambda } = run(url, arn, {}, undefined, 10_000);
  await lambda.warm(["Consume"], 1);
  // Pauses double: the one that begins after three seconds takes three, of which two are left when it is woken.
  await new Promise((resolve) => setTimeout(resolve, 2_500));
  const before = process.cpuUsage();
  await new Promise((resolve) => setTimeout(resolve, 2_000));
  const { user, system } = process.cpuUsage(before);
  expect((user + system) / 1_000).toBeLessThan(200);
  await write("idle", numbered(1, 1));
  const writtenAtMs = performance.now();
  sources.wake("table_stream");
  await until(() => events.length === 1, "the record");
  expect(performance.now() - writtenAtMs).toBeLessThan(1_500);
});
