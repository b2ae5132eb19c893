import { expect, test } from "vitest";
import { mappingResource } from "#tests/support/event-harness.ts";
import { functionResource, planOf } from "#tests/support/handmade-plan.ts";
import { unreadableSourcesIn } from "./source-access.ts";

const roleArn = "arn:aws:iam::123456789012:role/Reader";
const place = "eu-west-1:123456789012";
const queue = `arn:aws:sqs:${place}:orders`;
const table = `arn:aws:dynamodb:${place}:table/orders/stream/2026-01-01T00:00:00.000`;
const stream = `arn:aws:kinesis:${place}:stream/orders`;

/** What AWS says to a mapping of a function whose role may do all but these. */
const refusalsWithout = (eventSourceArn: string, ...missing: readonly string[]) =>
  unreadableSourcesIn(
    planOf([
      functionResource("Reader", "lambda-functions.echo"),
      mappingResource("Orders", { eventSourceArn, functionName: "test-local-Reader" }),
    ]),
    (role, action, resource) => role === roleArn && resource === eventSourceArn && !missing.includes(action),
  );

test.each([queue, table, stream])("a role that may read %s gets its mapping", (arn) => {
  expect(refusalsWithout(arn)).toEqual([]);
});

test.each([
  [
    queue,
    "sqs:ReceiveMessage",
    "The provided execution role does not have permissions to call ReceiveMessage on SQS",
  ],
  [
    queue,
    "sqs:DeleteMessage",
    "The provided execution role does not have permissions to call DeleteMessage on SQS",
  ],
  [
    table,
    "dynamodb:ListStreams",
    `Cannot access stream ${table}. Please ensure the role can perform the GetRecords, GetShardIterator, DescribeStream, and ListStreams Actions`,
  ],
  [
    stream,
    "kinesis:ListShards",
    `Cannot access stream ${stream}. Please ensure the role can perform the GetRecords, GetShardIterator, DescribeStream, ListShards, and ListStreams Actions`,
  ],
])("of %s without %s it is refused in AWS's words, with what to grant", (arn, action, words) => {
  const [refusal] = refusalsWithout(arn, action);
  expect(refusal).toContain(`the event source mapping Orders: ${words}`);
  expect(refusal).toContain(`(grant ${roleArn} ${action} on ${arn})`);
});
