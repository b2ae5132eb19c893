import { z } from "zod";
import { errorAnswer, jsonAnswer } from "../door/answers.ts";
import type { AwsAnswer, AwsCall, Engine } from "../door/engine.ts";
import { type Document, readDocument, type Unprocessed } from "./document.ts";
import { filterOf } from "./filter.ts";
import { assembled, durationOf, startOf, type Trace, Traces } from "./traces.ts";

/** In one call. */
const documentsMax = 50;
const tracesAskedMax = 5;

const putting = z.object({ TraceSegmentDocuments: z.array(z.string()).max(documentsMax) });
const getting = z.object({ TraceIds: z.array(z.string().min(1).max(35)).max(tracesAskedMax) });
const summing = z.object({
  /** Epoch seconds. */
  StartTime: z.number(),
  EndTime: z.number(),
  FilterExpression: z.string().min(1).max(2_000).optional(),
  // Whether only a part is looked at, which never is so here, and by which time.
  Sampling: z.boolean().optional(),
  TimeRangeType: z.enum(["TraceId", "Event"]).optional(),
});

class Refused extends Error {}

/** X-Ray for what sends it segments itself, and for whoever looks at traces. What Lambda sends it, nobody sends here. */
export class XRayEngine implements Engine {
  readonly service = "xray";
  readonly #traces: Traces;
  readonly #clock: () => number;

  /** @param capacity how many traces are kept @param clock epoch milliseconds */
  constructor(capacity: number, clock: () => number) {
    this.#traces = new Traces(capacity);
    this.#clock = clock;
  }

  async handle({ action, body }: AwsCall): Promise<AwsAnswer> {
    try {
      const input: unknown = JSON.parse(body.toString() || "{}");
      switch (action) {
        case "PutTraceSegments":
          return jsonAnswer(this.#put(parsed(putting, input)));
        case "BatchGetTraces":
          return jsonAnswer(this.#get(parsed(getting, input)));
        case "GetTraceSummaries":
          return jsonAnswer(this.#summaries(parsed(summing, input)));
        default:
          return errorAnswer("UnknownOperationException", `The local X-Ray does not know ${action}.`);
      }
    } catch (thrown) {
      if (thrown instanceof Refused) return errorAnswer("InvalidRequestException", thrown.message);
      if (thrown instanceof SyntaxError)
        return errorAnswer("InvalidRequestException", "The body is no JSON.");
      throw thrown;
    }
  }

  #put({ TraceSegmentDocuments }: z.output<typeof putting>): object {
    const unprocessed: Unprocessed[] = [];
    for (const text of TraceSegmentDocuments) {
      const read = readDocument(text, this.#clock());
      if (read.ok) this.#traces.add(read.document);
      else unprocessed.push(read.unprocessed);
    }
    return { UnprocessedTraceSegments: unprocessed };
  }

  #get({ TraceIds }: z.output<typeof getting>): object {
    const found = TraceIds.flatMap((id) => this.#traces.find(id) ?? []);
    const known = new Set(found.map(({ id }) => id));
    return {
      Traces: found.map((trace) => ({
        ...{ Id: trace.id, Duration: durationOf(trace), LimitExceeded: false },
        Segments: assembled(trace).map((each) => ({ Id: each.id, Document: JSON.stringify(each) })),
      })),
      UnprocessedTraceIds: TraceIds.filter((id) => !known.has(id)),
    };
  }

  #summaries({ StartTime, EndTime, FilterExpression }: z.output<typeof summing>): object {
    if (StartTime > EndTime) throw new Refused("The start of the time range is after its end.");
    const filter = FilterExpression === undefined ? () => true : filterOf(FilterExpression);
    if (filter === undefined) throw new Refused(`The local X-Ray does not read ${FilterExpression}.`);
    const within = this.#traces.all().filter((trace) => isWithin(startOf(trace), StartTime, EndTime));
    return {
      TraceSummaries: within.filter(filter).map(summaryOf),
      ApproximateTime: Math.floor(this.#clock() / 1_000),
      TracesProcessedCount: within.length,
    };
  }
}

function parsed<T>(schema: z.ZodType<T>, input: unknown): T {
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  throw new Refused(z.prettifyError(result.error));
}

const isWithin = (at: number, from: number, until: number): boolean => at >= from && at <= until;

function summaryOf(trace: Trace): object {
  const { documents } = trace;
  const segments = documents.filter(({ type }) => type === undefined);
  const has = (flag: "fault" | "error" | "throttle") => documents.some((each) => each[flag] === true);
  return {
    ...{ Id: trace.id, StartTime: startOf(trace), Duration: durationOf(trace) },
    ...{ HasFault: has("fault"), HasError: has("error"), HasThrottle: has("throttle") },
    IsPartial: documents.some(({ in_progress }) => in_progress === true),
    Annotations: annotationsOf(documents),
    ServiceIds: segments.map(({ name }) => ({ Name: name, Names: [name] })),
  };
}

function annotationsOf(documents: readonly Document[]): object {
  const all = documents.flatMap(({ annotations = {} }) => Object.entries(annotations));
  return Object.fromEntries(
    [...Map.groupBy(all, ([key]) => key)].map(([key, values]) => [
      key,
      values.map(([, value]) => ({ AnnotationValue: typedValue(value), ServiceIds: [] })),
    ]),
  );
}

const typedValue = (value: string | number | boolean): object =>
  typeof value === "string"
    ? { StringValue: value }
    : typeof value === "number"
      ? { NumberValue: value }
      : { BooleanValue: value };
