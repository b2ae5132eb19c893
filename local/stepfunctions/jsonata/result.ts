import { type Json, setMember } from "../json.ts";

/** jsonata gave something that JSON cannot carry: a function or a regular expression. */
export class UnsupportedResult extends Error {
  override readonly name = "UnsupportedResult";
}

// Marks that jsonata leaves on its own arrays, and that would change what a later expression makes of them.
const arrayMarks = ["sequence", "cons", "keepSingleton", "outerWrapper", "tupleStream"] as const;

/**
 * The JSON value that a result of jsonata stands for, as if it had been written and read again. Returns the same
 * object wherever it is plain JSON already. Throws UnsupportedResult.
 */
export function toJson(value: unknown): Json {
  switch (typeof value) {
    case "string":
    case "boolean":
      return value;
    case "number":
      // AWS writes a number that JSON has no literal for as the name that JavaScript gives it.
      return Number.isFinite(value) ? value : String(value);
    case "object":
      if (value === null) return null;
      return Array.isArray(value) ? arrayToJson(value) : objectToJson(value as Record<string, unknown>);
    default:
      throw new UnsupportedResult();
  }
}

function arrayToJson(items: readonly unknown[]): Json {
  let copy: Json[] | undefined = arrayMarks.some((mark) => mark in items) ? [] : undefined;
  for (let index = 0; index < items.length; index += 1) {
    const item = items[index];
    const json = item === undefined ? null : toJson(item);
    if (copy === undefined && json !== item) copy = items.slice(0, index) as Json[];
    copy?.push(json);
  }
  return copy ?? (items as Json);
}

function objectToJson(members: Record<string, unknown>): Json {
  if (members["_jsonata_function"] === true || members["_jsonata_lambda"] === true) {
    throw new UnsupportedResult();
  }
  const keys = Object.keys(members);
  let changed = false;
  const copy: Record<string, Json> = {};
  for (const key of keys) {
    const member = members[key];
    if (member === undefined) {
      changed = true;
      continue;
    }
    const json = toJson(member);
    changed ||= json !== member;
    setMember(copy, key, json);
  }
  return changed ? copy : (members as Json);
}
