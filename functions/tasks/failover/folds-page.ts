import type { FoldStore } from "#adapters/dynamodb/fold-store.ts";
import { journalPartition, journalShards, shardOf } from "#adapters/dynamodb/keys.ts";
import type { TakeOver } from "#adapters/dynamodb/takeover.ts";
import type { Book } from "#core/ledger/account.ts";
import { countOn, nothingCounted } from "#core/ledger/shard-fold.ts";
import type { PassInput } from "#workflows/failover/contract.ts";
import type { Page, PageDone } from "./pass.ts";

export interface FoldPorts {
  readonly books: () => Promise<readonly Book[]>;
  readonly takeOver: Pick<TakeOver, "epoch" | "recordsBefore">;
  readonly folds: Pick<FoldStore, "recount">;
}

/** A shard of a book's journal: 0 … 15. */
interface Place {
  readonly book: string;
  readonly shard: number;
}

/**
 * Counts shards of books' journals anew, one a page, from the journal itself: the other region's folder left off at a
 * place in a stream that this region does not have. Books are dealt over the segments by their names, which do not
 * change: one that is added meanwhile moves no other. The cursor is the next book and shard.
 */
export function recountFolds(ports: FoldPorts): Page {
  // To list the books is to read a table: once for a call, whose pages all have the same input.
  const listed = new WeakMap<PassInput, Promise<readonly Book[]>>();
  return async (where, cursor) => {
    const books = listed.get(where) ?? booksOf(ports, where);
    listed.set(where, books);
    return recountShard(ports, await books, cursor === undefined ? undefined : placeIn(cursor));
  };
}

async function booksOf({ books }: FoldPorts, { segment, segments }: PassInput): Promise<readonly Book[]> {
  const all = await books();
  return all.filter((book) => shardOf(book, segments) === segment).toSorted(byName);
}

/** As cursors are compared: by code units, in whatever language the process runs. */
const byName = (one: string, other: string): number => (one < other ? -1 : 1);

async function recountShard(
  { takeOver, folds }: FoldPorts,
  books: readonly Book[],
  from: Place = { book: "", shard: 0 },
): Promise<PageDone> {
  const place = books.findIndex((book) => book >= from.book);
  const book = books[place];
  if (book === undefined) return { read: 0, changed: 0 };
  const shard = book === from.book ? from.shard : 0;
  const counted = await folds.recount(journalPartition(book, shard), async () => {
    let fold = nothingCounted(takeOver.epoch);
    for await (const page of takeOver.recordsBefore(book, shard)) fold = countOn(fold, page);
    return fold;
  });
  const done = { read: counted?.records ?? 0, changed: counted === undefined ? 0 : 1 };
  if (shard + 1 < journalShards) return { ...done, next: `${book} ${shard + 1}` };
  const following = books[place + 1];
  return following === undefined ? done : { ...done, next: `${following} 0` };
}

function placeIn(cursor: string): Place {
  const [book = "", shard = ""] = cursor.split(" ");
  return { book, shard: Number(shard) };
}
