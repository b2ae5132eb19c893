import { describe, expect, test } from "vitest";
import { EvaluationError } from "../errors.ts";
import type { Json } from "../json.ts";
import { Expression, ExpressionSyntaxError } from "./expression.ts";
import type { EvaluationScope } from "./scope.ts";
import { compileTemplate } from "./template.ts";

function scope(input: Json = {}, variables: Readonly<Record<string, Json>> = {}): EvaluationScope {
  const randoms = [0.125, 0.75];
  let drawn = 0;
  return {
    states: { input, result: undefined, errorOutput: undefined, context: () => ({ State: { Name: "S" } }) },
    variables: new Map(Object.entries(variables)),
    now: () => Date.parse("2026-03-04T05:06:07.008Z"),
    random: () => {
      drawn += 1;
      return randoms[drawn % 2] ?? 0;
    },
  };
}

async function evaluate(text: string, input?: Json, variables?: Record<string, Json>): Promise<Json> {
  return new Expression(`{% ${text} %}`, "Output").evaluate(scope(input, variables));
}

async function failure(text: string, input?: Json): Promise<string> {
  try {
    return `no failure: ${JSON.stringify(await evaluate(text, input))}`;
  } catch (error) {
    if (!(error instanceof EvaluationError)) throw error;
    return error.message.replace(/^The JSONata expression .* specified for the field 'Output' /, "");
  }
}

describe("values", () => {
  test.each<[string, Json, Json]>([
    ["$states.input", { a: 1 }, { a: 1 }],
    ["$states.input.a.b", { a: { b: null } }, null],
    ["$states.input.a.b", { a: [{ b: 1 }, { b: [2, 3] }] }, [1, 2, 3]],
    ["$states.input.a", { a: [7] }, [7]],
    ["$states.input.a[0]", { a: [7] }, 7],
    ["$states.input.a", { a: [] }, []],
    ["$states.context.State.Name", {}, "S"],
    ["$x + $states.input.y", { y: 2 }, 3],
    ["$count", {}, 9],
    ["{'a': $states.input.missing, 'b': 1}", {}, { b: 1 }],
    ["$map([1, 2], function($n) { $n * 2 })", {}, [2, 4]],
    ["[[1], []]", {}, [[1], []]],
    ["[1/0, 0/0]", {}, ["Infinity", "NaN"]],
  ])("%s of %j is %j", async (text, input, expected) => {
    expect(await evaluate(text, input, { x: 1, count: 9 })).toEqual(expected);
  });

  test("a list made by one expression is plain for the next", async () => {
    const nested = await evaluate("$states.input.a.{'v': [b]}", { a: [{ b: 1 }, { b: 2 }] });
    expect(await evaluate("$states.input.v", nested)).toEqual(await evaluate("$x.v", {}, { x: nested }));
    expect(Object.keys(nested as object)).toEqual(["0", "1"]);
  });
});

