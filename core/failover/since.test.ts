import { expect, test } from "vitest";
import { day, noon } from "#tests/support/examples.ts";
import { sinceFlaw } from "./since.ts";

// biome-ignore format: a table is read in rows
test.each<[what: string, since: number, flaw: RegExp | undefined]>([
  ["an hour before the start",       noon - 3_600_000,     undefined],
  ["the start itself",               noon,                 undefined],
  ["as long ago as can be",          noon - 30 * day,      undefined],
  ["after the start",                noon + 1,             /in the future/],
  ["longer ago than is looked back", noon - 30 * day - 1,  /more than 30 days ago/],
  ["another year",                   noon - 365 * day,     /right year/],
])("since %s", (_what, since, flaw) => {
  const found = sinceFlaw(since, noon);
  if (flaw === undefined) expect(found).toBeUndefined();
  else expect(found).toMatch(flaw);
});
