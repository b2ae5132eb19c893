import { z } from "zod";
import { inputsOf, outputsOf, resourcesOf } from "../plan/load.ts";
import type { Plan } from "../plan/plan.ts";
import { Refusal } from "../process/refusal.ts";
import { Policies, statementsOf } from "./policy.ts";
import { refusingPolicy } from "./unsupported-policy.ts";

const roleInputs = z.object({
  name: z.string(),
  inlinePolicies: z.array(z.object({ name: z.string().optional(), policy: z.string() })).default([]),
  managedPolicyArns: z
    .array(z.string())
    .max(0, "AWS's managed policies are not here: grant what the role needs in its own policy")
    .default([]),
  permissionsBoundary: z.undefined("permissions boundaries are not evaluated here").optional(),
});
const roleOutputs = z.object({ arn: z.string().startsWith("arn:aws:iam::") });
const roleType = "aws:iam/role:Role";

/** A role of the plan, with its policies. */
export interface Role {
  /** Logical name in the plan. */
  readonly logicalName: string;
  readonly arn: string;
  readonly policies: Policies;
}

/**
 * The plan's roles by their ARNs.
 * @throws Refusal when a policy says what is not evaluated here, or hangs on a role in a way that is not read here.
 */
export function rolesOf(plan: Plan): ReadonlyMap<string, Role> {
  const other = plan.resources.find(({ type }) => type.startsWith("aws:iam/") && type !== roleType);
  if (other !== undefined) {
    throw new Refusal(
      `the plan's ${other.type} ${other.name} is not evaluated by the local IAM: put the policy into its role`,
    );
  }
  return new Map(
    resourcesOf(plan, roleType).map((resource) => {
      const { inlinePolicies } = inputsOf(resource, roleInputs);
      const { arn } = outputsOf(resource, roleOutputs);
      const statements = inlinePolicies.flatMap(({ policy }) =>
        refusingPolicy(resource, () => statementsOf(policy)),
      );
      return [arn, { logicalName: resource.name, arn, policies: new Policies(statements) }];
    }),
  );
}
