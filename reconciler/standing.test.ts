import { expect, test } from "vitest";
import type { Standing } from "#adapters/books/settlement.ts";
import { standingSaid } from "./standing.ts";

const monday = Date.parse("2026-03-09T08:00:00Z");
const said = (standing: Partial<Standing>) =>
  standingSaid(
    { standing: async () => ({ openBreaks: 0, oldest: undefined, parked: 2, flaws: 3, ...standing }) },
    monday,
  );

test("how settlement stands is said with the age of the oldest break in business days", async () => {
  expect(await said({ openBreaks: 4, oldest: new Date("2026-03-06T12:00:00Z") })).toEqual({
    ...{ open_breaks: 4, oldest_break_business_days: 1, parked_records: 2, kept_flaws: 3 },
  });
});

test("where no break is open, none is old", async () => {
  expect(await said({})).toMatchObject({ open_breaks: 0, oldest_break_business_days: 0 });
});
