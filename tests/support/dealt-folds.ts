import { journalShards, shardOf } from "#adapters/dynamodb/keys.ts";
import { addCounters, type Counters, noCounters } from "#core/ledger/account.ts";
import { entryIdOf, type JournalRecord, movements, recordedAtOf } from "#core/ledger/journal.ts";
import { countOn, type FoldLine, lineOf, nothingFolded, type ShardFold } from "#core/ledger/shard-fold.ts";
import type { BookSums, Cut } from "#core/proof/compared-folds.ts";

/** The shard of its book's journal that a record lies in. */
export const shardOfRecord = (record: JournalRecord): number => shardOf(entryIdOf(record), journalShards);

/** The folds of a book's shards that count some records. */
export const foldsOf = (records: readonly JournalRecord[]): readonly ShardFold[] =>
  Array.from({ length: journalShards }, (_, shard) =>
    countOn(
      nothingFolded,
      records.filter((record) => shardOfRecord(record) === shard),
    ),
  );

/**
 * What books that have some records of one book say up to a cut of each shard.
 * @param since what was recorded before lies behind no cut (epoch milliseconds)
 */
export function sumsOf(records: readonly JournalRecord[], cuts: readonly Cut[], since = 0): BookSums {
  const newestAt = new Map(cuts.map((cut) => [cut.shard, cut.newestAt]));
  const within = records.filter((record) => {
    const at = recordedAtOf(record);
    return at < since || at <= (newestAt.get(shardOfRecord(record)) ?? -1);
  });
  const lines = new Map<FoldLine, Counters>();
  for (const record of within)
    for (const [account, moved] of movements(record)) {
      const line = lineOf(account, moved.currency);
      lines.set(line, addCounters(lines.get(line) ?? noCounters, moved));
    }
  return { records: within.length, parked: 0, lines };
}

/** The same record, recorded at another moment (epoch milliseconds). */
export function recordedThen(record: JournalRecord, recordedAt: number): JournalRecord {
  if (record.type !== "resolution") return { ...record, entry: { ...record.entry, recordedAt } };
  return { ...record, resolution: { ...record.resolution, recordedAt } };
}

/** The same record with one unit more on both sides; undefined where it moves nothing on both. */
export function withOneMore(record: JournalRecord): JournalRecord | undefined {
  if (record.type !== "entry") return undefined;
  const { legs } = record.entry;
  const [from, to] = (["debit", "credit"] as const).map((side) => legs.findIndex((leg) => leg.side === side));
  const other = legs[from ?? -1]?.currency === legs[to ?? -1]?.currency;
  if (!other) return undefined;
  const more = legs.map((leg, index) =>
    index === from || index === to ? { ...leg, amount: leg.amount + 1n } : leg,
  );
  return { ...record, entry: { ...record.entry, legs: more } };
}
