import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  ChangeMessageVisibilityCommand,
  DeleteMessageBatchCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  ListMessageMoveTasksCommand,
  type Message,
  PurgeQueueCommand,
  ReceiveMessageCommand,
  type ReceiveMessageCommandInput,
  SendMessageBatchCommand,
  SendMessageCommand,
  type SendMessageCommandInput,
  SQSClient,
  StartMessageMoveTaskCommand,
} from "@aws-sdk/client-sqs";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { SqsEngine } from "#local/sqs/engine.ts";
import { MoveTasks } from "#local/sqs/moves.ts";
import type { QueuePlan } from "#local/sqs/queue-plan.ts";
import { Queues } from "#local/sqs/queues.ts";
import { type EngineDoor, openEngineDoor } from "#tests/support/engine-door.ts";

const start = Date.UTC(2030, 0, 1);

const plan = (name: string, more: Partial<QueuePlan> = {}): QueuePlan => ({
  name,
  arn: `arn:aws:sqs:eu-west-1:123456789012:${name}`,
  url: `https://sqs.eu-west-1.amazonaws.com/123456789012/${name}`,
  fifoQueue: name.endsWith(".fifo"),
  contentBasedDeduplication: false,
  visibilityTimeoutSeconds: 30,
  messageRetentionSeconds: 3_600,
  delaySeconds: 0,
  receiveWaitTimeSeconds: 0,
  maxMessageSize: 262_144,
  ...more,
});
const dead = plan("dead");
const work = plan("work", { redrivePolicy: { deadLetterTargetArn: dead.arn, maxReceiveCount: 2 } });
const line = plan("line.fifo", { contentBasedDeduplication: true });

let directory: string;
let now: number;
let engine: SqsEngine;
let door: EngineDoor;
let sqs: SQSClient;

async function open(): Promise<void> {
  const clock = () => now;
  const queues = new Queues([work, dead, line], join(directory, "sqs.jsonl"), clock);
  engine = new SqsEngine(queues, new MoveTasks(queues, clock), clock);
  door = await openEngineDoor(engine);
  // As functions have it: the queue's URL names AWS, the endpoint says where the queue is.
  sqs = new SQSClient({ ...door.client, useQueueUrlAsEndpoint: false });
}
async function close(): Promise<void> {
  sqs.destroy();
  engine.stop();
  await door.stop();
}
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "tallystick-sqs-"));
  now = start;
  await open();
});
afterEach(async () => {
  await close();
  expect(door.warnings).toEqual([]);
  rmSync(directory, { recursive: true });
});

const send = (body: string, more: Partial<SendMessageCommandInput> = {}) =>
  sqs.send(new SendMessageCommand({ QueueUrl: work.url, MessageBody: body, ...more }));
async function receive(more: Partial<ReceiveMessageCommandInput> = {}): Promise<readonly Message[]> {
  const input = { QueueUrl: work.url, MaxNumberOfMessages: 10, ...more };
  return (await sqs.send(new ReceiveMessageCommand(input))).Messages ?? [];
}
const bodies = (messages: readonly Message[]) => messages.map(({ Body }) => Body);
const remove = ({ ReceiptHandle }: Message, queue = work) =>
  sqs.send(new DeleteMessageCommand({ QueueUrl: queue.url, ReceiptHandle }));

