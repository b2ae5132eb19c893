import type { Counters } from "../ledger/account.ts";
import type { Leg } from "../ledger/entry.ts";
import { openingRoom, strain } from "../ledger/guard.ts";
import { entryIdOf, type JournalRecord } from "../ledger/journal.ts";
import { fold } from "../ledger/trial-balance.ts";
import { type Finding, found } from "./finding.ts";
import type { Stored, StoredAccount } from "./stored.ts";

/**
 * Invariants 1, 2, 3, 5 and 6, of one book. Each checker takes stored data, wherever it was read, and says what is
 * wrong with it; nothing wrong is an empty list.
 */

/** Invariant 1. Every entry, per currency: Σ legs = 0; and so is what a resolution releases. */
export function checkEntriesBalance(journal: readonly JournalRecord[]): Finding[] {
  const findings: Finding[] = [];
  for (const record of journal) {
    for (const legs of legsOf(record)) {
      for (const [currency, sum] of signedSums(legs))
        if (sum !== 0n)
          findings.push(found("balanced_entries", entryIdOf(record), `its ${currency} legs sum to ${sum}`));
    }
  }
  return findings;
}

/** Invariant 2. Per currency: Σ balances = 0, posted and pending. */
export function checkTrialBalance(journal: readonly JournalRecord[]): Finding[] {
  const sums = new Map<string, bigint>();
  const add = (key: string, amount: bigint) => sums.set(key, (sums.get(key) ?? 0n) + amount);
  for (const { currency, ...counters } of fold(journal).values()) {
    add(`posted ${currency}`, counters.debitsPosted - counters.creditsPosted);
    add(`pending ${currency}`, counters.debitsPending - counters.creditsPending);
  }
  return [...sums]
    .filter(([, sum]) => sum !== 0n)
    .map(([key, sum]) => found("trial_balance", key, `debits exceed credits by ${sum}`));
}

/**
 * Invariant 5. At most one entry per id, whether it was posted alone or by the resolution of its hold; each hold is
 * resolved once.
 */
export function checkEntryIds(journal: readonly JournalRecord[]): Finding[] {
  const seen = new Set<string>();
  const findings: Finding[] = [];
  const claim = (id: string, subject: string) => {
    if (seen.has(id)) findings.push(found("one_entry", subject, `${id} is there twice`));
    seen.add(id);
  };
  for (const record of journal) {
    const id = entryIdOf(record);
    if (record.type !== "resolution") {
      claim(`${record.entry.book} ${id}`, id);
      continue;
    }
    claim(`${record.resolution.book} ${id} resolution`, id);
    if (record.resolution.kind === "posted")
      claim(`${record.resolution.book} ${record.resolution.entry.id}`, id);
  }
  return findings;
}

const counterNames = ["debitsPosted", "debitsPending", "creditsPosted", "creditsPending"] as const;

/** Invariants 3 and 6. Every stored account: counters = fold(journal), and a limit was never passed. */
export function checkAccounts({ accounts, journal }: Pick<Stored, "accounts" | "journal">): Finding[] {
  if (accounts.length === 0) return [];
  const balances = fold(journal);
  const findings: Finding[] = [];
  for (const account of accounts) {
    const folded = balances.get(account.id);
    for (const counter of counterNames) {
      const expected = folded?.[counter] ?? 0n;
      if (account[counter] !== expected)
        findings.push(
          found("balances", account.id, `${counter} is ${account[counter]}, the journal says ${expected}`),
        );
    }
    if (folded !== undefined && folded.currency !== account.currency)
      findings.push(
        found("balances", account.id, `holds ${account.currency} and was moved in ${folded.currency}`),
      );
    if (account.debitRoom < 0n || account.creditRoom < 0n)
      findings.push(found("guarded", account.id, `room is ${account.debitRoom} and ${account.creditRoom}`));
  }
  return findings;
}

/** The room that an account keeps is what its limits leave beside its counters. */
export function checkRoom(
  account: StoredAccount,
  limits: { readonly minAvailable?: bigint; readonly maxBalance?: bigint } = account,
): Finding[] {
  const { minAvailable, maxBalance } = limits;
  const opening = openingRoom({
    normalSide: account.normalSide,
    ...(minAvailable === undefined ? {} : { minAvailable }),
    ...(maxBalance === undefined ? {} : { maxBalance }),
  });
  const used = strain(account);
  const isRight =
    account.debitRoom === opening.debit - used.debit && account.creditRoom === opening.credit - used.credit;
  return isRight ? [] : [found("guarded", account.id, "its room is not what its limits leave")];
}

/** A frozen or closed account takes nothing but the release of holds. */
export function checkMovement(before: StoredAccount, after: StoredAccount): Finding[] {
  const grows = counterNames.some((counter: keyof Counters) => after[counter] > before[counter]);
  return grows && before.condition !== "open"
    ? [found("guarded", after.id, `is ${before.condition} and was posted to`)]
    : [];
}

function legsOf(record: JournalRecord): readonly (readonly Leg[])[] {
  if (record.type !== "resolution") return [record.entry.legs];
  const { resolution } = record;
  return resolution.kind === "posted" ? [resolution.released, resolution.entry.legs] : [resolution.released];
}

function signedSums(legs: readonly Leg[]): Map<string, bigint> {
  const sums = new Map<string, bigint>();
  for (const { currency, side, amount } of legs)
    sums.set(currency, (sums.get(currency) ?? 0n) + (side === "debit" ? amount : -amount));
  return sums;
}
