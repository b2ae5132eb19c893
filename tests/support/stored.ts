import type { AttributeValue } from "@aws-sdk/client-dynamodb";
import { unmarshall } from "@aws-sdk/util-dynamodb";
import { type JournalItem, journalRecord } from "#adapters/dynamodb/journal-codec.ts";
import type { Account, AccountId, Book, Side } from "#core/ledger/account.ts";
import type { JournalRecord } from "#core/ledger/journal.ts";
import type { Currency } from "#core/money/currency.ts";
import type { Payment } from "#core/payments/payment.ts";
import { fromRecord, type PaymentRecord } from "#core/payments/record.ts";
import type { Refund } from "#core/payments/refund.ts";
import { fromRefundRecord, type RefundRecord } from "#core/payments/refund-record.ts";

/** An item as DynamoDB gives it, of the payments table or of the ledger. */
export type StoredItem = Readonly<Record<string, AttributeValue>>;

/** A guarded account as it is stored: its counters, and how much room its limits leave on each side. */
export interface StoredAccount extends Omit<Account, "minAvailable" | "maxBalance"> {
  readonly debitRoom: bigint;
  readonly creditRoom: bigint;
}

/** What the tables say, decoded. */
export interface Stored {
  readonly payments: readonly Payment[];
  readonly refunds: readonly Refund[];
  readonly journal: readonly JournalRecord[];
  readonly accounts: readonly StoredAccount[];
}

type Decoded =
  | { readonly kind: "payment"; readonly payment: Payment }
  | { readonly kind: "refund"; readonly refund: Refund }
  | { readonly kind: "account"; readonly account: StoredAccount }
  | { readonly kind: "journal"; readonly record: JournalRecord };

/** Items are never changed in place, so each is decoded once however often it is looked at. */
const decodedItems = new WeakMap<StoredItem, Decoded>();

/** Decodes the items of both tables, in any order. @throws Error for an item that is none of theirs. */
export function readStored(items: Iterable<StoredItem>): Stored {
  const payments: Payment[] = [];
  const refunds: Refund[] = [];
  const journal: JournalRecord[] = [];
  const accounts: StoredAccount[] = [];
  for (const item of items) {
    const decoded = decode(item);
    if (decoded.kind === "payment") payments.push(decoded.payment);
    else if (decoded.kind === "refund") refunds.push(decoded.refund);
    else if (decoded.kind === "account") accounts.push(decoded.account);
    else journal.push(decoded.record);
  }
  return { payments, refunds, journal, accounts };
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

/** The account in an item of the ledger. @throws Error for another kind of item. */
export function storedAccount(item: StoredItem): StoredAccount {
  const decoded = decode(item);
  if (decoded.kind !== "account") throw new Error(`${item["sk"]?.S} is no account`);
  return decoded.account;
}

function decode(item: StoredItem): Decoded {
  const known = decodedItems.get(item);
  if (known !== undefined) return known;
  const decoded = decodeItem(unmarshall({ ...item }));
  decodedItems.set(item, decoded);
  return decoded;
}

function decodeItem(plain: Record<string, unknown>): Decoded {
  const { pk, sk } = plain as { readonly pk: string; readonly sk: string };
  const [book = "", name = "", ...rest] = pk.split("#");
  if (sk === "payment") {
    const {
      pk: _pk,
      sk: _sk,
      list_pk: _listPk,
      list_sk: _listSk,
      due_pk: _duePk,
      due_at: _dueAt,
      ...record
    } = plain;
    return {
      kind: "payment",
      payment: fromRecord({ ...(record as unknown as PaymentRecord), id: name, book }),
    };
  }
  if (sk === "refund") {
    const { pk: _pk, sk: _sk, ...record } = plain;
    return {
      kind: "refund",
      refund: fromRefundRecord({ ...(record as unknown as RefundRecord), id: name, book }),
    };
  }
  if (sk === "account") return { kind: "account", account: accountOf(plain, book as Book, rest.join("#")) };
  return { kind: "journal", record: journalRecord(plain as unknown as JournalItem) };
}

function accountOf(plain: Record<string, unknown>, book: Book, id: string): StoredAccount {
  const number = (field: string): bigint => BigInt(plain[field] as number | bigint);
  return {
    id: id as AccountId,
    book,
    currency: plain["currency"] as Currency,
    normalSide: plain["normal_side"] as Side,
    condition: plain["condition"] as Account["condition"],
    debitsPosted: number("debits_posted"),
    debitsPending: number("debits_pending"),
    creditsPosted: number("credits_posted"),
    creditsPending: number("credits_pending"),
    debitRoom: number("debit_room"),
    creditRoom: number("credit_room"),
  };
}
