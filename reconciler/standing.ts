import type { Settlement } from "#adapters/books/settlement.ts";
import { businessDaysBetween } from "#core/settlement/business-days.ts";

/** Metrics are made of these (stacks/log-metrics.ts). */
export interface StandingSaid {
  readonly open_breaks: number;
  /** From Monday to Friday, UTC; 0 where none is open. */
  readonly oldest_break_business_days: number;
  readonly parked_records: number;
  readonly kept_flaws: number;
}

/** How settlement stands. Each pod says it, and they say the same. @param now epoch milliseconds */
export async function standingSaid(
  settlement: Pick<Settlement, "standing">,
  now: number,
): Promise<StandingSaid> {
  const { openBreaks, oldest, parked, flaws } = await settlement.standing();
  return {
    open_breaks: openBreaks,
    oldest_break_business_days: oldest === undefined ? 0 : businessDaysBetween(oldest.getTime(), now),
    ...{ parked_records: parked, kept_flaws: flaws },
  };
}
