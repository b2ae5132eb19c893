import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { PlanResource } from "#local/plan/plan.ts";
import { projectRoot } from "../committed-plan.ts";
import type { PlanView } from "../plan-view.ts";
import { grantsOf, listOf, type Statement } from "../rules/documents.ts";
import { type Check, each } from "../rules/rule.ts";

const functionType = "aws:lambda/function:Function";

interface Fn {
  readonly name: string;
  readonly role: string;
  readonly timeout?: number;
  readonly environment?: { readonly variables?: Readonly<Record<string, string>> };
}

/** What a module imports of this project; packages read no variables of ours. */
const importPattern = /(?:from|import)\s+"(#[a-z]+\/[^"]+|\.{1,2}\/[^"]+)"/g;
const variablePattern = /(required|optional)Variable\(\s*"(\w+)"/g;

interface Reads {
  readonly required: ReadonlySet<string>;
  readonly all: ReadonlySet<string>;
}

/** The variables that a handler's file and all that it imports ask for. */
function variablesReadBy(handler: string): Reads {
  const [required, all] = [new Set<string>(), new Set<string>()];
  const seen = new Set<string>();
  const visit = (file: string): void => {
    if (seen.has(file) || !existsSync(file)) return;
    seen.add(file);
    const source = readFileSync(file, "utf8");
    for (const [, kind, name = ""] of source.matchAll(variablePattern)) {
      all.add(name);
      if (kind === "required") required.add(name);
    }
    for (const [, path = ""] of source.matchAll(importPattern))
      visit(path.startsWith("#") ? join(projectRoot, path.slice(1)) : join(dirname(file), path));
  };
  visit(join(projectRoot, handler.replace(/\.\w+$/, ".ts")));
  return { required, all };
}

const readsOf = new Map<string, Reads>();
function cachedReads(handler: string): Reads {
  const reads = readsOf.get(handler) ?? variablesReadBy(handler);
  readsOf.set(handler, reads);
  return reads;
}

const variablesOf = ({ environment }: Fn): Readonly<Record<string, string>> => environment?.variables ?? {};

/** Every variable that a handler cannot do without is set. */
export const variablesSet: Check = each<Fn>(functionType, (fn, { handler }) => {
  if (handler === undefined) return false;
  const missing = [...cachedReads(handler).required].filter((name) => !(name in variablesOf(fn)));
  return (
    missing.length > 0 &&
    `is not given ${missing.join(", ")}, which ${handler} asks for: declare it in stacks/functions.ts`
  );
});

/** Every variable that is set is read. */
export const variablesRead: Check = each<Fn>(functionType, (fn, { handler }) => {
  if (handler === undefined) return false;
  const unread = Object.keys(variablesOf(fn)).filter((name) => !cachedReads(handler).all.has(name));
  return (
    unread.length > 0 &&
    `is given ${unread.join(", ")}, which ${handler} never reads: take it from stacks/functions.ts`
  );
});

/** A named thing of the plan, as environments and policies know it. */
interface Thing {
  readonly arn: string;
  readonly told: unknown;
}

function thingsOf(plan: PlanView): readonly Thing[] {
  const toldBy: Readonly<Record<string, (resource: PlanResource) => unknown>> = {
    "aws:dynamodb/table:Table": ({ inputs }) => inputs["name"],
    "aws:sqs/queue:Queue": ({ outputs }) => outputs?.["url"],
    "aws:kinesis/stream:Stream": ({ inputs }) => inputs["name"],
    "aws:sns/topic:Topic": ({ outputs }) => outputs?.["arn"],
    "aws:s3/bucket:Bucket": ({ inputs }) => inputs["bucket"],
    "aws:sfn/stateMachine:StateMachine": ({ outputs }) => outputs?.["arn"],
    "aws:kms/key:Key": ({ outputs }) => outputs?.["arn"],
    "aws:kms/replicaKey:ReplicaKey": ({ outputs }) => outputs?.["arn"],
  };
  const own = new Set(plan.resources);
  return plan.known.flatMap((resource) => {
    const told = toldBy[resource.type]?.(resource);
    if (told === undefined) return [];
    const arn = String(resource.outputs?.["arn"]);
    // What another stage has made is here as its replica, under the same name.
    return [
      { arn: own.has(resource) ? arn : arn.replace(/^(arn:aws:dynamodb):[^:]+/, `$1:${plan.region}`), told },
    ];
  });
}

/** What is inside of a thing is granted with it: `<table>/index/x`, `<bucket>/*`, executions of a machine. */
const isAbout = (resource: string, { arn }: Thing): boolean =>
  resource === arn ||
  resource.startsWith(`${arn}/`) ||
  resource.startsWith(`${arn.replace(":stateMachine:", ":execution:")}:`);

function grantsOfRole(plan: PlanView, arn: string): readonly Statement[] {
  const role = plan
    .ofType<{ inlinePolicies?: readonly { policy?: unknown }[] }>("aws:iam/role:Role")
    .find(({ outputs }) => outputs?.["arn"] === arn);
  return role === undefined ? [] : grantsOf(role.inputs);
}

/** What a function is told of, it may use. */
export const toldIsGranted: Check = each<Fn>(functionType, (fn, _, plan) => {
  const granted = grantsOfRole(plan, fn.role).flatMap(({ Resource }) => listOf(Resource));
  const values: readonly unknown[] = Object.values(variablesOf(fn));
  const denied = thingsOf(plan).filter(
    (thing) => values.includes(thing.told) && !granted.some((resource) => isAbout(resource, thing)),
  );
  return (
    denied.length > 0 &&
    `is told of ${denied.map(({ arn }) => arn).join(", ")} and may do nothing with it: grant what its handler does`
  );
});

/** What code does by itself. The rest is done by Lambda or by a service in the function's name. */
const ownActions =
  /^(dynamodb:(Get|BatchGet|Put|BatchWrite|Update|Delete)Item|dynamodb:(Query|Scan)|kinesis:PutRecords?|s3:(Get|Put)Object|s3:ListBucket|states:Start(Sync)?Execution|sqs:SendMessage|sns:(Publish|Subscribe)|kms:(Decrypt|GenerateMac|GenerateDataKey))$/;

/** What a function may use by itself, it is told of, or the grant is unused. */
export const grantedIsTold: Check = each<Fn>(functionType, (fn, _, plan) => {
  const values: readonly unknown[] = Object.values(variablesOf(fn));
  const givesUpTo = plan
    .ofType<{ functionName: string; destinationConfig?: { onFailure?: { destinationArn?: string } } }>(
      "aws:lambda/eventSourceMapping:EventSourceMapping",
    )
    .filter(({ inputs }) => inputs.functionName === fn.name)
    .map(({ inputs }) => inputs.destinationConfig?.onFailure?.destinationArn);
  const used = grantsOfRole(plan, fn.role)
    .filter(
      ({ Action, Condition }) =>
        listOf(Action).some((action) => ownActions.test(action)) && !throughService(Condition),
    )
    .flatMap(({ Resource }) => listOf(Resource));
  const untold = thingsOf(plan).filter(
    (thing) =>
      used.some((resource) => isAbout(resource, thing)) &&
      !values.includes(thing.told) &&
      !givesUpTo.includes(thing.arn),
  );
  return (
    untold.length > 0 &&
    `may use ${untold.map(({ arn }) => arn).join(", ")}, of which it is not told: take the grant away`
  );
});

const throughService = (condition: Statement["Condition"]): boolean =>
  Object.values(condition ?? {}).some((test) => "kms:ViaService" in test);

/** Lambda's advice: a message stays hidden for six times what its function may take. */
export const messagesStayHidden: Check = each<{ eventSourceArn: string; functionName: string }>(
  "aws:lambda/eventSourceMapping:EventSourceMapping",
  ({ eventSourceArn, functionName }, _, plan) => {
    const queue = plan
      .ofType<{ visibilityTimeoutSeconds?: number }>("aws:sqs/queue:Queue")
      .find(({ outputs }) => outputs?.["arn"] === eventSourceArn);
    const fn = plan.ofType<Fn>(functionType).find(({ inputs }) => inputs.name === functionName);
    const [hidden, needed] = [queue?.inputs.visibilityTimeoutSeconds ?? 30, 6 * (fn?.inputs.timeout ?? 3)];
    return (
      queue !== undefined &&
      hidden < needed &&
      `${queue.name} hides a message for ${hidden} s and its function needs ${needed}: use visibilityFor (stacks/messaging.ts)`
    );
  },
);

const apiTimeoutSeconds = 30;

/** What is behind the API ends before API Gateway hangs up, and API Gateway may invoke it. */
export const apiReachesFunctions: Check = each<{ integrationUri?: string }>(
  "aws:apigatewayv2/integration:Integration",
  ({ integrationUri = "" }, _, plan) => {
    const fn = plan
      .ofType<Fn>(functionType)
      .find(({ outputs }) => integrationUri.includes(String(outputs?.["arn"])));
    if (fn === undefined) return `leads to ${integrationUri}, which is no function of the plan`;
    if ((fn.inputs.timeout ?? 3) >= apiTimeoutSeconds)
      return `${fn.name} may take longer than API Gateway waits: under ${apiTimeoutSeconds} s`;
    const invoked = plan
      .ofType<{ function: string; principal: string }>("aws:lambda/permission:Permission")
      .some(
        ({ inputs }) =>
          inputs.principal === "apigateway.amazonaws.com" &&
          [fn.inputs.name, fn.outputs?.["arn"]].includes(inputs.function),
      );
    return !invoked && `${fn.name} does not let API Gateway in: add a Permission`;
  },
);

/** Whoever rotates a secret is a function of the plan, and lets Secrets Manager in. */
export const rotationsReachFunctions: Check = each<{ rotationLambdaArn?: string }>(
  "aws:secretsmanager/secretRotation:SecretRotation",
  ({ rotationLambdaArn }, _, plan) => {
    const fn = plan.ofType<Fn>(functionType).find(({ outputs }) => outputs?.["arn"] === rotationLambdaArn);
    if (fn === undefined) return `is done by ${rotationLambdaArn}, which is no function of the plan`;
    const invoked = plan
      .ofType<{ function: string; principal: string }>("aws:lambda/permission:Permission")
      .some(
        ({ inputs }) =>
          inputs.principal === "secretsmanager.amazonaws.com" && inputs.function === fn.inputs.name,
      );
    return !invoked && `${fn.name} does not let Secrets Manager in: add a Permission`;
  },
);
