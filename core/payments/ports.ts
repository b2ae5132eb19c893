import type { Acquirers, Card } from "../acquiring/port.ts";
import type { Book } from "../ledger/account.ts";
import type { PostingRefusal } from "../ledger/errors.ts";
import type { JournalRecord } from "../ledger/journal.ts";
import type { Payment } from "./payment.ts";

/** One transition of one payment, and what it means for the books. */
export interface Change {
  readonly before: Payment;
  readonly after: Payment;
  /** Written in the same transaction, or not at all. */
  readonly journal?: JournalRecord;
}

/**
 * - `applied`: written, also when an earlier try of the same step did it; `payment` is then what that try wrote.
 * - `superseded`: the payment is no longer at the version that the change was decided on. Nothing was written.
 * - `refused`: a guarded account does not take the entry. Nothing was written.
 */
export type Committed =
  | { readonly kind: "applied"; readonly payment: Payment }
  | { readonly kind: "superseded"; readonly current: Payment }
  | { readonly kind: "refused"; readonly refusal: PostingRefusal };

/** Payments and the ledger: whatever a step of the saga writes, it writes through this, in one transaction. */
export interface PaymentCommits {
  /** @throws when nothing is known to be written; the same change may then be tried again. */
  commit(change: Change): Promise<Committed>;
}

/** Where cards are kept. */
interface CardVault {
  /** @returns undefined for another merchant's token, and for what is none. */
  reveal(book: Book, token: string): Promise<Card | undefined>;
}

/** What the steps of the payment saga need of the world. Each takes only what it uses. */
export interface SagaPorts {
  readonly payments: PaymentCommits;
  readonly acquirers: Acquirers;
  readonly cards: CardVault;
  /** Epoch milliseconds. */
  readonly now: () => number;
}
