import { createHash } from "node:crypto";
import type { EventId } from "#core/events/payment-event.ts";
import type { AccountId, Book } from "#core/ledger/account.ts";
import type { EntryId } from "#core/ledger/entry.ts";
import type { PaymentId, RefundId } from "#core/payments/ids.ts";

/** Every partition key starts with the book: a tenant's role can be fenced by leading keys, and a slip cannot leak. */
export interface Key {
  readonly pk: string;
  readonly sk: string;
}

export const paymentKey = (book: Book, id: PaymentId): Key => ({ pk: `${book}#${id}`, sk: "payment" });

export const refundKey = (book: Book, id: RefundId): Key => ({ pk: `${book}#${id}`, sk: "refund" });

/**
 * One partition of an index takes 1,000 writes a second, and keys ordered by time all land in the newest one:
 * a merchant's list is dealt over this many partitions, and merged when it is read.
 */
export const listShards = 4;

/** One partition takes 1,000 write units a second; a book's journal is dealt over this many by entry id. */
export const journalShards = 16;

export const listPartition = (book: Book, shard: number): string => `${book}#${shard}`;
export const listShardOf = (id: PaymentId | EventId): number => shardOf(id, listShards);

/** Sorts by time, then by id: no two payments share a place in the list. */
export const listSortKey = (createdAt: number, id: PaymentId): string =>
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

/** A merchant's accounts lie side by side: listing them needs no index. */
export const accountListKey = (book: Book, id: AccountId): Key => ({ pk: `${book}#accounts`, sk: id });

const accountEntryPrefix = "entry#";
const timeDigits = 15;

/** Where an account keeps that a record moved it: behind the account itself, by time. `until` bounds a search. */
export const accountEntryKey = (book: Book, account: AccountId, recordedAt: number, record: string): Key => ({
  pk: accountKey(book, account).pk,
  sk: `${accountEntryPrefix}${String(recordedAt).padStart(timeDigits, "0")}#${record}`,
});

/** The place in the journal of what an account's entry names: an entry, or the resolution of a hold. */
export function journalKeyOf(book: Book, accountEntrySk: string): Key {
  const record = accountEntrySk.slice(accountEntryPrefix.length + timeDigits + 1);
  return { pk: entryKey(book, record.replace(/#resolution$/, "") as EntryId).pk, sk: record };
}

const shardOf = (id: string, shards: number): number =>
  createHash("sha256").update(id).digest().readUInt32BE(0) % shards;
