import fc from "fast-check";
import jsonata from "jsonata";
import { expect, test } from "vitest";
import type { Json } from "../json.ts";
import type { AstNode } from "./ast.ts";
import { askJsonata, compileDirect } from "./direct.ts";
import { toJson } from "./result.ts";
import type { EvaluationScope } from "./scope.ts";

const names = ["a", "b", "input", "toString"] as const;
const value: fc.Arbitrary<Json> = fc.letrec<{ json: Json }>((tie) => ({
  json: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.constantFrom<Json>(null, true, false, 0, 1, "", "x"),
    fc.array(tie("json"), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom(...names), tie("json"), { maxKeys: 3 }),
  ),
})).json;

const path = fc
  .tuple(
    fc.constantFrom("$states.input", "$states.result", "$states.context", "$states.errorOutput", "$v", "$w"),
    fc.array(fc.constantFrom(...names), { maxLength: 3 }),
  )
  .map(([root, steps]) => [root, ...steps].join("."));

const source: fc.Arbitrary<string> = fc.letrec<{ expression: string }>((tie) => {
  const operand = tie("expression");
  return {
    expression: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      path,
      fc.constantFrom("1", '"x"', "true", "null", "0"),
      fc
        .tuple(operand, fc.constantFrom("=", "!=", "and", "or"), operand)
        .map(([left, operator, right]) => `${left} ${operator} ${right}`),
      operand.map((inner) => `$exists(${inner})`),
      operand.map((inner) => `$not(${inner})`),
    ),
  };
}).expression;

interface Values {
  readonly input: Json;
  readonly result: Json;
  readonly v: Json;
  readonly hidden: boolean;
}

function scopeOf({ input, result, v, hidden }: Values): EvaluationScope {
  const variables = new Map<string, Json>([["v", v], ...(hidden ? [["exists", 1] as const] : [])]);
  return {
    states: { input, result, errorOutput: undefined, context: () => ({ a: { b: 1 } }) },
    variables,
    now: () => 0,
    random: () => 0,
  };
}

async function askLibrary(text: string, scope: EvaluationScope): Promise<Json | undefined> {
  const { input, result } = scope.states;
  const bindings: Record<string, unknown> = { v: scope.variables.get("v") };
  if (scope.variables.get("exists") !== undefined) bindings["exists"] = scope.variables.get("exists");
  bindings["states"] = { input, result, context: scope.states.context() };
  const found: unknown = await jsonata(text).evaluate(undefined, bindings);
  return found === undefined ? undefined : toJson(found);
}

test("what is evaluated without jsonata is what jsonata gives", async () => {
  let direct = 0;
  await fc.assert(
    fc.asyncProperty(
      source,
      fc.record({ input: value, result: value, v: value, hidden: fc.boolean() }),
      async (text, values) => {
        const compiled = compileDirect(jsonata(text).ast() as unknown as AstNode);
        const scope = scopeOf(values);
        const found = compiled === undefined ? askJsonata : compiled(scope);
        if (found === askJsonata) return;
        direct += 1;
        expect(found).toEqual(await askLibrary(text, scope));
      },
    ),
    { numRuns: 2_000 },
  );
  // Otherwise the property would hold for saying nothing.
  expect(direct).toBeGreaterThan(500);
});

test.each([
  "$states.input.items[0]",
  "$states.input.items[]",
  "$states.input.items.(a + b)",
  "$states.input{a: b}",
  "$states",
  "$sum($states.input.a)",
  "$exists($v, $v)",
  "1 + 1",
])("%s is left to jsonata", (text) => {
  expect(compileDirect(jsonata(text).ast() as unknown as AstNode)).toBeUndefined();
});
