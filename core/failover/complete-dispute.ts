import { type Dispute, endOf } from "../disputes/dispute.ts";
import { disputeEntryId } from "../disputes/ids.ts";
import { chargebackEntry, chargebackWonEntry } from "../disputes/postings.ts";
import { invariant } from "../kernel/invariant.ts";
import type { EntryId } from "../ledger/entry.ts";
import { entryIdOf, entryRecord, type JournalRecord } from "../ledger/journal.ts";

/** The entries that a dispute as it stands was written with. */
export const entriesOfDispute = ({ payment, id, state }: Dispute): EntryId[] => [
  disputeEntryId(payment, "chargeback", id),
  ...(state === "won" ? [disputeEntryId(payment, "chargeback_won", id)] : []),
];

/**
 * The journal's half of what a dispute shows, and the journal does not have: it was committed where it was written, and
 * follows from the dispute to the last leg.
 * @param journal of the dispute's entries, those that arrived
 */
export function completeDispute(
  dispute: Dispute,
  journal: readonly JournalRecord[],
  execution: string,
): JournalRecord[] {
  const there = new Set(journal.map(entryIdOf));
  const { createdAt } = dispute;
  const endedAt = endOf(dispute);
  // As it was when the step was written: balances of that day are right again.
  const entries = [
    chargebackEntry(dispute, { now: createdAt, execution }),
    ...(dispute.state === "won" && endedAt !== undefined
      ? [chargebackWonEntry(dispute, { now: endedAt, execution })]
      : []),
  ].map((entry) => {
    invariant(entry.ok, `what was posted for ${dispute.id} was well-formed`);
    return entry.value;
  });
  return entries.filter(({ id }) => !there.has(id)).map(entryRecord);
}
