import type { Statement } from "./committed-plan.ts";
import type { PlanView } from "./plan-view.ts";

/** What the tests of the company's accounts have in common. */

/** That are used; guards stand in each. */
export const regions = ["eu-west-1", "eu-central-1", "us-east-1"];

/** Regions of the resources of one type. */
export const regionsOf = (plan: PlanView, type: string): unknown[] =>
  plan.ofType<{ region?: string }>(type).map(({ inputs }) => inputs.region);

/** Statements of a policy's document. */
export const statementsIn = (
  policy: unknown,
): readonly (Statement & { readonly Sid: string; readonly Principal?: unknown })[] =>
  (policy as { Statement: readonly (Statement & { readonly Sid: string })[] }).Statement;
