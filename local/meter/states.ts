import { inputOf, objectIn, objectOf, textIn } from "../door/call-input.ts";
import { traceRootOf } from "../door/call-log.ts";
import type { Meter, ServiceMeter, Usage } from "../door/meter.ts";
import type { Billed } from "../stepfunctions/billing.ts";

/**
 * Express workflows are billed by request and by memory over time, which a synchronous start tells in its answer.
 * Transitions of Standard workflows, and the time of asynchronous Express ones, are in no answer: the engine tells
 * them when they come up (`executionMeter`).
 */
export const statesMeter: ServiceMeter = {
  service: "states",
  prepare: (call) => call,
  read(call, answer) {
    const isStart = call.action === "StartSyncExecution" || call.action === "StartExecution";
    if (!isStart || answer.statusCode !== 200) return { usage: [], answer };
    const output = objectOf(answer.body) ?? {};
    const isExpress = textIn(output, "executionArn")?.split(":")[5] === "express";
    if (!isExpress) return { usage: [], answer };
    const resource = textIn(inputOf(call) ?? {}, "stateMachineArn") ?? "";
    const line = { service: "states", resource };
    const billing = objectIn(output, "billingDetails");
    const [memoryMb, durationMs] = [billing["billedMemoryUsedInMB"], billing["billedDurationInMilliseconds"]];
    const usage: Usage[] = [{ ...line, unit: "requests", quantity: 1 }];
    if (typeof memoryMb === "number" && typeof durationMs === "number") {
      usage.push({ ...line, unit: "mb_ms", quantity: memoryMb * durationMs });
    }
    return { usage, answer };
  },
};

/** Adds what executions cost while nobody waits for them to who started them. */
export function executionMeter(meter: Meter): (billed: Billed) => void {
  return ({ machineArn, unit, quantity, cause: { caller, action, trace } }) =>
    meter.add(
      [{ service: "states", resource: machineArn, unit, quantity }],
      { caller, action },
      traceRootOf(trace),
    );
}
