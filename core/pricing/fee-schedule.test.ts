import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { amounts, feeSchedules } from "#tests/support/arbitraries/values.ts";
import { money } from "../money/money.ts";
import { captureFee } from "./fee-schedule.ts";

// biome-ignore format: a table is read in rows
test.each([
  { captured: 100_00n,    basisPoints: 290,    fixed: 30n,  fee: 3_20n,      rule: "percentage and fixed part add up" },
  { captured: 100_00n,    basisPoints: 0,      fixed: 0n,   fee: 0n,         rule: "a free schedule is free" },
  { captured: 100_00n,    basisPoints: 0,      fixed: 30n,  fee: 30n,        rule: "fixed alone" },
  { captured: 50n,        basisPoints: 100,    fixed: 0n,   fee: 0n,         rule: "a half rounds to the even 0" },
  { captured: 150n,       basisPoints: 100,    fixed: 0n,   fee: 2n,         rule: "a half rounds to the even 2" },
  { captured: 250n,       basisPoints: 100,    fixed: 0n,   fee: 2n,         rule: "a half rounds to the even 2" },
  { captured: 251n,       basisPoints: 100,    fixed: 0n,   fee: 3n,         rule: "more than a half rounds up" },
  { captured: 29n,        basisPoints: 290,    fixed: 30n,  fee: 29n,        rule: "it ends at the capture" },
  { captured: 29n,        basisPoints: 0,      fixed: 30n,  fee: 29n,        rule: "it ends at the capture" },
  { captured: 1n,         basisPoints: 0,      fixed: 30n,  fee: 1n,         rule: "it ends at the capture" },
  { captured: 32n,        basisPoints: 290,    fixed: 30n,  fee: 31n,        rule: "one unit is left to the merchant" },
  { captured: 5_00n,      basisPoints: 10_000, fixed: 0n,   fee: 5_00n,      rule: "all of it" },
  { captured: 10n ** 15n, basisPoints: 290,    fixed: 30n,  fee: 29_000_000_000_030n, rule: "exact at the largest amount" },
])("of $captured at $basisPoints bp + $fixed the fee is $fee: $rule", ({ captured, fee, ...schedule }) => {
  expect(captureFee(money(captured, "USD"), schedule)).toEqual(money(fee, "USD"));
});

describe("for any capture and schedule", () => {
  test("the fee is neither negative nor more than the capture", () => {
    fc.assert(
      fc.property(amounts(), feeSchedules, (captured, schedule) => {
        const fee = captureFee(money(captured, "EUR"), schedule).amount;
        expect(fee >= 0n && fee <= captured).toBe(true);
      }),
    );
  });

  test("below the capture, the fee is off the exact one by half a minor unit at most", () => {
    fc.assert(
      fc.property(amounts(), feeSchedules, (captured, schedule) => {
        const fee = captureFee(money(captured, "EUR"), schedule).amount;
        if (fee === captured) return;
        const exactTimes10000 = captured * BigInt(schedule.basisPoints) + schedule.fixed * 10_000n;
        const off = fee * 10_000n - exactTimes10000;
        expect(off >= -5_000n && off <= 5_000n).toBe(true);
      }),
    );
  });

  test("capturing more never costs less", () => {
    fc.assert(
      fc.property(amounts(), amounts(), feeSchedules, (a, b, schedule) => {
        const [less, more] = a < b ? [a, b] : [b, a];
        const feeOf = (captured: bigint) => captureFee(money(captured, "EUR"), schedule).amount;
        expect(feeOf(less) <= feeOf(more)).toBe(true);
      }),
    );
  });
});
