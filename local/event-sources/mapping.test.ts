import { expect, test } from "vitest";
import { functionArn, functionResource, planOf, resource } from "#tests/support/handmade-plan.ts";
import { functionsOf } from "../lambda/function-definition.ts";
import { eventSourceMappingsOf } from "./mapping.ts";

const queueArn = "arn:aws:sqs:eu-west-1:123456789012:work";
const streamArn = "arn:aws:kinesis:eu-west-1:123456789012:stream/payments";
const tableArn = "arn:aws:dynamodb:eu-west-1:123456789012:table/ledger/stream/2026-01-01T00:00:00.000";

function mappingsOf(inputs: Readonly<Record<string, unknown>>, visibilityTimeoutSeconds = 30) {
  const queue = resource("aws:sqs/queue:Queue", "Work", { visibilityTimeoutSeconds });
  const plan = planOf([
    functionResource("Consume", "lambda-functions.echo"),
    { ...queue, outputs: { arn: queueArn } },
    resource("aws:lambda/eventSourceMapping:EventSourceMapping", "Mapping", {
      functionName: functionArn("Consume"),
      ...inputs,
    }),
  ]);
  return eventSourceMappingsOf(plan, functionsOf(plan));
}

test("a mapping has AWS's defaults for what it leaves out", () => {
  expect(mappingsOf({ eventSourceArn: queueArn })).toMatchObject([
    { kind: "queue", batchSize: 10, windowSeconds: 0, concurrencyMax: undefined, reportsItemFailures: false },
  ]);
  expect(mappingsOf({ eventSourceArn: streamArn, startingPosition: "LATEST" })).toMatchObject([
    {
      kind: "stream",
      batchSize: 100,
      lanes: 1,
      bisects: false,
      retriesMax: -1,
      ageSecondsMax: -1,
      tumblingSeconds: 0,
      start: { at: "LATEST" },
    },
  ]);
});

test("a mapping that is disabled is none, and is checked all the same", () => {
  expect(mappingsOf({ eventSourceArn: queueArn, enabled: false })).toEqual([]);
  expect(() => mappingsOf({ eventSourceArn: queueArn, enabled: false, batchSize: 11 })).toThrow(/batch size/);
});

test.each([
  ["a function that is not there", { eventSourceArn: queueArn, functionName: "gone" }, /does not deploy/],
  ["a source that nothing polls", { eventSourceArn: "arn:aws:mq:eu-west-1:1:broker:a" }, /no poller/],
  [
    "a large batch of a queue without a window",
    { eventSourceArn: queueArn, batchSize: 11 },
    /needs a batch window/,
  ],
  [
    "a window on a FIFO queue",
    { eventSourceArn: `${queueArn}.fifo`, maximumBatchingWindowInSeconds: 1 },
    /FIFO queues do not take/,
  ],
  ["a stream without a starting position", { eventSourceArn: streamArn }, /no starting position/],
  [
    "a table's stream from a timestamp",
    { eventSourceArn: tableArn, startingPosition: "AT_TIMESTAMP" },
    /timestamp/,
  ],
  [
    "a record age under a minute",
    { eventSourceArn: streamArn, startingPosition: "LATEST", maximumRecordAgeInSeconds: 59 },
    /60 to 604800/,
  ],
  [
    "a filter that is not valid",
    { eventSourceArn: queueArn, filterCriteria: { filters: [{ pattern: '{"body":"a"}' }] } },
    /filter that is not valid/,
  ],
])("%s is refused", (_what, inputs, message) => {
  expect(() => mappingsOf(inputs)).toThrow(message);
});

test("a queue that shows a message again while the function may still work on it is refused", () => {
  expect(() => mappingsOf({ eventSourceArn: queueArn }, 9)).toThrow(
    /visibility timeout \(9 s\) is less than the function's timeout \(10 s\)/,
  );
});
