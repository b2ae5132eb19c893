import { expect, test } from "vitest";
import { daysOf } from "./archive.ts";

test("a range of days has both its ends, also over the end of a year, and may be one day", () => {
  expect(daysOf({ from: "2027-12-31", to: "2028-01-01" })).toEqual(["2027-12-31", "2028-01-01"]);
  expect(daysOf({ from: "2028-02-29" })).toEqual(["2028-02-29"]);
});

test.each([
  [{}, "--from is a day"],
  [{ from: "yesterday" }, "--from is a day"],
  [{ from: "2027-02-29" }, "--from is a day"],
  [{ from: "2027-02-28", to: "2027-2-28" }, "--to is a day"],
  [{ from: "2027-02-28", to: "2027-02-27" }, "--to 2027-02-27 is before --from 2027-02-28"],
  [{ from: "2000-01-01", to: "2027-01-01" }, "more than the archive keeps"],
])("%o is refused", (range, what) => {
  expect(() => daysOf(range)).toThrow(what);
});
