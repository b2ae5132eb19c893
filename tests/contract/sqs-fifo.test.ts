import { join } from "node:path";
import {
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  type Message,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
  type SendMessageCommandInput,
  SQSClient,
} from "@aws-sdk/client-sqs";
import { afterEach, beforeEach, expect, test } from "vitest";
import { SqsEngine } from "#local/sqs/engine.ts";
import { MoveTasks } from "#local/sqs/moves.ts";
import { queuePlansOf } from "#local/sqs/queue-plan.ts";
import { Queues } from "#local/sqs/queues.ts";
import { type EngineDoor, openEngineDoor } from "#tests/support/engine-door.ts";
import { stateDirectory } from "#tests/support/engine-state.ts";
import { planOf, resource } from "#tests/support/handmade-plan.ts";

const queue = (name: string, more: Readonly<Record<string, unknown>> = {}) =>
  resource("aws:sqs/queue:Queue", name, { name, fifoQueue: name.endsWith(".fifo"), ...more });
const policy = (name: string, maxReceiveCount: number) =>
  JSON.stringify({
    deadLetterTargetArn: `arn:aws:sqs:eu-west-1:123456789012:${name}`,
    maxReceiveCount,
  });
const plan = planOf([
  queue("line.fifo", { contentBasedDeduplication: true, redrivePolicy: policy("dead.fifo", 2) }),
  queue("dead.fifo"),
  queue("fast.fifo", {
    ...{ contentBasedDeduplication: true, deduplicationScope: "messageGroup" },
    fifoThroughputLimit: "perMessageGroupId",
  }),
  queue("work"),
]);

let directory: string;
let now: number;
let engine: SqsEngine;
let door: EngineDoor;
let sqs: SQSClient;

async function open(): Promise<void> {
  const clock = () => now;
  const queues = new Queues(queuePlansOf(plan), join(directory, "sqs.jsonl"), clock);
  engine = new SqsEngine(queues, new MoveTasks(queues, clock), clock);
  door = await openEngineDoor(engine);
  sqs = new SQSClient({ ...door.client, useQueueUrlAsEndpoint: false });
}
async function close(): Promise<void> {
  sqs.destroy();
  engine.stop();
  await door.stop();
}
beforeEach(async () => {
  directory = stateDirectory("sqs-fifo");
  now = Date.UTC(2030, 0, 1);
  await open();
});
afterEach(() => close());

const urlOf = (name: string) => `https://sqs.eu-west-1.amazonaws.com/123456789012/${name}`;
const send = (name: string, MessageBody: string, more: Partial<SendMessageCommandInput> = {}) =>
  sqs.send(new SendMessageCommand({ QueueUrl: urlOf(name), MessageBody, ...more }));
const inGroup = (group: string, id?: string) => ({
  MessageGroupId: group,
  ...(id !== undefined && { MessageDeduplicationId: id }),
});
async function receive(name: string, max = 10, attempt?: string): Promise<readonly Message[]> {
  const answer = await sqs.send(
    new ReceiveMessageCommand({
      ...{ QueueUrl: urlOf(name), MaxNumberOfMessages: max, ReceiveRequestAttemptId: attempt },
      MessageSystemAttributeNames: ["All"],
    }),
  );
  return answer.Messages ?? [];
}
const bodies = (messages: readonly Message[]) => messages.map(({ Body }) => Body);
const remove = (name: string, { ReceiptHandle }: Message) =>
  sqs.send(new DeleteMessageCommand({ QueueUrl: urlOf(name), ReceiptHandle }));

test("while a message of a group is in flight nothing of that group is received, and other groups are", async () => {
  await send("line.fifo", "a1", inGroup("a"));
  await send("line.fifo", "a2", inGroup("a"));
  await send("line.fifo", "b1", inGroup("b"));
  const [first] = await receive("line.fifo", 1);
  expect(bodies(await receive("line.fifo"))).toEqual(["b1"]);
  if (first !== undefined) await remove("line.fifo", first);
  expect(bodies(await receive("line.fifo"))).toEqual(["a2"]);
});

test("a message that is visible again waits for a later one of its group that is still in flight", async () => {
  await send("line.fifo", "a1", inGroup("a"));
  await send("line.fifo", "a2", inGroup("a"));
  const [first, second] = await receive("line.fifo");
  const giveBack = (message: Message | undefined) =>
    sqs.send(
      new ChangeMessageVisibilityCommand({
        ...{ QueueUrl: urlOf("line.fifo"), ReceiptHandle: message?.ReceiptHandle, VisibilityTimeout: 0 },
      }),
    );
  await giveBack(first);
  expect(await receive("line.fifo")).toEqual([]);
  await giveBack(second);
  expect(bodies(await receive("line.fifo"))).toEqual(["a1", "a2"]);
});

