import { containsPan } from "../cards/pan.ts";
import type { Brand } from "../kernel/brand.ts";
import { type Currency, isCurrency } from "../money/currency.ts";

/** One merchant's books, named by the merchant's id. No entry crosses from one book to another. */
export type Book = Brand<string, "Book">;

/** `<merchant>:<code>[:<party>]:<ccy>` for system accounts, `acc_…` for a merchant's own. */
export type AccountId = Brand<string, "AccountId">;

/** Entries of the API touch `user` accounts only; sagas, and the reconciler to come, alone post to `system` accounts. */
export type AccountClass = "system" | "user";

declare const own: unique symbol;
/** A merchant's own account, told apart when it was parsed: what the API posts can name no other. */
export type UserAccountId = AccountId & { readonly [own]: true };

export type Side = "debit" | "credit";

export const classOf = (account: AccountId): AccountClass => (account.startsWith("acc_") ? "user" : "system");

/** Every id behind this is spoken for: a merchant cannot open an account there. */
const salesPrefix = "acc_sales_";

/**
 * Where wallet payments of one currency go: `acc_sales_usd`. It is there without being opened, has no limits, and is
 * folded from the journal, so that a busy merchant's payments never wait for each other.
 */
export const salesAccount = (currency: Currency): UserAccountId =>
  `${salesPrefix}${currency.toLowerCase()}` as UserAccountId;

/** The currency that a sales account is of; undefined for every other account. */
export function salesCurrency(account: AccountId): Currency | undefined {
  const currency = account.slice(salesPrefix.length).toUpperCase();
  return isCurrency(currency) && account === salesAccount(currency) ? currency : undefined;
}

const userAccountPattern = /^acc_[A-Za-z0-9_-]{1,64}$/;

/** @returns undefined when the text cannot be the id of a merchant's own account, or spells a card number. */
export const parseUserAccountId = (text: string): UserAccountId | undefined =>
  userAccountPattern.test(text) && !containsPan(text) ? (text as UserAccountId) : undefined;

/** Ids that no account can be opened under. */
export const isReserved = (account: UserAccountId): boolean => account.startsWith(salesPrefix);

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
