import type { Plan, PlanResource } from "#local/plan/plan.ts";

const account = "123456789012";
const region = "eu-west-1";

/** A plan of a few resources, written by hand. */
export function planOf(resources: readonly PlanResource[]): Plan {
  return {
    format: 1,
    app: "test",
    stage: "local",
    region,
    account,
    sst: "4.0.0",
    source_hash: "sha256:0",
    resources,
  };
}

/** A function that runs an export of one of the fixture modules: `lambda-functions.echo`. */
export function functionResource(
  name: string,
  handler: string,
  inputs: Readonly<Record<string, unknown>> = {},
): PlanResource {
  return {
    urn: `urn:pulumi:local::test::aws:lambda/function:Function::${name}`,
    type: "aws:lambda/function:Function",
    name,
    handler: `tests/integration/fixtures/${handler}`,
    inputs: {
      name: `test-local-${name}`,
      role: `arn:aws:iam::${account}:role/${name}`,
      runtime: "nodejs24.x",
      timeout: 10,
      memorySize: 256,
      ...inputs,
    },
    outputs: { arn: functionArn(name) },
  };
}

export function functionArn(name: string): string {
  return `arn:aws:lambda:${region}:${account}:function:test-local-${name}`;
}

/** Any other resource; its `id` is its logical name. */
export function resource(
  type: string,
  name: string,
  inputs: Readonly<Record<string, unknown>>,
): PlanResource {
  return { urn: `urn:pulumi:local::test::${type}::${name}`, type, name, inputs, outputs: { id: name } };
}
