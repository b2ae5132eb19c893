import type { Document } from "./document.ts";
import type { Trace } from "./traces.ts";

/** A condition of a filter expression. */
type Condition = (document: Document) => boolean;

const flag = /^(fault|error|throttle)(?:\s*=\s*(true|false))?$/;
const annotation = /^annotation\.(\w+)\s*=\s*("(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?|true|false)$/;
const service = /^service\("([^"]+)"\)$/;

/**
 * Which traces a filter expression is about. Of its language: flags, annotations that are equal, services, and AND.
 * @returns undefined for what is not read here
 */
export function filterOf(expression: string): ((trace: Trace) => boolean) | undefined {
  // A quoted value may have the word in it.
  const parts = expression.trim().split(/\s+and\s+(?=(?:[^"]*"[^"]*")*[^"]*$)/i);
  const conditions: ((trace: Trace) => boolean)[] = [];
  for (const part of parts) {
    const condition = flagged(part.trim()) ?? somewhere(conditionOf(part.trim()));
    if (condition === undefined) return undefined;
    conditions.push(condition);
  }
  return (trace) => conditions.every((condition) => condition(trace));
}

/** `fault = false` is of traces that nowhere have one. */
function flagged(part: string): ((trace: Trace) => boolean) | undefined {
  const [, name, wanted = "true"] = flag.exec(part) ?? [];
  if (name === undefined) return undefined;
  return ({ documents }) => documents.some((each) => each[name] === true) === (wanted === "true");
}

const somewhere = (condition: Condition | undefined): ((trace: Trace) => boolean) | undefined =>
  condition && (({ documents }) => documents.some(condition));

function conditionOf(part: string): Condition | undefined {
  const [, key, value] = annotation.exec(part) ?? [];
  if (key !== undefined && value !== undefined)
    return ({ annotations }) => annotations?.[key] === JSON.parse(value);
  const [, name] = service.exec(part) ?? [];
  if (name !== undefined) return (document) => document.type === undefined && document.name === name;
  return undefined;
}
