import { type Input, inputOf, objectOf, objectsIn } from "../door/call-input.ts";
import type { ServiceMeter } from "../door/meter.ts";

/**
 * X-Ray bills each trace that is recorded, once, and each that is read or looked through. A trace is counted where its
 * segment comes: subsegments are sent by themselves, and a segment that is under way is sent again.
 */
export const xrayMeter: ServiceMeter = {
  service: "xray",
  prepare: (call) => call,
  read(call, answer) {
    if (answer.statusCode !== 200) return { usage: [], answer };
    const output = objectOf(answer.body) ?? {};
    const counted = (unit: "traces_recorded" | "traces_read", quantity: number) => ({
      usage: [{ service: "xray", unit, resource: "", quantity }],
      answer,
    });
    switch (call.action) {
      case "PutTraceSegments":
        return counted("traces_recorded", recordedIn(inputOf(call)?.["TraceSegmentDocuments"], output));
      case "BatchGetTraces":
        return counted("traces_read", objectsIn(output, "Traces").length);
      default:
        return counted("traces_read", Number(output["TracesProcessedCount"] ?? 0));
    }
  },
};

/** Traces whose whole segments are among what was taken. */
function recordedIn(documents: unknown, output: Readonly<Record<string, unknown>>): number {
  const refused = new Set(objectsIn(output, "UnprocessedTraceSegments").map(({ Id }) => Id));
  const texts: readonly unknown[] = Array.isArray(documents) ? documents : [];
  const segments = texts.flatMap((text): readonly Input[] => {
    const segment = objectOf(String(text));
    return segment === undefined ? [] : [segment];
  });
  const whole = segments.filter(
    ({ id, type, in_progress }) => type === undefined && in_progress !== true && !refused.has(id),
  );
  return new Set(whole.map(({ trace_id }) => trace_id)).size;
}
