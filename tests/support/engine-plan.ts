import type { Plan, PlanResource } from "#local/plan/plan.ts";

/** A plan with these resources and nothing else, in the account and region of the tests. */
export const planOf = (...resources: readonly PlanResource[]): Plan => ({
  format: 1,
  app: "tallystick",
  stage: "local",
  region: "eu-west-1",
  account: "123456789012",
  sst: "0.0.0",
  source_hash: "sha256:none",
  resources,
});

export const resource = (
  type: string,
  name: string,
  inputs: Readonly<Record<string, unknown>>,
): PlanResource => ({ urn: `urn:pulumi:local::tallystick::${type}::${name}`, type, name, inputs });
