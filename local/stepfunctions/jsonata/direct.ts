import type { Json } from "../json.ts";
import { type AstNode, hasOnly } from "./ast.ts";
import type { EvaluationScope, StatesVariable } from "./scope.ts";

/** The value at hand is one whose meaning jsonata alone decides: an array in a path, an object compared. */
export const askJsonata: unique symbol = Symbol("ask jsonata");

/** A value, nothing (undefined), or `askJsonata`. */
type DirectValue = Json | undefined | typeof askJsonata;

export type Direct = (scope: EvaluationScope) => DirectValue;

/**
 * Evaluates the plainest expressions without jsonata, whose evaluator costs microseconds for each node: literals,
 * variables, member paths, and `=`, `!=`, `and`, `or`, `$exists` and `$not` over them. Returns undefined for any other expression.
 * What it gives is what jsonata would give (direct.test.ts compares the two), or `askJsonata`.
 */
export function compileDirect(node: AstNode): Direct | undefined {
  switch (node.type) {
    case "string":
    case "number":
    case "value": {
      const literal = node.value as Json;
      return hasOnly(node, "value") ? () => literal : undefined;
    }
    case "variable":
      return hasOnly(node, "value") ? compileVariable(String(node.value)) : undefined;
    case "path":
      return hasOnly(node, "steps") ? compilePath(node.steps ?? []) : undefined;
    case "binary":
      return compileBinary(node);
    case "function":
      return compileCall(node);
    default:
      return undefined;
  }
}

function compileVariable(name: string): Direct | undefined {
  if (name === "" || name === "$" || name === "states") return undefined;
  return (scope) => {
    const value = scope.variables.get(name);
    // A name that no variable has may be a function's.
    return value === undefined ? askJsonata : value;
  };
}

function compilePath(steps: readonly AstNode[]): Direct | undefined {
  const [first, ...rest] = steps;
  if (first?.type !== "variable" || !hasOnly(first, "value")) return undefined;
  const names: string[] = [];
  for (const step of rest) {
    if (step.type !== "name" || !hasOnly(step, "value")) return undefined;
    names.push(String(step.value));
  }
  if (first.value !== "states") {
    const root = compileVariable(String(first.value));
    return root === undefined ? undefined : (scope) => lookUp(root(scope), names, 0);
  }
  const field = readStates(names[0]);
  return field === undefined ? undefined : (scope) => lookUp(field(scope.states), names, 1);
}

function readStates(field: string | undefined): ((states: StatesVariable) => DirectValue) | undefined {
  switch (field) {
    case "input":
      return (states) => states.input;
    case "result":
      return (states) => states.result;
    case "errorOutput":
      return (states) => states.errorOutput;
    case "context":
      return (states) => states.context();
    default:
      return undefined;
  }
}

// An array on the way makes jsonata map, flatten and unwrap; an array at the end stays as it is.
function lookUp(root: DirectValue, names: readonly string[], from: number): DirectValue {
  let value = root;
  for (let index = from; index < names.length; index += 1) {
    if (value === askJsonata || Array.isArray(value)) return askJsonata;
    if (typeof value !== "object" || value === null) return undefined;
    const name = names[index] as string;
    value = Object.hasOwn(value, name) ? (value as Record<string, Json>)[name] : undefined;
  }
  return value;
}

function compileBinary(node: AstNode): Direct | undefined {
  if (!hasOnly(node, "value", "lhs", "rhs") || node.rhs === undefined) return undefined;
  const left = compileDirect(node.lhs as AstNode);
  const right = compileDirect(node.rhs);
  if (left === undefined || right === undefined) return undefined;
  switch (node.value) {
    case "=":
      return (scope) => equal(left(scope), right(scope), true);
    case "!=":
      return (scope) => equal(left(scope), right(scope), false);
    case "and":
    case "or":
      return compileLogic(left, right, node.value === "or");
    default:
      return undefined;
  }
}

// In jsonata, nothing is neither equal nor unequal to anything.
function equal(left: DirectValue, right: DirectValue, wanted: boolean): DirectValue {
  if (left === askJsonata || right === askJsonata) return askJsonata;
  if (left === undefined || right === undefined) return false;
  if (typeof left === "object" && left !== null) return askJsonata;
  if (typeof right === "object" && right !== null) return askJsonata;
  return (left === right) === wanted;
}

function compileLogic(left: Direct, right: Direct, decides: boolean): Direct {
  return (scope) => {
    const first = booleanOf(left(scope));
    if (first === askJsonata || first === decides) return first;
    return booleanOf(right(scope));
  };
}

function booleanOf(value: DirectValue): boolean | typeof askJsonata {
  if (typeof value === "boolean") return value;
  return value === undefined ? false : askJsonata;
}

function compileCall(node: AstNode): Direct | undefined {
  const name = node.procedure?.type === "variable" ? node.procedure.value : undefined;
  const [argument, ...others] = node.arguments ?? [];
  if (argument === undefined || others.length > 0) return undefined;
  if (!hasOnly(node, "value", "arguments", "procedure")) return undefined;
  if (name !== "exists" && name !== "not") return undefined;
  const operand = compileDirect(argument);
  if (operand === undefined) return undefined;
  return (scope) => {
    // A workflow variable of the same name hides the function.
    if (scope.variables.get(name) !== undefined) return askJsonata;
    const value = operand(scope);
    if (value === askJsonata) return askJsonata;
    if (name === "exists") return value !== undefined;
    return typeof value === "boolean" ? !value : askJsonata;
  };
}
