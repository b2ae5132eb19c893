import { traceRootOf } from "../door/call-log.ts";
import type { Meter } from "../door/meter.ts";
import { shortNameOf } from "../functions-environment.ts";
import type { InvocationReport } from "../lambda/service.ts";

/** Lambda bills each invocation, and its memory for as long as it ran, in milliseconds rounded up. */
export function lambdaMeter(meter: Meter): (report: InvocationReport) => void {
  return ({ definition, durationMs, trace }) => {
    const line = { service: "lambda", resource: definition.name } as const;
    meter.add(
      [
        { ...line, unit: "requests", quantity: 1 },
        { ...line, unit: "mb_ms", quantity: definition.memorySizeMb * Math.ceil(durationMs) },
      ],
      { caller: shortNameOf(definition.logicalName), action: "Invoke" },
      traceRootOf(trace),
    );
  };
}
