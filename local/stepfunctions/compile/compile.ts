import { isJsonObject, type JsonObject } from "../json.ts";
import { type Graph, type Machine, type MachineType, type State, secondsMax } from "../machine.ts";
import { Diagnostics, Fields } from "./diagnostics.ts";
import { type GraphContext, StateParts, unsupportedCode } from "./parts.ts";
import { compileState } from "./states.ts";

const stateNameMax = 80;
const pathFields = [
  ...["CausePath", "ErrorPath", "HeartbeatSecondsPath", "InputPath", "ItemsPath", "MaxConcurrencyPath"],
  ...[
    "OutputPath",
    "Parameters",
    "Result",
    "ResultPath",
    "ResultSelector",
    "SecondsPath",
    "TimeoutSecondsPath",
  ],
  ...["TimestampPath", "ToleratedFailureCountPath", "ToleratedFailurePercentagePath"],
];

/**
 * Compiles a definition (parsed JSON) whose states all use JSONata. Throws InvalidDefinition with every reason found,
 * in the words of AWS where it would refuse the definition too.
 */
export function compileMachine(definition: unknown, type: MachineType): Machine {
  const diagnostics = new Diagnostics();
  const fields = new Fields(isJsonObject(definition) ? definition : {}, "/", diagnostics);
  fields.allow("Comment", "QueryLanguage", "StartAt", "States", "TimeoutSeconds", "Version");
  const context: GraphContext = {
    diagnostics,
    machineType: type,
    machineLanguage: fields.string("QueryLanguage") ?? "JSONPath",
    outerVariables: new Set(),
  };
  const graph = compileGraph(fields, context);
  const timeoutSeconds = fields.number("TimeoutSeconds", 1, secondsMax);
  diagnostics.throwIfAny();
  return { type, graph, timeoutSeconds };
}

/**
 * Compiles one state (parsed JSON) to test it by itself: what runs inside of it, and where it leads, is not looked at.
 * Throws InvalidDefinition.
 */
export function compileTestedState(name: string, state: JsonObject, machineLanguage: string): State {
  const diagnostics = new Diagnostics();
  const fields = new Fields(state, "/", diagnostics);
  const outerVariables: ReadonlySet<string> = new Set();
  const context: GraphContext = {
    ...{ diagnostics, machineType: "STANDARD", machineLanguage, outerVariables, tested: true },
  };
  const empty: Graph = { startAt: "", states: new Map() };
  const compiled = usesJsonata(fields, context)
    ? compileState(name, new StateParts(fields, context), () => empty)
    : undefined;
  diagnostics.throwIfAny();
  if (compiled === undefined) throw new Error("a state that is refused has a reason");
  return compiled;
}

function compileGraph(fields: Fields, context: GraphContext): Graph {
  fields.require("States", "StartAt");
  const startAt = fields.string("StartAt") ?? "";
  const states = new Map<string, State>();
  const container = fields.object("States");
  const innerContext = {
    ...context,
    outerVariables: new Set([...context.outerVariables, ...assignedVariables(container)]),
  };
  for (const name of container?.keys() ?? []) {
    const stateFields = container?.object(name);
    if (stateFields === undefined) continue;
    if (name.length > stateNameMax)
      container?.report(name, `State names have at most ${stateNameMax} characters`);
    if (!usesJsonata(stateFields, context)) continue;
    const state = compileState(name, new StateParts(stateFields, context), (inner) =>
      compileGraph(inner, innerContext),
    );
    if (state !== undefined) states.set(name, state);
  }
  if (container !== undefined) checkTargets(fields, container);
  return { startAt, states };
}

function usesJsonata(state: Fields, context: GraphContext): boolean {
  const { diagnostics } = context;
  const own = state.string("QueryLanguage");
  if (own === "JSONPath" && context.machineLanguage === "JSONata") {
    const message = "'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine";
    diagnostics.report(state.location, message);
    return false;
  }
  if ((own ?? context.machineLanguage) !== "JSONata") {
    const message = "The local engine runs JSONata only, and the QueryLanguage of this state is JSONPath";
    diagnostics.report(state.location, message, unsupportedCode);
    return false;
  }
  const misplaced = pathFields.filter((key) => state.get(key) !== undefined);
  for (const key of misplaced) {
    const message = `The QueryLanguage is set to 'JSONata', but field '${key}' is only supported for the 'JSONPath' QueryLanguage`;
    diagnostics.report(state.location, message);
  }
  return misplaced.length === 0;
}

/** Names that the states of one scope assign, whatever way they are left. */
function assignedVariables(states: Fields | undefined): readonly string[] {
  const names: string[] = [];
  for (const name of states?.keys() ?? []) {
    const state = states?.get(name);
    if (!isJsonObject(state)) continue;
    for (const exit of [state, ...exitsIn(state["Choices"]), ...exitsIn(state["Catch"])]) {
      const assign = exit["Assign"];
      if (isJsonObject(assign)) names.push(...Object.keys(assign));
    }
  }
  return names;
}

function exitsIn(list: unknown): readonly JsonObject[] {
  return Array.isArray(list) ? list.filter(isJsonObject) : [];
}

function checkTargets(graph: Fields, states: Fields): void {
  const known = new Set(states.keys());
  const check = (from: Fields, key: string): void => {
    const target = from.get(key);
    if (typeof target !== "string" || known.has(target)) return;
    const message = `Missing '${key}' target: ${target}`;
    graph.diagnostics.report(from.at(key), message, "MISSING_TRANSITION_TARGET");
  };
  check(graph, "StartAt");
  for (const name of known) {
    if (!isJsonObject(states.get(name))) continue;
    const state = states.object(name);
    if (state === undefined) continue;
    for (const key of ["Next", "Default"]) check(state, key);
    for (const list of ["Choices", "Catch"]) {
      if (!Array.isArray(state.get(list))) continue;
      for (const exit of state.objects(list)) check(exit, "Next");
    }
  }
}
