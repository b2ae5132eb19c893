import { expect, test } from "vitest";
import type { Cell } from "#adapters/warehouse/data-api.ts";
import { differenceBetween } from "./compare.ts";

const columns = ["acquirer", "payments", "p95_ms"];
const within = new Map([["p95_ms", 1]]);
const between = (warehouse: readonly Cell[][], lake: readonly Cell[][]) =>
  differenceBetween({ warehouse: { columns, rows: warehouse }, lake: { columns, rows: lake } }, within);

test.each<readonly [what: string, warehouse: readonly Cell[][], lake: readonly Cell[][]]>([
  ["nothing at all", [], []],
  ["numbers as text and as numbers", [["alpha", "75.0", "10"]], [["alpha", 75, 10]]],
  ["numbers that no double holds", [["alpha", "9007199254740993", 1]], [["alpha", "9007199254740993", 1]]],
  [
    "rows in another order",
    [
      ["a", 1, 1],
      ["B", 2, 1],
    ],
    [
      ["B", 2, 1],
      ["a", 1, 1],
    ],
  ],
  ["what is rounded in another way", [["alpha", 1, 10]], [["alpha", 1, 11]]],
  ["nothing in the same place", [[null, 1, null]], [[null, 1, null]]],
])("%s is the same", (_, warehouse, lake) => {
  expect(between(warehouse, lake)).toBeUndefined();
});

test.each<readonly [what: string, warehouse: readonly Cell[][], lake: readonly Cell[][], said: string]>([
  [
    "a cent",
    [["alpha", 100, 1]],
    [["alpha", 101, 1]],
    "payments=100 p95_ms=1, the lake acquirer=alpha payments=101",
  ],
  ["ten for a hundred", [["alpha", 10, 1]], [["alpha", 100, 1]], "payments=10 "],
  ["a row that is missing", [["alpha", 1, 1]], [], "the lake no such row"],
  [
    "a row that comes twice",
    [["alpha", 1, 1]],
    [
      ["alpha", 1, 1],
      ["alpha", 1, 1],
    ],
    "the warehouse has no such row",
  ],
  ["more than rounding", [["alpha", 1, 10]], [["alpha", 1, 12]], "p95_ms=12"],
  ["nothing and nought", [["alpha", 1, null]], [["alpha", 1, 0]], "p95_ms=null"],
  ["nothing and an empty text", [[null, 1, 1]], [["", 1, 1]], "acquirer=null"],
  [
    "numbers that a double takes for one",
    [["a", "9007199254740993", 1]],
    [["a", "9007199254740992", 1]],
    "payments=9007199254740993",
  ],
])("%s is a difference", (_, warehouse, lake, said) => {
  expect(between(warehouse, lake)).toContain(said);
});

test("other columns are a difference before any row is", () => {
  const tables = { warehouse: { columns, rows: [] }, lake: { columns: ["acquirer"], rows: [] } };
  expect(differenceBetween(tables, within)).toMatch(/^columns: /);
});
