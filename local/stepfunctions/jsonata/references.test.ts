import jsonata from "jsonata";
import { expect, test } from "vitest";
import type { AstNode } from "./ast.ts";
import { findReferences, type References } from "./references.ts";

const find = (text: string): References => findReferences(jsonata(text).ast() as unknown as AstNode);

test.each([
  ["phone", "Reference to 'phone' at the top level is not supported."],
  ["$map($states.input.a, function($x) { b })", "Reference to 'b' at the top level is not supported."],
  ["$sum(amounts)", "Reference to 'amounts' at the top level is not supported."],
  ["{'a': b}", "Reference to 'b' at the top level is not supported."],
  ["true ? x : 1", "Reference to 'x' at the top level is not supported."],
  ["$", "Reference to '$' at the top level is not supported."],
  ["*", "Reference to '*' at the top level is not supported."],
  ["$$.a", "Reference to '$$' is not supported."],
  ["$states.input[$$.a]", "Reference to '$$' is not supported."],
])("%s has no context to read from", (text, refusal) => {
  expect(find(text).refusals).toEqual([refusal]);
});

test.each([
  "$states.input.items[value > 3]",
  "$states.input.items.(price * quantity)",
  "$states.input.items^(price)",
  "$states.input.items{sku: price}",
  "$states.input ~> |items|{'seen': price}|",
  "$states.input.items[$ > 3]",
  "$filter($states.input.items, function($item) { $item.price > 1 })",
  "($x := 1; $x)",
])("%s reads from a value at hand", (text) => {
  expect(find(text).refusals).toEqual([]);
});

test("it tells the variables, the fields of $states and the functions apart", () => {
  const references = find("$x.y + $states.input.a + $sum($states.result.b)");
  expect([...references.variables]).toEqual(["x", "states", "sum"]);
  expect([...references.statesFields]).toEqual(["input", "result"]);
  expect(references.wholeStates).toBe(false);
  expect(references.definesFunction).toBe(false);
  expect(find("$states").wholeStates).toBe(true);
  expect(find("$lookup($states, 'context')").wholeStates).toBe(true);
  expect(find("$map([1], function($x) { $x })").definesFunction).toBe(true);
});
