import { DeleteItemCommand, DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { marshall } from "@aws-sdk/util-dynamodb";
import type { DynamoDBRecord } from "aws-lambda";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { firstEpoch } from "#adapters/dynamodb/fence.ts";
import { FoldStore } from "#adapters/dynamodb/fold-store.ts";
import { journalItem } from "#adapters/dynamodb/journal-codec.ts";
import { entryKey, foldKey, journalPartition, journalShards } from "#adapters/dynamodb/keys.ts";
import type { AccountId, Book } from "#core/ledger/account.ts";
import { systemAccount } from "#core/ledger/chart.ts";
import { credit, debit, type EntryId } from "#core/ledger/entry.ts";
import { entryRecord, type JournalRecord } from "#core/ledger/journal.ts";
import { type StreamedRecord, sumOfFolds } from "#core/ledger/shard-fold.ts";
import { trialBalance } from "#core/ledger/trial-balance.ts";
import { noon } from "#tests/support/examples.ts";
import { startTables, type TestTables } from "#tests/support/tables.ts";

let tables: TestTables;
let handler: typeof import("#functions/consumers/folder.ts").handler;
let books = 0;
let book: Book;

beforeAll(async () => {
  tables = await startTables();
  process.env["LEDGER_TABLE"] = "ledger";
  process.env["EPOCH"] = String(firstEpoch);
  process.env["AWS_ENDPOINT_URL_DYNAMODB"] = tables.endpoint;
  process.env["AWS_REGION"] = "eu-west-1";
  process.env["AWS_ACCESS_KEY_ID"] = process.env["AWS_SECRET_ACCESS_KEY"] = "test";
  ({ handler } = await import("#functions/consumers/folder.ts"));
});
afterAll(() => tables.stop());

const newBook = (): Book => {
  books += 1;
  book = `mer_fold_${books}` as Book;
  return book;
};

/** Entry `n` moves `n` minor units from one system account to another. */
function entryOf(n: number, of: Book = book): JournalRecord {
  const bank = systemAccount(of, 1000, "USD");
  const pending = systemAccount(of, 2100, "USD");
  return entryRecord({
    id: `je_${n}` as EntryId,
    book: of,
    state: "posted",
    legs: [debit(bank, BigInt(n), "USD"), credit(pending, BigInt(n), "USD")],
    effectiveAt: noon,
    recordedAt: noon + n,
    execution: "run",
  });
}

/** Record `n` as the table's stream brings it. */
function streamedEvent(n: number, of: Book = book): DynamoDBRecord {
  const image = marshall(journalItem(entryOf(n, of)));
  return {
    eventName: "INSERT",
    dynamodb: {
      Keys: { pk: image["pk"], sk: image["sk"] },
      NewImage: image,
      SequenceNumber: String(1_000 + n),
    },
  } as unknown as DynamoDBRecord;
}

const upTo = (n: number): number[] => Array.from({ length: n }, (_, index) => index + 1);
const events = (...ns: number[]) => ({ Records: ns.map((n) => streamedEvent(n)) });
const store = () => new FoldStore(tables.client, "ledger", firstEpoch);

async function debits(of: Book = book): Promise<bigint> {
  return trialBalance(sumOfFolds(await store().read(of)).lines, "USD").debits;
}
const sumUpTo = (n: number): bigint => BigInt((n * (n + 1)) / 2);

describe("the folder", () => {
  test("keeps one item for each shard of a book, each balanced by itself", async () => {
    newBook();
    expect(await handler(events(...upTo(200)))).toEqual({ batchItemFailures: [] });
    const folds = await store().read(book);
    expect(folds).toHaveLength(journalShards);
    for (const { lines } of folds) expect(trialBalance(lines, "USD").balanced).toBe(true);
    expect(sumOfFolds(folds)).toMatchObject({ records: 200, newestAt: noon + 200 });
    expect(await debits()).toBe(sumUpTo(200));
  });

  test("counts a record once that comes in ten batches", async () => {
    newBook();
    for (let again = 0; again < 10; again += 1) await handler(events(...upTo(30)));
    expect(await debits()).toBe(sumUpTo(30));
  });

  test("goes on where a batch was halved, and where its end came again", async () => {
    newBook();
    await handler(events(...upTo(20)));
    await handler(events(11, 12, 13, 14, 15, 16, 17, 18, 19, 20));
    await handler(events(19, 20, 21, 22));
    expect(await debits()).toBe(sumUpTo(22));
  });

  test("keeps the books of one batch apart", async () => {
    const [one, other] = [newBook(), newBook()];
    await handler({ Records: [streamedEvent(5, one), streamedEvent(7, other)] });
    expect([await debits(one), await debits(other)]).toEqual([5n, 7n]);
  });

  test("names the first record of a shard that it cannot count, and counts the others", async () => {
    const [broken, fine] = [newBook(), newBook()];
    const poison = streamedEvent(3, broken);
    const legs = { L: [{ M: { account: { S: "acc_x" }, side: { S: "debit" }, amount: { S: "much" } } }] };
    poison.dynamodb = { ...poison.dynamodb, NewImage: { ...poison.dynamodb?.NewImage, legs } } as never;
    const answer = await handler({ Records: [streamedEvent(9, fine), poison] });
    expect(answer).toEqual({ batchItemFailures: [{ itemIdentifier: "1003" }] });
    expect([await debits(broken), await debits(fine)]).toEqual([0n, 9n]);
  });

  test("reports a batch whole when the table does not answer, and counts it when it comes again", async () => {
    newBook();
    const away = new DynamoDBClient({
      endpoint: "http://127.0.0.1:1",
      region: "eu-west-1",
      credentials: { accessKeyId: "test", secretAccessKey: "test" },
      maxAttempts: 1,
    });
    const unreachable = new FoldStore(away, "ledger", firstEpoch);
    const shard = entryKey(book, "je_1" as EntryId).pk;
    const records = [{ sequence: "1001", record: entryOf(1) }];
    await expect(unreachable.count(shard, records)).rejects.toMatchObject({ name: "StoreUnavailable" });
    away.destroy();
    await handler(events(1));
    expect(await debits()).toBe(1n);
  });
});

describe("two folders on one shard", () => {
  const shard = (): string => journalPartition(book, 0);
  const streamed = (...ns: number[]): StreamedRecord[] =>
    ns.map((n) => ({ sequence: String(n), record: entryOf(n) }));

  test("of which one is a zombie take nothing back", async () => {
    newBook();
    const [zombie, next] = [store(), store()];
    await zombie.count(shard(), streamed(1));
    await next.count(shard(), streamed(2, 3));
    // It remembers the fold at 1, and was given half of the batch before its time was up.
    await zombie.count(shard(), streamed(2));
    expect(await debits()).toBe(sumUpTo(3));
    await zombie.count(shard(), streamed(4));
    await next.count(shard(), streamed(4));
    expect(await debits()).toBe(sumUpTo(4));
  });

  test("at once, on batches that overlap, count each record once", async () => {
    newBook();
    for (let number = 0; number < journalShards; number += 1) {
      const of = journalPartition(book, number);
      const [one, other, third] = [store(), store(), store()];
      await Promise.all([
        one.count(of, streamed(1, 2, 3)),
        other.count(of, streamed(1)),
        third.count(of, streamed(1, 2)),
      ]);
      await Promise.all([
        third.count(of, streamed(4, 5)),
        one.count(of, streamed(4)),
        other.count(of, streamed(4)),
      ]);
    }
    expect(await debits()).toBe(BigInt(journalShards) * sumUpTo(5));
  });

  test("of which one remembers a fold that was deleted begin again from nothing", async () => {
    newBook();
    const folder = store();
    await folder.count(shard(), streamed(1));
    const key = foldKey(shard());
    await tables.client.send(new DeleteItemCommand({ TableName: "ledger", Key: marshall(key) }));
    await folder.count(shard(), streamed(1, 2));
    expect(await debits()).toBe(sumUpTo(2));
  });
});

test("a user's wallets are one line, however many there are", async () => {
  newBook();
  const records = upTo(50).map((n): StreamedRecord => {
    const legs = [debit(`acc_${n}` as AccountId, 2n, "USD"), credit(`acc_${n + 1}` as AccountId, 2n, "USD")];
    const record = entryOf(n);
    if (record.type !== "entry") throw new Error("an entry");
    return { sequence: String(n), record: entryRecord({ ...record.entry, legs }) };
  });
  await store().count(journalPartition(book, 1), records);
  const [fold] = await store().read(book);
  expect([...(fold?.lines ?? [])]).toEqual([
    [
      "users:USD",
      { currency: "USD", debitsPosted: 100n, debitsPending: 0n, creditsPosted: 100n, creditsPending: 0n },
    ],
  ]);
});
