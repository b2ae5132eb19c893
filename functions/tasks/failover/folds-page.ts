import type { FoldStore } from "#adapters/dynamodb/fold-store.ts";
import { journalPartition, journalShards } from "#adapters/dynamodb/keys.ts";
import type { TakeOver } from "#adapters/dynamodb/takeover.ts";
import type { Book } from "#core/ledger/account.ts";
import { countOn, nothingCounted } from "#core/ledger/shard-fold.ts";
import type { PassInput } from "#workflows/failover/contract.ts";
import type { PageDone } from "./pass.ts";

export interface FoldPorts {
  readonly books: () => Promise<readonly Book[]>;
  readonly takeOver: Pick<TakeOver, "epoch" | "recordsBefore">;
  readonly folds: Pick<FoldStore, "recount">;
}

/**
 * Counts a shard of a book's journal anew, from the journal itself: the other region's folder left off at a place in a
 * stream that this region does not have. Shards are dealt over the segments; `cursor` is the number of the next one.
 */
export async function recountFolds(
  { books, takeOver, folds }: FoldPorts,
  { segment, segments }: PassInput,
  cursor: string | undefined,
): Promise<PageDone> {
  const all = (await books()).toSorted();
  const place = cursor === undefined ? segment : Number(cursor);
  const book = all[Math.floor(place / journalShards)];
  if (book === undefined) return { read: 0, changed: 0 };
  const shard = place % journalShards;
  const counted = await folds.recount(journalPartition(book, shard), async () => {
    let fold = nothingCounted(takeOver.epoch);
    for await (const page of takeOver.recordsBefore(book, shard)) fold = countOn(fold, page);
    return fold;
  });
  const next = place + segments;
  return {
    read: counted?.records ?? 0,
    changed: counted === undefined ? 0 : 1,
    ...(next < all.length * journalShards ? { next: String(next) } : {}),
  };
}
