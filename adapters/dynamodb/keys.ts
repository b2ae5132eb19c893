import { createHash } from "node:crypto";
import type { DisputeId } from "#core/disputes/ids.ts";
import type { EventId } from "#core/events/event-id.ts";
import { type AccountId, type Book, salesCurrency, type UserAccountId } from "#core/ledger/account.ts";
import type { EntryId } from "#core/ledger/entry.ts";
import { entryIdOf, type JournalRecord, recordedAtOf } from "#core/ledger/journal.ts";
import type { PaymentId, RefundId } from "#core/payments/ids.ts";

/** Every partition key starts with the book: a tenant's role can be fenced by leading keys, and a slip cannot leak. */
export interface Key {
  readonly pk: string;
  readonly sk: string;
}

/** Tells payments from what else lies in their table. */
export const paymentSortKey = "payment";

export const paymentKey = (book: Book, id: PaymentId): Key => ({ pk: `${book}#${id}`, sk: paymentSortKey });

export const refundKey = (book: Book, id: RefundId): Key => ({ pk: `${book}#${id}`, sk: "refund" });

/** Tells disputes from what else lies in their table. */
export const disputeSortKey = "dispute";

export const disputeKey = (book: Book, id: DisputeId): Key => ({ pk: `${book}#${id}`, sk: disputeSortKey });

/** Beside their payment lie notes of its disputes, by which they are found from there. */
export const disputeNotePrefix = "dispute#";
export const disputeNoteKey = (book: Book, payment: PaymentId, id: DisputeId): Key => ({
  pk: `${book}#${payment}`,
  sk: `${disputeNotePrefix}${id}`,
});

/** Beside its payment, and no part of it: the stream tells of payments, and not of what lawyers want kept. */
export const legalHoldSortKey = "legal_hold";
export const legalHoldKey = (book: Book, id: PaymentId): Key => ({
  pk: `${book}#${id}`,
  sk: legalHoldSortKey,
});

/**
 * One partition of an index takes 1,000 writes a second, and keys ordered by time all land in the newest one:
 * a merchant's list is dealt over this many partitions, and merged when it is read.
 */
export const listShards = 4;

/** One partition takes 1,000 write units a second; a book's journal is dealt over this many by entry id. */
export const journalShards = 16;

export const listPartition = (book: Book, shard: number): string => `${book}#${shard}`;
/** A merchant's disputes are listed apart from its payments. */
export const disputeListPartition = (book: Book, shard: number): string => `${book}#disputes#${shard}`;
export const listShardOf = (id: PaymentId | EventId | DisputeId): number => shardOf(id, listShards);

/** Sorts by time, then by id: no two share a place in the list. */
export const listSortKey = (createdAt: number, id: PaymentId | DisputeId): string =>
  `${new Date(createdAt).toISOString()}#${id}`;

export const journalPartition = (book: Book, shard: number): string =>
  `${book}#journal#${String(shard).padStart(2, "0")}`;

/** The shard follows from the id, so that an id is unique in the book without a second item that guards it. */
export const entryKey = (book: Book, id: EntryId): Key => ({
  pk: journalPartition(book, shardOf(id, journalShards)),
  sk: id,
});

/** Sorts right behind its hold. */
export const resolutionKey = (book: Book, hold: EntryId): Key => {
  const { pk, sk } = entryKey(book, hold);
  return { pk, sk: `${sk}#resolution` };
};

/** The folds of a book lie side by side: its balances are one query. */
export const foldPartition = (book: Book): string => `${book}#fold`;

/** The fold of a shard of the journal, by the partition of that shard: `mer_demo#journal#07`. */
export function foldKey(journalPk: string): Key {
  const [book = "", , shard = ""] = journalPk.split("#");
  return { pk: foldPartition(book as Book), sk: shard };
}

export const accountKey = (book: Book, id: AccountId): Key => ({
  pk: `${book}#account#${id}`,
  sk: "account",
});

/** One partition for an account: its own postings are as many as its own item takes. Sales have no such item. */
const salesShards = 16;

const postingPartition = (book: Book, account: AccountId, shard?: number): string =>
  [`${book}#postings#${account}`, ...(shard === undefined ? [] : [String(shard).padStart(2, "0")])].join("#");

/** Where the postings of an account lie. */
export const postingPartitions = (book: Book, account: UserAccountId): readonly string[] =>
  salesCurrency(account) === undefined
    ? [postingPartition(book, account)]
    : Array.from({ length: salesShards }, (_, shard) => postingPartition(book, account, shard));

/** Sorts by the time at which it was recorded. A resolution is told apart: lists are of entries. */
export function postingKey(book: Book, account: UserAccountId, record: JournalRecord): Key {
  const id = entryIdOf(record);
  const shard = salesCurrency(account) === undefined ? undefined : shardOf(id, salesShards);
  const kind = record.type === "resolution" ? "resolution" : "entry";
  const at = new Date(recordedAtOf(record)).toISOString();
  return { pk: postingPartition(book, account, shard), sk: `${kind}#${at}#${id}` };
}

/**
 * Where a book's holds stand that time may end, by when it does. Dealt like a merchant's payments: keys ordered by time
 * land next to each other.
 */
const expiringPartition = (book: Book, shard: number): string => `${book}#expiring#${shard}`;
export const expiringPartitions = (book: Book): readonly string[] =>
  Array.from({ length: listShards }, (_, shard) => expiringPartition(book, shard));

export const expiringKey = (book: Book, hold: EntryId, expiresAt: number): Key => ({
  pk: expiringPartition(book, shardOf(hold, listShards)),
  sk: `${new Date(expiresAt).toISOString()}#${hold}`,
});

/** The hold that a key under `expiringPartitions` is of, and its time in epoch milliseconds. */
export function expiringIn({ sk }: Key): { readonly hold: EntryId; readonly expiresAt: number } {
  const at = sk.indexOf("#");
  return { hold: sk.slice(at + 1) as EntryId, expiresAt: Date.parse(sk.slice(0, at)) };
}

/** A book's accounts by the time of their opening, dealt like a merchant's payments. */
export const accountListPartition = (book: Book, shard: number): string => `${book}#accounts#${shard}`;
export const accountListKey = (book: Book, id: UserAccountId, openedAt: number): Key => ({
  pk: accountListPartition(book, shardOf(id, listShards)),
  sk: `${new Date(openedAt).toISOString()}#${id}`,
});

/** Deals ids evenly over so many parts: the same everywhere, and at any time. */
export const shardOf = (id: string, shards: number): number =>
  createHash("sha256").update(id).digest().readUInt32BE(0) % shards;
