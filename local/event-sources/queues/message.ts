import type { Message, MessageAttributeValue } from "@aws-sdk/client-sqs";
import { filterable } from "../filter.ts";

/** A message of a queue, ready to be handed to a function. */
export interface QueueMessage {
  readonly messageId: string;
  readonly receiptHandle: string;
  /** The element of `Records`, as JSON text. */
  readonly text: string;
  /** What filters look at. */
  readonly filterView: () => unknown;
}

/** A message as Lambda shows it to a function. */
export function queueMessage(message: Message, sourceArn: string): QueueMessage {
  const { MessageId: messageId = "", ReceiptHandle: receiptHandle = "", Body: body = "" } = message;
  const event = {
    messageId,
    receiptHandle,
    body,
    attributes: message.Attributes ?? {},
    messageAttributes: attributesOf(message.MessageAttributes ?? {}),
    ...(message.MD5OfMessageAttributes !== undefined && {
      md5OfMessageAttributes: message.MD5OfMessageAttributes,
    }),
    md5OfBody: message.MD5OfBody,
    eventSource: "aws:sqs",
    eventSourceARN: sourceArn,
    awsRegion: sourceArn.split(":")[3],
  };
  return {
    messageId,
    receiptHandle,
    text: JSON.stringify(event),
    filterView: () => ({ ...event, body: filterable(body) }),
  };
}

function attributesOf(attributes: Readonly<Record<string, MessageAttributeValue>>) {
  return Object.fromEntries(
    Object.entries(attributes).map(([name, { StringValue, BinaryValue, DataType }]) => [
      name,
      {
        ...(StringValue !== undefined && { stringValue: StringValue }),
        ...(BinaryValue !== undefined && { binaryValue: Buffer.from(BinaryValue).toString("base64") }),
        stringListValues: [],
        binaryListValues: [],
        dataType: DataType,
      },
    ]),
  );
}
