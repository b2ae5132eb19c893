import { afterAll, beforeAll, expect, test } from "vitest";
import { firstEpoch } from "#adapters/dynamodb/fence.ts";
import { FoldStore } from "#adapters/dynamodb/fold-store.ts";
import { entryKey, journalPartition, journalShards } from "#adapters/dynamodb/keys.ts";
import { LedgerFolds } from "#adapters/dynamodb/ledger-folds.ts";
import { MerchantRegister } from "#adapters/dynamodb/merchant-register.ts";
import type { Book } from "#core/ledger/account.ts";
import { systemAccount } from "#core/ledger/chart.ts";
import { credit, debit, type EntryId } from "#core/ledger/entry.ts";
import { entryRecord } from "#core/ledger/journal.ts";
import { nothingFolded } from "#core/ledger/shard-fold.ts";
import { operatorBook } from "#core/settlement/entries.ts";
import { noon } from "#tests/support/examples.ts";
import { startTables, type TestTables } from "#tests/support/tables.ts";

let tables: TestTables;
let folds: LedgerFolds;
beforeAll(async () => {
  tables = await startTables();
  folds = new LedgerFolds(tables.client, { merchants: "merchants", ledger: "ledger" });
});
afterAll(() => tables.stop());

test("books are the merchants and the operator's own; who signs in is none", async () => {
  const register = new MerchantRegister(tables.client, "merchants");
  for (const id of ["mer_a", "mer_b"] as Book[]) await register.create({ id, name: `Shop ${id}`, terms: {} });
  await register.link("client-1", { kind: "merchant", merchant: "mer_a" as Book });
  expect((await folds.books()).toSorted()).toEqual(["mer_a", "mer_b", operatorBook]);
});

test("each shard has its fold in its place, and those without one have one that counts nothing", async () => {
  const book = "mer_a" as Book;
  const id = "je_1" as EntryId;
  const record = entryRecord({
    ...{ id, book, state: "posted", effectiveAt: noon, recordedAt: noon, execution: "run" },
    legs: [
      debit(systemAccount(book, 1000, "USD"), 5n, "USD"),
      credit(systemAccount(book, 2100, "USD"), 5n, "USD"),
    ],
  });
  const { pk } = entryKey(book, id);
  await new FoldStore(tables.client, "ledger", firstEpoch).count(pk, [{ sequence: "1001", record }]);
  const shards = await folds.folds(book);
  expect(shards).toHaveLength(journalShards);
  for (const [shard, fold] of shards.entries()) {
    if (journalPartition(book, shard) === pk) expect(fold).toMatchObject({ records: 1, newestAt: noon });
    else expect(fold).toEqual(nothingFolded);
  }
  expect(await folds.folds("mer_b" as Book)).toEqual(
    Array.from({ length: journalShards }, () => nothingFolded),
  );
});
