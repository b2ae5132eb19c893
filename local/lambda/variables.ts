import { randomBytes } from "node:crypto";
import type { FunctionDefinition } from "./function-definition.ts";

/** What Lambda itself puts into the environment of a function, apart from the credentials of its role. */
export function lambdaVariables(definition: FunctionDefinition, taskRoot: string): Record<string, string> {
  const variables: Record<string, string> = {
    AWS_DEFAULT_REGION: definition.region,
    AWS_EXECUTION_ENV: `AWS_Lambda_${definition.runtime}`,
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(definition.memorySizeMb),
    AWS_LAMBDA_FUNCTION_NAME: definition.name,
    AWS_LAMBDA_FUNCTION_VERSION: "$LATEST",
    AWS_LAMBDA_INITIALIZATION_TYPE: "on-demand",
    AWS_LAMBDA_LOG_FORMAT: definition.logFormat,
    AWS_LAMBDA_LOG_GROUP_NAME: definition.logGroup,
    AWS_LAMBDA_LOG_STREAM_NAME: logStreamName(new Date()),
    AWS_REGION: definition.region,
    AWS_XRAY_CONTEXT_MISSING: "LOG_ERROR",
    LAMBDA_TASK_ROOT: taskRoot,
    LANG: "en_US.UTF-8",
    TZ: ":UTC",
    _HANDLER: definition.handler,
  };
  if (definition.logLevel !== undefined) variables["AWS_LAMBDA_LOG_LEVEL"] = definition.logLevel;
  return variables;
}

function logStreamName(now: Date): string {
  const day = now.toISOString().slice(0, 10).replaceAll("-", "/");
  return `${day}/[$LATEST]${randomBytes(16).toString("hex")}`;
}

/** `Root=1-<8 hex of epoch seconds>-<24 hex>` at the head of an X-Ray trace header. */
const rootPattern = /(?:^|;)\s*Root=(1-[0-9a-f]{8}-[0-9a-f]{24})(?:;|$)/;

/**
 * The trace header of one invocation. It keeps the root of the caller's, so that everything one request causes can
 * be found by it; nothing is sampled, because no X-Ray daemon listens here.
 */
export function traceHeader(caller: string | undefined, nowMs: number): string {
  const root = rootPattern.exec(caller ?? "")?.[1] ?? newTraceRoot(nowMs);
  return `Root=${root};Parent=${randomBytes(8).toString("hex")};Sampled=0`;
}

/** `nowMs`: epoch milliseconds. */
export function newTraceRoot(nowMs: number): string {
  const seconds = Math.floor(nowMs / 1_000)
    .toString(16)
    .padStart(8, "0");
  return `1-${seconds}-${randomBytes(12).toString("hex")}`;
}
