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
      role: roleArnOf(name),
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

const roleServices = ["events", "firehose", "lambda", "s3", "scheduler", "states"];

/** A trust policy that lets these services, and nobody else, act in the role's name. */
export const trusting = (...services: readonly string[]) => ({
  Version: "2012-10-17",
  Statement: services.map((service) => ({
    Effect: "Allow",
    Principal: { Service: `${service}.amazonaws.com` },
    Action: "sts:AssumeRole",
  })),
});

/** A role that may do this, or nothing, for the functions or state machines that name it. */
export function roleResource(
  name: string,
  Action: readonly string[] = [],
  Resource: readonly string[] = ["*"],
): PlanResource {
  const Statement = Action.length === 0 ? [] : [{ Effect: "Allow", Action, Resource }];
  const policy = JSON.stringify({ Version: "2012-10-17", Statement });
  const assumeRolePolicy = JSON.stringify(trusting(...roleServices));
  const inputs = { name, assumeRolePolicy, inlinePolicies: [{ name: "inline", policy }] };
  return { ...resource("aws:iam/role:Role", `${name}Role`, inputs), outputs: { arn: roleArnOf(name) } };
}

export function roleArnOf(name: string): string {
  return `arn:aws:iam::${account}:role/${name}`;
}

/** A state machine whose states use JSONata, under the role of its name. */
export function machineResource(
  name: string,
  states: Readonly<Record<string, unknown>>,
  type: "EXPRESS" | "STANDARD" = "STANDARD",
): PlanResource {
  const definition = JSON.stringify({
    QueryLanguage: "JSONata",
    StartAt: Object.keys(states)[0],
    States: states,
  });
  return {
    ...resource("aws:sfn/stateMachine:StateMachine", name, {
      name,
      type,
      definition,
      roleArn: roleArnOf(name),
    }),
    outputs: { arn: machineArn(name) },
  };
}

export function machineArn(name: string): string {
  return `arn:aws:states:${region}:${account}:stateMachine:${name}`;
}

const arnOf = (service: "sns" | "sqs", name: string): string =>
  `arn:aws:${service}:${region}:${account}:${name}`;
export const queueArn = (name: string): string => arnOf("sqs", name);
export const topicArn = (name: string): string => arnOf("sns", name);

/** The policy of a queue, of these statements. */
export const queuePolicyResource = (
  name: string,
  ...Statement: readonly Readonly<Record<string, unknown>>[]
): PlanResource =>
  resource("aws:sqs/queuePolicy:QueuePolicy", `${name}Policy`, {
    queueUrl: `https://sqs.${region}.amazonaws.com/${account}/${name}`,
    policy: JSON.stringify({ Version: "2012-10-17", Statement }),
  });

/** The policy of a queue that lets a service of AWS send to it, for something of the estate. */
export const opensQueue = (name: string, service: string, sourceArn: string): PlanResource =>
  queuePolicyResource(name, {
    Effect: "Allow",
    Principal: { Service: `${service}.amazonaws.com` },
    Action: "sqs:SendMessage",
    Resource: queueArn(name),
    Condition: { ArnLike: { "aws:SourceArn": sourceArn } },
  });

/** The permission of a service of AWS to invoke a function, for something of the estate. */
export const opensFunction = (name: string, service: string, sourceArn: string): PlanResource =>
  resource("aws:lambda/permission:Permission", `${name}For${service}`, {
    ...{ action: "lambda:InvokeFunction", function: functionArn(name) },
    ...{ principal: `${service}.amazonaws.com`, sourceArn },
  });
