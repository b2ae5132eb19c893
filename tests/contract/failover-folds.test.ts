import { PutItemCommand } from "@aws-sdk/client-dynamodb";
import { marshall, unmarshall } from "@aws-sdk/util-dynamodb";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Epoch, epochOf, firstEpoch, parseEpoch } from "#adapters/dynamodb/fence.ts";
import { FoldStore } from "#adapters/dynamodb/fold-store.ts";
import { type JournalItem, journalItem, journalRecord } from "#adapters/dynamodb/journal-codec.ts";
import { entryKey, journalPartition, journalShards } from "#adapters/dynamodb/keys.ts";
import type { AccountId, Book } from "#core/ledger/account.ts";
import { credit, debit, type EntryId } from "#core/ledger/entry.ts";
import { entryRecord } from "#core/ledger/journal.ts";
import { nothingCounted } from "#core/ledger/shard-fold.ts";
import { checkShard } from "#core/proof/folds.ts";
import { noon } from "#tests/support/examples.ts";
import { Replication } from "#tests/support/replication.ts";
import { startTables, type TestTables } from "#tests/support/tables.ts";
import { bookOf, promote } from "#tests/support/torn-books.ts";

/** The balances of unguarded accounts, counted anew by a region that takes over, and counted on by its stream. */

const secondEpoch = parseEpoch("2");
/** More than shards, so that some have several records and some none. */
const many = 20;

let tables: TestTables;
let book: Book;
let books = 0;
let made = 0;
/** The stream of the region that took over: what it has brought, in its order. */
let brought: string[];

beforeAll(async () => {
  tables = await startTables();
});
afterAll(() => tables.stop());
beforeEach(() => {
  books += 1;
  book = `mer_folds_${books}` as Book;
  brought = [];
});

const lastPosted = () => `je_${made}` as EntryId;

/** Entries as a region of an epoch has posted them. */
async function post(epoch: Epoch, count: number): Promise<void> {
  for (let n = 0; n < count; n += 1) {
    made += 1;
    const record = entryRecord({
      ...{ id: lastPosted(), book, state: "posted", effectiveAt: noon, recordedAt: noon + made },
      legs: [
        debit(`${book}:1000:USD` as AccountId, 5n, "USD"),
        credit(`${book}:2100:USD` as AccountId, 5n, "USD"),
      ],
      execution: "run",
    });
    const Item = { ...marshall(journalItem(record)), epoch: { N: String(epoch) } };
    await tables.client.send(new PutItemCommand({ TableName: "ledger", Item }));
  }
}

/** What the stream of the second region has not brought yet, whoever wrote it, is brought to its folder. */
async function follow(): Promise<void> {
  const folds = new FoldStore(tables.client, "ledger", secondEpoch);
  const items = await new Replication(tables.client, book).items();
  for (const item of items.filter(({ pk }) => pk?.S?.includes("#journal#"))) {
    const key = item["sk"]?.S ?? "";
    if (brought.includes(key)) continue;
    brought.push(key);
    const record = journalRecord(unmarshall(item) as JournalItem);
    await folds.count(item["pk"]?.S ?? "", [{ sequence: `${brought.length}`, epoch: epochOf(item), record }]);
  }
}

const promoted = () => promote(tables.client, secondEpoch, book);
const recounted = async (): Promise<number> => (await promoted()).passes.at(-1)?.changed ?? 0;
const wrong = async () => (await bookOf(tables.client, book)).shards.flatMap(checkShard);

describe("a second failover in the same epoch", () => {
  test("keeps what the region's own stream has brought since, also where nothing was before", async () => {
    await post(firstEpoch, many / 4);
    await promoted();
    await post(secondEpoch, many);
    await follow();
    await promoted();
    expect(await wrong()).toEqual([]);
    await post(secondEpoch, many);
    await follow();
    expect(await wrong()).toEqual([]);
  });

  test("leaves what the stream has not brought yet to the stream", async () => {
    await post(firstEpoch, many / 4);
    await promoted();
    await post(secondEpoch, many);
    await promoted();
    await follow();
    expect(await wrong()).toEqual([]);
  });

  test("counts what arrived late of the epoch before, where the stream has brought nothing yet", async () => {
    await post(firstEpoch, many);
    await promoted();
    await post(firstEpoch, many);
    await promoted();
    await follow();
    expect(await wrong()).toEqual([]);
  });

  test("writes no fold that says what it has said already", async () => {
    await post(firstEpoch, many);
    expect(await recounted()).toBeGreaterThan(0);
    expect(await recounted()).toBe(0);
  });

  test("leaves a book alone that began in this epoch", async () => {
    await post(secondEpoch, many);
    await follow();
    await promoted();
    expect(await wrong()).toEqual([]);
  });
});

test("a fold that another region left is replaced, though its records did not arrive", async () => {
  await post(firstEpoch, 1);
  const other = new FoldStore(tables.client, "ledger", firstEpoch);
  const items = await new Replication(tables.client, book).items();
  const record = journalRecord(unmarshall(items[0] ?? {}) as JournalItem);
  for (let shard = 0; shard < journalShards; shard += 1)
    await other.count(journalPartition(book, shard), [{ sequence: "900", record }]);
  await promoted();
  expect(await wrong()).toEqual([]);
});

test("a fold that the stream moves on while its shard is counted stays as the stream left it", async () => {
  await post(firstEpoch, 1);
  await promoted();
  await post(secondEpoch, 1);
  const { pk } = entryKey(book, lastPosted());
  const folds = new FoldStore(tables.client, "ledger", secondEpoch);
  const came = await folds.recount(pk, async () => {
    await follow();
    return { ...nothingCounted(secondEpoch), newestAt: noon };
  });
  expect(came).toBeUndefined();
  expect(await wrong()).toEqual([]);
});
