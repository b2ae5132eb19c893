import type { HistoryEvent } from "./history.ts";
import { isJsonObject, type Json, type JsonObject } from "./json.ts";
import { wireTime } from "./wire.ts";

/** Members whose values are JSON texts in the API, and what says whether they are whole. */
const texts: Readonly<Record<string, string | undefined>> = {
  input: "inputDetails",
  output: "outputDetails",
  parameters: undefined,
};

/** Types without details in the API. */
const bare = /^(?:LambdaFunctionStarted|ParallelState.*|.*StateAborted|MapState(?:Succeeded|Failed))$/;

/**
 * An event as GetExecutionHistory shows it.
 * @param withData false leaves inputs and outputs out
 */
export function wireEvent(event: HistoryEvent, withData: boolean): JsonObject {
  const { type, id, previousEventId, timestamp } = event;
  const common = { id, previousEventId, timestamp: wireTime(timestamp), type };
  const member = detailsMember(type);
  if (member === undefined) return common;
  return { ...common, [member]: wireDetails(event.details as unknown as JsonObject, withData) };
}

function detailsMember(type: string): string | undefined {
  if (bare.test(type) && !type.endsWith("StateEntered") && !type.endsWith("StateExited")) return undefined;
  if (type.endsWith("StateEntered")) return "stateEnteredEventDetails";
  if (type.endsWith("StateExited")) return "stateExitedEventDetails";
  return `${type.charAt(0).toLowerCase()}${type.slice(1)}EventDetails`;
}

function wireDetails(details: JsonObject, withData: boolean): JsonObject {
  const wire: Record<string, Json> = {};
  for (const [key, value] of Object.entries(details)) {
    if (key === "assignedVariables" && isJsonObject(value)) {
      if (!withData) continue;
      const members = Object.entries(value).map(([name, one]) => [name, JSON.stringify(one)] as const);
      wire[key] = Object.fromEntries(members);
      wire["assignedVariablesDetails"] = { truncated: false };
    } else if (Object.hasOwn(texts, key)) {
      if (!withData) continue;
      wire[key] = JSON.stringify(value);
      const whole = texts[key];
      if (whole !== undefined) wire[whole] = { truncated: false };
    } else wire[key] = value;
  }
  return wire;
}
