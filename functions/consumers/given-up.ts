import type { SQSRecord } from "aws-lambda";
import { z } from "zod";
import { disputeSortKey, paymentSortKey } from "#adapters/dynamodb/keys.ts";
import type { ReadBack, ShownRecord, StreamRange } from "#adapters/streams/stream-range.ts";
import { type DeadLetter, deadLetterIdOf, paymentIn } from "#core/operations/dead-letter.ts";
import { withSealedTexts } from "./sealed-image.ts";

/**
 * What lands on the queue of dead letters, told apart by its form:
 * - a message that the redrive policy of another queue moved here, whatever is in it;
 * - a notice of Lambda about a batch of a stream: where the records lie, and whose they were
 *   (https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html);
 * - an event of EventBridge about a Standard execution that did not succeed.
 */
export type GivenUp =
  | { readonly kind: "letter"; readonly letter: DeadLetter }
  | { readonly kind: "batch"; readonly range: StreamRange; readonly batch: GivenUpBatch };

export interface GivenUpBatch {
  readonly functionArn: string;
  readonly reason: string;
  /** Epoch milliseconds. */
  readonly at: number;
  /** Of its records, before or after the mapping's filter: AWS does not say. */
  readonly count: number;
}

const batchInfo = z.object({
  shardId: z.string(),
  startSequenceNumber: z.string(),
  endSequenceNumber: z.string(),
  batchSize: z.int().positive(),
  streamArn: z.string(),
});
/** A record of a table's stream: those of a Kinesis stream have no keys. */
const tableRecord = z.object({
  dynamodb: z.object({
    Keys: z.object({ sk: z.object({ S: z.string() }) }),
    NewImage: z.object({ record: z.unknown().optional() }).optional(),
  }),
});
const streamNotice = z.object({
  requestContext: z.object({
    functionArn: z.string(),
    condition: z.string(),
    approximateInvokeCount: z.int(),
  }),
  timestamp: z.iso.datetime(),
  DDBStreamBatchInfo: batchInfo.optional(),
  KinesisBatchInfo: batchInfo.optional(),
});
const executionEnded = z.object({
  source: z.literal("aws.states"),
  time: z.iso.datetime(),
  detail: z.object({
    executionArn: z.string(),
    stateMachineArn: z.string(),
    status: z.string(),
    input: z.string().nullish(),
    error: z.string().nullish(),
    cause: z.string().nullish(),
  }),
});

/** Reads one message. Never throws: what has no known form is a letter too, or it would be lost here of all places. */
export function givenUpIn(message: SQSRecord): GivenUp {
  const body = jsonIn(message.body);
  const ended = executionEnded.safeParse(body);
  if (ended.success) return { kind: "letter", letter: letterOfExecution(ended.data) };
  const notice = streamNotice.safeParse(body);
  const info = notice.data?.DDBStreamBatchInfo ?? notice.data?.KinesisBatchInfo;
  if (notice.success && info !== undefined) {
    const { requestContext, timestamp } = notice.data;
    const {
      shardId,
      streamArn,
      startSequenceNumber: first,
      endSequenceNumber: last,
      batchSize: count,
    } = info;
    const { functionArn, condition, approximateInvokeCount: tries } = requestContext;
    const reason = `${condition} after ${tries} tries`;
    const batch = { functionArn, reason, at: Date.parse(timestamp), count };
    return { kind: "batch", range: { streamArn, shardId, first, last }, batch };
  }
  return { kind: "letter", letter: letterOfMessage(message) };
}

/** One letter per record, so that each is replayed by itself; what the stream has forgotten is one letter that says so. */
export function lettersOf(
  { range, batch }: Extract<GivenUp, { kind: "batch" }>,
  { records, extent }: ReadBack,
): readonly DeadLetter[] {
  const { functionArn, reason, at, count } = batch;
  const { streamArn, first, last } = range;
  const letters: DeadLetter[] = records.filter(wasShown).map(({ sequenceNumber, text }) => ({
    id: deadLetterIdOf(at, functionArn, streamArn, sequenceNumber),
    origin: { kind: "record", functionArn, streamArn, sequenceNumber, record: withSealedTexts(text) },
    reason,
    ...subjectOf(text),
    receivedAt: at,
    replays: [],
  }));
  if (extent !== "trimmed") return letters;
  const lost = Math.max(1, count - letters.length);
  const origin = { kind: "lost_records", functionArn, streamArn, first, last, count: lost } as const;
  const id = deadLetterIdOf(at, functionArn, streamArn, first, last, "lost");
  return [...letters, { id, origin, reason, receivedAt: at, replays: [] }];
}

/**
 * Whether the function was shown it, and not only passed by. The relays are shown payments and disputes, and records of the journal
 * (their filters in stacks/functions.ts); a refund or an account that lies between two of them was never given up, and no
 * replay of it could succeed.
 */
function wasShown({ text }: ShownRecord): boolean {
  const record = tableRecord.safeParse(jsonIn(text));
  if (!record.success) return true;
  const { Keys, NewImage } = record.data.dynamodb;
  return Keys.sk.S === paymentSortKey || Keys.sk.S === disputeSortKey || NewImage?.record !== undefined;
}

function letterOfMessage({ messageId, body, attributes, eventSourceARN }: SQSRecord): DeadLetter {
  const at = Number(attributes.SentTimestamp);
  const from = attributes.DeadLetterQueueSourceArn;
  return {
    id: deadLetterIdOf(at, "message", messageId),
    // Without a source it was sent here by hand: this is the only queue that it can go back to.
    origin: { kind: "message", queueArn: from ?? eventSourceARN, body },
    reason: from === undefined ? "sent to the dead letters" : "its function failed on every delivery",
    ...subjectOf(body),
    receivedAt: at,
    replays: [],
  };
}

function letterOfExecution({ time, detail }: z.output<typeof executionEnded>): DeadLetter {
  const { executionArn, stateMachineArn, status, input, error, cause } = detail;
  const at = Date.parse(time);
  return {
    id: deadLetterIdOf(at, "execution", executionArn, status),
    origin: { kind: "execution", executionArn, stateMachineArn, input: input ?? "{}" },
    reason: [status, error, cause].filter((part) => typeof part === "string").join(": "),
    ...subjectOf(executionArn + (input ?? "")),
    receivedAt: at,
    replays: [],
  };
}

function subjectOf(text: string): { readonly payment?: string } {
  const payment = paymentIn(text);
  return payment === undefined ? {} : { payment };
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
