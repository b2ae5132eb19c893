import type { Plan, PlanResource } from "#local/plan/plan.ts";

const mappingType = "aws:lambda/eventSourceMapping:EventSourceMapping";

/**
 * A plan whose consumers of streams wait for no full batch, and give up after one retry: the pauses between eight are two
 * minutes.
 */
export const impatient = (plan: Plan): Plan =>
  altered(plan, ({ type, inputs }) =>
    type === mappingType && "maximumRetryAttempts" in inputs
      ? { ...inputs, maximumRetryAttempts: 1, maximumBatchingWindowInSeconds: 0 }
      : undefined,
  );

/** A plan with two pods of each program, whose work is taken up by others seconds after they were killed, and not minutes. */
export const inTwoPods = (plan: Plan): Plan =>
  altered(plan, ({ type, inputs }) => {
    if (type !== "kubernetes:apps/v1:Deployment") return undefined;
    const text = JSON.stringify(inputs)
      .replace(/("name":"LEASE_SECONDS","value":)"\d+"/, '$1"5"')
      .replace(/"replicas":\d+/, '"replicas":2');
    return JSON.parse(text) as PlanResource["inputs"];
  });

/** The plan with other inputs where `change` answers some. */
export const altered = (
  plan: Plan,
  change: (resource: PlanResource) => PlanResource["inputs"] | undefined,
): Plan => ({
  ...plan,
  resources: plan.resources.map((each) => ({ ...each, inputs: change(each) ?? each.inputs })),
});
