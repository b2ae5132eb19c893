import { z } from "zod";
import { inputsOf, outputsOf, resourcesOf } from "../plan/load.ts";
import type { Plan, PlanResource } from "../plan/plan.ts";
import { Refusal } from "../process/refusal.ts";

/** A function of the estate, as its environments need it. */
export interface FunctionDefinition {
  /** Name on AWS, unique in the account and region. */
  readonly name: string;
  readonly arn: string;
  /** Logical name in the plan. */
  readonly logicalName: string;
  /** Path of the source file without its extension, a dot, and the export: `functions/api/payments.handler`. */
  readonly handler: string;
  readonly roleArn: string;
  readonly variables: Readonly<Record<string, string>>;
  /** 1 to 900. */
  readonly timeoutSeconds: number;
  readonly memorySizeMb: number;
  readonly runtime: string;
  readonly region: string;
  /** Invocations that may run at once; 0 switches the function off, undefined leaves only the account's limit. */
  readonly reservedConcurrency: number | undefined;
  readonly logGroup: string;
  readonly logFormat: "Text" | "JSON";
  readonly logLevel: string | undefined;
}

const functionInputs = z.object({
  name: z.string().min(1),
  role: z.string().startsWith("arn:"),
  runtime: z.string().startsWith("nodejs", "the local cloud runs Node.js functions only"),
  packageType: z.literal("Zip").default("Zip"),
  environment: z
    .object({ variables: z.record(z.string(), z.string()).default({}) })
    .default({ variables: {} }),
  timeout: z.int().min(1).max(900).default(3),
  memorySize: z.int().min(128).max(10_240).default(128),
  reservedConcurrentExecutions: z.int().min(-1).default(-1),
  loggingConfig: z
    .object({
      logGroup: z.string().optional(),
      logFormat: z.enum(["Text", "JSON"]).default("Text"),
      applicationLogLevel: z.string().optional(),
    })
    .optional(),
});
const functionOutputs = z.object({ arn: z.string().startsWith("arn:aws:lambda:").optional() });

/** AWS refuses a deployment that sets these: the service owns them. */
const reservedVariables: ReadonlySet<string> = new Set([
  "_HANDLER",
  "_X_AMZN_TRACE_ID",
  "AWS_ACCESS_KEY",
  "AWS_ACCESS_KEY_ID",
  "AWS_DEFAULT_REGION",
  "AWS_EXECUTION_ENV",
  "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
  "AWS_LAMBDA_FUNCTION_NAME",
  "AWS_LAMBDA_FUNCTION_VERSION",
  "AWS_LAMBDA_INITIALIZATION_TYPE",
  "AWS_LAMBDA_LOG_GROUP_NAME",
  "AWS_LAMBDA_LOG_STREAM_NAME",
  "AWS_LAMBDA_RUNTIME_API",
  "AWS_REGION",
  "AWS_SECRET_ACCESS_KEY",
  "AWS_SESSION_TOKEN",
  "LAMBDA_RUNTIME_DIR",
  "LAMBDA_TASK_ROOT",
]);

/**
 * The functions that the plan deploys.
 * @throws Refusal when one of them is nothing that this machine can run.
 */
export function functionsOf(plan: Plan): readonly FunctionDefinition[] {
  const functions = resourcesOf(plan, "aws:lambda/function:Function").map((resource) =>
    definitionOf(plan, resource),
  );
  const names = new Set<string>();
  for (const { name } of functions) {
    if (names.has(name)) throw new Refusal(`the plan deploys two functions of the name ${name}`);
    names.add(name);
  }
  return functions;
}

function definitionOf(plan: Plan, resource: PlanResource): FunctionDefinition {
  const inputs = inputsOf(resource, functionInputs);
  if (resource.handler === undefined) {
    throw new Refusal(
      `the plan's function ${resource.name} names no source file: its resource needs "handler"`,
    );
  }
  const reserved = Object.keys(inputs.environment.variables).find((key) => reservedVariables.has(key));
  if (reserved !== undefined) {
    throw new Refusal(`the plan's function ${resource.name} sets ${reserved}, which AWS reserves`);
  }
  const arn = outputsOf(resource, functionOutputs).arn;
  return {
    name: inputs.name,
    arn: arn ?? `arn:aws:lambda:${plan.region}:${plan.account}:function:${inputs.name}`,
    logicalName: resource.name,
    handler: resource.handler,
    roleArn: inputs.role,
    variables: inputs.environment.variables,
    timeoutSeconds: inputs.timeout,
    memorySizeMb: inputs.memorySize,
    runtime: inputs.runtime,
    region: plan.region,
    reservedConcurrency:
      inputs.reservedConcurrentExecutions === -1 ? undefined : inputs.reservedConcurrentExecutions,
    logGroup: inputs.loggingConfig?.logGroup ?? `/aws/lambda/${inputs.name}`,
    logFormat: inputs.loggingConfig?.logFormat ?? "Text",
    logLevel: inputs.loggingConfig?.applicationLogLevel,
  };
}

/** A function as a caller wrote it: its name, its ARN, or `<account>:function:<name>`, each with or without a version. */
interface FunctionReference {
  readonly name: string;
  /** The ARN without its version, when the caller wrote one. */
  readonly arn: string | undefined;
  readonly qualifier: string | undefined;
}

const referencePattern =
  /^(?<arn>(?:arn:aws:lambda:[a-z0-9-]+:)?(?:\d{12}:)?(?:function:)?(?<name>[\w-]{1,64}))(?::(?<qualifier>\$LATEST|[\w-]+))?$/;

/** @returns undefined when the text can name no function. */
export function parseFunctionReference(text: string): FunctionReference | undefined {
  const groups = referencePattern.exec(text)?.groups;
  const name = groups?.["name"];
  if (name === undefined) return undefined;
  const written = groups?.["arn"] ?? "";
  return {
    name,
    arn: written.startsWith("arn:") ? written : undefined,
    qualifier: groups?.["qualifier"],
  };
}

/**
 * The function behind the ARN that API Gateway wants for an integration or an authorizer:
 * `arn:aws:apigateway:<region>:lambda:path/2015-03-31/functions/<function ARN>/invocations`, or the function's own.
 */
export function functionArnOf(uri: string): string {
  return (
    /^arn:aws:apigateway:[^:]+:lambda:path\/2015-03-31\/functions\/(.+)\/invocations$/.exec(uri)?.[1] ?? uri
  );
}
