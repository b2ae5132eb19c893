import { expect, test } from "vitest";
import { daysBetween } from "./days.ts";

const noon = Date.parse("2026-03-02T12:00:00Z");

test("days are counted with both ends, over the end of a month", () => {
  expect(daysBetween("2026-02-27", "2026-03-01", noon)).toEqual(["2026-02-27", "2026-02-28", "2026-03-01"]);
  expect(daysBetween("2026-03-01", "2026-03-01", noon)).toEqual(["2026-03-01"]);
});

test("until today when nothing else is said", () => {
  expect(daysBetween("2026-03-01", undefined, noon)).toEqual(["2026-03-01", "2026-03-02"]);
});

test.each([
  [undefined, undefined, "say --since"],
  ["yesterday", undefined, '--since "yesterday" is no day'],
  ["2026-02-30", undefined, '--since "2026-02-30" is no day'],
  ["2026-03-01", "2026-02-01", "is before"],
  ["2026-03-03", undefined, "still to come"],
  ["2026-03-01", "2026-03-03", "still to come"],
  ["1026-03-01", undefined, "more than any archive keeps"],
])("from %s to %s is refused: %s", (since, until, why) => {
  expect(() => daysBetween(since, until, noon)).toThrow(why);
});