describe("a message", () => {
  test("is received as it was sent, with its digests", async () => {
    await send("one", {
      MessageAttributes: {
        trace: { DataType: "String", StringValue: "t-1" },
        blob: { DataType: "Binary", BinaryValue: Buffer.from([1, 2]) },
      },
    });
    const [message] = await receive({ MessageAttributeNames: ["All"], MessageSystemAttributeNames: ["All"] });
    expect(message).toMatchObject({
      Body: "one",
      MessageAttributes: { trace: { StringValue: "t-1" }, blob: { BinaryValue: new Uint8Array([1, 2]) } },
      Attributes: { ApproximateReceiveCount: "1", SentTimestamp: String(start) },
    });
  });

  test("is invisible while somebody works on it, and visible again after the timeout", async () => {
    await send("one");
    const [first] = await receive();
    expect(await receive()).toEqual([]);
    now += 30_000;
    const [second] = await receive({ MessageSystemAttributeNames: ["ApproximateReceiveCount"] });
    expect([second?.MessageId, second?.Attributes]).toEqual([
      first?.MessageId,
      { ApproximateReceiveCount: "2" },
    ]);
  });

  test("that was received again is not deleted under the earlier receipt", async () => {
    await send("one");
    const [first] = await receive({ VisibilityTimeout: 1 });
    now += 1_000;
    const [second] = await receive({ VisibilityTimeout: 1 });
    if (first === undefined || second === undefined) throw new Error("not received");
    await remove(first);
    expect(await attributes(work, "ApproximateNumberOfMessagesNotVisible")).toBe("1");
    await remove(second);
    expect(await attributes(work, "ApproximateNumberOfMessagesNotVisible")).toBe("0");
  });

  test("given back by a visibility of zero is there at once; later the receipt is worth nothing", async () => {
    await send("one");
    const [first] = await receive();
    const giveBack = () =>
      sqs.send(
        new ChangeMessageVisibilityCommand({
          QueueUrl: work.url,
          ReceiptHandle: first?.ReceiptHandle,
          VisibilityTimeout: 0,
        }),
      );
    await giveBack();
    await expect(giveBack()).rejects.toMatchObject({ name: "MessageNotInflight" });
    expect(bodies(await receive())).toEqual(["one"]);
  });

  test("that is delayed comes after its delay, and one past its retention never", async () => {
    await send("later", { DelaySeconds: 10 });
    expect(await receive()).toEqual([]);
    now += 10_000;
    expect(bodies(await receive({ VisibilityTimeout: 0 }))).toEqual(["later"]);
    now += 3_600_000;
    expect(await receive()).toEqual([]);
  });

  test("received too often goes to the dead-letter queue, which says where it came from", async () => {
    await send("poison");
    for (let n = 0; n < 2; n += 1) expect(await receive({ VisibilityTimeout: 0 })).toHaveLength(1);
    expect(await receive()).toEqual([]);
    const [buried] = await receive({ QueueUrl: dead.url, MessageSystemAttributeNames: ["All"] });
    expect(buried).toMatchObject({
      Body: "poison",
      Attributes: { DeadLetterQueueSourceArn: work.arn, ApproximateReceiveCount: "3" },
    });
  });

  test("wakes a poller that waits, at once", async () => {
    const waiting = receive({ WaitTimeSeconds: 20 });
    await new Promise((resolve) => setTimeout(resolve, 30));
    await send("one");
    expect(bodies(await waiting)).toEqual(["one"]);
  });

  test("goes to nobody who has left", async () => {
    const gone = new AbortController();
    const waiting = sqs.send(new ReceiveMessageCommand({ QueueUrl: work.url, WaitTimeSeconds: 20 }), {
      abortSignal: gone.signal,
    });
    await new Promise((resolve) => setTimeout(resolve, 50));
    gone.abort();
    await expect(waiting).rejects.toThrow();
    await new Promise((resolve) => setTimeout(resolve, 50));
    await send("one");
    expect(bodies(await receive())).toEqual(["one"]);
  });
});

const attributes = async (queue: QueuePlan, name: "All" | "ApproximateNumberOfMessagesNotVisible") => {
  const input = { QueueUrl: queue.url, AttributeNames: [name] };
  return (await sqs.send(new GetQueueAttributesCommand(input))).Attributes?.[name];
};

describe("a batch", () => {
  test("answers for each entry by itself", async () => {
    const answer = await sqs.send(
      new SendMessageBatchCommand({
        QueueUrl: work.url,
        Entries: [
          { Id: "good", MessageBody: "a" },
          { Id: "bad", MessageBody: "b", DelaySeconds: 901 },
        ],
      }),
    );
    expect(answer.Successful?.map(({ Id }) => Id)).toEqual(["good"]);
    expect(answer.Failed).toEqual([
      expect.objectContaining({ Id: "bad", Code: "InvalidParameterValue", SenderFault: true }),
    ]);
    const [message] = await receive();
    const Entries = [
      { Id: "1", ReceiptHandle: message?.ReceiptHandle },
      { Id: "2", ReceiptHandle: "nonsense" },
    ];
    const deleted = await sqs.send(new DeleteMessageBatchCommand({ QueueUrl: work.url, Entries }));
    expect([deleted.Successful, deleted.Failed?.map(({ Code }) => Code)]).toEqual([
      [{ Id: "1" }],
      ["ReceiptHandleIsInvalid"],
    ]);
  });

  test.each([
    ["EmptyBatchRequest", 0, (n: number) => `e${n}`],
    ["TooManyEntriesInBatchRequest", 11, (n: number) => `e${n}`],
    ["BatchEntryIdsNotDistinct", 2, () => "same"],
  ])("is refused as %s", async (name, length, idOf) => {
    const Entries = Array.from({ length }, (_, n) => ({ Id: idOf(n), MessageBody: "x" }));
    const sent = sqs.send(new SendMessageBatchCommand({ QueueUrl: work.url, Entries }));
    await expect(sent).rejects.toMatchObject({ name });
  });
});

