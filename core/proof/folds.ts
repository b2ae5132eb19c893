import { type Counters, classOf } from "../ledger/account.ts";
import { entryIdOf, type JournalRecord, movements } from "../ledger/journal.ts";
import { nothingFolded } from "../ledger/shard-fold.ts";
import { type Finding, found } from "./finding.ts";
import { checkFolds } from "./ledger.ts";
import type { AccountNote, StoredShard } from "./stored.ts";

/**
 * Invariant 3, of unguarded accounts, once the folder has caught up: what it keeps is the fold of its shard of the
 * journal. A fold that stays behind is a finding by itself, for where each record lies in the stream is in the stream
 * alone, and that forgets. Whoever proves looks again, until nothing is on its way.
 */
export function checkShard({ name, journal, fold = nothingFolded }: StoredShard): Finding[] {
  const behind = journal.length - fold.records;
  const what = `${behind} of ${journal.length} records are not counted yet`;
  return [...checkFolds([{ name, journal, fold }]), ...(behind > 0 ? [found("fold", name, what)] : [])];
}

/** What moved one of the merchant's own accounts is in the account's list, by as much as it did, and nothing else is. */
export function checkAccountNotes(
  journal: readonly JournalRecord[],
  notes: readonly AccountNote[],
): Finding[] {
  const listed = new Map(notes.map((note) => [`${note.account} ${note.record}`, note]));
  const findings: Finding[] = [];
  const wrong = (account: string, what: string) => findings.push(found("account_entries", account, what));
  for (const record of journal) {
    const place = record.type === "resolution" ? `${entryIdOf(record)}#resolution` : entryIdOf(record);
    for (const [account, moved] of movements(record)) {
      if (classOf(account) !== "user") continue;
      const note = listed.get(`${account} ${place}`);
      listed.delete(`${account} ${place}`);
      if (note === undefined) wrong(account, `does not list ${place}`);
      else if (textOf(note.moved) !== textOf(moved))
        wrong(account, `lists ${place} as ${textOf(note.moved)}, and it moved ${textOf(moved)}`);
    }
  }
  for (const { account, record } of listed.values()) wrong(account, `lists ${record}, which did not move it`);
  return findings;
}

/** Debits posted and pending, credits posted and pending. */
const textOf = ({ debitsPosted, debitsPending, creditsPosted, creditsPending }: Counters): string =>
  `${debitsPosted}+${debitsPending} / ${creditsPosted}+${creditsPending}`;
