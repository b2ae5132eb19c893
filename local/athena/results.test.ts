import { expect, test } from "vitest";
import { csvOf, doubleText, rowsOf } from "./results.ts";

test.each([
  [0, "0.0"],
  [-0, "-0.0"],
  [1, "1.0"],
  [66.67, "66.67"],
  [9_999_999, "9999999.0"],
  [10_000_000, "1.0E7"],
  [123_456_789.5, "1.234567895E8"],
  [0.001, "0.001"],
  [0.000_25, "2.5E-4"],
  [Number.NaN, "NaN"],
  [Number.NEGATIVE_INFINITY, "-Infinity"],
])("the double %s is written as Java does", (value, text) => {
  expect(doubleText(value)).toBe(text);
});

test("what is written is read again, whatever is in it, and null is no empty text", () => {
  const columns = ["a", "b"].map((name) => ({ name, type: "varchar", precision: 0 }));
  const rows = [
    ['say "so", twice', "two\nlines"],
    ["", null],
    [null, ","],
  ];
  expect(rowsOf(csvOf({ columns, rows }))).toEqual([["a", "b"], ...rows]);
});
