import { z } from "zod";
import { errorAnswer, jsonAnswer } from "../door/answers.ts";
import type { AwsAnswer, AwsCall, Engine } from "../door/engine.ts";
import { invalid, missing, SqsRefusal } from "./errors.ts";
import { bytesOf, type Message, md5, md5OfAttributes, messageAttributes } from "./message.ts";
import type { MoveTasks } from "./moves.ts";
import type { Queue } from "./queue.ts";
import type { Queues } from "./queues.ts";
import { queueAttributes, systemAttributes } from "./views.ts";

const entriesMax = 10;
const waitSecondsMax = 20;

const entry = z.object({
  Id: z.string().regex(/^[\w-]{1,80}$/),
});
const sending = z.object({
  MessageBody: z.string().min(1),
  DelaySeconds: z.int().min(0).max(900).optional(),
  MessageAttributes: messageAttributes.default({}),
  MessageGroupId: z.string().max(128).optional(),
  MessageDeduplicationId: z.string().max(128).optional(),
  // It is the only one of them that can be sent, and does not count in the message's size.
  MessageSystemAttributes: z
    .strictObject({
      AWSTraceHeader: z.object({ DataType: z.literal("String"), StringValue: z.string() }).optional(),
    })
    .optional(),
});
const receiving = z.object({
  MaxNumberOfMessages: z.int().min(1).max(10).default(1),
  VisibilityTimeout: z.int().min(0).max(43_200).optional(),
  WaitTimeSeconds: z.int().min(0).max(waitSecondsMax).optional(),
  AttributeNames: z.array(z.string()).default([]),
  MessageSystemAttributeNames: z.array(z.string()).default([]),
  MessageAttributeNames: z.array(z.string()).default([]),
  ReceiveRequestAttemptId: z.string().max(128).optional(),
});
const receipt = z.object({ ReceiptHandle: z.string() });
const visibility = receipt.extend({ VisibilityTimeout: z.int().min(0).max(43_200) });
const moving = z.object({
  SourceArn: z.string(),
  DestinationArn: z.string().optional(),
  MaxNumberOfMessagesPerSecond: z.int().min(1).max(500).optional(),
  MaxResults: z.int().min(1).max(10).default(1),
});

type Output = Readonly<Record<string, unknown>>;

/** SQS's actions on queues that the plan made. Queues come and go with the plan, so no action here makes one. */
export class SqsEngine implements Engine {
  readonly service = "sqs";
  readonly #queues: Queues;
  readonly #moves: MoveTasks;
  readonly #clock: () => number;
  readonly #stopping = new AbortController();

  constructor(queues: Queues, moves: MoveTasks, clock: () => number) {
    this.#queues = queues;
    this.#moves = moves;
    this.#clock = clock;
  }

  async handle(call: AwsCall): Promise<AwsAnswer> {
    try {
      const output = await this.#act(call, JSON.parse(call.body.toString()));
      return output === undefined
        ? errorAnswer("UnknownOperationException", `The local SQS does not know ${call.action}.`)
        : jsonAnswer(output);
    } catch (thrown) {
      if (thrown instanceof SqsRefusal) return thrown.answer();
      throw thrown;
    }
  }

  stop(): void {
    this.#stopping.abort();
    this.#moves.stop();
    this.#queues.close();
  }

