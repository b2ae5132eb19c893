import { createWriteStream, mkdtempSync, rmSync } from "node:fs";
import { cpus, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { DuckDBInstance } from "@duckdb/node-api";
import { Client, Pool } from "pg";
import { migrateBooks } from "#adapters/books/migrations.ts";
import { Settlement } from "#adapters/books/settlement.ts";
import { SettlementEntries } from "#adapters/books/settlement-entries.ts";
import { readSettlementFile } from "#adapters/settlement-files/settlement-file.ts";
import type { SettlementLine } from "#core/settlement/line.ts";
import { startPostgres } from "#local/postgres/server.ts";

/**
 * How long a day's settlement file needs to be matched with as many expected operations, and in how much memory: the
 * reader and the matching as the reconciler runs them, PostgreSQL beside it, no S3; then what follows of it for the
 * ledger. Beside it the same join alone, by PostgreSQL over its two tables, and by DuckDB from the file. Every
 * thousandth line has another amount, every ten thousandth is missing. Then the same for a file of which the books know no
 * line. No randomness. `node bench/matching.ts [lines]`.
 */
const lines = Number(process.argv[2] ?? 1_000_000);
const batchMax = 2_000;
const chunkLines = 500;
const file = { bucket: "inbound", key: "alpha/day.csv", version: "1", acquirer: "alpha" };
const header =
  "settlement_date,acquirer,merchant,kind,operation_key,reference,dispute,currency,gross,cost,net,occurred_at\r\n";

const keyOf = (n: number): string => `pay_${String(n).padStart(26, "0")}:capture:1`;
const amountOf = (n: number): number => 1_000 + (n % 5_000);

/** @param after number before the first: beyond `lines`, the books know of none of them */
async function* csv(after = 0): AsyncGenerator<Uint8Array> {
  yield Buffer.from(header);
  for (let from = 1; from <= lines; from += chunkLines) {
    let text = "";
    for (let n = from; n < Math.min(from + chunkLines, lines + 1); n += 1) {
      if (n % 10_000 === 0) continue;
      const gross = amountOf(n) + (n % 1_000 === 0 ? 1 : 0);
      text += `2026-03-02,alpha,mer_bench,capture,${keyOf(after + n)},alpha_${after + n},,USD,${gross},2,${gross - 2},2026-03-02T12:00:00.000Z\r\n`;
    }
    yield Buffer.from(text);
  }
}

let peakBytes = 0;
const watch = setInterval(() => {
  peakBytes = Math.max(peakBytes, process.memoryUsage.rss());
}, 100);

async function timed<T>(what: string, work: () => Promise<T>): Promise<T> {
  const began = performance.now();
  const result = await work();
  const seconds = (performance.now() - began) / 1_000;
  console.log(
    `${what.padEnd(44)} ${seconds.toFixed(1).padStart(7)} s  ${Math.round(lines / seconds).toLocaleString("en")} lines/s`,
  );
  return result;
}

/** The file is written down, read by DuckDB with what is owed made up there, and joined: no row is kept. */
async function joinInDuckDb(): Promise<string> {
  const path = join(directory, "day.csv");
  await pipeline(Readable.from(csv()), createWriteStream(path));
  const instance = await DuckDBInstance.create(":memory:", { threads: "2" });
  const connection = await instance.connect();
  return await timed("DuckDB: the file is read and joined", async () => {
    const { value } = (
      await (
        await connection.runAndReadAll(
          `SELECT format('{} same, {} other, {} missing', count(*) FILTER (WHERE owed.gross = came.gross),
             count(*) FILTER (WHERE owed.gross <> came.gross), count(*) FILTER (WHERE came.gross IS NULL)) AS value
           FROM (SELECT 'alpha' AS acquirer, format('pay_{:026d}:capture:1', n) AS operation_key, 1000 + n % 5000 AS gross
                 FROM range(1, ${lines + 1}) AS each (n)) AS owed
           LEFT JOIN read_csv('${path}', header = true) AS came USING (acquirer, operation_key)`,
        )
      ).getRowObjects()
    )[0] as { readonly value: string };
    return value;
  });
}

async function draftAll(at = "2026-03-03T00:00:00Z"): Promise<void> {
  const entries = new SettlementEntries(pool);
  while (await entries.draft(new Date(at)));
}

/** As the reconciler looks: so much at a time. @returns the longest of it, in seconds */
async function lookAll(at: string): Promise<number> {
  const settlement = new Settlement(pool);
  let longest = 0;
  for (let more = true; more; ) {
    const began = performance.now();
    more = await settlement.look(new Date(at));
    longest = Math.max(longest, performance.now() - began);
  }
  return longest / 1_000;
}

/** As many as settle in one transaction, one claim after another; a thousand of them stand for all. */
async function claimSome(): Promise<number> {
  const entries = new SettlementEntries(pool);
  let claimed = 0;
  for (let round = 0; round < 1_000; round += 1) {
    const claim = await entries.claim(48, new Date("2026-03-03T00:00:00Z"), 300_000);
    if (claim === undefined) break;
    await entries.released(claim.covered, new Date("2026-03-03T00:00:00Z"));
    claimed += claim.covered.length;
  }
  return claimed;
}

async function matchAll(pool: Pool, after = 0): Promise<void> {
  const settlement = new Settlement(pool);
  const now = new Date("2026-03-03T00:00:00Z");
  const number = await settlement.begin({ ...file, version: String(after) }, now);
  let batch: SettlementLine[] = [];
  for await (const read of readSettlementFile(csv(after), file.key)) {
    if (!read.ok) throw new Error(read.flaw.reason);
    batch.push(read.line);
    if (batch.length < batchMax) continue;
    await settlement.take(number, batch, now);
    batch = [];
  }
  await settlement.take(number, batch, now);
  await settlement.finish(number, now);
}

const directory = mkdtempSync(join(tmpdir(), "tallystick-bench-"));
const server = await startPostgres(join(directory, "postgres"), { databaseName: "books", userName: "owner" });
const owner = new Client(server.url);
await owner.connect();
await migrateBooks(owner);
const pool = new Pool({ connectionString: server.url, max: 2 });
console.log(
  `${lines.toLocaleString("en")} lines; Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model}, load ${loadavg()[0]?.toFixed(1)}\n`,
);

await timed("expected operations are there", () =>
  owner.query(
    `INSERT INTO settlement.expected (acquirer, operation_key, book, entry, currency, gross, booked_on)
     SELECT 'alpha', format('pay_%s:capture:1', lpad(n::text, 26, '0')), 'mer_bench', format('je_%s', n), 'USD',
       1000 + n % 5000, '2026-03-01' FROM generate_series(1, ${lines}) AS n`,
  ),
);
// As autovacuum does where it runs for longer.
await owner.query("ANALYZE");
await timed("a file is read, matched and judged", () => matchAll(pool));
await timed("the same file again", () => matchAll(pool));
await timed("entries of it are drafted", draftAll);
const before = performance.now();
const claimed = await claimSome();
console.log(
  `${"payments are taken to be settled".padEnd(44)} ${((performance.now() - before) / 1_000).toFixed(1).padStart(7)} s  for ${claimed.toLocaleString("en")} of them`,
);
await timed("what only time shows", () => lookAll("2026-03-10T00:00:00Z"));
await timed("PostgreSQL: the join alone, over both tables", () =>
  owner.query(
    `SELECT count(*) FILTER (WHERE owed.gross = came.gross), count(*) FILTER (WHERE owed.gross <> came.gross),
       count(*) FILTER (WHERE came.movement IS NULL)
     FROM settlement.expected AS owed LEFT JOIN settlement.movements AS came USING (acquirer, operation_key)`,
  ),
);
const joined = await joinInDuckDb();
const { rows } = await owner.query(
  "SELECT kind, count(*)::int FROM settlement.breaks GROUP BY kind ORDER BY kind",
);
console.log(`\nbreaks: ${rows.map(({ kind, count }) => `${count} ${kind}`).join(", ")}`);
console.log(`DuckDB: ${joined}`);
// Another system's file, left by mistake.
await timed("a file of which nobody knows a line", () => matchAll(pool, lines));
await timed("and before it is a break: a look", () => lookAll("2026-03-03T00:30:00Z"));
await timed("and before it is a break: drafts", () => draftAll("2026-03-03T00:30:00Z"));
const longest = await timed("each line of it is a break", () => lookAll("2026-03-11T00:00:00Z"));
await timed("and its entries are drafted", () => draftAll("2026-03-11T00:00:00Z"));
await timed("and once all are breaks: a look", () => lookAll("2026-03-11T00:00:00Z"));
console.log(`the longest look that found breaks: ${longest.toFixed(1)} s`);
console.log(`this process at most: ${Math.round(peakBytes / 1024 ** 2)} MiB`);

clearInterval(watch);
await pool.end();
await owner.end();
await server.child.stop();
rmSync(directory, { recursive: true, force: true });
