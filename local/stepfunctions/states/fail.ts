import { StateFailure } from "../errors.ts";
import type { FailState } from "../machine.ts";
import type { Visit } from "../visit.ts";

/** Always throws a StateFailure, with the error and cause that the state gives. */
export async function visitFail(visit: Visit, state: FailState): Promise<never> {
  const error = state.error === undefined ? undefined : await visit.string(state.error, "Error");
  const cause = state.cause === undefined ? undefined : await visit.string(state.cause, "Cause");
  throw new StateFailure({ error, cause });
}
