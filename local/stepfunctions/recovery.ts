import type { StateFailure } from "./errors.ts";
import type { Json } from "./json.ts";
import type { Exit, Recovery } from "./machine.ts";
import { findCatcher, RetryCounts } from "./retry.ts";
import type { Visit } from "./visit.ts";

/**
 * Makes attempts at a Task, Parallel or Map until one gives a result that the state can leave with, as its Retry and
 * Catch say. Throws the StateFailure that nothing handles.
 */
export async function visitWithRecovery(
  visit: Visit,
  state: { readonly recovery: Recovery; readonly exit: Exit },
  attempt: () => Promise<Json>,
): Promise<string | undefined> {
  const counts = new RetryCounts();
  // Bounded by MaxAttempts of the retriers, and by the events that an execution may have.
  for (;;) {
    try {
      visit.result = await attempt();
      return await visit.leave(state.exit, visit.result);
    } catch (thrown) {
      const failure = visit.toFailure(thrown);
      const delayMs = counts.next(state.recovery.retriers, failure.failure, visit.run.random);
      if (delayMs === undefined) return await handle(visit, state.recovery, failure);
      await visit.frame.cancellation.sleep(visit.run.clock, delayMs);
      visit.wake();
      visit.result = undefined;
      visit.retryCount += 1;
    }
  }
}

async function handle(visit: Visit, recovery: Recovery, failure: StateFailure): Promise<string | undefined> {
  const { type } = visit.state;
  if (type === "Map" || type === "Parallel") visit.record(`${type}StateFailed`, () => ({}));
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
