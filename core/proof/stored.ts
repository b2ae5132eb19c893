import type { Dispute } from "../disputes/dispute.ts";
import type { Account, Book, Counters } from "../ledger/account.ts";
import type { EntryId } from "../ledger/entry.ts";
import type { JournalRecord } from "../ledger/journal.ts";
import type { ShardFold } from "../ledger/shard-fold.ts";
import type { Payment } from "../payments/payment.ts";
import type { Refund } from "../payments/refund.ts";
import type { GuardedBalance } from "./ledger.ts";

/** A guarded account as it is stored, with its limits where it has them beside its room. */
export type StoredAccount = GuardedBalance & Pick<Account, "minAvailable" | "maxBalance">;

/** What the tables say of one book, decoded. */
export interface Stored {
  readonly payments: readonly Payment[];
  readonly refunds: readonly Refund[];
  readonly disputes: readonly Dispute[];
  readonly journal: readonly JournalRecord[];
  readonly accounts: readonly StoredAccount[];
}

/** One shard of a book's journal, whole, and what the folder has counted of it so far. */
export interface StoredShard {
  /** Its partition: `mer_demo#journal#07`. */
  readonly name: string;
  readonly journal: readonly JournalRecord[];
  readonly fold?: ShardFold;
}

/** That a record moved an account, as the account's own list has it. */
export interface AccountNote {
  readonly account: string;
  /** The entry's id, or the resolution's place behind its hold. */
  readonly record: string;
  /** By how much. */
  readonly moved: Counters;
}

/** That a payment has a dispute: by this it is found from there. */
export interface DisputeNote {
  readonly payment: string;
  readonly dispute: string;
}

/** When time is to end a hold: by this a sweep finds it. */
export interface ExpiryNote {
  readonly hold: EntryId;
  /** Epoch milliseconds. */
  readonly expiresAt: number;
}

/** The first answer to a request with an idempotency key, where it made something. */
export interface KeyedAnswer {
  readonly book: Book;
  /** Digest of the key, the route and the merchant. */
  readonly key: string;
  /** The payment or refund that it says was made. */
  readonly made: string;
}
