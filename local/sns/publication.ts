import { z } from "zod";
import { type MessageAttributes, messageAttributes } from "../sqs/message.ts";
import { invalid, SnsRefusal } from "./refusal.ts";

/** What a caller publishes, parsed from SNS's query protocol. */
export interface Publication {
  readonly message: string;
  /** What it is to one protocol each, where that differs. */
  readonly byProtocol: Readonly<Record<string, string>>;
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
const protocolTexts = z.object({ default: z.string() }).catchall(z.unknown());

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
  const message = parameters.get(`${prefix}Message`) ?? "";
  return {
    ...structured(message, parameters.get(`${prefix}MessageStructure`)),
    subject: subjectIn(parameters.get(`${prefix}Subject`) ?? undefined),
    attributes,
    group: parameters.get(`${prefix}MessageGroupId`) ?? undefined,
    deduplication: parameters.get(`${prefix}MessageDeduplicationId`) ?? undefined,
  };
}

/** `json`: a text for whoever has none of his own, and one for each protocol that has. Unknown protocols are passed over. */
function structured(message: string, structure: string | null): Pick<Publication, "message" | "byProtocol"> {
  if (structure === null) return { message, byProtocol: {} };
  if (structure !== "json") throw invalid("MessageStructure");
  let texts: unknown;
  try {
    texts = JSON.parse(message);
  } catch {
    throw invalid("Message Structure - JSON message body failed to parse");
  }
  const parsed = protocolTexts.safeParse(texts);
  if (!parsed.success) throw invalid("Message Structure - No default entry in JSON message body");
  const { default: text, ...others } = parsed.data;
  const own = Object.entries(others).filter(
    (entry): entry is [string, string] => typeof entry[1] === "string",
  );
  return { message: text, byProtocol: Object.fromEntries(own) };
}

/** ASCII on one line, under 100 characters, beginning with what can be seen. */
function subjectIn(subject: string | undefined): string | undefined {
  if (subject !== undefined && !/^[!-~][ -~]{0,98}$/.test(subject)) throw invalid("Subject");
  return subject;
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
