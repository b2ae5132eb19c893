/** A card's last month. Parsed: month 1 … 12, year of four digits. */
export interface Expiry {
  readonly expMonth: number;
  readonly expYear: number;
}

export type ExpiryFault = "month_out_of_range" | "year_out_of_range" | "year_past" | "month_past";

/** Cards are issued for five to twenty years. Far more, and the year is a mistake. */
const yearsAheadMax = 100;

/** Midnight comes last on the meridian that is twelve hours behind UTC. */
const latestMidnightMs = 12 * 60 * 60 * 1_000;

/**
 * What is wrong with an expiry at `now` (epoch milliseconds), if anything. A card is good through the end of its
 * month, wherever its holder lives: while it is still that month anywhere, the issuer decides and we do not.
 */
export function expiryFaults({ expMonth, expYear }: Expiry, now: number): readonly ExpiryFault[] {
  const latest = new Date(now - latestMidnightMs);
  const thisYear = latest.getUTCFullYear();
  const faults: ExpiryFault[] = [];
  const monthFits = Number.isInteger(expMonth) && expMonth >= 1 && expMonth <= 12;
  if (!monthFits) faults.push("month_out_of_range");
  if (!Number.isInteger(expYear) || expYear < 1_000 || expYear > thisYear + yearsAheadMax)
    faults.push("year_out_of_range");
  else if (expYear < thisYear) faults.push("year_past");
  else if (monthFits && expYear === thisYear && expMonth < latest.getUTCMonth() + 1)
    faults.push("month_past");
  return faults;
}
