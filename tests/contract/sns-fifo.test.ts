import { join } from "node:path";
import { PublishBatchCommand, PublishCommand, SNSClient } from "@aws-sdk/client-sns";
import { type Message, ReceiveMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { PlanResource } from "#local/plan/plan.ts";
import { SnsEngine } from "#local/sns/engine.ts";
import { compileFilterPolicy } from "#local/sns/filter-policy.ts";
import { toQueues } from "#local/sns/to-queue.ts";
import { topicPlansOf } from "#local/sns/topic-plan.ts";
import { SqsEngine } from "#local/sqs/engine.ts";
import { MoveTasks } from "#local/sqs/moves.ts";
import { queuePlansOf } from "#local/sqs/queue-plan.ts";
import { Queues } from "#local/sqs/queues.ts";
import { type EngineDoor, openEngineDoor } from "#tests/support/engine-door.ts";
import { stateDirectory } from "#tests/support/engine-state.ts";
import { planOf, resource } from "#tests/support/handmade-plan.ts";

const arnOf = (service: "sns" | "sqs", name: string) => `arn:aws:${service}:eu-west-1:123456789012:${name}`;
const topic = (name: string, more: Readonly<Record<string, unknown>> = {}) =>
  resource("aws:sns/topic:Topic", name, { name, fifoTopic: name.endsWith(".fifo"), ...more });
const queue = (name: string) =>
  resource("aws:sqs/queue:Queue", name, { name, fifoQueue: name.endsWith(".fifo") });
const subscription = (of: string, endpoint: string, more: Readonly<Record<string, unknown>> = {}) =>
  resource("aws:sns/topicSubscription:TopicSubscription", `${of}To${endpoint}`, {
    ...{ topic: arnOf("sns", of), protocol: "sqs", endpoint: arnOf("sqs", endpoint), ...more },
  });
const plan = planOf([
  topic("payments.fifo", { contentBasedDeduplication: true }),
  topic("named.fifo"),
  topic("groups.fifo", { contentBasedDeduplication: true, fifoThroughputScope: "MessageGroup" }),
  topic("alerts"),
  ...["line.fifo", "raw.fifo", "other.fifo", "loose", "fair"].map(queue),
  subscription("payments.fifo", "line.fifo"),
  subscription("payments.fifo", "raw.fifo", { rawMessageDelivery: true }),
  subscription("payments.fifo", "loose", { rawMessageDelivery: true }),
  subscription("groups.fifo", "loose", { rawMessageDelivery: true }),
  subscription("named.fifo", "other.fifo"),
  subscription("alerts", "fair", { rawMessageDelivery: true }),
]);

let now: number;
let engine: SqsEngine;
let door: EngineDoor;
let sns: SNSClient;
let sqs: SQSClient;

beforeEach(async () => {
  now = Date.UTC(2030, 0, 1);
  const clock = () => now;
  const queues = new Queues(queuePlansOf(plan), join(stateDirectory("sns-fifo"), "sqs.jsonl"), clock);
  engine = new SqsEngine(queues, new MoveTasks(queues, clock), clock);
  const warn = (line: string): never => expect.fail(line);
  const topics = new SnsEngine({ topics: topicPlansOf(plan), clock, filterOf: compileFilterPolicy, warn });
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
});

const publish = (name: string, Message: string, MessageGroupId?: string, MessageDeduplicationId?: string) =>
  sns.send(
    new PublishCommand({ TopicArn: arnOf("sns", name), Message, MessageGroupId, MessageDeduplicationId }),
  );
async function received(name: string): Promise<readonly Message[]> {
  const answer = await sqs.send(
    new ReceiveMessageCommand({
      QueueUrl: `https://sqs.eu-west-1.amazonaws.com/123456789012/${name}`,
      MaxNumberOfMessages: 10,
      MessageSystemAttributeNames: ["All"],
    }),
  );
  return answer.Messages ?? [];
}

test("a FIFO topic hands its messages to FIFO queues in their order, with their groups", async () => {
  for (const [n, message] of ["one", "two", "three"].entries()) {
    await publish("payments.fifo", message, `pay_${n % 2}`);
  }
  const [wrapped, raw] = [await received("line.fifo"), await received("raw.fifo")];
  expect(wrapped.map(({ Body }) => JSON.parse(Body ?? "").Message)).toEqual(["one", "two", "three"]);
  expect(raw.map(({ Body, Attributes }) => [Body, Attributes?.["MessageGroupId"]])).toEqual([
    ["one", "pay_0"],
    ["two", "pay_1"],
    ["three", "pay_0"],
  ]);
});

test("sequence numbers have 20 digits and grow, and the envelope shows the topic's own", async () => {
  const { SequenceNumber: first } = await publish("payments.fifo", "one", "a");
  const { SequenceNumber: second = "" } = await publish("payments.fifo", "two", "a");
  expect(first).toMatch(/^\d{20}$/);
  expect(second > (first ?? "")).toBe(true);
  const shown = (await received("line.fifo")).map(({ Body }) => JSON.parse(Body ?? "").SequenceNumber);
  expect(shown).toEqual([first, second]);
});

test("the same content within five minutes is answered as before and delivered once, and then is new", async () => {
  const first = await publish("payments.fifo", "captured", "a");
  now += 299_999;
  const again = await publish("payments.fifo", "captured", "a");
  expect([again.MessageId, again.SequenceNumber]).toEqual([first.MessageId, first.SequenceNumber]);
  now += 1;
  await publish("payments.fifo", "captured", "a");
  // The standard queue knows no duplicates: what it holds is what the topic delivered.
  expect((await received("loose")).map(({ Body }) => Body)).toEqual(["captured", "captured"]);
});

test("content is known by its SHA-256, and an id that the publisher gives goes before it", async () => {
  await publish("payments.fifo", "captured", "a");
  await publish("payments.fifo", "captured", "a", "second");
  const ids = (await received("line.fifo")).map(({ Attributes }) => Attributes?.["MessageDeduplicationId"]);
  expect(ids).toEqual(["b737815f5ca9697f685dfe2b5fe1f7b12a180562f97da5a72e90eaedd9890876", "second"]);
});

test("duplicates are known in the whole topic, or in their group when the topic says so", async () => {
  for (const name of ["payments.fifo", "groups.fifo"]) {
    await publish(name, name, "a");
    await publish(name, name, "b");
  }
  expect((await received("loose")).map(({ Body }) => Body)).toEqual([
    "payments.fifo",
    "groups.fifo",
    "groups.fifo",
  ]);
});

test.each([
  ["no group", "payments.fifo", undefined, undefined],
  ["nothing to know it by", "named.fifo", "a", undefined],
  ["a deduplication id for a standard topic", "alerts", undefined, "id"],
])("a message with %s is refused", async (_what, name, group, id) => {
  await expect(publish(name, "m", group, id)).rejects.toMatchObject({ name: "InvalidParameterException" });
});

test("a standard topic hands a group to a standard queue, where it holds nothing up", async () => {
  await publish("alerts", "one", "a");
  await publish("alerts", "two", "a");
  const first = await received("fair");
  await publish("alerts", "three", "a");
  expect(first.map(({ Attributes }) => Attributes?.["MessageGroupId"])).toEqual(["a", "a"]);
  expect((await received("fair")).map(({ Body }) => Body)).toEqual(["three"]);
});

test("of a batch, what is refused is told by its id, and the rest is published", async () => {
  const answer = await sns.send(
    new PublishBatchCommand({
      TopicArn: arnOf("sns", "payments.fifo"),
      PublishBatchRequestEntries: [
        { Id: "1", Message: "one", MessageGroupId: "a" },
        { Id: "2", Message: "two" },
        { Id: "3", Message: "three", MessageGroupId: "a" },
      ],
    }),
  );
  expect(answer.Successful?.map(({ Id, SequenceNumber }) => [Id, SequenceNumber?.length])).toEqual([
    ["1", 20],
    ["3", 20],
  ]);
  expect(answer.Failed?.map(({ Id, Code, SenderFault }) => [Id, Code, SenderFault])).toEqual([
    ["2", "InvalidParameter", true],
  ]);
  expect((await received("raw.fifo")).map(({ Body }) => Body)).toEqual(["one", "three"]);
});

test.each<[what: string, resources: readonly PlanResource[], message: RegExp]>([
  ["a FIFO topic without the suffix", [topic("plain", { fifoTopic: true })], /has a name in \.fifo/],
  [
    "a function on a FIFO topic",
    [topic("a.fifo"), subscription("a.fifo", "b.fifo", { protocol: "lambda" })],
    /delivers to queues/,
  ],
  [
    "a FIFO queue on a standard topic",
    [topic("a"), subscription("a", "b.fifo")],
    /does not deliver to a FIFO/,
  ],
  [
    "a standard dead-letter queue for a FIFO queue",
    [
      topic("a.fifo"),
      subscription("a.fifo", "b.fifo", {
        redrivePolicy: JSON.stringify({ deadLetterTargetArn: arnOf("sqs", "dead") }),
      }),
    ],
    /is to be a FIFO queue/,
  ],
])("a plan with %s is refused at start", (_what, resources, message) => {
  expect(() => topicPlansOf(planOf(resources))).toThrow(message);
});
