import { createHash } from "node:crypto";
import { z } from "zod";

const attribute = z.object({
  DataType: z.string().regex(/^(String|Number|Binary)(\.|$)/),
  StringValue: z.string().optional(),
  BinaryValue: z.string().optional(),
});
export const messageAttributes = z.record(z.string(), attribute);
export type MessageAttributes = z.output<typeof messageAttributes>;

export const message = z.object({
  id: z.string(),
  body: z.string(),
  attributes: messageAttributes,
  sender: z.string(),
  /** Epoch milliseconds. */
  sentAt: z.number(),
  /** Nobody receives it before: it is delayed, or somebody works on it. Epoch milliseconds. */
  visibleAt: z.number(),
  receiveCount: z.number(),
  firstReceivedAt: z.number().exactOptional(),
  /** Of the latest receive. A message without one was never received, or its turn was given back. */
  receipt: z.string().exactOptional(),
  group: z.string().exactOptional(),
  deduplication: z.string().exactOptional(),
  /** Its place in a FIFO queue. */
  sequence: z.string().exactOptional(),
  /** X-Ray's header of what sent it. */
  trace: z.string().exactOptional(),
  /** The dead-letter queue that holds it got it from there. */
  deadFrom: z.string().exactOptional(),
});
/** A message as a queue holds it, and as its journal has it. */
export type Message = z.output<typeof message>;

export const md5 = (text: string): string => createHash("md5").update(text).digest("hex");

/** What SQS counts against its limit: the body, and the names, types and values of attributes. */
export function bytesOf(body: string, attributes: MessageAttributes): number {
  let bytes = Buffer.byteLength(body);
  for (const [name, { DataType, StringValue = "", BinaryValue }] of Object.entries(attributes)) {
    bytes += Buffer.byteLength(name) + Buffer.byteLength(DataType);
    bytes +=
      BinaryValue === undefined ? Buffer.byteLength(StringValue) : Buffer.byteLength(BinaryValue, "base64");
  }
  return bytes;
}

const stringTransport = Buffer.from([1]);
const binaryTransport = Buffer.from([2]);

/** As SQS documents it: name, type and value of each attribute, by name, each with its length before it. */
export function md5OfAttributes(attributes: MessageAttributes): string {
  const hash = createHash("md5");
  const add = (bytes: Buffer): void => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    hash.update(length).update(bytes);
  };
  const byName = Object.entries(attributes).sort(([one], [other]) => (one < other ? -1 : 1));
  for (const [name, { DataType, StringValue = "", BinaryValue }] of byName) {
    add(Buffer.from(name));
    add(Buffer.from(DataType));
    hash.update(BinaryValue === undefined ? stringTransport : binaryTransport);
    add(BinaryValue === undefined ? Buffer.from(StringValue) : Buffer.from(BinaryValue, "base64"));
  }
  return hash.digest("hex");
}
