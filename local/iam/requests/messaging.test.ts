import { expect, test } from "vitest";
import type { EstateFacts } from "../estate.ts";
import { dynamoDbRequests } from "./dynamodb.ts";
import { eventBridgeRequests, kinesisRequests, sqsRequests } from "./messaging.ts";
import type { AccessReader } from "./reader.ts";

const estate: EstateFacts = {
  region: "eu-west-1",
  account: "123456789012",
  tables: new Map(),
  buckets: new Map(),
  keyArns: new Map(),
  workgroups: [],
  namedQueries: new Map(),
  warehouses: new Map(),
  secretKeys: new Map(),
  topicKeys: new Map(),
};

/** What IAM is asked about a call, as `action resource`. */
const asked = (read: AccessReader, action: string, input: unknown): readonly string[] | undefined => {
  const call = {
    service: "",
    action,
    caller: { accessKeyId: "LKIA", roleArn: undefined, name: "test" },
    method: "POST",
    path: "/",
    headers: {},
    body: Buffer.from(JSON.stringify(input)),
    signal: new AbortController().signal,
  };
  return read(call, estate)?.map((request) => `${request.action} ${request.resource}`);
};

const QueueUrl = "http://127.0.0.1:4566/123456789012/webhooks";
const TableStreamArn =
  "arn:aws:dynamodb:eu-west-1:123456789012:table/payments/stream/2026-01-01T00:00:00.000";
const StreamARN = "arn:aws:kinesis:eu-west-1:123456789012:stream/ledger";

test.each<[string, AccessReader, unknown, readonly string[]]>([
  ["SendMessage", sqsRequests, { QueueUrl }, ["sqs:SendMessage arn:aws:sqs:eu-west-1:123456789012:webhooks"]],
  [
    "DeleteMessageBatch",
    sqsRequests,
    { QueueUrl },
    ["sqs:DeleteMessage arn:aws:sqs:eu-west-1:123456789012:webhooks"],
  ],
  ["ListQueues", sqsRequests, {}, ["sqs:ListQueues *"]],
  ["PutRecords", kinesisRequests, { StreamName: "ledger" }, [`kinesis:PutRecords ${StreamARN}`]],
  ["GetRecords", kinesisRequests, { ShardIterator: "x", StreamARN }, [`kinesis:GetRecords ${StreamARN}`]],
  [
    "GetRecords",
    kinesisRequests,
    {
      ShardIterator: Buffer.from(JSON.stringify({ stream: "ledger", shard: "s", after: 0 })).toString(
        "base64",
      ),
    },
    [`kinesis:GetRecords ${StreamARN}`],
  ],
  [
    "GetRecords",
    dynamoDbRequests,
    { ShardIterator: `${TableStreamArn}|1|AAA` },
    [`dynamodb:GetRecords ${TableStreamArn}`],
  ],
  [
    "GetShardIterator",
    dynamoDbRequests,
    { StreamArn: TableStreamArn, ShardId: "s" },
    [`dynamodb:GetShardIterator ${TableStreamArn}`],
  ],
  [
    "PutEvents",
    eventBridgeRequests,
    { Entries: [{ Source: "a" }, { EventBusName: "payments" }, { EventBusName: "payments" }] },
    [
      "events:PutEvents arn:aws:events:eu-west-1:123456789012:event-bus/default",
      "events:PutEvents arn:aws:events:eu-west-1:123456789012:event-bus/payments",
    ],
  ],
])("%s is asked about", (action, read, input, requests) => {
  expect(asked(read, action, input)).toEqual(requests);
});
