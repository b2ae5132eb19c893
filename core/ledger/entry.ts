import type { Brand } from "../kernel/brand.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import type { Currency } from "../money/currency.ts";
import { amountMax } from "../money/money.ts";
import { type AccountId, type Book, classOf, type Side, salesCurrency } from "./account.ts";
import type { MalformedEntry } from "./errors.ts";

/** `je_<payment>.<kind>.<n>` for sagas, the caller's own for users. Permanent: an id is never used twice. */
export type EntryId = Brand<string, "EntryId">;

/** One posting: `amount` minor units of `currency` on one side of one account. */
export interface Leg {
  readonly account: AccountId;
  readonly side: Side;
  readonly amount: bigint;
  readonly currency: Currency;
}

/** Append-only. All legs live in one item, so that streams, backups and replicas see the entry whole or not at all. */
export interface JournalEntry {
  readonly id: EntryId;
  readonly book: Book;
  /** A `pending` entry is a hold: it waits for one resolution. */
  readonly state: "posted" | "pending";
  readonly legs: readonly Leg[];
  /** Epoch milliseconds: when the money moved in the world. */
  readonly effectiveAt: number;
  /** Epoch milliseconds: when the ledger learned of it. */
  readonly recordedAt: number;
  /** Holds only. Epoch milliseconds; from this moment on the hold cannot be posted, sweeper or no sweeper. */
  readonly expiresAt?: number;
  /** Corrections only: the entry that this one undoes. */
  readonly reverses?: EntryId;
  /**
   * It says what has happened in the world already, so that no limit refuses it, nor a frozen account: a chargeback is taken
   * whether or not the merchant has the money.
   */
  readonly forced?: true;
  /** A caller's own notes. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** The saga execution that wrote it, or the request. */
  readonly execution: string;
}

/** An entry that waits for its one resolution. */
export type Hold = JournalEntry & { readonly state: "pending" };
export const isHold = (entry: JournalEntry): entry is Hold => entry.state === "pending";

/** Enough for every posting in the chart and for a merchant's own splits, and far below one item's 400 KB. */
export const legsMax = 100;

export const debit = (account: AccountId, amount: bigint, currency: Currency): Leg => ({
  account,
  side: "debit",
  amount,
  currency,
});
export const credit = (account: AccountId, amount: bigint, currency: Currency): Leg => ({
  account,
  side: "credit",
  amount,
  currency,
});

/** Checks what an entry must satisfy by itself, in the documented order of `malformedEntryPrecedence`. */
export function checkEntry<E extends Pick<JournalEntry, "book" | "legs">>(
  entry: E,
): Result<E, MalformedEntry> {
  const { legs } = entry;
  if (legs.length < 2) return err("too_few_legs");
  if (legs.length > legsMax) return err("too_many_legs");
  if (legs.some((leg) => leg.amount < 1n || leg.amount > amountMax)) return err("amount_out_of_range");
  if (legs.some((leg) => !belongsTo(entry.book, leg.account))) return err("account_of_another_book");
  if (!eachAccountHasOneCurrency(legs)) return err("currency_of_another_account");
  if (new Set(legs.map((leg) => `${leg.account} ${leg.side}`)).size < legs.length)
    return err("account_repeated");
  if (!isBalanced(legs)) return err("unbalanced");
  return ok(entry);
}

/** Σ debits of legs in one currency. */
export const debitsOf = (legs: readonly Leg[]): bigint =>
  legs.reduce((sum, { side, amount }) => (side === "debit" ? sum + amount : sum), 0n);

/** Whether two entries move the same, whatever the order of their legs. */
export const isSameMoney = (a: readonly Leg[], b: readonly Leg[]): boolean => textOf(a) === textOf(b);
const textOf = (legs: readonly Leg[]): string =>
  legs
    .map((leg) => `${leg.account} ${leg.side} ${leg.amount} ${leg.currency}`)
    .toSorted()
    .join();

/** Σ debits = Σ credits, for each currency by itself. */
export function isBalanced(legs: readonly Leg[]): boolean {
  const sums = new Map<Currency, bigint>();
  for (const leg of legs) {
    const signed = leg.side === "debit" ? leg.amount : -leg.amount;
    sums.set(leg.currency, (sums.get(leg.currency) ?? 0n) + signed);
  }
  return [...sums.values()].every((sum) => sum === 0n);
}

/** User accounts carry no book in their id: their key does, so that a foreign one cannot be found at all. */
const belongsTo = (book: Book, account: AccountId): boolean =>
  classOf(account) === "user" || account.startsWith(`${book}:`);

/**
 * The ids of system and of sales accounts end in their currency. Any other user account's currency is known to the ledger alone, but whatever
 * it is, two of them on one account would be added up as if they were the same money.
 */
function eachAccountHasOneCurrency(legs: readonly Leg[]): boolean {
  const first = new Map<AccountId, Currency>();
  return legs.every(({ account, currency }) => {
    if (classOf(account) === "system") return account.endsWith(`:${currency}`);
    const sold = salesCurrency(account);
    if (sold !== undefined) return sold === currency;
    const held = first.get(account) ?? currency;
    first.set(account, held);
    return held === currency;
  });
}
