import { StateFailure } from "./errors.ts";
import type { Json } from "./json.ts";
import type { Exit, Recovery } from "./machine.ts";
import type { AttemptSnapshot, VisitSnapshot } from "./replay.ts";
import { findCatcher, RetryCounts } from "./retry.ts";
import type { Visit } from "./visit.ts";

/**
 * Makes attempts at a Task, Parallel or Map until one gives a result that the state can leave with, as its Retry and
 * Catch say. Throws the StateFailure that nothing handles.
 * @param attempt is given what an attempt had reached before a restart
 */
export async function visitWithRecovery(
  visit: Visit,
  state: { readonly recovery: Recovery; readonly exit: Exit },
  attempt: (earlier: AttemptSnapshot | undefined) => Promise<Json>,
): Promise<string | undefined> {
  const counts = new RetryCounts();
  let { earlier } = visit;
  if (earlier !== undefined) await resumeRetries(visit, state.recovery, counts, earlier);
  // Bounded by MaxAttempts of the retriers, and by the events that an execution may have.
  for (;;) {
    try {
      if (earlier?.failure !== undefined) throw new StateFailure(earlier.failure);
      visit.result = await attempt(earlier?.attempt);
      return await visit.leave(state.exit, visit.result);
    } catch (thrown) {
      const failure = visit.toFailure(thrown);
      const told = earlier?.groupFailed === true;
      earlier = undefined;
      const delayMs = counts.next(state.recovery.retriers, failure.failure, visit.run.random);
      if (delayMs === undefined) return await handle(visit, state.recovery, failure, told);
      const { clock } = visit.run;
      visit.note({ kind: "retry", failure: failure.failure, at: clock.now() + delayMs });
      await visit.frame.cancellation.sleep(clock, delayMs);
      visit.wake();
      visit.result = undefined;
      visit.retryCount += 1;
      visit.run.transition();
    }
  }
}

/** Counts what was retried before a restart, and waits for what is left of the delay. */
async function resumeRetries(
  visit: Visit,
  { retriers }: Recovery,
  counts: RetryCounts,
  { failures, retryAt }: VisitSnapshot,
): Promise<void> {
  const { clock, random } = visit.run;
  for (const failure of failures) counts.next(retriers, failure, random);
  visit.retryCount = failures.length;
  const leftMs = (retryAt ?? 0) - clock.now();
  if (leftMs > 0) await visit.frame.cancellation.sleep(clock, leftMs);
  if (retryAt !== undefined) visit.run.transition();
}

/** @param told whether the history says already that the group failed */
async function handle(
  visit: Visit,
  recovery: Recovery,
  failure: StateFailure,
  told: boolean,
): Promise<string | undefined> {
  const { type } = visit.state;
  if (!told && (type === "Map" || type === "Parallel")) visit.record(`${type}StateFailed`, () => ({}));
  const catcher = findCatcher(recovery.catchers, failure.failure);
  if (catcher === undefined) throw failure;
  const { error, cause } = failure.failure;
  visit.wake();
  visit.result = undefined;
  visit.errorOutput = {
    ...(error === undefined ? {} : { Error: error }),
    ...(cause === undefined ? {} : { Cause: cause }),
  };
  try {
    return await visit.leave(catcher.exit, visit.errorOutput);
  } catch (thrown) {
    throw visit.toFailure(thrown);
  }
}
