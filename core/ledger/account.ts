import type { Brand } from "../kernel/brand.ts";
import type { Currency } from "../money/currency.ts";

/** One merchant's books, named by the merchant's id. No entry crosses from one book to another. */
export type Book = Brand<string, "Book">;

/** `<merchant>:<code>[:<party>]:<ccy>` for system accounts, `acc_…` for a merchant's own. */
export type AccountId = Brand<string, "AccountId">;

/** Entries of the API touch `user` accounts only; sagas and the reconciler alone post to `system` accounts. */
export type AccountClass = "system" | "user";

export type Side = "debit" | "credit";

export const classOf = (account: AccountId): AccountClass => (account.startsWith("acc_") ? "user" : "system");

/** The four counters of an account, in minor units. They only grow, but for pending ones when a hold is resolved. */
export interface Counters {
  readonly debitsPosted: bigint;
  readonly debitsPending: bigint;
  readonly creditsPosted: bigint;
  readonly creditsPending: bigint;
}

export const noCounters: Counters = {
  debitsPosted: 0n,
  debitsPending: 0n,
  creditsPosted: 0n,
  creditsPending: 0n,
};

export interface Account extends Counters {
  readonly id: AccountId;
  readonly book: Book;
  readonly currency: Currency;
  readonly normalSide: Side;
  readonly condition: "open" | "frozen" | "closed";
  /** Minor units. Postings that would leave less than this available are refused. */
  readonly minAvailable?: bigint;
  /** Minor units. Postings that could bring the balance above this are refused. */
  readonly maxBalance?: bigint;
}

export const addCounters = (a: Counters, b: Counters): Counters => ({
  debitsPosted: a.debitsPosted + b.debitsPosted,
  debitsPending: a.debitsPending + b.debitsPending,
  creditsPosted: a.creditsPosted + b.creditsPosted,
  creditsPending: a.creditsPending + b.creditsPending,
});

/** What may still go out: the posted balance less every pending posting against it. Minor units. */
export function available(counters: Counters, normalSide: Side): bigint {
  return normalSide === "credit"
    ? counters.creditsPosted - counters.debitsPosted - counters.debitsPending
    : counters.debitsPosted - counters.creditsPosted - counters.creditsPending;
}
