import { absurd, invariant } from "../kernel/invariant.ts";

/** Every division of money names how it rounds: banks settle on half-even, costs are floored or ceiled on purpose. */
export type Rounding = "half-even" | "floor" | "ceil";

/**
 * `numerator / denominator` as an integer.
 * @throws InvariantViolation when the denominator is not positive.
 */
export function divide(numerator: bigint, denominator: bigint, rounding: Rounding): bigint {
  invariant(denominator > 0n, `division by ${denominator}`);
  const truncated = numerator / denominator;
  const remainder = numerator % denominator;
  if (remainder === 0n) return truncated;
  // bigint division truncates towards zero; the floor lies one below it for negative numerators.
  const floor = remainder < 0n ? truncated - 1n : truncated;
  switch (rounding) {
    case "floor":
      return floor;
    case "ceil":
      return floor + 1n;
    case "half-even":
      return nearest(numerator, denominator, floor);
    default:
      return absurd(rounding);
  }
}

function nearest(numerator: bigint, denominator: bigint, floor: bigint): bigint {
  const twiceAboveFloor = 2n * (numerator - floor * denominator);
  if (twiceAboveFloor < denominator) return floor;
  if (twiceAboveFloor > denominator) return floor + 1n;
  return floor % 2n === 0n ? floor : floor + 1n;
}
