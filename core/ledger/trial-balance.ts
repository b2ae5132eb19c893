import { invariant } from "../kernel/invariant.ts";
import type { Currency } from "../money/currency.ts";
import { type AccountId, addCounters } from "./account.ts";
import { type AccountCounters, type JournalRecord, movements } from "./journal.ts";

export type Balances = ReadonlyMap<AccountId, AccountCounters>;

/** Balances of every account that the records of one book touch: the fold that each stored balance must equal. */
export function fold(records: Iterable<JournalRecord>, start: Balances = new Map()): Balances {
  const balances = new Map(start);
  for (const record of records) {
    for (const [account, moved] of movements(record)) {
      const before = balances.get(account);
      invariant(before === undefined || before.currency === moved.currency, `${account} holds one currency`);
      balances.set(
        account,
        before === undefined ? moved : { currency: moved.currency, ...addCounters(before, moved) },
      );
    }
  }
  return balances;
}

export interface TrialBalance {
  readonly currency: Currency;
  /** Posted, in minor units. */
  readonly debits: bigint;
  readonly credits: bigint;
  readonly balanced: boolean;
  /** How many accounts of this currency have ever moved. */
  readonly accounts: number;
}

/** Posted debits against posted credits of one currency. */
export function trialBalance(
  balances: ReadonlyMap<string, AccountCounters>,
  currency: Currency,
): TrialBalance {
  const counters = [...balances.values()].filter((account) => account.currency === currency);
  const debits = counters.reduce((sum, account) => sum + account.debitsPosted, 0n);
  const credits = counters.reduce((sum, account) => sum + account.creditsPosted, 0n);
  return { currency, debits, credits, balanced: debits === credits, accounts: counters.length };
}
