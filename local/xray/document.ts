import { z } from "zod";

/** Bytes of one document. */
const documentBytesMax = 64 * 1024;
/** X-Ray keeps traces for so many seconds, and takes none that begin before. */
const keptSeconds = 30 * 24 * 3_600;

const id = z.string().regex(/^[0-9a-f]{16}$/);
const timed = {
  /** Epoch seconds. */
  start_time: z.number().positive(),
  end_time: z.number().positive().optional(),
  in_progress: z.boolean().optional(),
};
const failing = {
  error: z.boolean().optional(),
  fault: z.boolean().optional(),
  throttle: z.boolean().optional(),
};
const annotations = z
  .record(z.string().regex(/^\w{1,500}$/), z.union([z.string().max(1_000), z.number(), z.boolean()]))
  .optional();
/** Letters and digits of all writings, spaces, and these signs. */
const name = z.string().regex(/^[\p{L}\p{N}\s_.:/%&#=+\\\-@]{1,200}$/u);

/** What all parts of a trace have. */
const part = { name, id, ...timed, ...failing, annotations };

/** Within a segment. */
interface Subsegment extends z.output<z.ZodObject<typeof part, z.core.$loose>> {
  readonly namespace?: "aws" | "remote" | undefined;
  readonly subsegments?: readonly Subsegment[] | undefined;
}
const within = {
  ...part,
  namespace: z.enum(["aws", "remote"]).optional(),
  subsegments: z.lazy(() => z.array(subsegment)).optional(),
};
const subsegment: z.ZodType<Subsegment> = z.looseObject(within);

/** A segment, or a subsegment that was sent by itself. */
export interface Document extends Subsegment {
  readonly trace_id: string;
  readonly parent_id?: string | undefined;
  readonly type?: "subsegment" | undefined;
}
const document: z.ZodType<Document> = z.looseObject({
  ...within,
  trace_id: z.string().regex(/^1-[0-9a-f]{8}-[0-9a-f]{24}$/),
  parent_id: id.optional(),
  type: z.literal("subsegment").optional(),
});

/** What X-Ray does not take, and why. AWS names `InvalidTraceId` and `ParseError` in its guide, the others it does not tell. */
export interface Unprocessed {
  readonly Id?: string;
  readonly ErrorCode: string;
  readonly Message: string;
}

export type Read =
  | { readonly ok: true; readonly document: Document }
  | { readonly ok: false; readonly unprocessed: Unprocessed };

/** @param now epoch milliseconds */
export function readDocument(text: string, now: number): Read {
  if (Buffer.byteLength(text) > documentBytesMax) return refused("DocumentTooLarge");
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return refused("ParseError");
  }
  const result = document.safeParse(value);
  const { id: named } = (value ?? {}) as { id?: unknown };
  const known = typeof named === "string" ? named : undefined;
  if (!result.success) {
    const path = result.error.issues[0]?.path.map(String) ?? [];
    return refused(path.length === 0 ? "ParseError" : `Invalid${path.map(pascal).join("")}`, known);
  }
  const read = result.data;
  const begun = Number.parseInt(read.trace_id.slice(2, 10), 16);
  if (begun < now / 1_000 - keptSeconds) return refused("InvalidTraceId", known);
  if (read.type === "subsegment" && read.parent_id === undefined) return refused("InvalidParentId", known);
  if (!endsOnce(read)) return refused("InvalidEndTime", known);
  return { ok: true, document: read };
}

const refused = (ErrorCode: string, known?: string): Read => ({
  ok: false,
  unprocessed: {
    ...(known !== undefined && { Id: known }),
    ...{ ErrorCode, Message: `Invalid segment. ErrorCode: ${ErrorCode}` },
  },
});

/** Each part has ended, and not before it began, or is under way. */
const endsOnce = ({ start_time, end_time, in_progress = false, subsegments = [] }: Subsegment): boolean =>
  (in_progress ? end_time === undefined : end_time !== undefined && end_time >= start_time) &&
  subsegments.every(endsOnce);

/** `trace_id` is `TraceId`. */
const pascal = (field: string): string => field.replace(/(?:^|_)(\w)/g, (_, letter) => letter.toUpperCase());
