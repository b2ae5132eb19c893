import { expect, test } from "vitest";
import { positional } from "./parameters.ts";

test("each mark has its value in its place, as text in quotes; text, comments and casts have no marks", () => {
  const sql = "select :b, ':a' -- :a\n, x::int from t where y = :a and z = :b /* :a */";
  expect(positional(sql, { a: "it's", b: "2" })).toEqual({
    text: "select ?, ':a' -- :a\n, x::int from t where y = ? and z = ? /* :a */",
    values: ["'2'", "'it''s'", "'2'"],
  });
});

test("a mark without a value is named", () => {
  expect(() => positional("select :since", {})).toThrow("no value for parameter :since");
});
