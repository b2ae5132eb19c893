import { z } from "zod";
import { compileMachine, compileTestedState } from "./compile/compile.ts";
import { type Diagnostic, InvalidDefinition } from "./compile/diagnostics.ts";
import { checkSchema } from "./compile/schema.ts";
import type { Ports } from "./interpreter.ts";
import { isJsonObject, type Json, type JsonObject } from "./json.ts";
import type { MachineType } from "./machine.ts";
import type { Action, Result } from "./standard-actions.ts";
import { type Inspection, type Mock, testState } from "./test-state.ts";
import type { ExecutionIdentity } from "./visit.ts";
import { ApiError, type Parameters } from "./wire.ts";

export const definitionBytesMax = 1_048_576;

/** A state machine's definition, parsed. Throws InvalidDefinition. */
export function parseDefinition(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new InvalidDefinition([{ code: "INVALID_JSON_DESCRIPTION", message, location: "/" }]);
  }
}

/** Everything that is found wrong with a definition. */
function diagnose(text: string, type: MachineType): readonly Diagnostic[] {
  try {
    const definition = parseDefinition(text);
    compileMachine(definition, type);
    if (isJsonObject(definition)) checkSchema(definition);
    return [];
  } catch (thrown) {
    if (thrown instanceof InvalidDefinition) return thrown.diagnostics;
    throw thrown;
  }
}

const diagnosticsDefault = 100;

/** ValidateStateMachineDefinition. */
export const validateDefinition: Action = (parameters) => {
  const text = parameters.text("definition", definitionBytesMax);
  const type = parameters.choice("type", ["STANDARD", "EXPRESS"] as const) ?? "STANDARD";
  const { maxResults } = parameters.read(z.object({ maxResults: z.int().min(0).max(100).default(0) }));
  const found = diagnose(text, type);
  const shown = found.slice(0, maxResults === 0 ? diagnosticsDefault : maxResults);
  return {
    result: found.length === 0 ? "OK" : "FAIL",
    diagnostics: shown.map(({ code, message, location }) => ({ severity: "ERROR", code, message, location })),
    truncated: shown.length < found.length,
  };
};

const testInput = z.object({
  mock: z
    .object({
      result: z.string().optional(),
      errorOutput: z.object({ error: z.string().optional(), cause: z.string().optional() }).optional(),
    })
    .optional(),
  revealSecrets: z.boolean().default(false),
  stateConfiguration: z
    .object({
      retrierRetryCount: z.int().min(0).default(0),
      mapIterationFailureCount: z.int().min(0).optional(),
      mapItemReaderData: z.string().optional(),
    })
    .default({ retrierRetryCount: 0 }),
});
type TestInput = z.output<typeof testInput>;

/** TestState: one state of a definition, run once and by itself. */
export function testStateAction(ports: Ports, newId: () => string, machineArn: () => string): Action {
  return async (parameters) => {
    const level = parameters.choice("inspectionLevel", ["INFO", "DEBUG", "TRACE"] as const) ?? "INFO";
    const given = parameters.read(testInput);
    const { state, language } = stateOf(parameters);
    const roleArn = parameters.optional("roleArn");
    const context = objectText(parameters, "context");
    const mock = mockOf(given);
    checkTest(state, given, { mock, roleArn, context });
    const [, , , region = "", account = ""] = machineArn().split(":");
    const { retrierRetryCount, mapIterationFailureCount = 0 } = given.stateConfiguration;
    const outcome = await testState(
      {
        state: compiledState(state, language),
        identity: identityOf(`${region}:${account}`, newId(), roleArn),
        input: parameters.executionInput().value,
        variables: objectText(parameters, "variables"),
        hasReader: given.stateConfiguration.mapItemReaderData !== undefined,
        ...{ roleArn, context, mock, retrierRetryCount, mapIterationFailureCount },
      },
      ports,
    );
    const { status, output, failure, next, inspection } = outcome;
    return {
      status,
      output: output === undefined ? undefined : JSON.stringify(output),
      error: failure?.error,
      cause: failure?.cause,
      nextState: next,
      inspectionData: level === "INFO" ? undefined : wireInspection(inspection),
    };
  };
}

/** What the context object calls every state that is tested, in a machine or by itself. */
const testedName = "StateName";

function compiledState(state: JsonObject, language: string) {
  try {
    return compileTestedState(testedName, state, language);
  } catch (thrown) {
    if (thrown instanceof InvalidDefinition) throw new ApiError("InvalidDefinition", thrown.message);
    throw thrown;
  }
}

/** The state to test: the definition itself, or the one of a machine's that is named, at any depth. */
function stateOf(parameters: Parameters): {
  readonly state: JsonObject;
  readonly language: string;
} {
  const definition = jsonOf(
    parameters.text("definition", definitionBytesMax),
    "Definition must be valid JSON",
  );
  if (!isJsonObject(definition)) throw invalid("Definition must be a JSON object");
  const name = parameters.optional("stateName");
  const language = definition["QueryLanguage"] === "JSONata" ? "JSONata" : "JSONPath";
  if (name === undefined) return { state: definition, language };
  const state = statesIn(definition).get(name);
  if (state === undefined) throw invalid("State not found in definition");
  return { state, language };
}

