import { SendMessageBatchCommand, SendMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { queueUrlOf } from "#local/delivery/clients.ts";
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

let emulator: Awaited<ReturnType<typeof startQueues>>;
let client: SQSClient;

beforeAll(async () => {
  emulator = await startQueues();
  client = new SQSClient({
    region: "eu-west-1",
    endpoint: emulator.endpoint,
    credentials: { accessKeyId: "test", secretAccessKey: "test" },
    useQueueUrlAsEndpoint: false,
  });
});
afterAll(async () => {
  client.destroy();
  await emulator.stop();
});

/** A queue with short patience, so that what fails is soon seen again. @returns its ARN in the plan. */
function queue(name: string, attributes: Readonly<Record<string, string>> = {}): string {
  emulator.server.createQueue(name, {
    region: "eu-west-1",
    attributes: { VisibilityTimeout: "1", ...attributes },
  });
  return `arn:aws:sqs:eu-west-1:123456789012:${name}`;
}

async function send(arn: string, bodies: readonly string[]): Promise<void> {
  for (let from = 0; from < bodies.length; from += 10) {
    const Entries = bodies
      .slice(from, from + 10)
      .map((MessageBody, index) => ({ Id: String(index), MessageBody }));
    await client.send(new SendMessageBatchCommand({ QueueUrl: queueUrlOf(arn), Entries }));
  }
}

const bodiesOf = (events: readonly TestEvent[]): string[] =>
  events.flatMap(({ Records }) => Records.map(({ body }) => body));
const messagesIn = (name: string): number => {
  const { ready, inflight, delayed } = emulator.server.inspectQueue(name)?.messages ?? {};
  return (ready?.length ?? 0) + (inflight?.length ?? 0) + (delayed?.length ?? 0);
};

function run(url: string, eventSourceArn: string, inputs: Readonly<Record<string, unknown>> = {}) {
  const resources = [
    askingFunction("Consume", url),
    mappingResource("Mapping", { functionName: functionArn("Consume"), eventSourceArn, ...inputs }),
  ];
  return runSources(resources, { sqs: emulator.endpoint });
}

test("a function gets a message in the shape that AWS gives it, and the message is gone from the queue", async () => {
  const arn = queue("shape");
  const { url, events } = await recorder();
  run(url, arn);
  await client.send(
    new SendMessageCommand({
      QueueUrl: queueUrlOf(arn),
      MessageBody: '{"amount":1250}',
      MessageAttributes: {
        kind: { DataType: "String", StringValue: "captured" },
        raw: { DataType: "Binary", BinaryValue: Buffer.from("hi") },
      },
    }),
  );
  await until(() => events.length === 1 && messagesIn("shape") === 0, "the message is deleted");
  expect(events[0]).toEqual({
    Records: [
      {
        messageId: expect.stringMatching(/^[0-9a-f-]{36}$/),
        receiptHandle: expect.any(String),
        body: '{"amount":1250}',
        attributes: {
          ApproximateReceiveCount: "1",
          SentTimestamp: expect.stringMatching(/^\d{13}$/),
          SenderId: expect.any(String),
          ApproximateFirstReceiveTimestamp: expect.stringMatching(/^\d{13}$/),
        },
        messageAttributes: {
          kind: { stringValue: "captured", stringListValues: [], binaryListValues: [], dataType: "String" },
          raw: { binaryValue: "aGk=", stringListValues: [], binaryListValues: [], dataType: "Binary" },
        },
        md5OfMessageAttributes: expect.stringMatching(/^[0-9a-f]{32}$/),
        md5OfBody: expect.stringMatching(/^[0-9a-f]{32}$/),
        eventSource: "aws:sqs",
        eventSourceARN: arn,
        awsRegion: "eu-west-1",
      },
    ],
  });
});

test("a batch that fails is seen again after the visibility timeout, not before", async () => {
  const arn = queue("again", { VisibilityTimeout: "2" });
  const seenAtMs: number[] = [];
  const { url, events } = await recorder((_event, index) => {
    seenAtMs.push(performance.now());
    return index === 0 ? { error: "not yet" } : {};
  });
  run(url, arn);
  const sentAtMs = performance.now();
  await send(arn, ["1"]);
  await until(() => messagesIn("again") === 0, "the message is done");
  expect(events[1]?.Records[0]?.attributes["ApproximateReceiveCount"]).toBe("2");
  expect((seenAtMs[1] ?? 0) - sentAtMs).toBeGreaterThan(2_000);
});

test("only the messages that a function reports as failed are seen again", async () => {
  const arn = queue("partly");
  const { url, events } = await recorder(({ Records }, index) => {
    const failed = Records.filter(({ body }) => index === 0 && body === "bad");
    return { result: { batchItemFailures: failed.map(({ messageId }) => ({ itemIdentifier: messageId })) } };
  });
  await send(arn, ["1", "bad", "3"]);
  run(url, arn, { functionResponseTypes: ["ReportBatchItemFailures"] });
  await until(() => messagesIn("partly") === 0, "all messages are done");
  expect(events.map((event) => bodiesOf([event]))).toEqual([["1", "bad", "3"], ["bad"]]);
});

test("an answer that reports a message of another batch fails the whole batch", async () => {
  const arn = queue("malformed");
  const { url, events } = await recorder((_event, index) => ({
    result: { batchItemFailures: index === 0 ? [{ itemIdentifier: "nobody" }] : [] },
  }));
  await send(arn, ["1", "2"]);
  run(url, arn, { functionResponseTypes: ["ReportBatchItemFailures"] });
  await until(() => messagesIn("malformed") === 0, "all messages are done");
  expect(bodiesOf(events).toSorted()).toEqual(["1", "1", "2", "2"]);
});

test("a message that fails as often as its queue allows goes to the dead-letter queue", async () => {
  queue("dead");
  const redrive = { deadLetterTargetArn: "arn:aws:sqs:eu-west-1:000000000000:dead", maxReceiveCount: "2" };
  const arn = queue("alive", { RedrivePolicy: JSON.stringify(redrive) });
  const { url, events } = await recorder(() => ({ error: "never" }));
  run(url, arn);
  await send(arn, ["poison"]);
  await until(() => messagesIn("dead") === 1, "the message is on the dead-letter queue");
  expect(events).toHaveLength(2);
  expect(messagesIn("alive")).toBe(0);
});

test("messages that no filter wants are deleted, and the function hears nothing of them", async () => {
  const arn = queue("filtered");
  const { url, events } = await recorder();
  await send(arn, ['{"amount":50}', '{"amount":5000}', "plain text"]);
  run(url, arn, {
    filterCriteria: { filters: [{ pattern: '{"body":{"amount":[{"numeric":[">",1000]}]}}' }] },
  });
  await until(() => messagesIn("filtered") === 0, "all messages are gone");
  expect(bodiesOf(events)).toEqual(['{"amount":5000}']);
});

test("a disabled mapping reads nothing", async () => {
  const [off, on] = [queue("off"), queue("on")];
  const { url, events } = await recorder();
  await send(off, ["left alone"]);
  runSources(
    [
      askingFunction("Consume", url),
      mappingResource("Off", { functionName: functionArn("Consume"), eventSourceArn: off, enabled: false }),
      mappingResource("On", { functionName: functionArn("Consume"), eventSourceArn: on }),
    ],
    { sqs: emulator.endpoint },
  );
  await send(on, ["read"]);
  await until(() => messagesIn("on") === 0, "the other mapping has read");
  expect(bodiesOf(events)).toEqual(["read"]);
  expect(messagesIn("off")).toBe(1);
});

test("a batch window gathers messages up to the batch size", async () => {
  const arn = queue("window", { VisibilityTimeout: "30" });
  const { url, events } = await recorder();
  run(url, arn, { batchSize: 25, maximumBatchingWindowInSeconds: 1 });
  await send(
    arn,
    Array.from({ length: 40 }, (_, index) => String(index)),
  );
  await until(() => messagesIn("window") === 0, "all messages are done");
  expect(events.map(({ Records }) => Records.length)).toEqual([25, 15]);
});

test("a mapping invokes its function no more often at once than its maximum concurrency", async () => {
  const arn = queue("concurrency", { VisibilityTimeout: "30" });
  let running = 0;
  let most = 0;
  const { url } = await recorder(async () => {
    running += 1;
    most = Math.max(most, running);
    await new Promise((resolve) => setTimeout(resolve, 150));
    running -= 1;
    return {};
  });
  await send(
    arn,
    Array.from({ length: 8 }, (_, index) => String(index)),
  );
  run(url, arn, { batchSize: 1, scalingConfig: { maximumConcurrency: 2 } });
  await until(() => messagesIn("concurrency") === 0, "all messages are done");
  expect(most).toBe(2);
});

test("a function that times out leaves its messages to the queue, and a new environment gets them", async () => {
  const arn = queue("late", { VisibilityTimeout: "2" });
  const { url, events } = await recorder(async (_event, index) => {
    if (index === 0) await new Promise((resolve) => setTimeout(resolve, 3_000));
    return {};
  });
  runSources(
    [
      askingFunction("Consume", url, { timeout: 1 }),
      mappingResource("Mapping", { functionName: functionArn("Consume"), eventSourceArn: arn }),
    ],
    { sqs: emulator.endpoint },
  );
  await send(arn, ["slow"]);
  await until(() => messagesIn("late") === 0, "the message is done");
  expect(bodiesOf(events)).toEqual(["slow", "slow"]);
});

test("a throttled function gets its messages later", async () => {
  const arn = queue("throttled", { VisibilityTimeout: "30" });
  const held = Promise.withResolvers<object>();
  const { url, events } = await recorder((_event, index) => (index === 0 ? held.promise : {}));
  const { lambda } = runSources(
    [
      askingFunction("Consume", url, { reservedConcurrentExecutions: 1 }),
      mappingResource("Mapping", { functionName: functionArn("Consume"), eventSourceArn: arn }),
    ],
    { sqs: emulator.endpoint },
  );
  const busy = lambda.invoke(functionArn("Consume"), '{"Records":[]}');
  await until(() => events.length === 1, "the function is busy");
  await send(arn, ["patient"]);
  await new Promise((resolve) => setTimeout(resolve, 500));
  expect(bodiesOf(events)).toEqual([]);
  held.resolve({});
  await busy;
  await until(() => messagesIn("throttled") === 0, "the message is done");
  expect(bodiesOf(events)).toEqual(["patient"]);
});

test("messages of a FIFO queue reach the function in the order of their group", async () => {
  const arn = queue("ordered.fifo", { FifoQueue: "true", VisibilityTimeout: "30" });
  const { url, events } = await recorder();
  for (let index = 0; index < 12; index += 1) {
    await client.send(
      new SendMessageCommand({
        QueueUrl: queueUrlOf(arn),
        MessageBody: String(index),
        MessageGroupId: "pay_1",
        MessageDeduplicationId: String(index),
      }),
    );
  }
  run(url, arn, { batchSize: 5 });
  await until(() => messagesIn("ordered.fifo") === 0, "all messages are done");
  expect(bodiesOf(events).map(Number)).toEqual(Array.from({ length: 12 }, (_, index) => index));
});
