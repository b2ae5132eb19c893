import type { SQSRecord } from "aws-lambda";
import { describe, expect, test } from "vitest";
import { type GivenUp, givenUpIn, lettersOf } from "./given-up.ts";

const sentAt = Date.UTC(2030, 0, 1, 12);
const payment = `pay_${"0123456789".repeat(3).slice(0, 26)}`;
const arn = (service: string, name: string) => `arn:aws:${service}:eu-west-1:123456789012:${name}`;

const message = (body: unknown, from?: string): SQSRecord => ({
  messageId: "m-1",
  receiptHandle: "r-1",
  body: typeof body === "string" ? body : JSON.stringify(body),
  attributes: {
    ApproximateReceiveCount: "1",
    SentTimestamp: String(sentAt),
    SenderId: "x",
    ApproximateFirstReceiveTimestamp: String(sentAt),
    ...(from !== undefined && { DeadLetterQueueSourceArn: from }),
  },
  messageAttributes: {},
  md5OfBody: "",
  eventSource: "aws:sqs",
  eventSourceARN: arn("sqs", "dead-letters"),
  awsRegion: "eu-west-1",
});

const notice = {
  requestContext: {
    requestId: "q-1",
    functionArn: arn("lambda", "function:relay"),
    condition: "RetryAttemptsExhausted",
    approximateInvokeCount: 4,
  },
  version: "1.0",
  timestamp: "2030-01-01T12:00:00.000Z",
  DDBStreamBatchInfo: {
    shardId: "shardId-1",
    startSequenceNumber: "100",
    endSequenceNumber: "102",
    batchSize: 2,
    streamArn: arn("dynamodb", "table/payments/stream/1"),
  },
};

const letterIn = (givenUp: GivenUp) => (givenUp.kind === "letter" ? givenUp.letter : undefined);

describe("a message that was given up", () => {
  test("goes back to the queue that it came from, and names its payment", () => {
    const body = JSON.stringify({ book: "mer_demo", payment });
    expect(letterIn(givenUpIn(message(body, arn("sqs", "checks"))))).toMatchObject({
      origin: { kind: "message", queueArn: arn("sqs", "checks"), body },
      payment,
      receivedAt: sentAt,
      replays: [],
    });
  });

  test.each(["", "not json", "null", "[1]", '{"source":"aws.states"}'])(
    "is kept whatever it is: %j",
    (body) => {
      expect(letterIn(givenUpIn(message(body)))).toMatchObject({ origin: { kind: "message", body } });
    },
  );

  test("is the same letter when it is delivered again", () => {
    const id = letterIn(givenUpIn(message("x")))?.id;
    expect(letterIn(givenUpIn(message("x")))?.id).toBe(id);
    expect(id).toBeDefined();
  });
});

test("an execution that failed keeps its input and its error", () => {
  const execution = `${arn("states", "execution:recovery")}:${payment}-3`;
  const event = {
    source: "aws.states",
    "detail-type": "Step Functions Execution Status Change",
    time: "2030-01-01T12:00:00Z",
    detail: {
      executionArn: execution,
      stateMachineArn: arn("states", "stateMachine:recovery"),
      status: "FAILED",
      input: '{"book":"mer_demo"}',
      error: "Unresolved",
      cause: null,
    },
  };
  expect(letterIn(givenUpIn(message(event)))).toMatchObject({
    origin: { kind: "execution", executionArn: execution, input: '{"book":"mer_demo"}' },
    reason: "FAILED: Unresolved",
    payment,
    receivedAt: sentAt,
  });
});

describe("a batch of a stream that was given up", () => {
  const givenUp = givenUpIn(message(notice));
  if (givenUp.kind !== "batch") throw new Error("a notice is read as a batch");

  test("names where its records lie", () => {
    expect(givenUp.range).toEqual({
      streamArn: arn("dynamodb", "table/payments/stream/1"),
      shardId: "shardId-1",
      first: "100",
      last: "102",
    });
    expect(givenUp.batch.count).toBe(2);
  });

  test("is one letter per record, each with the record itself", () => {
    const records = ["100", "102"].map((sequenceNumber) => ({
      sequenceNumber,
      text: `{"pk":"mer_demo#${payment}"}`,
    }));
    const letters = lettersOf(givenUp, { records, extent: "whole" });
    expect(letters.map(({ origin }) => origin)).toMatchObject([
      { kind: "record", sequenceNumber: "100", functionArn: arn("lambda", "function:relay") },
      { kind: "record", sequenceNumber: "102" },
    ]);
    expect(new Set(letters.map(({ id }) => id)).size).toBe(2);
    expect(letters[0]).toMatchObject({ payment, reason: "RetryAttemptsExhausted after 4 tries" });
  });

  test("that its stream has forgotten in part says how much is lost", () => {
    const records = [{ sequenceNumber: "102", text: "{}" }];
    const letters = lettersOf(givenUp, { records, extent: "trimmed" });
    expect(letters.map(({ origin }) => origin)).toMatchObject([
      { kind: "record", sequenceNumber: "102" },
      { kind: "lost_records", first: "100", last: "102", count: 1 },
    ]);
  });

  test("is said to be lost where an end of it is, however many records are there", () => {
    const records = ["99", "100", "101"].map((sequenceNumber) => ({ sequenceNumber, text: "{}" }));
    const letters = lettersOf(givenUp, { records, extent: "trimmed" });
    expect(letters.at(-1)?.origin).toMatchObject({ kind: "lost_records", count: 1 });
  });

  test("has no letters for what the function was never shown", () => {
    const records = ["refund", "payment", "dispute"].map((sk, n) => ({
      sequenceNumber: String(100 + n),
      text: JSON.stringify({ dynamodb: { Keys: { pk: { S: "mer_demo#x" }, sk: { S: sk } } } }),
    }));
    const letters = lettersOf(givenUp, { records, extent: "whole" });
    expect(letters.map(({ origin }) => origin)).toMatchObject([
      { kind: "record", sequenceNumber: "101" },
      { kind: "record", sequenceNumber: "102" },
    ]);
  });
});