  #act(call: AwsCall, input: Record<string, unknown>): Promise<Output> | Output | undefined {
    switch (call.action) {
      case "SendMessage":
        return this.#send(this.#queue(input), call, input);
      case "SendMessageBatch":
        return this.#sendBatch(this.#queue(input), call, input);
      case "ReceiveMessage":
        return this.#receive(this.#queue(input), call, parsed(receiving, input));
      case "DeleteMessage":
        return this.#delete(this.#queue(input), input);
      case "DeleteMessageBatch":
        return batch(input, (each) => this.#delete(this.#queue(input), each));
      case "ChangeMessageVisibility":
        return this.#changeVisibility(this.#queue(input), input);
      case "ChangeMessageVisibilityBatch":
        return batch(input, (each) => this.#changeVisibility(this.#queue(input), each));
      case "PurgeQueue":
        this.#queue(input).purge();
        return {};
      default:
        return this.#tell(call.action, input);
    }
  }

  #tell(action: string, input: Record<string, unknown>): Output | undefined {
    switch (action) {
      case "GetQueueUrl":
        return {
          QueueUrl: this.#queueNamed(parsed(z.object({ QueueName: z.string() }), input).QueueName).plan.url,
        };
      case "GetQueueAttributes": {
        const names = parsed(
          z.object({ AttributeNames: z.array(z.string()).default([]) }),
          input,
        ).AttributeNames;
        return { Attributes: queueAttributes(this.#queue(input), names) };
      }
      case "ListQueues": {
        const { QueueNamePrefix } = parsed(z.object({ QueueNamePrefix: z.string().default("") }), input);
        const found = this.#queues.all().filter(({ plan }) => plan.name.startsWith(QueueNamePrefix));
        return found.length === 0 ? {} : { QueueUrls: found.map(({ plan }) => plan.url) };
      }
      case "ListDeadLetterSourceQueues": {
        const { arn } = this.#queue(input).plan;
        const sources = this.#queues
          .all()
          .filter(({ plan }) => plan.redrivePolicy?.deadLetterTargetArn === arn);
        return { queueUrls: sources.map(({ plan }) => plan.url) };
      }
      case "StartMessageMoveTask": {
        const { SourceArn, DestinationArn, MaxNumberOfMessagesPerSecond } = parsed(moving, input);
        return { TaskHandle: this.#moves.start(SourceArn, DestinationArn, MaxNumberOfMessagesPerSecond) };
      }
      case "ListMessageMoveTasks": {
        const { SourceArn, MaxResults } = parsed(moving, input);
        return { Results: this.#moves.list(SourceArn, MaxResults) };
      }
      case "CancelMessageMoveTask": {
        const { TaskHandle } = parsed(z.object({ TaskHandle: z.string() }), input);
        return { ApproximateNumberOfMessagesMoved: this.#moves.cancel(TaskHandle) };
      }
      default:
        return undefined;
    }
  }

  #send(queue: Queue, call: AwsCall, input: unknown): Output {
    const { MessageSystemAttributes, ...given } = parsed(sending, input);
    const { MessageBody, MessageAttributes, DelaySeconds, MessageGroupId, MessageDeduplicationId } = given;
    const trace = MessageSystemAttributes?.AWSTraceHeader?.StringValue ?? call.headers["x-amzn-trace-id"];
    const { plan } = queue;
    if (bytesOf(MessageBody, MessageAttributes) > plan.maxMessageSize) {
      throw invalid(
        `One or more parameters are invalid. Reason: Message must be shorter than ${plan.maxMessageSize} bytes.`,
      );
    }
    if (plan.fifoQueue) {
      if (MessageGroupId === undefined) throw missing("MessageGroupId");
      if (MessageDeduplicationId === undefined && !plan.contentBasedDeduplication) {
        throw invalid(
          "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly",
        );
      }
      if (DelaySeconds !== undefined) throw notForThisType("DelaySeconds", DelaySeconds);
    } else if (MessageDeduplicationId !== undefined) {
      throw notForThisType("MessageDeduplicationId", MessageDeduplicationId);
    }
    const sent = queue.send({
      body: MessageBody,
      attributes: MessageAttributes,
      sender: call.caller.accessKeyId,
      ...(DelaySeconds !== undefined && { delaySeconds: DelaySeconds }),
      ...(MessageGroupId !== undefined && { group: MessageGroupId }),
      ...(MessageDeduplicationId !== undefined && { deduplication: MessageDeduplicationId }),
      ...(trace !== undefined && { trace }),
    });
    return {
      MessageId: sent.id,
      MD5OfMessageBody: md5(sent.body),
      ...attributesDigest(sent),
      ...(sent.sequence !== undefined && { SequenceNumber: sent.sequence }),
    };
  }

  #sendBatch(queue: Queue, call: AwsCall, input: Record<string, unknown>): Output {
    const entries = Array.isArray(input["Entries"]) ? input["Entries"] : [];
    const sizes = entries.map((each) => {
      const { success, data } = sending.safeParse(each);
      return success ? bytesOf(data.MessageBody, data.MessageAttributes) : 0;
    });
    if (sizes.reduce((sum, size) => sum + size, 0) > queue.plan.maxMessageSize) {
      throw new SqsRefusal(
        "BatchRequestTooLong",
        `Batch requests cannot be longer than ${queue.plan.maxMessageSize} bytes.`,
      );
    }
    return batch(input, (each) => this.#send(queue, call, each));
  }

  async #receive(queue: Queue, call: AwsCall, input: z.output<typeof receiving>): Promise<Output> {
    const waitSeconds = input.WaitTimeSeconds ?? queue.plan.receiveWaitTimeSeconds;
    const deadline = this.#clock() + waitSeconds * 1_000;
    const signal = AbortSignal.any([call.signal, this.#stopping.signal]);
    const attemptId = input.ReceiveRequestAttemptId;
    if (attemptId !== undefined && !queue.plan.fifoQueue) {
      throw notForThisType("ReceiveRequestAttemptId", attemptId);
    }
    const { MaxNumberOfMessages: max, VisibilityTimeout: seconds } = input;
    for (;;) {
      // A caller that has left would never see what it received: it stays for another.
      if (signal.aborted) return {};
      const received =
        attemptId === undefined ? queue.receive(max, seconds) : queue.receiveAttempt(attemptId, max, seconds);
      if (received.length > 0) return { Messages: received.map((each) => receivedView(each, input)) };
      if (this.#clock() >= deadline) return {};
      await queue.change(deadline, signal);
    }
  }

  #delete(queue: Queue, input: unknown): Output {
    const { id, receiptId } = handleOf(parsed(receipt, input).ReceiptHandle);
    queue.delete(id, receiptId);
    return {};
  }

  #changeVisibility(queue: Queue, input: unknown): Output {
    const { ReceiptHandle, VisibilityTimeout } = parsed(visibility, input);
    const { id, receiptId } = handleOf(ReceiptHandle);
    if (queue.changeVisibility(id, receiptId, VisibilityTimeout)) return {};
    throw new SqsRefusal(
      "MessageNotInflight",
      `Value ${ReceiptHandle} for parameter ReceiptHandle is invalid. Reason: Message does not exist or is not available for visibility timeout change.`,
    );
  }

  #queue(input: Record<string, unknown>): Queue {
    const url = input["QueueUrl"];
    if (typeof url !== "string") throw missing("QueueUrl");
    return this.#queueNamed(url);
  }

  #queueNamed(urlOrName: string): Queue {
    const queue = this.#queues.find(urlOrName);
    if (queue !== undefined) return queue;
    throw new SqsRefusal("QueueDoesNotExist", "The specified queue does not exist.");
  }
}

const notForThisType = (parameter: string, value: string | number): SqsRefusal =>
  invalid(
    `Value ${value} for parameter ${parameter} is invalid. Reason: The request include parameter that is not valid for this queue type.`,
  );

function parsed<T>(schema: z.ZodType<T>, input: unknown): T {
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const parameter = issue?.path.join(".") ?? "";
  if (issue?.code === "invalid_type" && issue.input === undefined) throw missing(parameter);
  throw invalid(`Value for parameter ${parameter} is invalid. Reason: ${issue?.message}`);
}

/** Each entry by itself: one that is refused leaves the others. */
function batch(input: Record<string, unknown>, act: (each: unknown) => Output): Output {
  const entries: readonly unknown[] = Array.isArray(input["Entries"]) ? input["Entries"] : [];
  if (entries.length === 0) {
    throw new SqsRefusal("EmptyBatchRequest", "The batch request doesn't contain any entries.");
  }
  if (entries.length > entriesMax) {
    throw new SqsRefusal(
      "TooManyEntriesInBatchRequest",
      `Maximum number of entries per request are ${entriesMax}. You have sent ${entries.length}.`,
    );
  }
  const ids = entries.map((each) => parsed(entry, each).Id);
  if (new Set(ids).size < ids.length) {
    throw new SqsRefusal(
      "BatchEntryIdsNotDistinct",
      "Two or more batch entries in the request have the same Id.",
    );
  }
  const Successful: unknown[] = [];
  const Failed: unknown[] = [];
  for (const [n, each] of entries.entries()) {
    try {
      Successful.push({ Id: ids[n], ...act(each) });
    } catch (thrown) {
      if (!(thrown instanceof SqsRefusal)) throw thrown;
      Failed.push({ Id: ids[n], SenderFault: true, Code: thrown.code, Message: thrown.message });
    }
  }
  return { Successful, Failed };
}

const attributesDigest = ({ attributes }: Message): Output =>
  Object.keys(attributes).length === 0 ? {} : { MD5OfMessageAttributes: md5OfAttributes(attributes) };

function receivedView(received: Message, input: z.output<typeof receiving>): Output {
  const names = input.MessageAttributeNames;
  const isWanted = (name: string): boolean =>
    names.some((wanted) =>
      wanted === "All" || wanted === ".*" || wanted.endsWith(".*")
        ? wanted === "All" || name.startsWith(wanted.slice(0, -2))
        : wanted === name,
    );
  const attributes = Object.fromEntries(
    Object.entries(received.attributes).filter(([name]) => isWanted(name)),
  );
  const system = systemAttributes(received, [...input.AttributeNames, ...input.MessageSystemAttributeNames]);
  return {
    MessageId: received.id,
    ReceiptHandle: Buffer.from(`${received.id} ${received.receipt}`).toString("base64"),
    MD5OfBody: md5(received.body),
    Body: received.body,
    ...(Object.keys(system).length > 0 && { Attributes: system }),
    ...(Object.keys(attributes).length > 0 && {
      MessageAttributes: attributes,
      ...attributesDigest({ ...received, attributes }),
    }),
  };
}

function handleOf(handle: string): { readonly id: string; readonly receiptId: string } {
  const [id, receiptId] = Buffer.from(handle, "base64").toString().split(" ");
  if (id !== undefined && receiptId !== undefined) return { id, receiptId };
  throw new SqsRefusal("ReceiptHandleIsInvalid", "The input receipt handle is invalid.");
}
