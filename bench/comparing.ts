import { cpus, loadavg } from "node:os";
import type { Client } from "pg";
import { Books } from "#adapters/books/books.ts";
import { BooksComparing } from "#adapters/books/comparing.ts";
import { migrateBooks } from "#adapters/books/migrations.ts";
import { BooksProofs } from "#adapters/books/proofs.ts";
import { journalShards } from "#adapters/dynamodb/keys.ts";
import { ledgerEventOf } from "#core/events/ledger-event.ts";
import type { Book } from "#core/ledger/account.ts";
import { acquirerAccount, systemAccount } from "#core/ledger/chart.ts";
import { credit, debit, type EntryId } from "#core/ledger/entry.ts";
import { entryRecord } from "#core/ledger/journal.ts";
import { startBooksServer } from "#tests/support/books-server.ts";

/**
 * What a night asks of the books, and what it costs to keep counts for it: a day of records in twenty books, each of three
 * legs. `node bench/comparing.ts [records]`.
 */
const records = Number(process.argv[2] ?? 500_000);
const batch = 500;
const books = 20;
const hours = 24;
const start = Date.UTC(2030, 0, 1);
const usd = "USD";

const bookOf = (n: number): Book => `mer_bench_${n % books}` as Book;
const recordedAt = (n: number): number => start + Math.floor((n / records) * hours * 3_600_000);

const eventOf = (n: number) => {
  const book = bookOf(n);
  return ledgerEventOf(
    entryRecord({
      ...{ id: `je_pay_${n}.capture.1` as EntryId, book, state: "posted", execution: "bench" },
      ...{ effectiveAt: recordedAt(n), recordedAt: recordedAt(n) },
      legs: [
        debit(acquirerAccount(book, 1100, "alpha", usd), 2_000n, usd),
        credit(systemAccount(book, 2100, usd), 1_940n, usd),
        credit(systemAccount(book, 4000, usd), 60n, usd),
      ],
    }),
  );
};

/** What PostgreSQL says that the trigger takes which counts a batch, the third time: plans are made by then. */
async function countingMs(owner: Client): Promise<number> {
  let took = Number.NaN;
  for (let time = 0; time < 3; time += 1) {
    await owner.query("BEGIN");
    const { rows } = await owner.query(
      `EXPLAIN ANALYZE INSERT INTO books.records (event_id, book, entry, kind, recorded_at, effective_at, booked_on, digest)
       SELECT 'evt_' || lpad((row_number() OVER ())::text, 26, '0'), book, entry || '.again', kind, recorded_at, effective_at, booked_on, digest
       FROM books.records LIMIT ${batch}`,
    );
    await owner.query("ROLLBACK");
    const lines = rows.map((row) => String(row["QUERY PLAN"]));
    took = Number(/Trigger counted: time=([\d.]+)/.exec(lines.join("\n"))?.[1]);
  }
  return took;
}

const server = await startBooksServer();
try {
  await migrateBooks(server.owner);
  const pool = await server.reconciler();
  const posting = new Books(pool);
  const timed = async (what: string, work: () => Promise<unknown>): Promise<void> => {
    const began = performance.now();
    const said = await work();
    console.log(
      `${what}: ${(performance.now() - began).toFixed(0)} ms${said === undefined ? "" : ` (${said})`}`,
    );
  };
  console.log(`${cpus().length} × ${cpus()[0]?.model ?? "?"}, load ${loadavg()[0]?.toFixed(1)}`);
  let ms = 0;
  for (let from = 0; from < records; from += batch) {
    const events = Array.from({ length: Math.min(batch, records - from) }, (_, n) => eventOf(from + n));
    const began = performance.now();
    await posting.post(events);
    ms += performance.now() - began;
  }
  console.log(
    `posted: ${Math.round((records / ms) * 1_000)} records/s, a batch of ${batch} in ${((ms / records) * batch).toFixed(0)} ms`,
  );
  await server.owner.query("VACUUM ANALYZE books.records");
  await server.owner.query("VACUUM ANALYZE books.postings");

  console.log(`of that, to count a batch: ${(await countingMs(server.owner)).toFixed(1)} ms`);
  const comparing = new BooksComparing(pool);
  const end = start + hours * 3_600_000;
  // Half an hour of records lies behind the cuts.
  const cuts = Array.from({ length: books }, (_, n) => bookOf(n)).flatMap((book) =>
    Array.from({ length: journalShards }, (_, shard) => ({ book, shard, newestAt: end - 1_800_000 })),
  );
  await timed("counted one by one", async () => {
    const { rows } = await pool.query("SELECT book, count(*) FROM books.records GROUP BY book");
    return `${rows.length} books`;
  });
  await timed("records up to the cuts", async () => {
    const said = await comparing.recordsUpTo(cuts, end - 3_600_000);
    return `${[...said.values()].reduce((sum, each) => sum + each.records, 0)} of ${records}`;
  });
  await timed("sums up to the cuts", async () => {
    await comparing.sumsUpTo(cuts, end - 3_600_000);
  });
  await timed("counted since, of eight readings", async () => {
    const readings = Array.from({ length: 8 }, (_, n) =>
      cuts.map((cut) => ({ ...cut, newestAt: cut.newestAt + n * 500 })),
    );
    await comparing.countedUpTo(readings.flat(), end - 3_600_000);
  });
  await timed(
    "the day, account by account",
    async () => `${(await comparing.movedBetween(start, end)).length} accounts`,
  );
  await timed("counts of seven days against their records", async () => {
    await new BooksProofs(pool).uncounted("2029-12-26");
  });
} finally {
  await server.stop();
}