describe("a FIFO queue", () => {
  const queue = (MessageGroupId: string, body: string) => send(body, { QueueUrl: line.url, MessageGroupId });

  test("keeps the order of each group, and holds a group back while one of it is worked on", async () => {
    for (const [group, body] of [
      ["a", "a1"],
      ["a", "a2"],
      ["b", "b1"],
    ] as const)
      await queue(group, body);
    const [first] = await receive({ QueueUrl: line.url, MaxNumberOfMessages: 1 });
    expect(first?.Body).toBe("a1");
    expect(bodies(await receive({ QueueUrl: line.url }))).toEqual(["b1"]);
    if (first !== undefined) await remove(first, line);
    expect(bodies(await receive({ QueueUrl: line.url }))).toEqual(["a2"]);
  });

  test("takes the same message once in five minutes", async () => {
    const first = await queue("a", "same");
    const second = await queue("a", "same");
    expect([second.MessageId, second.SequenceNumber]).toEqual([first.MessageId, first.SequenceNumber]);
    now += 300_000;
    expect((await queue("a", "same")).MessageId).not.toBe(first.MessageId);
  });

  test("wants a group", async () => {
    await expect(send("x", { QueueUrl: line.url })).rejects.toMatchObject({ name: "MissingParameter" });
  });
});

describe("a message move task", () => {
  test("brings what died back to where it came from, as new", async () => {
    await send("poison");
    for (let n = 0; n < 3; n += 1) await receive({ VisibilityTimeout: 0 });
    const { TaskHandle } = await sqs.send(new StartMessageMoveTaskCommand({ SourceArn: dead.arn }));
    expect(TaskHandle).toEqual(expect.any(String));
    const statusOf = async () => {
      const tasks = await sqs.send(new ListMessageMoveTasksCommand({ SourceArn: dead.arn }));
      return tasks.Results?.map(({ Status, ApproximateNumberOfMessagesMoved: moved }) => [Status, moved]);
    };
    await expect.poll(statusOf).toEqual([["COMPLETED", 1]]);
    const [back] = await receive({ MessageSystemAttributeNames: ["All"] });
    expect([back?.Body, back?.Attributes?.ApproximateReceiveCount]).toEqual(["poison", "1"]);
    expect(await receive({ QueueUrl: dead.url })).toEqual([]);
  });

  test("of a queue that is nobody's dead-letter queue is refused", async () => {
    const started = sqs.send(new StartMessageMoveTaskCommand({ SourceArn: work.arn }));
    await expect(started).rejects.toThrow("Source queue must be configured as a Dead Letter Queue.");
  });
});

describe("a restart", () => {
  test("loses nothing: what is visible, what is worked on, how often it was received, what was deleted", async () => {
    await send("waits");
    await send("worked on");
    await send("done");
    const [waits, worked, done] = await receive();
    if (waits === undefined || done === undefined) throw new Error("not received");
    await remove(done);
    await sqs.send(
      new ChangeMessageVisibilityCommand({
        QueueUrl: work.url,
        ReceiptHandle: waits.ReceiptHandle,
        VisibilityTimeout: 0,
      }),
    );
    await close();
    await open();
    const [again, ...more] = await receive({ MessageSystemAttributeNames: ["ApproximateReceiveCount"] });
    expect([again?.Body, again?.Attributes, more]).toEqual(["waits", { ApproximateReceiveCount: "2" }, []]);
    if (worked !== undefined) await remove(worked);
    now += 30_000;
    expect(bodies(await receive({ QueueUrl: work.url }))).toEqual([]);
    expect(bodies(await receive({ QueueUrl: dead.url }))).toEqual(["waits"]);
  });

  test("continues the order and the deduplication of a FIFO queue", async () => {
    const sendOne = () => send("same", { QueueUrl: line.url, MessageGroupId: "a" });
    const first = await sendOne();
    await close();
    await open();
    expect((await sendOne()).SequenceNumber).toBe(first.SequenceNumber);
    const next = await send("next", { QueueUrl: line.url, MessageGroupId: "a" });
    expect(Number(next.SequenceNumber)).toBe(Number(first.SequenceNumber) + 1);
  });
});

test("a queue is found by its name, tells its attributes, and is empty after a purge", async () => {
  const { QueueUrl } = await sqs.send(new GetQueueUrlCommand({ QueueName: "work" }));
  expect(QueueUrl).toBe(work.url);
  await send("one");
  const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["All"] }));
  expect(Attributes).toMatchObject({
    QueueArn: work.arn,
    ApproximateNumberOfMessages: "1",
    RedrivePolicy: JSON.stringify({ deadLetterTargetArn: dead.arn, maxReceiveCount: 2 }),
  });
  await sqs.send(new PurgeQueueCommand({ QueueUrl }));
  expect(await receive()).toEqual([]);
});

test("a queue that the plan does not have does not exist", async () => {
  await expect(receive({ QueueUrl: work.url.replace("work", "none") })).rejects.toMatchObject({
    name: "QueueDoesNotExist",
  });
});
