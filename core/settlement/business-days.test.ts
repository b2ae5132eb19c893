import fc from "fast-check";
import { expect, test } from "vitest";
import { businessDaysBetween } from "./business-days.ts";

const at = (text: string): number => Date.parse(`${text}Z`);

test.each([
  ["Monday", "Monday", "2026-03-02T00:00", "2026-03-02T23:59", 0],
  ["Monday", "Tuesday", "2026-03-02T23:59", "2026-03-03T00:00", 1],
  ["Friday", "Sunday", "2026-03-06T12:00", "2026-03-08T23:59", 0],
  ["Friday", "Monday", "2026-03-06T12:00", "2026-03-09T00:00", 1],
  ["Saturday", "Monday", "2026-03-07T12:00", "2026-03-09T12:00", 1],
  ["Sunday", "Sunday", "2026-03-01T12:00", "2026-03-08T12:00", 5],
  ["Friday", "Friday in two weeks", "2026-03-06T12:00", "2026-03-20T00:00", 10],
])("from %s to %s", (_from, _to, from, to, days) => {
  expect(businessDaysBetween(at(from), at(to))).toBe(days);
});

test("they are the days that are no Saturday and no Sunday, counted one by one", () => {
  const day = 86_400_000;
  const start = fc.integer({ min: at("1969-01-01T00:00"), max: at("2100-01-01T00:00") });
  fc.assert(
    fc.property(start, fc.integer({ min: 0, max: 60 }), (from, days) => {
      const counted = Array.from({ length: days }, (_, n) =>
        new Date(from + (n + 1) * day).getUTCDay(),
      ).filter((weekday) => weekday !== 0 && weekday !== 6).length;
      expect(businessDaysBetween(from, from + days * day)).toBe(counted);
    }),
  );
});
