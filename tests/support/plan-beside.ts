import type { Plan, PlanResource } from "#local/plan/plan.ts";
import { committedPlan } from "./committed-plan.ts";

/** The estate's own plan, and these beside it: the whole local cloud needs what the estate has. */
export function planBeside(...added: readonly PlanResource[]): Plan {
  const plan = committedPlan();
  return { ...plan, resources: [...plan.resources, ...added] };
}
