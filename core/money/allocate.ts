import { invariant } from "../kernel/invariant.ts";
import type { Currency } from "./currency.ts";
import { type Money, money } from "./money.ts";

/** More shares than any split in the product needs; a bound, so that a mistake cannot allocate memory without end. */
const sharesMax = 1_000;

/**
 * Splits an amount by weights so that the parts add up to it exactly: nothing is lost, nothing is made.
 * Minor units left over go one each to the parts with the largest remainders, the earlier first
 * (Hamilton's method), so the same input always splits the same way.
 * @throws InvariantViolation for a negative total, no weights, a negative weight, or weights that sum to zero.
 */
export function allocate<C extends Currency>(total: Money<C>, weights: readonly bigint[]): Money<C>[] {
  invariant(total.amount >= 0n, "only an amount that is not negative can be allocated");
  invariant(weights.length > 0 && weights.length <= sharesMax, `between 1 and ${sharesMax} weights`);
  invariant(
    weights.every((weight) => weight >= 0n),
    "no weight is negative",
  );
  const weightTotal = weights.reduce((sum, weight) => sum + weight, 0n);
  invariant(weightTotal > 0n, "at least one weight is positive");

  const shares = weights.map((weight, index) => ({
    index,
    amount: (total.amount * weight) / weightTotal,
    remainder: (total.amount * weight) % weightTotal,
  }));
  const leftOver = total.amount - shares.reduce((sum, share) => sum + share.amount, 0n);
  const luckiest = shares.toSorted(
    (a, b) => Number(b.remainder > a.remainder) - Number(b.remainder < a.remainder) || a.index - b.index,
  );
  const lucky = new Set(luckiest.slice(0, Number(leftOver)).map((share) => share.index));
  return shares.map((share) => money(share.amount + (lucky.has(share.index) ? 1n : 0n), total.currency));
}
