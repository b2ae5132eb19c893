import type { AccountId, Book } from "../ledger/account.ts";
import { type JournalRecord, recordedAtOf } from "../ledger/journal.ts";
import { fold } from "../ledger/trial-balance.ts";
import { type Finding, found } from "./finding.ts";

/** An account's balance somewhere, in minor units; debits positive. */
export interface NetBalance {
  readonly book: Book;
  readonly account: AccountId;
  /** ISO 4217. */
  readonly currency: string;
  readonly posted: bigint;
  readonly held: bigint;
}

/** Records of the journal up to a moment (epoch milliseconds): what came meanwhile is elsewhere sooner or later. */
export const upTo = (journal: readonly JournalRecord[], moment: number): readonly JournalRecord[] =>
  journal.filter((record) => recordedAtOf(record) <= moment);

/** What a book's journal adds up to, account by account. */
export const balancesOf = (book: Book, journal: readonly JournalRecord[]): readonly NetBalance[] =>
  [...fold(journal)].map(([account, counters]) => ({
    ...{ book, account, currency: counters.currency },
    posted: counters.debitsPosted - counters.creditsPosted,
    held: counters.debitsPending - counters.creditsPending,
  }));

/**
 * Invariant 3, between stores: each account has the same balance in the ledger and in another place that keeps it. One that
 * is missing stands at nothing.
 * @param where the other place, for people
 * @param is how it is said what this side has
 */
export function checkSameBalances(
  where: string,
  ledger: readonly NetBalance[],
  others: readonly NetBalance[],
  is = "the ledger has",
): Finding[] {
  const there = new Map(others.map((balance) => [nameOf(balance), balance]));
  const here = new Map(ledger.map((balance) => [nameOf(balance), balance]));
  return [...new Set([...here.keys(), ...there.keys()])].toSorted().flatMap((name) => {
    const [one, other] = [here.get(name), there.get(name)];
    const [has, says] = [textOf(one), textOf(other)];
    return has === says ? [] : [found("same_balances", name, `${is} ${has}, ${where} ${says}`)];
  });
}

const nameOf = ({ book, account, currency }: NetBalance): string =>
  account.startsWith(book) ? account : `${book} ${account} ${currency}`;

const textOf = ({ posted, held }: Pick<NetBalance, "posted" | "held"> = { posted: 0n, held: 0n }): string =>
  held === 0n ? String(posted) : `${posted} and ${held} held`;
