import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { moneys } from "#tests/support/arbitraries/values.ts";
import { InvariantViolation } from "../kernel/invariant.ts";
import { allocate } from "./allocate.ts";
import type { Currency } from "./currency.ts";
import { money } from "./money.ts";

// biome-ignore format: a table is read in rows
test.each<{ total: bigint; currency: Currency; weights: bigint[]; shares: bigint[]; rule: string }>([
  { total: 100n, currency: "USD", weights: [1n, 1n],             shares: [50n, 50n],         rule: "equal weights share equally" },
  { total: 100n, currency: "USD", weights: [1n, 1n, 1n],         shares: [34n, 33n, 33n],    rule: "among equals, the first gets what is left over" },
  { total: 5n,   currency: "JPY", weights: [1n, 1n, 1n],         shares: [2n, 2n, 1n],       rule: "what is left over goes one unit each" },
  { total: 100n, currency: "USD", weights: [7n, 1n, 4n],         shares: [59n, 8n, 33n],     rule: "among equal remainders (each .33), the first gets it" },
  { total: 10n,  currency: "KWD", weights: [1n, 2n, 1n, 2n],     shares: [2n, 3n, 2n, 3n],   rule: "the larger remainders (1.67) come before the smaller (3.33)" },
  { total: 1n,   currency: "USD", weights: [1n, 5n],             shares: [0n, 1n],           rule: "a single unit goes where most of it belongs" },
  { total: 99n,  currency: "USD", weights: [0n, 1n, 0n],         shares: [0n, 99n, 0n],      rule: "no weight, no share" },
  { total: 0n,   currency: "USD", weights: [3n, 4n],             shares: [0n, 0n],           rule: "nothing splits into nothings" },
])("$total $currency by $weights is $shares: $rule", ({ total, currency, weights, shares }) => {
  expect(allocate(money(total, currency), weights)).toEqual(shares.map((share) => money(share, currency)));
});

describe("for any amount and weights", () => {
  const weightLists = fc
    .array(fc.oneof(fc.bigInt({ min: 0n, max: 9n }), fc.bigInt({ min: 0n, max: 10n ** 12n })), {
      minLength: 1,
      maxLength: 12,
    })
    .filter((weights) => weights.some((weight) => weight > 0n));

  test("nothing is lost and nothing is made", () => {
    fc.assert(
      fc.property(moneys, weightLists, (total, weights) => {
        const shares = allocate(total, weights);
        expect(shares.reduce((sum, share) => sum + share.amount, 0n)).toBe(total.amount);
        expect(shares.map((share) => share.currency)).toEqual(weights.map(() => total.currency));
      }),
    );
  });

  test("each share is its exact part, rounded down or up by less than one minor unit", () => {
    fc.assert(
      fc.property(moneys, weightLists, (total, weights) => {
        const weightTotal = weights.reduce((sum, weight) => sum + weight, 0n);
        allocate(total, weights).forEach((share, index) => {
          const off = share.amount * weightTotal - total.amount * (weights[index] ?? 0n);
          expect(off > -weightTotal && off < weightTotal).toBe(true);
        });
      }),
    );
  });

  test("whoever weighs more never gets less", () => {
    fc.assert(
      fc.property(moneys, weightLists, (total, weights) => {
        const byWeight = allocate(total, weights)
          .map((share, index) => ({ amount: share.amount, weight: weights[index] ?? 0n }))
          .toSorted((a, b) => Number(a.weight - b.weight) || Number(a.amount - b.amount));
        for (const [index, { amount, weight }] of byWeight.entries()) {
          const lighter = byWeight.slice(0, index).filter((other) => other.weight < weight);
          expect(lighter.every((other) => other.amount <= amount)).toBe(true);
        }
      }),
    );
  });
});

// biome-ignore format: a table is read in rows
test.each([
  { input: "a negative total",         total: -1n, weights: [1n],                message: "only an amount that is not negative can be allocated" },
  { input: "no weights",               total: 1n,  weights: [],                  message: "between 1 and 1000 weights" },
  { input: "more than 1000 weights",   total: 1n,  weights: Array(1_001).fill(1n), message: "between 1 and 1000 weights" },
  { input: "a negative weight",        total: 1n,  weights: [2n, -1n],           message: "no weight is negative" },
  { input: "weights that sum to zero", total: 1n,  weights: [0n, 0n],            message: "at least one weight is positive" },
])("$input throws", ({ total, weights, message }) => {
  expect(() => allocate(money(total, "USD"), weights)).toThrow(new InvariantViolation(message));
});

test("a thousand weights are allowed", () => {
  expect(allocate(money(100n, "USD"), Array(1_000).fill(1n))).toHaveLength(1_000);
});
