import { type Json, type JsonObject, setMember } from "../json.ts";
import { type Expression, isExpression } from "./expression.ts";
import type { EvaluationScope } from "./scope.ts";

/** A value of a definition in which strings can be expressions, compiled. */
export interface Template {
  /** The value if no expression is inside. */
  readonly constant: Json | undefined;
  /** The expression if the whole template is one. */
  readonly expression: Expression | undefined;
  /** The value, at once where that is possible. Throws or rejects with EvaluationError. */
  evaluate(scope: EvaluationScope): Json | Promise<Json>;
}

/** Makes an Expression, or reports why not and gives undefined. */
export type CompileExpression = (text: string, location: string) => Expression | undefined;

/** Compiles `value`; `location` is the field's name, the start of each expression's own. */
export function compileTemplate(value: Json, location: string, compile: CompileExpression): Template {
  if (typeof value === "string" && isExpression(value)) {
    const expression = compile(value, location);
    // A refused expression is reported; its definition is never run.
    if (expression === undefined) return constantTemplate(null);
    return { constant: undefined, expression, evaluate: (scope) => expression.evaluate(scope) };
  }
  if (typeof value !== "object" || value === null) return constantTemplate(value);
  return Array.isArray(value)
    ? compileList(value, location, compile)
    : compileObject(value as JsonObject, location, compile);
}

export function constantTemplate(value: Json): Template {
  return { constant: value, expression: undefined, evaluate: () => value };
}

function compileList(items: readonly Json[], location: string, compile: CompileExpression): Template {
  const parts = items.map((item, index) => compileTemplate(item, `${location}[${index}]`, compile));
  if (parts.every((part) => part.constant !== undefined)) return constantTemplate(items);
  return {
    constant: undefined,
    expression: undefined,
    evaluate: (scope) => evaluateAll(parts, scope, (values) => values),
  };
}

function compileObject(members: JsonObject, location: string, compile: CompileExpression): Template {
  const keys = Object.keys(members);
  const parts = keys.map((key) => compileTemplate(members[key] as Json, `${location}/${key}`, compile));
  if (parts.every((part) => part.constant !== undefined)) return constantTemplate(members);
  const assemble = (values: readonly Json[]): Json => {
    const object: Record<string, Json> = {};
    for (let index = 0; index < keys.length; index += 1) {
      setMember(object, keys[index] as string, values[index] as Json);
    }
    return object;
  };
  return {
    constant: undefined,
    expression: undefined,
    evaluate: (scope) => evaluateAll(parts, scope, assemble),
  };
}

/** Evaluates in order, so that the first failure is the first in the definition. */
function evaluateAll(
  parts: readonly Template[],
  scope: EvaluationScope,
  assemble: (values: readonly Json[]) => Json,
): Json | Promise<Json> {
  const values: Json[] = [];
  for (const part of parts) {
    const value = part.evaluate(scope);
    if (value instanceof Promise) return evaluateRest(parts, scope, assemble, values, value);
    values.push(value);
  }
  return assemble(values);
}

async function evaluateRest(
  parts: readonly Template[],
  scope: EvaluationScope,
  assemble: (values: readonly Json[]) => Json,
  values: Json[],
  pending: Promise<Json>,
): Promise<Json> {
  values.push(await pending);
  for (const part of parts.slice(values.length)) values.push(await part.evaluate(scope));
  return assemble(values);
}
