import type { z } from "zod";
import { type MessageAttributes, messageAttributes } from "../sqs/message.ts";
import { invalid, SnsRefusal } from "./refusal.ts";

/** What a caller publishes, parsed from SNS's query protocol. */
export interface Publication {
  readonly message: string;
  readonly subject: string | undefined;
  readonly attributes: MessageAttributes;
  readonly group: string | undefined;
  readonly deduplication: string | undefined;
}

/** A publication that its topic has accepted. */
export interface Published extends Publication {
  readonly id: string;
  /** Its place in a FIFO topic. */
  readonly sequence: string | undefined;
}

const attribute = messageAttributes.valueType;

/**
 * Reads `Message`, `Subject` and `MessageAttributes.entry.N.…` under a prefix: a batch has one per entry.
 * @throws SnsRefusal when an attribute is none.
 */
export function publicationIn(parameters: URLSearchParams, prefix = ""): Publication {
  const attributes: Record<string, z.output<typeof attribute>> = {};
  for (let n = 1; ; n += 1) {
    const entry = `${prefix}MessageAttributes.entry.${n}`;
    const name = parameters.get(`${entry}.Name`);
    if (name === null) break;
    const text = (field: string): string | undefined =>
      parameters.get(`${entry}.Value.${field}`) ?? undefined;
    const parsed = attribute.safeParse({
      DataType: text("DataType"),
      StringValue: text("StringValue"),
      BinaryValue: text("BinaryValue"),
    });
    if (!parsed.success || (parsed.data.StringValue ?? parsed.data.BinaryValue ?? "") === "") {
      throw new SnsRefusal(
        "ParameterValueInvalid",
        `The message attribute '${name}' must contain non-empty message attribute value for message attribute type.`,
      );
    }
    attributes[name] = parsed.data;
  }
  if (parameters.has(`${prefix}MessageStructure`)) throw invalid("MessageStructure is not known here");
  return {
    message: parameters.get(`${prefix}Message`) ?? "",
    subject: parameters.get(`${prefix}Subject`) ?? undefined,
    attributes,
    group: parameters.get(`${prefix}MessageGroupId`) ?? undefined,
    deduplication: parameters.get(`${prefix}MessageDeduplicationId`) ?? undefined,
  };
}

/**
 * Attributes as a filter policy sees them: numbers as numbers, arrays as arrays, and nothing of binary ones.
 * @returns undefined when no policy passes them: there are none, or one is malformed.
 */
export function filterable(attributes: MessageAttributes): Readonly<Record<string, unknown>> | undefined {
  const seen = Object.entries(attributes).filter(([, { DataType }]) => !DataType.startsWith("Binary"));
  if (seen.length === 0) return undefined;
  try {
    return Object.fromEntries(seen.map(([name, value]) => [name, attributeValue(value)]));
  } catch {
    return undefined;
  }
}

function attributeValue({ DataType, StringValue = "" }: z.output<typeof attribute>): unknown {
  if (DataType.endsWith(".Array")) {
    const values: unknown = JSON.parse(StringValue);
    if (!Array.isArray(values)) throw new TypeError("it is no array");
    return values;
  }
  return DataType.startsWith("Number") ? Number(StringValue) : StringValue;
}

/** What a subscriber gets unless it asked for the raw message: names and order as SNS writes them. */
export function envelope(
  { id, message, subject, attributes, sequence }: Published,
  { topicArn, at }: { readonly topicArn: string; readonly at: number },
): Readonly<Record<string, unknown>> {
  const shown = Object.entries(attributes).map(([name, { DataType, StringValue, BinaryValue }]) => [
    name,
    { Type: DataType, Value: StringValue ?? BinaryValue },
  ]);
  return {
    Type: "Notification",
    MessageId: id,
    ...(sequence !== undefined && { SequenceNumber: sequence }),
    TopicArn: topicArn,
    ...(subject !== undefined && { Subject: subject }),
    Message: message,
    Timestamp: new Date(at).toISOString(),
    ...(shown.length > 0 && { MessageAttributes: Object.fromEntries(shown) }),
  };
}
