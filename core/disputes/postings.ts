import type { Result } from "../kernel/result.ts";
import { acquirerAccount, systemAccount } from "../ledger/chart.ts";
import { checkEntry, credit, debit, type JournalEntry } from "../ledger/entry.ts";
import type { MalformedEntry } from "../ledger/errors.ts";
import type { Recorder } from "../payments/postings.ts";
import type { Dispute } from "./dispute.ts";
import { type DisputeEntryKind, disputeEntryId } from "./ids.ts";

/**
 * chargeback D, fee X: debit 2110 D+X; credit 1100 D, 4200 X. The acquirer has taken the money already, so no limit refuses
 * it; and what is available is what the merchant can be paid, whether this payment is settled yet or not.
 */
export function chargebackEntry(dispute: Dispute, recorder: Recorder): Result<JournalEntry, MalformedEntry> {
  const { book, total, fee, acquirer, openedAt } = dispute;
  const { amount, currency } = total;
  return entryOf(dispute, "chargeback", openedAt, recorder, [
    debit(systemAccount(book, 2110, currency), amount + fee, currency),
    credit(acquirerAccount(book, 1100, acquirer, currency), amount, currency),
    // A leg of nothing is not a leg.
    ...(fee > 0n ? [credit(systemAccount(book, 4200, currency), fee, currency)] : []),
  ]);
}

/** won: debit 1100 D, credit 2110 D. The fee stays: it is for the work. */
export function chargebackWonEntry(
  dispute: Dispute,
  recorder: Recorder,
): Result<JournalEntry, MalformedEntry> {
  const { book, total, acquirer } = dispute;
  const { amount, currency } = total;
  return entryOf(dispute, "chargeback_won", recorder.now, recorder, [
    debit(acquirerAccount(book, 1100, acquirer, currency), amount, currency),
    credit(systemAccount(book, 2110, currency), amount, currency),
  ]);
}

const entryOf = (
  { book, id, payment }: Dispute,
  kind: DisputeEntryKind,
  effectiveAt: number,
  { now, execution }: Recorder,
  legs: JournalEntry["legs"],
): Result<JournalEntry, MalformedEntry> =>
  checkEntry({
    id: disputeEntryId(payment, kind, id),
    book,
    state: "posted",
    legs,
    effectiveAt,
    recordedAt: now,
    forced: true,
    execution,
  });
