import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  ListSubscriptionsByTopicCommand,
  PublishBatchCommand,
  PublishCommand,
  SNSClient,
} from "@aws-sdk/client-sns";
import { ReceiveMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import { afterEach, beforeEach, expect, test } from "vitest";
import { SnsEngine } from "#local/sns/engine.ts";
import { toQueues } from "#local/sns/to-queue.ts";
import type { SubscriptionPlan } from "#local/sns/topic-plan.ts";
import { topicPlansOf } from "#local/sns/topic-plan.ts";
import { SqsEngine } from "#local/sqs/engine.ts";
import { MoveTasks } from "#local/sqs/moves.ts";
import { queuePlansOf } from "#local/sqs/queue-plan.ts";
import { Queues } from "#local/sqs/queues.ts";
import { type EngineDoor, openEngineDoor } from "#tests/support/engine-door.ts";
import { planOf, resource } from "#tests/support/handmade-plan.ts";

const topicArn = "arn:aws:sns:eu-west-1:123456789012:alerts";
const queueUrl = (name: string) => `https://sqs.eu-west-1.amazonaws.com/123456789012/${name}`;
const subscription = (name: string, queue: string, more: Partial<SubscriptionPlan> = {}) =>
  resource("aws:sns/topicSubscription:TopicSubscription", name, {
    topic: topicArn,
    protocol: "sqs",
    endpoint: `arn:aws:sqs:eu-west-1:123456789012:${queue}`,
    ...more,
  });
const plan = planOf([
  resource("aws:sqs/queue:Queue", "Wrapped", { name: "wrapped" }),
  resource("aws:sqs/queue:Queue", "Raw", { name: "raw" }),
  resource("aws:sns/topic:Topic", "Alerts", { name: "alerts" }),
  subscription("ToWrapped", "wrapped"),
  subscription("ToRaw", "raw", {
    rawMessageDelivery: true,
    filterPolicy: JSON.stringify({ severity: ["high"] }),
  }),
  subscription("ToNobody", "elsewhere", { protocol: "email", endpoint: "ops@example.com" }),
]);

let directory: string;
let engine: SqsEngine;
let door: EngineDoor;
let sns: SNSClient;
let sqs: SQSClient;
let warnings: string[];

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "tallystick-sns-"));
  warnings = [];
  const queues = new Queues(queuePlansOf(plan), join(directory, "sqs.jsonl"), Date.now);
  engine = new SqsEngine(queues, new MoveTasks(queues, Date.now), Date.now);
  const topics = new SnsEngine({
    topics: topicPlansOf(plan),
    clock: () => Date.UTC(2030, 0, 1),
    filterOf: (policy) => (event) =>
      JSON.parse(policy).severity.includes((event as { severity?: string }).severity),
    warn: (line) => warnings.push(line),
  });
  topics.connect("sqs", toQueues(queues));
  door = await openEngineDoor(engine, topics);
  sns = new SNSClient(door.client);
  sqs = new SQSClient({ ...door.client, useQueueUrlAsEndpoint: false });
});
afterEach(async () => {
  sns.destroy();
  sqs.destroy();
  engine.stop();
  await door.stop();
  rmSync(directory, { recursive: true });
});

async function received(queue: string) {
  const input = {
    QueueUrl: queueUrl(queue),
    MaxNumberOfMessages: 10,
    MessageAttributeNames: ["All"],
  };
  return (await sqs.send(new ReceiveMessageCommand(input))).Messages ?? [];
}
const severity = (StringValue: string) => ({ severity: { DataType: "String", StringValue } });

test("a publication reaches each queue as it asked for it: in SNS's envelope, or as it is", async () => {
  const { MessageId } = await sns.send(
    new PublishCommand({
      TopicArn: topicArn,
      Subject: "<late> & gone",
      Message: '{"a":"ü & <b>"}',
      MessageAttributes: severity("high"),
    }),
  );
  const [wrapped] = await received("wrapped");
  expect(JSON.parse(wrapped?.Body ?? "")).toEqual({
    Type: "Notification",
    MessageId,
    TopicArn: topicArn,
    Subject: "<late> & gone",
    Message: '{"a":"ü & <b>"}',
    Timestamp: "2030-01-01T00:00:00.000Z",
    MessageAttributes: { severity: { Type: "String", Value: "high" } },
  });
  const [raw] = await received("raw");
  expect([raw?.Body, raw?.MessageAttributes?.["severity"]?.StringValue]).toEqual(['{"a":"ü & <b>"}', "high"]);
});

test("a filter policy keeps a publication from those whom it does not concern", async () => {
  await sns.send(
    new PublishCommand({ TopicArn: topicArn, Message: "m", MessageAttributes: severity("low") }),
  );
  expect([await received("raw"), (await received("wrapped")).length]).toEqual([[], 1]);
});

test("a batch is published entry by entry", async () => {
  const answer = await sns.send(
    new PublishBatchCommand({
      TopicArn: topicArn,
      PublishBatchRequestEntries: [
        { Id: "1", Message: "one", MessageAttributes: severity("high") },
        { Id: "2", Message: "two", MessageAttributes: severity("low") },
      ],
    }),
  );
  expect(answer.Successful?.map(({ Id }) => Id)).toEqual(["1", "2"]);
  expect((await received("raw")).map(({ Body }) => Body)).toEqual(["one"]);
});

test("a subscriber whom nobody here can reach is named each time", async () => {
  await sns.send(new PublishCommand({ TopicArn: topicArn, Message: "m" }));
  expect(warnings).toEqual([`${topicArn}:ToNobody got nothing: no one here delivers to email`]);
});

test("a topic says who listens, and one that the plan does not have is not found", async () => {
  const listed = await sns.send(new ListSubscriptionsByTopicCommand({ TopicArn: topicArn }));
  expect(listed.Subscriptions?.map(({ Protocol }) => Protocol)).toEqual(["sqs", "sqs", "email"]);
  await expect(
    sns.send(new PublishCommand({ TopicArn: `${topicArn}2`, Message: "m" })),
  ).rejects.toMatchObject({ name: "NotFoundException" });
});
