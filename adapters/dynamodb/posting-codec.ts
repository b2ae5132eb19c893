import {
  addCounters,
  type Book,
  type Counters,
  noCounters,
  type UserAccountId,
} from "#core/ledger/account.ts";
import type { EntryId } from "#core/ledger/entry.ts";
import type { AccountCounters, JournalRecord } from "#core/ledger/journal.ts";
import { type Key, postingKey } from "./keys.ts";

/** By how much one record moved one user account: what its entries and its earlier balances are read from. */
export interface PostingItem extends Key {
  readonly effective_at: number;
  readonly recorded_at: number;
  /** Debits posted and pending, credits posted and pending: what the record added, in minor units. */
  readonly moved: readonly [number | bigint, number | bigint, number | bigint, number | bigint];
}

export function postingItem(
  book: Book,
  account: UserAccountId,
  movement: AccountCounters,
  record: JournalRecord,
): PostingItem {
  return {
    ...postingKey(book, account, record),
    effective_at: effectiveAtOf(record),
    recorded_at: record.type === "resolution" ? record.resolution.recordedAt : record.entry.recordedAt,
    moved: [movement.debitsPosted, movement.debitsPending, movement.creditsPosted, movement.creditsPending],
  };
}

/** The entry that a posting is of. */
export const postedEntryId = ({ sk }: Pick<PostingItem, "sk">): EntryId => sk.split("#")[2] as EntryId;

/** What an account's postings come to. */
export function countersOf(postings: Iterable<PostingItem>): Counters {
  let counters = noCounters;
  for (const { moved } of postings) {
    const [debitsPosted, debitsPending, creditsPosted, creditsPending] = moved.map(BigInt);
    counters = addCounters(counters, {
      debitsPosted: debitsPosted ?? 0n,
      debitsPending: debitsPending ?? 0n,
      creditsPosted: creditsPosted ?? 0n,
      creditsPending: creditsPending ?? 0n,
    });
  }
  return counters;
}

/** When the money moved in the world: what was voided, when the ledger learned of it. */
function effectiveAtOf(record: JournalRecord): number {
  if (record.type !== "resolution") return record.entry.effectiveAt;
  const { resolution } = record;
  switch (resolution.kind) {
    case "posted":
      return resolution.entry.effectiveAt;
    case "expired":
      return resolution.effectiveAt;
    case "voided":
      return resolution.recordedAt;
  }
}