describe("functions of AWS", () => {
  test.each<[string, Json]>([
    ["$partition([1, 2, 3], 2)", [[1, 2], [3]]],
    ["$partition([1, 2, 3], 2.9)", [[1, 2], [3]]],
    ["$partition([1], 5)", [[1]]],
    ["$range(0, 10, 3)", [0, 3, 6, 9]],
    ["$range(10, 0, -5)", [10, 5, 0]],
    ["$range(-1.7, 1, 1)", [-1, 0, 1]],
    ["$range(4, 4, 1)", 4],
    ["$hash('tally', 'SHA-256')", "b01e26d3f5a5130b9d8d821c5a9d61e7c7d86df735f28bdcd6620fc58ac1006e"],
    ["$parse('{\"a\":[1]}')", { a: [1] }],
    ["$random()", 0.75],
    ["$random(7) = $random(7)", true],
    ["$random(7) = $random(8)", false],
    ["$uuid()", "c020c020-c020-4020-8020-c020c020c020"],
    ["$now()", "2026-03-04T05:06:07.008Z"],
    ["$now('[Y0001]/[M01]')", "2026/03"],
    ["$now('[H01]:[m01]', '+0200')", "07:06"],
    ["$toMillis('2026-01-01T00:00:00Z')", Date.parse("2026-01-01T00:00:00Z")],
    ["$toMillis('23:59', '[H01]:[m01]')", Date.parse("2026-03-04T23:59:00Z")],
    ["$millis()", Date.parse("2026-03-04T05:06:07.008Z")],
    ["$count($shuffle([1, 2, 3]))", 3],
  ])("%s", async (text, expected) => {
    expect(await evaluate(text)).toEqual(expected);
  });

  test.each([
    ["an empty list to part", "$partition([], 2)"],
    ["parts of no size", "$partition([1], 0)"],
    ["a range without step", "$range(1, 3)"],
    ["a range in the wrong direction", "$range(1, 3, -1)"],
    ["a hash without algorithm", "$hash('x')"],
  ])("%s gives nothing", async (_title, text) => {
    expect(await failure(text)).toBe("returned nothing (undefined).");
  });

  test.each([
    ["$eval is not there", "$eval('1')", "T1006: Attempted to invoke a non-function"],
    ["a text that is no JSON", "$parse('{')", "D3141: Unable to parse the string as JSON"],
    ["an algorithm in the wrong case", "$hash('x', 'sha-256')", "D3141: Unsupported hash algorithm: sha-256"],
    ["a range too long", "$range(1, 360146, 1)", "D3141: Expression evaluation memory limit exceeded"],
  ])("%s", async (_title, text, error) => {
    expect(await failure(text)).toBe(`threw an error during evaluation. ${error}`);
  });
});

describe("failures", () => {
  test.each([
    ["$states.input.missing", "returned nothing (undefined)."],
    ["$unknown", "returned nothing (undefined)."],
    ["function($x) { $x }", "returned an unsupported result type."],
    ["{'f': $sum}", "returned an unsupported result type."],
    ["$error('no card')", "threw an error during evaluation. D3137: no card"],
  ])("%s %s", async (text, expected) => {
    expect(await failure(text)).toBe(expected);
  });

  test("recursion without end is stopped, by depth or by steps", async () => {
    expect(await failure("($f := function($n) { 1 + $f($n) }; $f(1))")).toContain("D1011");
    expect(await failure("($f := function($n) { $f($n) }; $f(1))")).toContain("too many steps");
  });

  test("text that is no JSONata is refused with the parser's words", () => {
    expect(() => new Expression("{% a[1,2) %}", "Output")).toThrow(ExpressionSyntaxError);
  });
});

describe("templates", () => {
  const compile = (value: Json) => compileTemplate(value, "Output", (text, at) => new Expression(text, at));

  test("strings are expressions only between {% and %}, at any depth", async () => {
    const template = compile({
      a: ["{% 1 + 1 %}", " {% 1 %} ", "$x"],
      b: { c: "{%$states.input.d%}" },
      e: null,
    });
    expect(await template.evaluate(scope({ d: true }))).toEqual({
      a: [2, " {% 1 %} ", "$x"],
      b: { c: true },
      e: null,
    });
  });

  test("a template without expressions is its own value", () => {
    const value = { a: [1, { b: "text" }] };
    expect(compile(value).constant).toBe(value);
  });

  test("the first failing field is named by its place", async () => {
    const template = compile({
      ok: "{% $string(1) %}",
      list: [0, { deep: "{% $states.input.x %}" }],
      late: "{% $y %}",
    });
    await expect(async () => template.evaluate(scope())).rejects.toMatchObject({
      location: "Output/list[1]/deep",
    });
  });

  test("a member called __proto__ is data", async () => {
    const template = compile(JSON.parse('{"__proto__": "{% 1 %}"}'));
    expect(JSON.stringify(await template.evaluate(scope()))).toBe('{"__proto__":1}');
  });
});
