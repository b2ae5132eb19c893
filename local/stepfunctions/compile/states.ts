import { integrationOf } from "../integrations.ts";
import { isJsonObject } from "../json.ts";
import { isExpression } from "../jsonata/expression.ts";
import {
  type ChoiceState,
  type FailState,
  type Graph,
  type MapState,
  type State,
  secondsMax,
  type TaskResource,
  type TaskState,
  type WaitState,
} from "../machine.ts";
import { parseTimestamp } from "../timestamp.ts";
import type { Fields } from "./diagnostics.ts";
import { type StateParts, unsupportedCode } from "./parts.ts";

/** Compiles the states of a branch or of a map's processor. */
export type CompileGraph = (fields: Fields) => Graph;

const common = ["Comment", "QueryLanguage", "Type"] as const;
const exits = ["Assign", "End", "Next", "Output"] as const;
const recoveries = ["Catch", "Retry"] as const;

/** `undefined` if the state's type is none that exists; whatever is wrong is reported. */
export function compileState(name: string, parts: StateParts, compileGraph: CompileGraph): State | undefined {
  const { fields } = parts;
  switch (fields.string("Type")) {
    case "Pass":
      fields.allow(...common, ...exits);
      return { type: "Pass", name, exit: parts.exit() };
    case "Succeed":
      fields.allow(...common, "Output");
      return { type: "Succeed", name, exit: parts.exitOf(fields, "") };
    case "Fail":
      return compileFail(name, parts);
    case "Wait":
      return compileWait(name, parts);
    case "Choice":
      return compileChoice(name, parts);
    case "Task":
      return compileTask(name, parts);
    case "Parallel":
      fields.allow(...common, ...exits, ...recoveries, "Arguments", "Branches");
      fields.require("Branches");
      return {
        type: "Parallel",
        name,
        arguments: parts.template("Arguments"),
        branches: fields.objects("Branches").map(compileGraph),
        recovery: parts.recovery(),
        exit: parts.exit(["result"]),
      };
    case "Map":
      return compileMap(name, parts, compileGraph);
    default:
      fields.report("Type", "Expected the type of a state");
      return undefined;
  }
}

function compileFail(name: string, parts: StateParts): FailState {
  parts.fields.allow(...common, "Cause", "Error");
  return { type: "Fail", name, error: parts.string("Error"), cause: parts.string("Cause") };
}

function compileWait(name: string, parts: StateParts): WaitState | undefined {
  const { fields } = parts;
  fields.allow(...common, ...exits, "Seconds", "Timestamp");
  const seconds = parts.number("Seconds", 0, secondsMax);
  const timestamp = parts.string("Timestamp");
  const literal = timestamp?.constant;
  if (typeof literal === "string" && parseTimestamp(literal) === undefined) {
    fields.report("Timestamp", "String does not match RFC3339 timestamp");
  }
  const exit = parts.exit();
  if (timestamp !== undefined && seconds === undefined) {
    return { type: "Wait", name, until: { kind: "timestamp", timestamp }, exit };
  }
  if (seconds !== undefined && timestamp === undefined) {
    return { type: "Wait", name, until: { kind: "seconds", seconds }, exit };
  }
  fields.diagnostics.report(fields.location, "Exactly one of 'Seconds' and 'Timestamp' is required");
  return undefined;
}

function compileChoice(name: string, parts: StateParts): ChoiceState {
  const { fields } = parts;
  fields.allow(...common, "Assign", "Choices", "Default", "Output");
  fields.require("Choices");
  const rules = fields.objects("Choices").map((rule, index) => {
    rule.allow("Assign", "Comment", "Condition", "Next", "Output");
    rule.require("Condition", "Next");
    const prefix = `Choices[${index}]/`;
    return { condition: parts.condition(rule, prefix), exit: parts.exitOf(rule, prefix) };
  });
  const next = fields.string("Default");
  const otherwise = next === undefined ? undefined : { ...parts.exitOf(fields, ""), next };
  return { type: "Choice", name, rules, otherwise };
}

function compileTask(name: string, parts: StateParts): TaskState | undefined {
  const { fields } = parts;
  fields.allow(
    ...common,
    ...exits,
    ...recoveries,
    "Arguments",
    "Credentials",
    "HeartbeatSeconds",
    "Resource",
    "TimeoutSeconds",
  );
  checkCredentials(parts);
  const resource = compileResource(parts);
  if (resource?.kind === "lambda_invoke") checkInvokeArguments(parts);
  const timeoutSeconds = parts.number("TimeoutSeconds", 1, secondsMax);
  const heartbeatSeconds = parts.number("HeartbeatSeconds", 1, secondsMax);
  const [timeout, heartbeat] = [timeoutSeconds?.constant, heartbeatSeconds?.constant];
  if (typeof timeout === "number" && typeof heartbeat === "number" && heartbeat >= timeout) {
    fields.report("HeartbeatSeconds", "HeartbeatSeconds must be smaller than TimeoutSeconds");
  }
  const task = {
    type: "Task" as const,
    name,
    arguments: parts.template("Arguments"),
    timeoutSeconds,
    heartbeatSeconds,
    recovery: parts.recovery(),
    exit: parts.exit(["result"]),
  };
  return resource === undefined ? undefined : { ...task, resource };
}

