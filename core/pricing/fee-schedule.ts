import type { Currency } from "../money/currency.ts";
import { type Money, money } from "../money/money.ts";
import { divide } from "../money/rounding.ts";

/** What a merchant pays per captured payment in one currency, and per dispute of one. A payment keeps the schedule that it was created under. */
export interface FeeSchedule {
  /** Hundredths of a percent of the captured amount, 0 … 10 000. */
  readonly basisPoints: number;
  /** Minor units per capture, ≥ 0. */
  readonly fixed: bigint;
  /** Minor units per dispute, whatever comes of it; none when left out. */
  readonly dispute?: bigint;
}

const basisPointsPerWhole = 10_000n;

/** The fee of a capture: percentage (half-even) plus fixed part, never more than what was captured. */
export function captureFee<C extends Currency>(captured: Money<C>, schedule: FeeSchedule): Money<C> {
  const percentage = divide(captured.amount * BigInt(schedule.basisPoints), basisPointsPerWhole, "half-even");
  const fee = percentage + schedule.fixed;
  // A capture smaller than its fixed fee must not leave the merchant owing: the fee ends at the capture.
  if (fee >= captured.amount) return captured;
  return money(fee, captured.currency);
}
