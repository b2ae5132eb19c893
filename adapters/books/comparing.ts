import type { Pool, PoolClient } from "pg";
import { eventIdsFrom } from "#core/events/event-id.ts";
import type { Book, Counters } from "#core/ledger/account.ts";
import type { FoldLine } from "#core/ledger/shard-fold.ts";
import type { BookSums, Cut } from "#core/proof/compared-folds.ts";
import type { NetBalance } from "#core/proof/ledgers.ts";

/**
 * SQL here is no function of the books': PostgreSQL plans it for the values that it has, and a range of ids that is an hour
 * long is read as one, where a function would be planned for a third of all records.
 */
const cut = `cut AS (
  SELECT * FROM jsonb_to_recordset($1::jsonb) AS each (book text, shard int, newest_at timestamptz)
)`;
/** Records behind the cut of their shard. An id begins with the time at which its record was recorded. */
const later = `later AS MATERIALIZED (
  SELECT record.event_id, record.book
  FROM books.records AS record
  JOIN cut ON cut.book = record.book AND cut.shard = books.journal_shard(record.entry)
  WHERE record.event_id >= $2 AND record.recorded_at > cut.newest_at
)`;

const recordsUpTo = `WITH ${cut}, ${later}, kept AS (
  SELECT book, sum(records) AS records FROM books.record_days GROUP BY book
), behind AS (
  SELECT book, count(*) AS records FROM later GROUP BY book
), waiting AS (
  SELECT told.event->>'book' AS book, count(*) AS records
  FROM books.parked
  CROSS JOIN LATERAL (SELECT CASE WHEN pg_input_is_valid(parked.event, 'jsonb') THEN parked.event::jsonb END AS event) AS told
  WHERE NOT EXISTS (SELECT FROM books.records WHERE event_id = told.event->>'id')
  GROUP BY 1
)
SELECT named.book, coalesce(kept.records, 0) - coalesce(behind.records, 0) AS records, coalesce(waiting.records, 0) AS parked
FROM (SELECT DISTINCT book FROM cut) AS named
LEFT JOIN kept USING (book) LEFT JOIN behind USING (book) LEFT JOIN waiting USING (book)`;

/** Lines as core/ledger/shard-fold.ts has them: a merchant's own accounts are one, but for those of sales. */
const linesUpTo = `WITH ${cut}, ${later}, moved AS (
  SELECT book, account, currency, debits, credits, debits_held, credits_held
  FROM books.days WHERE book IN (SELECT book FROM cut)
  UNION ALL
  SELECT posting.book, account, currency,
    CASE WHEN effect = 'posted' AND side = 'debit' THEN -amount ELSE 0 END,
    CASE WHEN effect = 'posted' AND side = 'credit' THEN -amount ELSE 0 END,
    CASE WHEN side = 'debit' THEN CASE effect WHEN 'held' THEN -amount WHEN 'released' THEN amount ELSE 0 END ELSE 0 END,
    CASE WHEN side = 'credit' THEN CASE effect WHEN 'held' THEN -amount WHEN 'released' THEN amount ELSE 0 END ELSE 0 END
  FROM later JOIN books.postings AS posting USING (event_id)
  WHERE posting.event_id >= $2
)
SELECT book, CASE WHEN account LIKE 'acc\\_%' AND account NOT LIKE 'acc\\_sales\\_%' THEN 'users:' || currency ELSE account END AS line,
  sum(debits) AS debits, sum(credits) AS credits, sum(debits_held) AS debits_held, sum(credits_held) AS credits_held
FROM moved GROUP BY 1, 2`;

const countedUpTo = `WITH ${cut}
SELECT cut.book, cut.shard, cut.newest_at, count(record.event_id) AS records
FROM cut LEFT JOIN books.records AS record
  ON record.book = cut.book AND books.journal_shard(record.entry) = cut.shard
  AND record.event_id >= $2 AND record.recorded_at <= cut.newest_at
GROUP BY cut.book, cut.shard, cut.newest_at`;

const movedBetween = `SELECT book, account, currency,
  coalesce(sum(CASE side WHEN 'debit' THEN amount ELSE -amount END) FILTER (WHERE effect = 'posted'), 0) AS posted,
  coalesce(sum(CASE side WHEN 'debit' THEN amount ELSE -amount END * CASE effect WHEN 'released' THEN -1 ELSE 1 END)
    FILTER (WHERE effect <> 'posted'), 0) AS held
FROM books.postings WHERE event_id >= $1 AND event_id < $2
GROUP BY book, account, currency`;