test("what is sent twice within five minutes is there once, also after it was received and deleted, and after a restart", async () => {
  const first = await send("line.fifo", "captured", inGroup("a"));
  const [message] = await receive("line.fifo");
  if (message !== undefined) await remove("line.fifo", message);
  now += 299_999;
  await close();
  await open();
  const again = await send("line.fifo", "captured", inGroup("a"));
  expect([again.MessageId, again.SequenceNumber]).toEqual([first.MessageId, first.SequenceNumber]);
  expect(await receive("line.fifo")).toEqual([]);
  now += 1;
  await send("line.fifo", "captured", inGroup("a"));
  expect(bodies(await receive("line.fifo"))).toEqual(["captured"]);
});

test("with deduplication per group, the same content in another group is another message", async () => {
  for (const name of ["line.fifo", "fast.fifo"]) {
    for (const group of ["a", "b", "a"]) await send(name, "captured", inGroup(group));
  }
  const groupsIn = async (name: string) =>
    (await receive(name)).map(({ Attributes }) => Attributes?.["MessageGroupId"]);
  expect([await groupsIn("line.fifo"), await groupsIn("fast.fifo")]).toEqual([["a"], ["a", "b"]]);
});

test("a receive that lost its answer gets the same messages and receipts under its attempt's id", async () => {
  await send("line.fifo", "a1", inGroup("a"));
  await send("line.fifo", "b1", inGroup("b"));
  const lost = await receive("line.fifo", 10, "attempt-1");
  now += 20_000;
  const again = await receive("line.fifo", 10, "attempt-1");
  expect(again.map(({ ReceiptHandle }) => ReceiptHandle)).toEqual(
    lost.map(({ ReceiptHandle }) => ReceiptHandle),
  );
  expect(await receive("line.fifo", 10, "attempt-2")).toEqual([]);
  // Hidden for 30 s from the second answer on: 45 s behind the first they are still hidden.
  now += 25_000;
  expect(await receive("line.fifo")).toEqual([]);
  now += 5_000;
  expect(bodies(await receive("line.fifo"))).toEqual(["a1", "b1"]);
});

test("an attempt's id gets nothing old once its messages were touched", async () => {
  await send("line.fifo", "a1", inGroup("a"));
  await send("line.fifo", "a2", inGroup("a"));
  const [first, second] = await receive("line.fifo", 10, "attempt");
  if (first === undefined || second === undefined) return expect.fail("two messages are there");
  await remove("line.fifo", first);
  expect(await receive("line.fifo", 10, "attempt")).toEqual([]);
});

test("what is received too often goes to the FIFO dead-letter queue with its group, and its group goes on", async () => {
  await send("line.fifo", "poison", inGroup("a"));
  await send("line.fifo", "a2", inGroup("a"));
  for (const _ of [1, 2]) {
    expect(bodies(await receive("line.fifo", 1))).toEqual(["poison"]);
    now += 30_000;
  }
  expect(bodies(await receive("line.fifo", 1))).toEqual(["a2"]);
  const [dead] = await receive("dead.fifo");
  expect([dead?.Body, dead?.Attributes?.["MessageGroupId"]]).toEqual(["poison", "a"]);
});

test("of a batch, an entry without a group fails alone", async () => {
  const answer = await sqs.send(
    new SendMessageBatchCommand({
      QueueUrl: urlOf("line.fifo"),
      Entries: [
        { Id: "1", MessageBody: "one", ...inGroup("a") },
        { Id: "2", MessageBody: "two" },
        { Id: "3", MessageBody: "three", ...inGroup("a") },
      ],
    }),
  );
  expect(answer.Failed?.map(({ Id, Code, SenderFault }) => [Id, Code, SenderFault])).toEqual([
    ["2", "MissingParameter", true],
  ]);
  expect(bodies(await receive("line.fifo"))).toEqual(["one", "three"]);
});

test("a standard queue takes no deduplication id and no attempt's id", async () => {
  const refused = { name: "InvalidParameterValue" };
  await expect(send("work", "m", { MessageDeduplicationId: "id" })).rejects.toMatchObject(refused);
  await expect(receive("work", 1, "attempt")).rejects.toMatchObject(refused);
});

test.each<[what: string, name: string, inputs: Readonly<Record<string, unknown>>, message: RegExp]>([
  ["a FIFO queue without the suffix", "plain", { fifoQueue: true }, /has a name in \.fifo/],
  [
    "a standard dead-letter queue for a FIFO queue",
    "a.fifo",
    { redrivePolicy: policy("b", 1) },
    /to be a FIFO/,
  ],
  [
    "a FIFO dead-letter queue for a standard queue",
    "a",
    { redrivePolicy: policy("b.fifo", 1) },
    /to be a standard/,
  ],
  ["deduplication in a standard queue", "a", { contentBasedDeduplication: true }, /only a FIFO queue/],
  [
    "throughput per group and deduplication per queue",
    "a.fifo",
    { fifoThroughputLimit: "perMessageGroupId" },
    /asks for deduplication per message group/,
  ],
])("a plan with %s is refused at start", (_what, name, inputs, message) => {
  expect(() => queuePlansOf(planOf([queue(name, inputs)]))).toThrow(message);
});
