import { EvaluationError } from "../errors.ts";
import { secondsMax, type WaitState } from "../machine.ts";
import { parseTimestamp } from "../timestamp.ts";
import type { Visit } from "../visit.ts";

/** Waits on the run's clock; a time that has passed is no wait. */
export async function visitWait(visit: Visit, state: WaitState): Promise<string | undefined> {
  const { clock } = visit.run;
  const until = visit.earlier?.waitUntil ?? (await readUntil(visit, state));
  const delayMs = until - clock.now();
  if (delayMs > 0) await visit.frame.cancellation.sleep(clock, delayMs);
  visit.wake();
  return visit.leave(state.exit, visit.input);
}

/** When the wait is over, in epoch milliseconds. */
async function readUntil(visit: Visit, state: WaitState): Promise<number> {
  const { clock } = visit.run;
  const until =
    state.until.kind === "seconds"
      ? (await visit.number(state.until.seconds, "Seconds", 0, secondsMax)) * 1_000 + clock.now()
      : await readTimestamp(visit, state);
  visit.note({ kind: "wait", until });
  return until;
}

async function readTimestamp(visit: Visit, state: WaitState): Promise<number> {
  if (state.until.kind !== "timestamp") throw new Error("a wait for seconds has no timestamp");
  const text = await visit.string(state.until.timestamp, "Timestamp");
  // AWS reads the text only after it has entered the state, as its events' order tells.
  visit.wake();
  const timestamp = parseTimestamp(text);
  if (timestamp !== undefined) return timestamp;
  throw new EvaluationError(
    `The Timestamp field cannot be parsed as an ISO-8601 extended offset date-time format string: ${text}`,
    "Timestamp",
  );
}
