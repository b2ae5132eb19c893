import { EvaluationError, errorNames } from "../errors.ts";
import type { ChoiceState } from "../machine.ts";
import type { Visit } from "../visit.ts";

/** Takes the first rule whose condition is true, else `Default`. */
export async function visitChoice(visit: Visit, state: ChoiceState): Promise<string | undefined> {
  for (const { condition, exit } of state.rules) {
    const holds = await condition.evaluate(visit);
    if (typeof holds !== "boolean") {
      throw (
        condition.expression?.unexpectedType("boolean", holds) ??
        new EvaluationError("The Condition field must be a boolean", undefined)
      );
    }
    if (holds) return visit.leave(exit, visit.input);
  }
  if (state.otherwise !== undefined) return visit.leave(state.otherwise, visit.input);
  // The documentation promises States.NoChoiceMatched; AWS gives this.
  throw visit.failure(
    errorNames.runtime,
    "Failed to transition out of the state. The state does not point to a next state.",
  );
}
