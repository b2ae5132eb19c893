import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, expect, test } from "vitest";
import { binary, startDynamoDb } from "./server.ts";

/** What dynoxide asks its table of stream records: the beginning of each query, in its own words. */
const asked = {
  next: "SELECT COALESCE(MAX(CAST(sequence_number AS INTEGER)), 0) + 1 FROM _stream_records WHERE table_name = ?1",
  read: "WHERE table_name = ?1 AND shard_id = ?2 AND CAST(sequence_number AS INTEGER) > ?3",
  range:
    "SELECT MIN(sequence_number), MAX(sequence_number) FROM _stream_records WHERE table_name = ?1 AND shard_id = ?2",
};

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "tallystick-streams-"));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

test.each([
  ["number of the next record", asked.next, "COVERING INDEX tallystick_next (table_name=?)"],
  [
    "records behind an iterator",
    `SELECT new_image FROM _stream_records ${asked.read} ORDER BY CAST(sequence_number AS INTEGER) ASC LIMIT ?4`,
    "INDEX tallystick_read (table_name=? AND shard_id=? AND <expr>>?)",
  ],
  ["range of a shard", asked.range, "COVERING INDEX tallystick_read (table_name=? AND shard_id=?)"],
])("the %s is found by an index, whatever else the file holds", async (_what, query, index) => {
  const file = join(directory, "dynamodb.db");
  const { child } = await startDynamoDb(file);
  await child?.stop();
  const database = new DatabaseSync(file);
  const plan = database.prepare(`EXPLAIN QUERY PLAN ${query}`).all();
  database.close();
  expect(plan.map(({ detail }) => detail)).toEqual([`SEARCH _stream_records USING ${index}`]);
});

test("dynoxide asks in these words", () => {
  const program = readFileSync(binary(), "latin1");
  for (const words of Object.values(asked)) expect(program).toContain(words);
});