/** The newest proof that says of days that the warehouse has what the books have. */
const lastCompared = `SELECT statement::jsonb->'compared'->'warehouse'->>'until' AS until
FROM books.proofs WHERE (statement::jsonb->'compared'->'warehouse'->>'differ')::int = 0 ORDER BY number DESC LIMIT 1`;

/** What the books say to whoever holds them against the ledger or the warehouse. All of it is reading. */
export class BooksComparing {
  readonly #pool: Pick<Pool, "query" | "connect">;

  constructor(pool: Pick<Pool, "query" | "connect">) {
    this.#pool = pool;
  }

  /** Books that have a record. */
  async books(): Promise<readonly Book[]> {
    const { rows } = await this.#pool.query<{ book: Book }>("SELECT DISTINCT book FROM books.record_days");
    return rows.map(({ book }) => book);
  }

  /**
   * How many records there are of each book up to a cut of each of its shards.
   * @param cuts of all shards of each book
   * @param since epoch milliseconds: what lies behind a cut was recorded later than this
   */
  async recordsUpTo(
    cuts: readonly Cut[],
    since: number,
  ): Promise<ReadonlyMap<Book, Pick<BookSums, "records" | "parked">>> {
    const { rows } = await this.#pool.query(recordsUpTo, [told(cuts), eventIdsFrom(since)]);
    return new Map(
      rows.map(({ book, records, parked }) => [book, { records: Number(records), parked: Number(parked) }]),
    );
  }

  /** The same with balances, all of one moment. @param cuts, @param since as above */
  async sumsUpTo(cuts: readonly Cut[], since: number): Promise<ReadonlyMap<Book, BookSums>> {
    const client = await this.#pool.connect();
    try {
      await client.query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
      const sums = await readSums(client, [told(cuts), eventIdsFrom(since)]);
      await client.query("COMMIT");
      client.release();
      return sums;
    } catch (thrown) {
      // In the midst of a transaction: nobody else is given it.
      client.release(true);
      throw thrown;
    }
  }

  /** How many records of a cut's shard were recorded since a moment (epoch milliseconds) and up to it. */
  async countedUpTo(cuts: readonly Cut[], since: number): Promise<(cut: Cut) => number> {
    if (cuts.length === 0) return () => 0;
    const { rows } = await this.#pool.query(countedUpTo, [told(cuts), eventIdsFrom(since)]);
    const nameOf = (book: string, shard: number, newestAt: number): string => `${book} ${shard} ${newestAt}`;
    const counted = new Map(
      rows.map(({ book, shard, newest_at, records }) => [
        nameOf(book, shard, newest_at.getTime()),
        Number(records),
      ]),
    );
    return ({ book, shard, newestAt }) => counted.get(nameOf(book, shard, newestAt)) ?? 0;
  }

  /** What records of these moments moved, account by account: from the first on, before the second (epoch milliseconds). */
  async movedBetween(since: number, until: number): Promise<readonly NetBalance[]> {
    const ids = [eventIdsFrom(since), eventIdsFrom(until)];
    const { rows } = await this.#pool.query(movedBetween, ids);
    return rows.map(({ book, account, currency, posted, held }) => ({
      ...{ book, account, currency, posted: BigInt(posted), held: BigInt(held) },
    }));
  }

  /**
   * Up to which day (UTC, `2030-06-15`, not counted) a proof says that the warehouse has what the books have; undefined where
   * none does.
   */
  async comparedUntil(): Promise<string | undefined> {
    const { rows } = await this.#pool.query<{ until: string }>(lastCompared);
    return rows[0]?.until;
  }
}

async function readSums(client: PoolClient, values: readonly string[]): Promise<ReadonlyMap<Book, BookSums>> {
  const counted = await client.query(recordsUpTo, [...values]);
  const summed = await client.query(linesUpTo, [...values]);
  const lines = new Map<Book, Map<FoldLine, Counters>>();
  for (const row of summed.rows) {
    const ofBook = lines.get(row.book) ?? new Map<FoldLine, Counters>();
    ofBook.set(row.line, {
      ...{ debitsPosted: BigInt(row.debits), creditsPosted: BigInt(row.credits) },
      ...{ debitsPending: BigInt(row.debits_held), creditsPending: BigInt(row.credits_held) },
    });
    lines.set(row.book, ofBook);
  }
  return new Map(
    counted.rows.map(({ book, records, parked }) => [
      book,
      { records: Number(records), parked: Number(parked), lines: lines.get(book) ?? new Map() },
    ]),
  );
}

const told = (cuts: readonly Cut[]): string =>
  JSON.stringify(
    cuts.map(({ book, shard, newestAt }) => ({
      ...{ book, shard, newest_at: new Date(newestAt).toISOString() },
    })),
  );
