import { committed, type LockedStage, lockedStages } from "../committed-plan.ts";
import type { PlanView } from "../plan-view.ts";
import { renderStage } from "../render-stage.ts";

/** Every stage on AWS, in the order of the page: the estates, what an account has once, and the organization. */
export const stagesOnAws = [
  "dev",
  "staging",
  "production",
  "production-standby",
  "account-dev",
  "account-staging",
  "account-production",
  "account-security",
  "account-log-archive",
  "organization",
] as const;

/**
 * The plans of all stages on AWS, those that are not committed rendered afresh.
 * @throws Error with what the renderer said.
 */
export async function plansOfAllStages(): Promise<readonly PlanView[]> {
  const plans: PlanView[] = [];
  // One after the other: tests run beside it, and a render that is kept from its processor for too long gives up.
  for (const stage of stagesOnAws) plans.push(isLocked(stage) ? committed(stage) : await renderStage(stage));
  return plans;
}

const isLocked = (stage: string): stage is LockedStage => lockedStages.some((locked) => locked === stage);
