import type { Acquirers, Card } from "../acquiring/port.ts";
import type { Book } from "../ledger/account.ts";
import type { PostingRefusal } from "../ledger/errors.ts";
import type { JournalRecord } from "../ledger/journal.ts";
import type { Payment } from "./payment.ts";
import type { Refund } from "./refund.ts";

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

/** One step of one refund, with what it means for its payment and for the books: all of it is written, or nothing. */
export interface RefundChange {
  /** `before` is absent when the refund begins. */
  readonly refund: { readonly before?: Refund; readonly after: Refund };
  /** Absent when nothing about the payment changes: while money is set aside, nobody has given any back. */
  readonly payment?: { readonly before: Payment; readonly after: Payment };
  readonly journal?: JournalRecord;
}

/** A refund together with its payment, as both stand. */
export interface RefundOfPayment {
  readonly payment: Payment;
  readonly refund: Refund;
}

/**
 * - `applied`: written, also when an earlier try of the same step did it.
 * - `superseded`: payment or refund are no longer at the version that the change was decided on; `refund` is undefined
 *   when it never began. Nothing was written.
 * - `refused`: a guarded account does not take the entry. Nothing was written.
 */
export type RefundCommitted =
  | ({ readonly kind: "applied" } & RefundOfPayment)
  | { readonly kind: "superseded"; readonly payment: Payment; readonly refund: Refund | undefined }
  | { readonly kind: "refused"; readonly refusal: PostingRefusal };

/** Refunds, their payments and the ledger: whatever a step of the refund saga writes, it writes through this. */
export interface RefundCommits {
  /**
   * `of` is the payment as the caller knows it.
   * @throws when nothing is known to be written; the same change may then be tried again.
   */
  commitRefund(of: Payment, change: RefundChange): Promise<RefundCommitted>;
}

/** Where cards are kept. */
interface CardVault {
  /** @returns undefined for another merchant's token, and for what is none. */
  reveal(book: Book, token: string): Promise<Card | undefined>;
}

/** The way back for a customer who has to act at an acquirer's page. */
interface ReturnLinks {
  /** A URL of ours: whoever comes there makes us ask the acquirer, and goes on to the merchant's page. */
  urlFor(payment: Pick<Payment, "book" | "id">): Promise<string>;
}

/** What the steps of the refund saga need of the world. */
export interface RefundPorts {
  readonly refunds: RefundCommits;
  readonly acquirers: Acquirers;
  /** Tells people of a refund that failed, and that its acquirer gave back all the same: the books lack what is gone. */
  readonly onAstray?: (refund: Refund) => void;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

/** What the steps of the payment saga need of the world. Each takes only what it uses. */
export interface SagaPorts {
  readonly payments: PaymentCommits;
  readonly acquirers: Acquirers;
  readonly cards: CardVault;
  readonly returns: ReturnLinks;
  /** Epoch milliseconds. */
  readonly now: () => number;
}
