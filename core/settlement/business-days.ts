const dayMs = 86_400_000;
const weekdays = 5;

/** Days since Monday, 5 January 1970 (UTC). */
const dayNumber = (at: number): number => Math.floor(at / dayMs) - 4;

/** Days from Monday to Friday that have begun since then, up to a day. */
const businessDaysUpTo = (number: number): number =>
  Math.floor(number / 7) * weekdays + Math.min((((number % 7) + 7) % 7) + 1, weekdays);

/**
 * Business days between two moments, in UTC: of something that happened on a Friday it is 0 until Monday begins, and then
 * 1. Public holidays count as any other day: each country has its own.
 * @param from epoch milliseconds; not later than `to`
 */
export const businessDaysBetween = (from: number, to: number): number =>
  businessDaysUpTo(dayNumber(to)) - businessDaysUpTo(dayNumber(from));
