import type { PlanResource } from "../plan/plan.ts";
import { Refusal } from "../process/refusal.ts";

/**
 * A policy says something that this evaluator does not know. Passing over it would allow what AWS denies, or deny what
 * it allows, so nothing starts with it.
 */
export class UnsupportedPolicy extends Error {
  override readonly name = "UnsupportedPolicy";
}

/** What reading the policy of a resource comes to. @throws Refusal that names the resource. */
export function refusingPolicy<T>({ type, name }: Pick<PlanResource, "type" | "name">, read: () => T): T {
  try {
    return read();
  } catch (thrown) {
    if (!(thrown instanceof UnsupportedPolicy)) throw thrown;
    throw new Refusal(
      `the policy of the plan's ${type} ${name} has what the local IAM does not evaluate: ${thrown.message}`,
      { cause: thrown },
    );
  }
}
