import validate from "asl-validator";
import { isJsonObject, type JsonObject } from "../json.ts";
import { Diagnostics } from "./diagnostics.ts";

/** Definitions that passed, so that a simulator which makes its world anew for each seed checks them once. */
const passed = new Set<string>();
const passedMax = 100;

/**
 * Checks a definition (parsed JSON) with asl-validator, a second opinion on what the compiler checks for itself.
 * Takes some 100 ms the first time. Throws InvalidDefinition.
 */
export function checkSchema(definition: JsonObject): void {
  const text = JSON.stringify(definition);
  if (passed.has(text)) return;
  const { isValid, errors } = validate(forValidator(definition) as JsonObject);
  if (!isValid) {
    const diagnostics = new Diagnostics();
    for (const error of errors) diagnostics.report("/", error.Message, error["Error code"]);
    diagnostics.throwIfAny();
  }
  if (passed.size >= passedMax) passed.clear();
  passed.add(text);
}

// asl-validator 4 refuses some values that AWS accepts in these: any literal Output, a list of mixed values, a boolean
// Condition. Our compiler checks them, so it gets to see harmless ones. (It also writes into what it is given.)
const templates = new Set(["Arguments", "Assign", "ItemSelector", "Output"]);

function forValidator(value: unknown, keysAreNames = false): unknown {
  if (Array.isArray(value)) return value.map((item) => forValidator(item));
  if (!isJsonObject(value)) return value;
  const copy: Record<string, unknown> = {};
  for (const [key, member] of Object.entries(value)) {
    if (!keysAreNames && templates.has(key)) copy[key] = {};
    else if (key === "Condition" && typeof member === "boolean") copy[key] = "{% true %}";
    else copy[key] = forValidator(member, key === "States" && !keysAreNames);
  }
  return copy;
}
