import type { AttributeValue } from "@aws-sdk/client-dynamodb";
import { unmarshall } from "@aws-sdk/util-dynamodb";
import type { Dispute } from "#core/disputes/dispute.ts";
import type { Account, AccountId, Book, Side } from "#core/ledger/account.ts";
import type { JournalRecord } from "#core/ledger/journal.ts";
import type { ShardFold } from "#core/ledger/shard-fold.ts";
import type { Currency } from "#core/money/currency.ts";
import type { Payment } from "#core/payments/payment.ts";
import type { Refund } from "#core/payments/refund.ts";
import type { AccountNote, DisputeNote, ExpiryNote, Stored, StoredAccount } from "#core/proof/stored.ts";
import { disputeOf } from "./dispute-codec.ts";
import { type FoldItem, shardFold } from "./fold-codec.ts";
import { type JournalItem, journalRecord } from "./journal-codec.ts";
import { disputeNotePrefix, disputeSortKey, expiringIn, legalHoldSortKey } from "./keys.ts";
import { paymentOf, refundOf } from "./payment-codec.ts";
import { countersOf, type PostingItem, postedEntryId } from "./posting-codec.ts";

/** An item as DynamoDB gives it, of the payments table or of the ledger. */
export type StoredItem = Readonly<Record<string, AttributeValue>>;

export type Decoded =
  | { readonly kind: "payment"; readonly payment: Payment }
  | { readonly kind: "refund"; readonly refund: Refund }
  | { readonly kind: "dispute"; readonly dispute: Dispute }
  /** That a payment has a dispute. */
  | { readonly kind: "dispute_note"; readonly note: DisputeNote }
  | { readonly kind: "account"; readonly account: StoredAccount }
  | { readonly kind: "note"; readonly note: AccountNote }
  /** When time is to end a hold. */
  | { readonly kind: "expiring"; readonly note: ExpiryNote }
  /** What lawyers want kept: the books do not go by it. */
  | { readonly kind: "legal_hold" }
  /** That an account is there, for whoever lists them. */
  | { readonly kind: "listed" }
  | { readonly kind: "fold"; readonly shard: string; readonly fold: ShardFold }
  | { readonly kind: "journal"; readonly shard: string; readonly record: JournalRecord };

/** Items are never changed in place, so each is decoded once however often it is looked at. */
const decodedItems = new WeakMap<StoredItem, Decoded>();

/** Decodes the items of both tables, in any order. @throws Error for an item that is none of theirs. */
export function readStored(items: Iterable<StoredItem>): Stored {
  const payments: Payment[] = [];
  const refunds: Refund[] = [];
  const disputes: Dispute[] = [];
  const journal: JournalRecord[] = [];
  const accounts: StoredAccount[] = [];
  for (const item of items) {
    const decoded = decode(item);
    if (decoded.kind === "payment") payments.push(decoded.payment);
    else if (decoded.kind === "refund") refunds.push(decoded.refund);
    else if (decoded.kind === "dispute") disputes.push(decoded.dispute);
    else if (decoded.kind === "account") accounts.push(decoded.account);
    else if (decoded.kind === "journal") journal.push(decoded.record);
  }
  return { payments, refunds, disputes, journal, accounts };
}

/** The payment in an item of the payments table. @throws Error for another kind of item. */
export function storedPayment(item: StoredItem): Payment {
  const decoded = decode(item);
  if (decoded.kind !== "payment") throw new Error(`${item["sk"]?.S} is no payment`);
  return decoded.payment;
}

/** The refund in an item of the payments table. @throws Error for another kind of item. */
export function storedRefund(item: StoredItem): Refund {
  const decoded = decode(item);
  if (decoded.kind !== "refund") throw new Error(`${item["sk"]?.S} is no refund`);
  return decoded.refund;
}

/** The dispute in an item of the payments table. @throws Error for another kind of item. */
export function storedDispute(item: StoredItem): Dispute {
  const decoded = decode(item);
  if (decoded.kind !== "dispute") throw new Error(`${item["sk"]?.S} is no dispute`);
  return decoded.dispute;
}

/** The account in an item of the ledger. @throws Error for another kind of item. */
export function storedAccount(item: StoredItem): StoredAccount {
  const decoded = decode(item);
  if (decoded.kind !== "account") throw new Error(`${item["sk"]?.S} is no account`);
  return decoded.account;
}

/** What an item of the payments table or of the ledger says. @throws for one that says nothing. */
export function decode(item: StoredItem): Decoded {
  const known = decodedItems.get(item);
  if (known !== undefined) return known;
  const decoded = decodeItem(item);
  decodedItems.set(item, decoded);
  return decoded;
}

function decodeItem(item: StoredItem): Decoded {
  const pk = item["pk"]?.S ?? "";
  const sk = item["sk"]?.S ?? "";
  if (sk === "payment") return { kind: "payment", payment: paymentOf(item) };
  if (sk === "refund") return { kind: "refund", refund: refundOf(item) };
  if (sk === disputeSortKey) return { kind: "dispute", dispute: disputeOf(item) };
  if (sk.startsWith(disputeNotePrefix))
    return {
      kind: "dispute_note",
      note: { payment: pk.split("#")[1] ?? "", dispute: sk.slice(disputeNotePrefix.length) },
    };
  if (sk === legalHoldSortKey) return { kind: "legal_hold" };
  const [book = "", kind, ...rest] = pk.split("#");
  const plain: unknown = unmarshall(item);
  switch (kind) {
    case "account":
      return { kind, account: accountOf(plain as Record<string, unknown>, book as Book, rest.join("#")) };
    case "postings":
      return { kind: "note", note: noteOf(plain as PostingItem, rest[0] ?? "") };
    case "expiring":
      return { kind, note: expiringIn({ pk, sk }) };
    case "accounts":
      return { kind: "listed" };
    case "fold":
      return { kind, shard: `${book}#journal#${sk}`, fold: shardFold(plain as FoldItem) };
    case "journal":
      return { kind, shard: pk, record: journalRecord(plain as JournalItem) };
    default:
      throw new Error(`${pk} ${sk} is nothing that a table of ours has`);
  }
}

function noteOf(item: PostingItem, account: string): AccountNote {
  const isResolution = item.sk.startsWith("resolution#");
  const record = `${postedEntryId(item)}${isResolution ? "#resolution" : ""}`;
  return { account, record, moved: countersOf([item]) };
}

function accountOf(plain: Record<string, unknown>, book: Book, id: string): StoredAccount {
  const number = (field: string): bigint => BigInt(plain[field] as number | bigint);
  return {
    id: id as AccountId,
    book,
    currency: plain["currency"] as Currency,
    normalSide: plain["normal_side"] as Side,
    condition: plain["condition"] as Account["condition"],
    ...(plain["min_available"] === undefined ? {} : { minAvailable: number("min_available") }),
    ...(plain["max_balance"] === undefined ? {} : { maxBalance: number("max_balance") }),
    debitsPosted: number("debits_posted"),
    debitsPending: number("debits_pending"),
    creditsPosted: number("credits_posted"),
    creditsPending: number("credits_pending"),
    debitRoom: number("debit_room"),
    creditRoom: number("credit_room"),
  };
}
