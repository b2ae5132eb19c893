import { objectsIn, textIn } from "../../door/call-input.ts";
import { readerOf } from "./named.ts";
import type { AccessReader } from "./reader.ts";

/** SQS has no permissions for batches: they are many of one. */
export const sqsRequests: AccessReader = readerOf("sqs", {
  resources: (input) => one((textIn(input, "QueueUrl") ?? textIn(input, "QueueName"))?.replace(/^.*\//, "")),
  arn: (name, place) => `arn:aws:sqs:${place}:${name}`,
  actions: {
    SendMessageBatch: "SendMessage",
    DeleteMessageBatch: "DeleteMessage",
    ChangeMessageVisibilityBatch: "ChangeMessageVisibility",
  },
});

export const kinesisRequests: AccessReader = readerOf("kinesis", {
  resources: (input) =>
    one(
      textIn(input, "ConsumerARN") ??
        textIn(input, "StreamARN") ??
        textIn(input, "StreamName") ??
        streamOfIterator(textIn(input, "ShardIterator")),
    ),
  arn: (name, place) => `arn:aws:kinesis:${place}:stream/${name}`,
  actions: {},
});

/** One request may send events to several buses. */
export const eventBridgeRequests: AccessReader = readerOf("events", {
  resources: (input, action) =>
    action === "PutEvents"
      ? [...new Set(objectsIn(input, "Entries").map((entry) => textIn(entry, "EventBusName") ?? "default"))]
      : [],
  arn: (name, place) => `arn:aws:events:${place}:event-bus/${name}`,
  actions: {},
});

/** Kinesis knows which stream an iterator is for; ours has its name inside. Undefined for what is no iterator. */
function streamOfIterator(iterator: string | undefined): string | undefined {
  try {
    const { stream } = JSON.parse(Buffer.from(iterator ?? "", "base64").toString()) as { stream?: unknown };
    return typeof stream === "string" ? stream : undefined;
  } catch {
    return undefined;
  }
}

const one = (name: string | undefined): readonly string[] => (name === undefined ? [] : [name]);
