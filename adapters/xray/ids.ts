import { isSpanContextValid, type SpanContext, TraceFlags } from "@opentelemetry/api";

/** `1-<8 hex of epoch seconds>-<24 hex>`: how X-Ray writes what OpenTelemetry has as 32 hex digits. */
export const rootOf = (traceId: string): string => `1-${traceId.slice(0, 8)}-${traceId.slice(8)}`;

/** The header by which AWS's services know of what a call is part. */
export const traceHeaderName = "X-Amzn-Trace-Id";

export const traceHeaderOf = ({ traceId, spanId, traceFlags }: SpanContext): string =>
  `Root=${rootOf(traceId)};Parent=${spanId};Sampled=${traceFlags & TraceFlags.SAMPLED}`;

/**
 * Where a trace header points to: `Root=1-…;Parent=…`, in any order and with what else there is.
 * @returns undefined for what is none, or has no parent to point to
 */
export function linkIn(header: string): SpanContext | undefined {
  const fields = new Map(header.split(";").map((part) => part.trim().split("=", 2) as [string, string]));
  const [, seconds = "", rest = ""] = /^1-([0-9a-f]{8})-([0-9a-f]{24})$/.exec(fields.get("Root") ?? "") ?? [];
  const found: SpanContext = {
    ...{ traceId: seconds + rest, spanId: fields.get("Parent") ?? "", isRemote: true },
    traceFlags: fields.get("Sampled") === "1" ? TraceFlags.SAMPLED : TraceFlags.NONE,
  };
  return isSpanContextValid(found) ? found : undefined;
}
