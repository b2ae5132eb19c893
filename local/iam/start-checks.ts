import type { Plan } from "../plan/plan.ts";
import { Refusal } from "../process/refusal.ts";
import { type Permits, unreadableSourcesIn } from "./source-access.ts";
import { untrustedIn } from "./trust.ts";

/**
 * What IAM has a deploy fail with is said before anything starts.
 * @throws Refusal that names each resource that AWS would refuse to make, why, and what to add.
 */
export function checkDeployable(plan: Plan, permits: Permits): void {
  const refused = [...untrustedIn(plan), ...unreadableSourcesIn(plan, permits)];
  if (refused.length > 0) throw new Refusal(`AWS would not deploy the plan: ${refused.join("; ")}`);
}
