import type { z } from "zod";
import { type MessageAttributes, messageAttributes } from "../sqs/message.ts";

/** What a caller publishes, parsed from SNS's query protocol. */
export interface Publication {
  readonly message: string;
  readonly subject: string | undefined;
  readonly attributes: MessageAttributes;
}

const attribute = messageAttributes.valueType;

/** Reads `Message`, `Subject` and `MessageAttributes.entry.N.…` under a prefix: a batch has one per entry. */
export function publicationIn(parameters: URLSearchParams, prefix = ""): Publication {
  const attributes: Record<string, z.output<typeof attribute>> = {};
  for (let n = 1; ; n += 1) {
    const entry = `${prefix}MessageAttributes.entry.${n}`;
    const name = parameters.get(`${entry}.Name`);
    if (name === null) break;
    const text = (field: string): string | undefined =>
      parameters.get(`${entry}.Value.${field}`) ?? undefined;
    const value = {
      DataType: text("DataType"),
      StringValue: text("StringValue"),
      BinaryValue: text("BinaryValue"),
    };
    attributes[name] = attribute.parse(value);
  }
  return {
    message: parameters.get(`${prefix}Message`) ?? "",
    subject: parameters.get(`${prefix}Subject`) ?? undefined,
    attributes,
  };
}

/** Attributes as a filter policy sees them: numbers as numbers, arrays as arrays. */
export function filterable(attributes: MessageAttributes): Readonly<Record<string, unknown>> {
  const attributeValue = ({ DataType, StringValue = "" }: z.output<typeof attribute>): unknown => {
    if (DataType.startsWith("Number")) return Number(StringValue);
    return DataType === "String.Array" ? JSON.parse(StringValue) : StringValue;
  };
  return Object.fromEntries(Object.entries(attributes).map(([name, value]) => [name, attributeValue(value)]));
}

/** What a subscriber gets unless it asked for the raw message: names and order as SNS writes them. */
export function envelope(
  { message, subject, attributes }: Publication,
  { id, topicArn, at }: { readonly id: string; readonly topicArn: string; readonly at: number },
): Readonly<Record<string, unknown>> {
  const shown = Object.entries(attributes).map(([name, { DataType, StringValue, BinaryValue }]) => [
    name,
    { Type: DataType, Value: StringValue ?? BinaryValue },
  ]);
  return {
    Type: "Notification",
    MessageId: id,
    TopicArn: topicArn,
    ...(subject !== undefined && { Subject: subject }),
    Message: message,
    Timestamp: new Date(at).toISOString(),
    ...(shown.length > 0 && { MessageAttributes: Object.fromEntries(shown) }),
  };
}
