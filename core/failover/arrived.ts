import { entryIdOf, type InJournal, type JournalRecord, standingIn } from "../ledger/journal.ts";
import { type SagaEntryKind, sagaEntryId } from "../payments/ids.ts";
import type { Payment } from "../payments/payment.ts";
import type { Refund } from "../payments/refund.ts";

/**
 * A payment with all that a failover found of it. Each part is an item that was replicated by itself: any of them may be
 * older than the others, or not be there.
 */
export interface Arrived {
  readonly payment: Payment;
  /** In any order. */
  readonly refunds: readonly Refund[];
  /** The payment's own records, those of its refunds among them, in any order. */
  readonly journal: readonly JournalRecord[];
}

export function inJournal({ payment, journal }: Arrived, kind: SagaEntryKind, n = 1): InJournal {
  const id = sagaEntryId(payment.id, kind, n);
  return standingIn(journal.filter((record) => entryIdOf(record) === id));
}

/** Something that nobody can decide from what arrived. A person must know of it. */
export interface Torn {
  /** The id of a payment, refund, entry or account. */
  readonly subject: string;
  readonly what: string;
}
