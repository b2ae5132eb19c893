import { randomBytes } from "node:crypto";
import type { Attributes, HrTime } from "@opentelemetry/api";
import type { ReadableSpan } from "@opentelemetry/sdk-trace-base";
import { rootOf } from "./ids.ts";

/** Whose traces they are. */
export interface TracedService {
  /** Up to 200 letters, digits, spaces and `_.:/%&#=+\-@`. */
  readonly name: string;
  /** Which of its pods. */
  readonly pod: string;
}

/** Attributes that have a place of their own in X-Ray's documents. Others are written as they are called. */
export const told = {
  service: "rpc.service",
  operation: "rpc.method",
  table: "aws.dynamodb.table_name",
  requestId: "aws.request_id",
  retries: "aws.retries",
  status: "http.response.status_code",
  /** Name of what was thrown. */
  errorType: "error.type",
  /** A {@link Blame}. */
  blame: "error.blame",
} as const;
const toldElsewhere: ReadonlySet<string> = new Set(Object.values(told));

/** In X-Ray's words. `error`: by what was asked or brought. `fault`: by who had to do it. `throttle`: by too many asking. */
export type Blame = "error" | "fault" | "throttle";

/** What X-Ray can search by. Other keys are refused. */
const annotationKey = /^\w{1,500}$/;

/**
 * One span as X-Ray's segment document: what has no parent is a segment of the service, and what has one a subsegment, sent by
 * itself. Source: X-Ray's developer guide, "segment documents".
 */
export function segmentDocument(span: ReadableSpan, service: TracedService): string {
  const { traceId, spanId } = span.spanContext();
  const parent = span.parentSpanContext?.spanId;
  const called = text(span.attributes, told.service);
  return JSON.stringify({
    name: parent === undefined ? service.name : (called ?? span.name),
    ...{ id: spanId, trace_id: rootOf(traceId) },
    ...(parent !== undefined && { parent_id: parent, type: "subsegment" }),
    ...{ start_time: seconds(span.startTime), end_time: seconds(span.endTime) },
    ...(parent === undefined ? segmentOnly(span, service) : metadataOf(factsIn(span))),
    ...(called !== undefined && callOf(span)),
    ...failureOf(span),
  });
}

/** A segment's facts are what traces are found by. */
function segmentOnly(span: ReadableSpan, { pod }: TracedService): object {
  const facts = Object.entries({ work: span.name, ...factsIn(span) });
  const isSearched = ([name]: readonly [string, unknown]): boolean => annotationKey.test(name);
  const links = span.links.map(({ context }) => ({ trace_id: rootOf(context.traceId), id: context.spanId }));
  return {
    ...{ origin: "AWS::EKS::Container", aws: { eks: { pod } } },
    annotations: Object.fromEntries(facts.filter(isSearched)),
    ...metadataOf(Object.fromEntries(facts.filter((fact) => !isSearched(fact)))),
    ...(links.length > 0 && { links }),
  };
}

const metadataOf = (facts: Attributes): object =>
  Object.keys(facts).length === 0 ? {} : { metadata: { facts } };

const factsIn = ({ attributes }: ReadableSpan): Attributes =>
  Object.fromEntries(Object.entries(attributes).filter(([name]) => !toldElsewhere.has(name)));

/** A call of a service of AWS. */
function callOf({ attributes }: ReadableSpan): object {
  const status = attributes[told.status];
  return {
    namespace: "aws",
    aws: {
      operation: attributes[told.operation],
      ...{ request_id: attributes[told.requestId], retries: attributes[told.retries] },
      table_name: attributes[told.table],
    },
    ...(status !== undefined && { http: { response: { status } } }),
  };
}

function failureOf({ attributes }: ReadableSpan): object {
  const blame = text(attributes, told.blame) as Blame | undefined;
  if (blame === undefined) return {};
  const type = text(attributes, told.errorType);
  return {
    // X-Ray counts what is throttled among errors.
    ...(blame === "throttle" ? { error: true, throttle: true } : { [blame]: true }),
    // No message and no stack: they may quote a line of a file.
    ...(type !== undefined && { cause: { exceptions: [{ id: randomBytes(8).toString("hex"), type }] } }),
  };
}

function text(attributes: Attributes, name: string): string | undefined {
  const value = attributes[name];
  return typeof value === "string" ? value : undefined;
}

const microsecondsPerSecond = 1_000_000;

/** Epoch seconds, to the microsecond. */
const seconds = ([whole, nanoseconds]: HrTime): number =>
  whole + Math.round(nanoseconds / 1_000) / microsecondsPerSecond;
