/** What is wrong with an entry by itself; the same input is refused for ever. In order of precedence. */
export const malformedEntryPrecedence = [
  "too_few_legs",
  "too_many_legs",
  "amount_out_of_range",
  "account_of_another_book",
  "currency_of_another_account",
  "account_repeated",
  "unbalanced",
] as const;
export type MalformedEntry = (typeof malformedEntryPrecedence)[number];

/**
 * What the state of the books refuses, in order of precedence: when several apply, the first is answered,
 * whatever order the database saw them in. Sticky: the entry's id stays failed, and a new try needs a new id.
 */
export const refusalPrecedence = [
  "account_not_found",
  "account_currency_differs",
  "account_closed",
  "account_frozen",
  "below_min_available",
  "above_max_balance",
] as const;
export type PostingRefusal = (typeof refusalPrecedence)[number];

/** Why a hold could not be resolved, in order of precedence. */
export const resolutionRefusalPrecedence = [
  "hold_not_found",
  "hold_already_posted",
  "hold_already_voided",
  "hold_already_expired",
  "hold_expired",
  "exceeds_hold",
] as const;
export type ResolutionRefusal = (typeof resolutionRefusalPrecedence)[number];

/** The refusal that is answered when several apply; undefined when none does. */
export function firstByPrecedence<R extends string>(
  precedence: readonly R[],
  refusals: ReadonlySet<R>,
): R | undefined {
  return precedence.find((refusal) => refusals.has(refusal));
}