function statesIn(graph: JsonObject): ReadonlyMap<string, JsonObject> {
  const found = new Map<string, JsonObject>();
  const states = graph["States"];
  for (const [name, state] of Object.entries(isJsonObject(states) ? states : {})) {
    if (!isJsonObject(state)) continue;
    found.set(name, state);
    const branches = state["Branches"];
    for (const inner of [state["ItemProcessor"], ...(Array.isArray(branches) ? branches : [])]) {
      if (isJsonObject(inner)) for (const [key, value] of statesIn(inner)) found.set(key, value);
    }
  }
  return found;
}

function mockOf({ mock }: TestInput): Mock | undefined {
  if (mock?.errorOutput !== undefined) {
    const { error, cause } = mock.errorOutput;
    return { failure: { error, cause } };
  }
  if (mock?.result === undefined) return undefined;
  return { result: jsonOf(mock.result, "Mocked result must be valid JSON") };
}

interface Checked {
  readonly mock: Mock | undefined;
  readonly roleArn: string | undefined;
  readonly context: JsonObject | undefined;
}

/** Refuses what AWS refuses before it runs anything. */
function checkTest(state: JsonObject, given: TestInput, { mock, roleArn, context }: Checked): void {
  const type = String(state["Type"]);
  const failures = given.stateConfiguration.mapIterationFailureCount;
  const isGroup = type === "Map" || type === "Parallel";
  if (mock === undefined) {
    if (failures !== undefined)
      throw invalid("TestState does not support MapIterationFailureCount when a mock is not specified.");
    if (isGroup) throw new ApiError("InvalidDefinition", groupsNeedMocks);
    if (type === "Task" && roleArn === undefined)
      throw invalid("RoleArn must be specified when testing a Task state");
  } else {
    if (given.revealSecrets)
      throw invalid("TestState does not support RevealSecrets when a mock is specified.");
    if (!isGroup && type !== "Task")
      throw invalid(`State type '${type}' is not supported when a mock is specified`);
    if ("result" in mock) checkResult(type, state, mock.result, failures ?? 0);
  }
  const waits = /\.(?:sync(?::2)?|waitForTaskToken)$/.test(String(state["Resource"]));
  if (waits && mock === undefined) throw invalid("A mock must be specified for a task that waits");
  if (context?.["Task"] !== undefined && !waits) {
    throw invalid(
      "Invalid Context object provided: Context object contains 'Task' when state is not a Task state with a '.sync' or '.waitForTaskToken' service integration pattern",
    );
  }
}

const groupsNeedMocks =
  "TestState API does not support Map or Parallel states. Supported state types include: [Task, Wait, Pass, Succeed, Fail, Choice]";

function checkResult(type: string, state: JsonObject, result: Json, failures: number): void {
  if (type === "Task" || (type === "Map" && state["ResultWriter"] !== undefined)) return;
  if (!Array.isArray(result)) throw invalid("Mocked result must be an array.");
  const branches = state["Branches"];
  if (type === "Parallel" && Array.isArray(branches) && branches.length !== result.length) {
    throw invalid("Mocked result must contain the same number of items as number of Parallel branches.");
  }
  if (type === "Map" && failures > result.length) {
    throw invalid("Map iteration failure count must be less than or equal to the number of Map iterations");
  }
}

function identityOf(place: string, id: string, roleArn: string | undefined): ExecutionIdentity {
  return {
    executionArn: `arn:aws:states:${place}:express:${id}:${id}`,
    executionName: id,
    stateMachineArn: `arn:aws:states:${place}:stateMachine:${id}`,
    stateMachineName: id,
    roleArn: roleArn ?? "",
  };
}

/** Data are JSON texts in the API. */
function wireInspection({ input, variables, afterArguments, ...rest }: Inspection): Result {
  const text = (value: Json | undefined) => (value === undefined ? undefined : JSON.stringify(value));
  return {
    ...{ input: text(input), variables: text(variables), afterArguments: text(afterArguments) },
    ...rest,
  };
}

function objectText(parameters: Parameters, key: string): JsonObject | undefined {
  const text = parameters.optional(key);
  if (text === undefined) return undefined;
  const value = jsonOf(text, `${key} must be valid JSON`);
  if (!isJsonObject(value)) throw invalid(`${key} must be a JSON object`);
  return value;
}

function jsonOf(text: string, otherwise: string): Json {
  try {
    return JSON.parse(text);
  } catch {
    throw invalid(otherwise);
  }
}

const invalid = (message: string): ApiError => new ApiError("ValidationException", message);
