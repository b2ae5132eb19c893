import { historyEventsMax } from "./history.ts";
import type { StoredExecution } from "./store.ts";

/** Whether and why not an execution can be redriven, as the API tells it. */
export interface Redrivability {
  readonly redriveStatus: "NOT_REDRIVABLE" | "REDRIVABLE";
  readonly redriveStatusReason: string | undefined;
}

const periodMs = 14 * 86_400_000;
const redrivesMax = 1_000;

/**
 * AWS redrives what failed, timed out or was aborted in the last 14 days and has room left in its history.
 * @param now epoch milliseconds
 */
export function redrivability(
  { status, stoppedAt, redriveCount }: StoredExecution,
  lastEventId: number,
  now: number,
): Redrivability {
  const no = (redriveStatusReason: string): Redrivability => ({
    redriveStatus: "NOT_REDRIVABLE",
    redriveStatusReason,
  });
  if (stoppedAt === null || status === "SUCCEEDED")
    return no(`Execution is ${status} and cannot be redriven`);
  if (now > stoppedAt + periodMs) return no("Execution has exceeded the redrivable period of 14 days");
  if (lastEventId >= historyEventsMax - 1) return no("Execution history event limit exceeded");
  if (redriveCount >= redrivesMax) return no("Execution redrive limit exceeded");
  return { redriveStatus: "REDRIVABLE", redriveStatusReason: undefined };
}
