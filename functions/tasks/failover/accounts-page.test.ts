import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { unmarshall } from "@aws-sdk/util-dynamodb";
import { beforeEach, expect, test } from "vitest";
import { parseEpoch } from "#adapters/dynamodb/fence.ts";
import { guardedAccountItem } from "#adapters/dynamodb/guarded-accounts.ts";
import { type AccountId, type Book, noCounters } from "#core/ledger/account.ts";
import { credit, debit, type EntryId } from "#core/ledger/entry.ts";
import { entryRecord, type JournalRecord } from "#core/ledger/journal.ts";
import { noon } from "#tests/support/examples.ts";
import type { PassInput } from "#workflows/failover/contract.ts";
import { type AccountPorts, takeAccounts } from "./accounts-page.ts";

const books = ["mer_one", "mer_other"] as Book[];
const codes = [2000, 2110];

/** What moved each book, and the books whose journal was read, as often as it was. */
let journals: Map<Book, JournalRecord[]>;
let read: Book[];
/** What was written: credits posted and postings, by account. */
let written: Record<string, readonly [credits: number, postings: number]>;

const accountOf = (book: Book, code: number) => `${book}:${code}:USD` as AccountId;

const entry = (n: number, book: Book, code: number): JournalRecord =>
  entryRecord({
    ...{ id: `je_${n}` as EntryId, book, state: "posted", effectiveAt: noon, recordedAt: noon },
    legs: [debit(`${book}:1000:USD` as AccountId, 5n, "USD"), credit(accountOf(book, code), 5n, "USD")],
    execution: "run",
  });

beforeEach(() => {
  journals = new Map(
    books.map((book) => [book, [entry(1, book, 2000), entry(2, book, 2110), entry(3, book, 2110)]]),
  );
  read = [];
  written = {};
});

/** A page with the guarded accounts of the chart of both books, of which none of the above is counted. */
const page = books.flatMap((book) =>
  codes.map((code) =>
    guardedAccountItem({
      ...{ id: accountOf(book, code), book, currency: "USD", normalSide: "credit", condition: "open" },
      ...noCounters,
    }),
  ),
);

const ports: AccountPorts = {
  client: { send: async () => ({ Items: page, ScannedCount: page.length }) } as unknown as DynamoDBClient,
  table: "ledger",
  takeOver: {
    epoch: parseEpoch("2"),
    changeAccount: async ({ Key = {}, ExpressionAttributeValues = {} }) => {
      const values = unmarshall(ExpressionAttributeValues);
      const account = String(unmarshall(Key)["pk"]).split("#")[2] ?? "";
      written[account] = [Number(values[":credits_posted"]), Number(values[":postings"])];
      return true;
    },
  },
  postings: {
    total: async () => {
      throw new Error("no account of the page is a merchant's");
    },
  },
  journal: {
    read: async function* (book) {
      read.push(book);
      yield* journals.get(book) ?? [];
    },
  },
};
const keep = async () => undefined;
const where: PassInput = {
  ...{ segment: 0, segments: 1, cursor: null, since: 0, began: noon, execution: "failover" },
};

test("a book's journal is read once for all its accounts of the chart on a page, and each gets its own of it", async () => {
  expect(await takeAccounts(ports, where, undefined, keep)).toMatchObject({ read: 4, changed: 4 });
  expect(read.toSorted()).toEqual(books);
  expect(written).toEqual({
    "mer_one:2000:USD": [5, 1],
    "mer_one:2110:USD": [10, 2],
    "mer_other:2000:USD": [5, 1],
    "mer_other:2110:USD": [10, 2],
  });
});

test("each page reads it anew: what was posted since the last one is in the accounts that it has", async () => {
  await takeAccounts(ports, where, undefined, keep);
  for (const book of books) journals.get(book)?.push(entry(4, book, 2000));
  await takeAccounts(ports, where, undefined, keep);
  expect(written["mer_one:2000:USD"]).toEqual([10, 2]);
});

test("an account that nothing has moved is empty", async () => {
  journals.set("mer_one" as Book, []);
  await takeAccounts(ports, where, undefined, keep);
  expect(written["mer_one:2000:USD"]).toEqual([0, 0]);
});
