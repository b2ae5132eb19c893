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
import { expect } from "vitest";
import { queuePlansOf } from "#local/sqs/queue-plan.ts";
import { openCloud } from "#tests/support/cloud.ts";
import { contract } from "#tests/support/contract.ts";
import { fauxqs } from "#tests/support/emulators.ts";
import { planOf, resource } from "#tests/support/handmade-plan.ts";

const queue = (name: string, more: Readonly<Record<string, unknown>> = {}) =>
  resource("aws:sqs/queue:Queue", name, { name, messageRetentionSeconds: 3_600, ...more });
const plan = planOf([
  queue("dead"),
  queue("work", {
    redrivePolicy: JSON.stringify({
      deadLetterTargetArn: "arn:aws:sqs:eu-west-1:123456789012:dead",
      maxReceiveCount: 2,
    }),
  }),
  queue("line.fifo", { fifoQueue: true, contentBasedDeduplication: true }),
]);
const planned = (name: string) => queuePlansOf(plan).find((each) => each.name === name) ?? expect.fail(name);
const [dead, work, line] = [planned("dead"), planned("work"), planned("line.fifo")];

await contract(
  {
    service: "SQS",
    emulator: fauxqs,
    open: async (subject) => {
      const cloud = await openCloud(plan, subject);
      // As functions have it: the queue's URL names AWS, the endpoint says where the queue is.
      const sqs = new SQSClient({ ...cloud.client, useQueueUrlAsEndpoint: false });
      const stop = async () => {
        sqs.destroy();
        await cloud.stop();
      };
      return { ...cloud, sqs, stop };
    },
  },
  ({ use, group, behaviour, ours }) => {
    const send = (body: string, more: Partial<SendMessageCommandInput> = {}) =>
      use().sqs.send(new SendMessageCommand({ QueueUrl: work.url, MessageBody: body, ...more }));
    async function receive(more: Partial<ReceiveMessageCommandInput> = {}): Promise<readonly Message[]> {
      const input = { QueueUrl: work.url, MaxNumberOfMessages: 10, ...more };
      return (await use().sqs.send(new ReceiveMessageCommand(input))).Messages ?? [];
    }
    const bodies = (messages: readonly Message[]) => messages.map(({ Body }) => Body);
    const remove = ({ ReceiptHandle }: Message, queue = work) =>
      use().sqs.send(new DeleteMessageCommand({ QueueUrl: queue.url, ReceiptHandle }));

    group("a message", () => {
      behaviour("is received as it was sent, with its digests", async () => {
        await send("one", {
          MessageAttributes: {
            trace: { DataType: "String", StringValue: "t-1" },
            blob: { DataType: "Binary", BinaryValue: Buffer.from([1, 2]) },
          },
        });
        const [message] = await receive({
          MessageAttributeNames: ["All"],
          MessageSystemAttributeNames: ["All"],
        });
        expect(message).toMatchObject({
          Body: "one",
          MessageAttributes: { trace: { StringValue: "t-1" }, blob: { BinaryValue: new Uint8Array([1, 2]) } },
          Attributes: { ApproximateReceiveCount: "1" },
        });
      });

      behaviour("tells the trace of what sent it, to whoever asks for it", async () => {
        const trace = `Root=1-${"5".repeat(8)}-${"a".repeat(24)};Parent=${"b".repeat(16)};Sampled=1`;
        await send("traced", {
          MessageSystemAttributes: { AWSTraceHeader: { DataType: "String", StringValue: trace } },
        });
        const [received] = await receive({ MessageSystemAttributeNames: ["AWSTraceHeader"] });
        expect(received).toMatchObject({ Body: "traced", Attributes: { AWSTraceHeader: trace } });
      });

      behaviour("is invisible while somebody works on it, and visible again after the timeout", async () => {
        await send("one");
        const [first] = await receive({ VisibilityTimeout: 1 });
        expect(await receive()).toEqual([]);
        await use().pass(1_000);
        const [second] = await receive({ MessageSystemAttributeNames: ["ApproximateReceiveCount"] });
        expect([second?.MessageId, second?.Attributes]).toEqual([
          first?.MessageId,
          { ApproximateReceiveCount: "2" },
        ]);
      });

      behaviour("that was received again is not deleted under the earlier receipt", async () => {
        await send("one");
        const [first] = await receive({ VisibilityTimeout: 1 });
        await use().pass(1_000);
        const [second] = await receive({ VisibilityTimeout: 1 });
        if (first === undefined || second === undefined) throw new Error("not received");
        await remove(first);
        expect(await attributes(work, "ApproximateNumberOfMessagesNotVisible")).toBe("1");
        await remove(second);
        expect(await attributes(work, "ApproximateNumberOfMessagesNotVisible")).toBe("0");
      });

      behaviour(
        "given back by a visibility of zero is there at once; later the receipt is worth nothing",
        async () => {
          await send("one");
          const [first] = await receive();
          const giveBack = () =>
            use().sqs.send(
              new ChangeMessageVisibilityCommand({
                QueueUrl: work.url,
                ReceiptHandle: first?.ReceiptHandle,
                VisibilityTimeout: 0,
              }),
            );
          await giveBack();
          await expect(giveBack()).rejects.toMatchObject({ name: "MessageNotInflight" });
          expect(bodies(await receive())).toEqual(["one"]);
        },
      );

      behaviour("that is delayed comes after its delay", async () => {
        await send("later", { DelaySeconds: 1 });
        expect(await receive()).toEqual([]);
        await use().pass(1_000);
        expect(bodies(await receive())).toEqual(["later"]);
      });

      ours("past its retention never comes", async () => {
        await send("old");
        await use().pass(3_600_001);
        expect(await receive()).toEqual([]);
      });

      behaviour(
        "received too often goes to the dead-letter queue, which says where it came from",
        async () => {
          await send("poison");
          for (let n = 0; n < 2; n += 1) expect(await receive({ VisibilityTimeout: 0 })).toHaveLength(1);
          expect(await receive()).toEqual([]);
          const [buried] = await receive({ QueueUrl: dead.url, MessageSystemAttributeNames: ["All"] });
          expect(buried).toMatchObject({
            Body: "poison",
            Attributes: { DeadLetterQueueSourceArn: work.arn, ApproximateReceiveCount: "3" },
          });
        },
      );

      behaviour("wakes a poller that waits, at once", async () => {
        const waiting = receive({ WaitTimeSeconds: 20 });
        await new Promise((resolve) => setTimeout(resolve, 30));
        await send("one");
        expect(bodies(await waiting)).toEqual(["one"]);
      });

      behaviour("goes to nobody who has left", async () => {
        const gone = new AbortController();
        const waiting = use().sqs.send(
          new ReceiveMessageCommand({ QueueUrl: work.url, WaitTimeSeconds: 20 }),
          {
            abortSignal: gone.signal,
          },
        );
        await new Promise((resolve) => setTimeout(resolve, 50));
        gone.abort();
        await expect(waiting).rejects.toThrow();
        await new Promise((resolve) => setTimeout(resolve, 50));
        await send("one");
        expect(bodies(await receive())).toEqual(["one"]);
      });
    });

    const attributes = async (queue: typeof work, name: "All" | "ApproximateNumberOfMessagesNotVisible") => {
      const input = { QueueUrl: queue.url, AttributeNames: [name] };
      return (await use().sqs.send(new GetQueueAttributesCommand(input))).Attributes?.[name];
    };

    group("a batch", () => {
      behaviour("answers for each entry by itself", async () => {
        const answer = await use().sqs.send(
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
        const deleted = await use().sqs.send(new DeleteMessageBatchCommand({ QueueUrl: work.url, Entries }));
        expect([deleted.Successful, deleted.Failed?.map(({ Code }) => Code)]).toEqual([
          [{ Id: "1" }],
          ["ReceiptHandleIsInvalid"],
        ]);
      });

      for (const [name, length, idOf] of [
        ["EmptyBatchRequest", 0, (n: number) => `e${n}`],
        ["TooManyEntriesInBatchRequest", 11, (n: number) => `e${n}`],
        ["BatchEntryIdsNotDistinct", 2, () => "same"],
      ] as const)
        behaviour(`is refused as ${name}`, async () => {
          const Entries = Array.from({ length }, (_, n) => ({ Id: idOf(n), MessageBody: "x" }));
          const sent = use().sqs.send(new SendMessageBatchCommand({ QueueUrl: work.url, Entries }));
          await expect(sent).rejects.toMatchObject({ name });
        });
    });

    group("a FIFO queue", () => {
      const enqueue = (MessageGroupId: string, body: string) =>
        send(body, { QueueUrl: line.url, MessageGroupId });

      behaviour(
        "keeps the order of each group, and holds a group back while one of it is worked on",
        async () => {
          for (const [group, body] of [
            ["a", "a1"],
            ["a", "a2"],
            ["b", "b1"],
          ] as const)
            await enqueue(group, body);
          const [first] = await receive({ QueueUrl: line.url, MaxNumberOfMessages: 1 });
          expect(first?.Body).toBe("a1");
          expect(bodies(await receive({ QueueUrl: line.url }))).toEqual(["b1"]);
          if (first !== undefined) await remove(first, line);
          expect(bodies(await receive({ QueueUrl: line.url }))).toEqual(["a2"]);
        },
      );

      behaviour("takes the same message once", async () => {
        const first = await enqueue("a", "same");
        const second = await enqueue("a", "same");
        expect([second.MessageId, second.SequenceNumber]).toEqual([first.MessageId, first.SequenceNumber]);
      });

      ours("takes it again after five minutes", async () => {
        const first = await enqueue("a", "same");
        await use().pass(300_000);
        expect((await enqueue("a", "same")).MessageId).not.toBe(first.MessageId);
      });

      behaviour("wants a group", async () => {
        await expect(send("x", { QueueUrl: line.url })).rejects.toMatchObject({ name: "MissingParameter" });
      });
    });

    group("a message move task", () => {
      behaviour("brings what died back to where it came from, as new", async () => {
        await send("poison");
        for (let n = 0; n < 3; n += 1) await receive({ VisibilityTimeout: 0 });
        const { TaskHandle } = await use().sqs.send(new StartMessageMoveTaskCommand({ SourceArn: dead.arn }));
        expect(TaskHandle).toEqual(expect.any(String));
        const statusOf = async () => {
          const tasks = await use().sqs.send(new ListMessageMoveTasksCommand({ SourceArn: dead.arn }));
          return tasks.Results?.map(({ Status, ApproximateNumberOfMessagesMoved: moved }) => [Status, moved]);
        };
        await expect.poll(statusOf).toEqual([["COMPLETED", 1]]);
        const [back] = await receive({ MessageSystemAttributeNames: ["All"] });
        expect([back?.Body, back?.Attributes?.ApproximateReceiveCount]).toEqual(["poison", "1"]);
        expect(await receive({ QueueUrl: dead.url })).toEqual([]);
      });

      behaviour("of a queue that is nobody's dead-letter queue is refused", async () => {
        const started = use().sqs.send(new StartMessageMoveTaskCommand({ SourceArn: work.arn }));
        await expect(started).rejects.toThrow("Source queue must be configured as a Dead Letter Queue.");
      });
    });

    group("a restart", () => {
      ours(
        "loses nothing: what is visible, what is worked on, how often it was received, what was deleted",
        async () => {
          await send("waits");
          await send("worked on");
          await send("done");
          const [waits, worked, done] = await receive();
          if (waits === undefined || done === undefined) throw new Error("not received");
          await remove(done);
          await use().sqs.send(
            new ChangeMessageVisibilityCommand({
              QueueUrl: work.url,
              ReceiptHandle: waits.ReceiptHandle,
              VisibilityTimeout: 0,
            }),
          );
          await use().restart();
          const [again, ...more] = await receive({
            MessageSystemAttributeNames: ["ApproximateReceiveCount"],
          });
          expect([again?.Body, again?.Attributes, more]).toEqual([
            "waits",
            { ApproximateReceiveCount: "2" },
            [],
          ]);
          if (worked !== undefined) await remove(worked);
          await use().pass(30_000);
          expect(bodies(await receive({ QueueUrl: work.url }))).toEqual([]);
          expect(bodies(await receive({ QueueUrl: dead.url }))).toEqual(["waits"]);
        },
      );

      ours("continues the order and the deduplication of a FIFO queue", async () => {
        const sendOne = () => send("same", { QueueUrl: line.url, MessageGroupId: "a" });
        const first = await sendOne();
        await use().restart();
        expect((await sendOne()).SequenceNumber).toBe(first.SequenceNumber);
        const next = await send("next", { QueueUrl: line.url, MessageGroupId: "a" });
        expect(Number(next.SequenceNumber)).toBe(Number(first.SequenceNumber) + 1);
      });
    });

    behaviour("a queue is found by its name, tells its attributes, and is empty after a purge", async () => {
      const { QueueUrl } = await use().sqs.send(new GetQueueUrlCommand({ QueueName: "work" }));
      expect(QueueUrl).toBe(work.url);
      await send("one");
      const { Attributes } = await use().sqs.send(
        new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["All"] }),
      );
      expect(Attributes).toMatchObject({ QueueArn: work.arn, ApproximateNumberOfMessages: "1" });
      expect(JSON.parse(Attributes?.RedrivePolicy ?? "")).toEqual({
        deadLetterTargetArn: dead.arn,
        maxReceiveCount: 2,
      });
      await use().sqs.send(new PurgeQueueCommand({ QueueUrl }));
      expect(await receive()).toEqual([]);
    });

    behaviour("a queue that the plan does not have does not exist", async () => {
      await expect(receive({ QueueUrl: work.url.replace("work", "none") })).rejects.toMatchObject({
        name: "QueueDoesNotExist",
      });
    });
  },
);
