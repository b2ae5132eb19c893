import { afterAll, beforeAll, expect, test } from "vitest";
import { noon } from "#tests/support/examples.ts";
import { line } from "#tests/support/settled.ts";
import { type SettledBooks, startSettledBooks } from "#tests/support/settled-books.ts";

let world: SettledBooks;

beforeAll(async () => {
  world = await startSettledBooks();
});
afterAll(() => world?.server.stop());

const batches = 10;
const batchLines = 2_000;

/** Brings a file in batches, over one connection. @param first number of its first payment */
async function bring(version: string, first: number): Promise<void> {
  const { settlement } = world;
  const file = { bucket: "inbound", key: "alpha/day.csv", version, acquirer: "alpha" };
  const number = await settlement.begin(file, new Date(noon));
  for (let batch = 0; batch < batches; batch += 1) {
    const lines = Array.from({ length: batchLines }, (_, index) => {
      const n = batch * batchLines + index;
      return line(n + 1, first + n, 100n);
    });
    await settlement.take(number, lines, new Date(noon));
  }
}

/** Rows of lines that were read so far, by whatever way. */
async function read(): Promise<number> {
  await world.pool.query("SELECT pg_stat_force_next_flush()");
  const { rows } = await world.owner.query(
    "SELECT seq_tup_read + coalesce(idx_tup_fetch, 0) AS count FROM pg_stat_user_tables WHERE schemaname = 'settlement' AND relname = 'lines'",
  );
  return Number(rows[0].count);
}

test("a file of which statistics know nothing is not read again for each of its lines", async () => {
  await bring("1", 1);
  await world.owner.query("ANALYZE");
  const before = await read();
  await bring("2", 1_000_000);
  // Each line looks by its own key; all of the file for each line were 180 million.
  expect((await read()) - before).toBeLessThan(batches * batchLines);
});
