import type { Plan, PlanResource } from "#local/plan/plan.ts";
import { committedPlan } from "./committed-plan.ts";
import { resource } from "./handmade-plan.ts";

/** The estate's own plan, and these beside it: the whole local cloud needs what the estate has. */
export function planBeside(...added: readonly PlanResource[]): Plan {
  const plan = committedPlan();
  return { ...plan, resources: [...plan.resources, ...added] };
}

/** A role that functions of a handmade plan name, and what it may do. */
export function roleResource(name: string, actions: readonly string[] = []): PlanResource {
  const Statement = actions.map((Action) => ({ Effect: "Allow", Action, Resource: ["*"] }));
  return {
    ...resource("aws:iam/role:Role", `${name}Role`, {
      name,
      assumeRolePolicy: "{}",
      inlinePolicies: [{ name: "inline", policy: JSON.stringify({ Version: "2012-10-17", Statement }) }],
    }),
    outputs: { arn: `arn:aws:iam::123456789012:role/${name}` },
  };
}
