import { fileURLToPath } from "node:url";
import { loadPlan } from "#local/plan/load.ts";
import type { Plan, PlanResource } from "#local/plan/plan.ts";
import { sourceHash } from "#local/plan/source-hash.ts";

/** The plan that the laptop runs. */
export const committedPlan = (): Plan =>
  loadPlan(fileURLToPath(new URL("../..", import.meta.url)), sourceHash);

interface Statement {
  readonly Action: string | readonly string[];
  readonly Resource: string | readonly string[];
}

/**
 * The plan, its role `roleName` without one action on the resources whose ARN ends with `resource`.
 * @throws Error when the role never had it: the test would prove nothing.
 */
export function without(plan: Plan, roleName: string, action: string, resource: string): Plan {
  let taken = 0;
  const lessened = (statement: Statement): Statement[] => {
    const resources = [statement.Resource].flat();
    const touched = resources.filter((arn) => arn.endsWith(resource));
    if (touched.length === 0 || ![statement.Action].flat().includes(action)) return [statement];
    taken += 1;
    const others = [statement.Action].flat().filter((each) => each !== action);
    const spared = resources.filter((arn) => !touched.includes(arn));
    return [
      { ...statement, Action: others, Resource: touched },
      { ...statement, Resource: spared },
    ].filter((each) => each.Action.length > 0 && each.Resource.length > 0);
  };
  const resources = plan.resources.map((each) =>
    each.type === "aws:iam/role:Role" && each.name === roleName ? withStatements(each, lessened) : each,
  );
  if (taken === 0) throw new Error(`${roleName} was never granted ${action} on …${resource}`);
  return { ...plan, resources };
}

function withStatements(role: PlanResource, change: (statement: Statement) => Statement[]): PlanResource {
  const policies = role.inputs["inlinePolicies"] as readonly { readonly policy: string }[];
  const inlinePolicies = policies.map((inline) => {
    const document = JSON.parse(inline.policy) as { readonly Statement: readonly Statement[] };
    const Statement = document.Statement.flatMap(change);
    return { ...inline, policy: JSON.stringify({ ...document, Statement }) };
  });
  return { ...role, inputs: { ...role.inputs, inlinePolicies } };
}
