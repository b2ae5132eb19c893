import fc from "fast-check";
import { expect, test } from "vitest";
import { expiryFaults } from "./expiry.ts";

const at = (iso: string) => Date.parse(iso);
const noon = at("2025-11-23T12:00:00Z");

test.each([
  [11, 2025],
  [12, 2025],
  [1, 2026],
  [12, 2125],
])("a card good through %i/%i is good in November 2025", (expMonth, expYear) => {
  expect(expiryFaults({ expMonth, expYear }, noon)).toEqual([]);
});

test.each([
  [10, 2025, ["month_past"]],
  [12, 2024, ["year_past"]],
  [0, 2030, ["month_out_of_range"]],
  [13, 2030, ["month_out_of_range"]],
  [1.5, 2030, ["month_out_of_range"]],
  [Number.NaN, 2030, ["month_out_of_range"]],
  [12, 30, ["year_out_of_range"]],
  [12, 2030.5, ["year_out_of_range"]],
  [12, 2126, ["year_out_of_range"]],
  [13, 2024, ["month_out_of_range", "year_past"]],
  [0, 0, ["month_out_of_range", "year_out_of_range"]],
])("%d/%d has the faults %j", (expMonth, expYear, faults) => {
  expect(expiryFaults({ expMonth, expYear }, noon)).toEqual(faults);
});

test("a card is good until its month is over everywhere on earth", () => {
  const january = { expMonth: 1, expYear: 2026 };
  expect(expiryFaults(january, at("2026-02-01T11:59:59.999Z"))).toEqual([]);
  expect(expiryFaults(january, at("2026-02-01T12:00:00Z"))).toEqual(["month_past"]);
  const december = { expMonth: 12, expYear: 2025 };
  expect(expiryFaults(december, at("2026-01-01T11:59:59.999Z"))).toEqual([]);
  expect(expiryFaults(december, at("2026-01-01T12:00:00Z"))).toEqual(["year_past"]);
});

test("a card that has expired stays expired", () => {
  const expiries = fc.record({
    expMonth: fc.integer({ min: 1, max: 12 }),
    expYear: fc.integer({ min: 2000, max: 2060 }),
  });
  const instants = fc.integer({ min: at("2020-01-01"), max: at("2050-01-01") });
  fc.assert(
    fc.property(expiries, instants, fc.nat(), (expiry, now, later) => {
      fc.pre(expiryFaults(expiry, now).length > 0);
      expect(expiryFaults(expiry, now + later).length).toBeGreaterThan(0);
    }),
  );
});
