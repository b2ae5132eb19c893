import type { Account, Counters } from "../ledger/account.ts";
import type { Leg } from "../ledger/entry.ts";
import { openingRoom, strain } from "../ledger/guard.ts";
import { type AccountCounters, entryIdOf, isForced, type JournalRecord } from "../ledger/journal.ts";
import { foldOn, nothingFolded, type ShardFold } from "../ledger/shard-fold.ts";
import { fold } from "../ledger/trial-balance.ts";
import { type Finding, found } from "./finding.ts";

/**
 * Invariants 1, 2, 3, 5, 6 and 9, of one book's data that was read anywhere: by a test, or by `ops prove`. Nothing wrong
 * is an empty list. The other half of invariant 9, the chain of proofs over the archive, is in archive-proof.ts.
 */

/** A guarded account as it is stored: its counters, and how much room its limits leave on each side. */
export interface GuardedBalance extends Omit<Account, "minAvailable" | "maxBalance"> {
  readonly debitRoom: bigint;
  readonly creditRoom: bigint;
}

/** A shard of a book's journal, and what the folder has counted of it. */
export interface FoldedShard {
  /** For people: where it lies. */
  readonly name: string;
  readonly fold: ShardFold;
  /** In any order. Read after the fold: it may have more than the folder has counted, and never less. */
  readonly journal: readonly JournalRecord[];
}

/** Invariants 1, 2 and 5: all that the journal says of itself. */
export function checkJournal(journal: readonly JournalRecord[]): Finding[] {
  return [...checkEntriesBalance(journal), ...checkTrialBalance(journal), ...checkEntryIds(journal)];
}

/**
 * Invariants 2 and 3, of what is folded: each fold balances by itself, whatever it has reached, and one that has reached
 * the end of its journal is what that adds up to.
 */
export function checkFolds(shards: Iterable<FoldedShard>): Finding[] {
  const findings: Finding[] = [];
  for (const { name, fold: stored, journal } of shards) {
    for (const [key, sum] of imbalances(stored.lines.values()))
      findings.push(found("trial_balance", name, `${key} debits exceed credits by ${sum}`));
    if (stored.records > journal.length)
      findings.push(found("fold", name, `counted ${stored.records} of ${journal.length} records`));
    // What is still on its way cannot be told from here; the next proof finds it counted.
    if (stored.records !== journal.length) continue;
    const expected = foldOn(
      nothingFolded,
      journal.map((record, index) => ({ record, sequence: String(index + 1) })),
    );
    for (const line of new Set([...expected.lines.keys(), ...stored.lines.keys()]))
      findings.push(...differences(name, line, stored.lines.get(line), expected.lines.get(line)));
  }
  return findings;
}

const counterNames = ["debitsPosted", "debitsPending", "creditsPosted", "creditsPending"] as const;

/** Invariant 3, of one account: each counter that is not what the journal says. */
function differences(
  where: string,
  account: string,
  stored: Counters | undefined,
  expected: Counters | undefined,
): Finding[] {
  return counterNames.flatMap((counter) => {
    const [is, says] = [stored?.[counter] ?? 0n, expected?.[counter] ?? 0n];
    return is === says
      ? []
      : [found("fold", where, `${account}: ${counter} is ${is}, the journal says ${says}`)];
  });
}

/** Invariant 9: what was in the journal at an earlier reading is in it, and is what it was. */
export function checkAppendOnly(before: Iterable<JournalRecord>, after: Iterable<JournalRecord>): Finding[] {
  const stands = new Map([...after].map((record) => [placeOf(record), textOf(record)]));
  return [...before].flatMap((record) => {
    const now = stands.get(placeOf(record));
    if (now === undefined) return [found("append_only", placeOf(record), "is gone from the journal")];
    return now === textOf(record) ? [] : [found("append_only", placeOf(record), "was written over")];
  });
}

const placeOf = (record: JournalRecord): string =>
  record.type === "resolution" ? `${entryIdOf(record)}#resolution` : entryIdOf(record);

/** JSON with members in the order of their names: a table gives maps in an order of its own. */
const textOf = (record: JournalRecord): string =>
  JSON.stringify(record, (_name, member: unknown) => {
    if (typeof member === "bigint") return member.toString();
    return typeof member === "object" && member !== null && !Array.isArray(member)
      ? Object.fromEntries(Object.entries(member).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : member;
  });

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
  return imbalances(fold(journal).values()).map(([key, sum]) =>
    found("trial_balance", key, `debits exceed credits by ${sum}`),
  );
}

/** What is not balanced, as `posted USD`, and by how much. */
function imbalances(counters: Iterable<AccountCounters>): [string, bigint][] {
  const sums = new Map<string, bigint>();
  const add = (key: string, amount: bigint) => sums.set(key, (sums.get(key) ?? 0n) + amount);
  for (const { currency, debitsPosted, debitsPending, creditsPosted, creditsPending } of counters) {
    add(`posted ${currency}`, debitsPosted - creditsPosted);
    add(`pending ${currency}`, debitsPending - creditsPending);
  }
  return [...sums].filter(([, sum]) => sum !== 0n);
}

/** Invariant 5. At most one entry per id, whether it was posted alone or by the resolution of its hold; each hold is resolved once. */
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

/** Invariants 3 and 6. Every stored account: counters = fold(journal), and a limit was never passed. */
export function checkAccounts({
  accounts,
  journal,
}: {
  readonly accounts: readonly GuardedBalance[];
  readonly journal: readonly JournalRecord[];
}): Finding[] {
  if (accounts.length === 0) return [];
  const balances = fold(journal);
  const forced = fold(journal.filter(isForced));
  return accounts.flatMap((account) => {
    const folded = balances.get(account.id);
    const findings = differences(account.id, account.id, account, folded);
    if (folded !== undefined && folded.currency !== account.currency)
      findings.push(
        found("fold", account.id, `holds ${account.currency} and was moved in ${folded.currency}`),
      );
    // What was forced may have passed a limit, by no more than it moved.
    const { debitsPosted = 0n, creditsPosted = 0n } = forced.get(account.id) ?? {};
    if (account.debitRoom + debitsPosted < 0n || account.creditRoom + creditsPosted < 0n)
      findings.push(found("guarded", account.id, `room is ${account.debitRoom} and ${account.creditRoom}`));
    return findings;
  });
}

/** Invariant 6. The room that an account keeps is what its limits leave beside its counters. */
export function checkRoom(
  account: GuardedBalance,
  limits: { readonly minAvailable?: bigint; readonly maxBalance?: bigint },
): Finding[] {
  const opening = openingRoom({ normalSide: account.normalSide, ...limits });
  const used = strain(account);
  const isRight =
    account.debitRoom === opening.debit - used.debit && account.creditRoom === opening.credit - used.credit;
  return isRight ? [] : [found("guarded", account.id, "its room is not what its limits leave")];
}

/** Invariant 6. A frozen or closed account takes nothing but the release of holds. */
export function checkMovement(before: GuardedBalance, after: GuardedBalance): Finding[] {
  const grows = counterNames.some((counter) => after[counter] > before[counter]);
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
