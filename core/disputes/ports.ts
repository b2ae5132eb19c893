import type { DisputeDesks } from "../acquiring/disputes.ts";
import type { Book } from "../ledger/account.ts";
import type { PostingRefusal } from "../ledger/errors.ts";
import type { JournalRecord } from "../ledger/journal.ts";
import type { PaymentId } from "../payments/ids.ts";
import type { Payment } from "../payments/payment.ts";
import type { Dispute } from "./dispute.ts";
import type { DisputeId } from "./ids.ts";

/**
 * One step of one dispute, and what it means for the books: all of it is written, or nothing. Without `before`, it is opened:
 * whatever its payment does meanwhile, for nothing that an opening goes by changes once a payment is captured.
 */
export interface DisputeChange {
  readonly before?: Dispute;
  readonly after: Dispute;
  readonly journal?: JournalRecord;
}

/**
 * - `applied`: written, also when an earlier try of the same step did it.
 * - `superseded`: the dispute is no longer at the version that the change was decided on, or is there already.
 * - `refused`: a guarded account does not take the entry, though it is forced: it is not there.
 *
 * Nothing was written, but for `applied`.
 */
export type DisputeCommitted =
  | { readonly kind: "applied"; readonly dispute: Dispute }
  | { readonly kind: "superseded"; readonly current: Dispute }
  | { readonly kind: "refused"; readonly refusal: PostingRefusal };

/** Disputes, and the ledger: whatever moves a dispute is written through this, in one transaction. */
export interface DisputeCommits {
  /** @throws when nothing is known to be written; the same change may then be tried again. */
  commitDispute(change: DisputeChange): Promise<DisputeCommitted>;
}

/** What the steps of the dispute saga need of the world. */
export interface DisputePorts {
  readonly disputes: DisputeCommits & {
    /** Strongly consistent. */
    get(book: Book, id: DisputeId): Promise<Dispute | undefined>;
  };
  readonly payments: { get(book: Book, id: PaymentId): Promise<Payment | undefined> };
  readonly desks: DisputeDesks;
  /** Epoch milliseconds. */
  readonly now: () => number;
}