function checkCredentials({ fields, context }: StateParts): void {
  const credentials = fields.object("Credentials");
  if (credentials === undefined) return;
  const at = credentials.location;
  if (credentials.get("RoleArn") !== undefined) {
    context.diagnostics.report(at, "Tasks run under the machine's role in the local engine", unsupportedCode);
  } else context.diagnostics.report(at, "The field 'RoleArn' is required but was missing");
}

const lambdaFunctionArn =
  /^arn:aws[a-z-]*:lambda:[a-z0-9-]+:\d{12}:function:[A-Za-z0-9_-]+(:[A-Za-z0-9_$-]+)?$/;
const callbackSuffix = ".waitForTaskToken";
const lambdaInvokeArn = /^arn:aws[a-z-]*:states:::lambda:invoke$/;

function compileResource(parts: StateParts): TaskResource | undefined {
  const { fields, context } = parts;
  fields.require("Resource");
  const resource = fields.string("Resource");
  if (resource === undefined) return undefined;
  if (lambdaFunctionArn.test(resource)) return { kind: "lambda_function", functionArn: resource };
  const callback = context.machineType === "STANDARD" && resource.endsWith(callbackSuffix);
  const called = callback ? resource.slice(0, -callbackSuffix.length) : resource;
  if (lambdaInvokeArn.test(called)) return { kind: "lambda_invoke", callback };
  const integration = integrationOf(called);
  if (integration !== undefined) return { kind: "service", integration, callback };
  if (context.machineType === "EXPRESS" && /\.sync(:2)?$/.test(resource)) {
    fields.report("Resource", "Express state machine does not support '.sync' service integration");
  } else if (context.machineType === "EXPRESS" && resource.endsWith(callbackSuffix)) {
    // AWS writes the second space too.
    fields.report(
      "Resource",
      "Express state machine does not support '.waitForTaskToken' service integration ",
    );
  } else {
    parts.unsupported("Resource", `Resource '${resource}' is not run by the local engine`);
  }
  return undefined;
}

const invokeArguments = [
  "ClientContext",
  "FunctionName",
  "InvocationType",
  "LogType",
  "Payload",
  "Qualifier",
];

function checkInvokeArguments(parts: StateParts): void {
  const value = parts.fields.get("Arguments");
  if (typeof value === "string" && isExpression(value)) return;
  const { diagnostics } = parts.context;
  const members = isJsonObject(value) ? value : {};
  const at = parts.fields.at("Arguments");
  if (members["FunctionName"] === undefined) {
    diagnostics.report(at, "The field 'FunctionName' is required but was missing");
  }
  for (const key of Object.keys(members)) {
    if (!invokeArguments.includes(key)) {
      diagnostics.report(at, `The field '${key}' is not supported by Step Functions`);
    } else if (key === "ClientContext" || key === "LogType" || key === "InvocationType") {
      if (members[key] === "RequestResponse") continue;
      diagnostics.report(`${at}/${key}`, `The local engine calls functions without ${key}`, unsupportedCode);
    }
  }
}

const distributedOnly = ["ItemBatcher", "ItemReader", "Label", "ResultWriter"];

function compileMap(name: string, parts: StateParts, compileGraph: CompileGraph): MapState | undefined {
  const { fields } = parts;
  fields.allow(
    ...[...common, ...exits, ...recoveries, ...distributedOnly],
    ...["Items", "ItemProcessor", "ItemSelector", "MaxConcurrency"],
    ...["ToleratedFailureCount", "ToleratedFailurePercentage"],
  );
  const { tested = false } = parts.context;
  for (const key of distributedOnly) {
    if (fields.get(key) !== undefined && !tested)
      parts.unsupported(key, "Distributed maps are not run by the local engine");
  }
  const items = fields.get("Items");
  if (items !== undefined && !Array.isArray(items) && !(typeof items === "string" && isExpression(items))) {
    fields.report("Items", "Expected an array or a JSONata expression");
  }
  fields.require("ItemProcessor");
  const processor = fields.object("ItemProcessor");
  if (processor?.object("ProcessorConfig")?.string("Mode") === "DISTRIBUTED" && !tested) {
    parts.unsupported("ItemProcessor/ProcessorConfig", "Distributed maps are not run by the local engine");
  }
  const count = parts.number("ToleratedFailureCount", 0, secondsMax);
  const percentage = parts.number("ToleratedFailurePercentage", 0, 100);
  const map = {
    type: "Map" as const,
    name,
    items: parts.template("Items"),
    itemSelector: parts.template("ItemSelector"),
    maxConcurrency: parts.number("MaxConcurrency", 0, secondsMax),
    tolerances: [
      ...(count === undefined ? [] : [{ field: "ToleratedFailureCount" as const, limit: count }]),
      ...(percentage === undefined
        ? []
        : [{ field: "ToleratedFailurePercentage" as const, limit: percentage }]),
    ],
    recovery: parts.recovery(),
    exit: parts.exit(["result"]),
  };
  return processor === undefined ? undefined : { ...map, processor: compileGraph(processor) };
}
