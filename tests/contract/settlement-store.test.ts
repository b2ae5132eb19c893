import { GetItemCommand, PutItemCommand } from "@aws-sdk/client-dynamodb";
import { unmarshall } from "@aws-sdk/util-dynamodb";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openAvailable } from "#adapters/dynamodb/available-account.ts";
import { firstEpoch, parseEpoch } from "#adapters/dynamodb/fence.ts";
import { JournalStore } from "#adapters/dynamodb/journal-store.ts";
import { accountKey } from "#adapters/dynamodb/keys.ts";
import { paymentItem } from "#adapters/dynamodb/payment-codec.ts";
import { PaymentStore } from "#adapters/dynamodb/payment-store.ts";
import { SettlementStore, settledTogetherMax } from "#adapters/dynamodb/settlement-store.ts";
import type { AccountId, Book } from "#core/ledger/account.ts";
import { acquirerAccount, systemAccount } from "#core/ledger/chart.ts";
import { credit, debit, type EntryId, type JournalEntry } from "#core/ledger/entry.ts";
import { entryIdOf, type JournalRecord } from "#core/ledger/journal.ts";
import { evolve } from "#core/payments/evolve.ts";
import { paymentIdOf, sagaEntryId } from "#core/payments/ids.ts";
import type { Payment } from "#core/payments/payment.ts";
import { settlementOf } from "#core/payments/settlement.ts";
import { settlementEntryId } from "#core/settlement/entries.ts";
import { usd } from "#tests/support/breaks.ts";
import {
  demo,
  exampleAuthorization,
  examplePayment,
  minute,
  noon,
  refundId,
} from "#tests/support/examples.ts";
import { startTables, type TestTables } from "#tests/support/tables.ts";
import { valued } from "#tests/support/valued.ts";

const names = { payments: "payments", ledger: "ledger" };
let tables: TestTables;
let payments: PaymentStore;
let store: SettlementStore;
let journal: JournalStore;

beforeAll(async () => {
  tables = await startTables();
  payments = new PaymentStore(tables.client, names, firstEpoch);
  store = new SettlementStore(tables.client, names, firstEpoch);
  journal = new JournalStore(tables.client, "ledger");
});
afterAll(() => tables.stop());

let made = 0;
/** A captured payment of 100.00 USD that is stored, in a book of its own unless said. */
async function captured(book: Book, refunded = 0n): Promise<Payment> {
  made += 1;
  const id = paymentIdOf({ book, route: "test", idempotencyKey: `key-${made}` });
  const standing = {
    state: "captured",
    authorization: exampleAuthorization,
    captured: 100_00n,
    refunded,
  } as const;
  const payment: Payment = { ...examplePayment(standing), id, book };
  await payments.create(payment);
  return payment;
}
const settling = (payment: Payment, now = noon + minute) =>
  valued(settlementOf(payment, { now, execution: "reconciler" }));

const available = async (book: Book) => {
  const { pk, sk } = accountKey(book, systemAccount(book, 2110, usd));
  const get = new GetItemCommand({ TableName: "ledger", Key: { pk: { S: pk }, sk: { S: sk } } });
  const { Item } = await tables.client.send(get);
  return Item === undefined ? undefined : unmarshall(Item);
};
async function entriesOf(book: Book): Promise<JournalRecord[]> {
  const records: JournalRecord[] = [];
  for await (const record of journal.read(book)) records.push(record);
  return records;
}

/** With an account that is there already, they go in one transaction. */
const opened = (book: Book) => openAvailable(tables.client, "ledger", firstEpoch, { book, currency: usd });

test("an account that is there stays as it is, whoever would open it", async () => {
  const book = "mer_opened" as Book;
  await store.settle([settling(await captured(book))]);
  await opened(book);
  expect(await available(book)).toMatchObject({ credits_posted: 96_80, debit_room: 96_80 });
});

describe("payments that settle", () => {
  test("do so together: each with its entry, and their merchant's account once for all of them", async () => {
    const book = "mer_together" as Book;
    const all = [await captured(book), await captured(book), await captured(book, 100_00n)];
    const first = await store.settle(all.slice(0, 1).map((payment) => settling(payment)));
    expect(first.map(({ kind }) => kind)).toEqual(["applied"]);
    // From then on the account is there.
    const rest = await store.settle(all.slice(1).map((payment) => settling(payment)));
    expect(rest.map(({ kind }) => kind)).toEqual(["applied", "applied"]);
    const stored = await store.find(
      book,
      all.map(({ id }) => id),
    );
    expect(stored.map((payment) => [payment.state, "released" in payment && payment.released])).toEqual([
      ["settled", 96_80n],
      ["settled", 96_80n],
      ["settled", -3_20n],
    ]);
    expect((await entriesOf(book)).map(entryIdOf).toSorted()).toEqual(
      all.map(({ id }) => sagaEntryId(id, "settle")).toSorted(),
    );
    expect(await available(book)).toMatchObject({
      ...{ credits_posted: 2 * 96_80, debits_posted: 3_20, debit_room: 2 * 96_80 - 3_20, version: 3 },
      ...{ normal_side: "credit", condition: "open", currency: "USD" },
    });
  });

  test("do so once, whoever comes again with what he saw before", async () => {
    const book = "mer_once" as Book;
    await opened(book);
    const changes = [settling(await captured(book)), settling(await captured(book))];
    const results = await Promise.all(Array.from({ length: 8 }, () => store.settle(changes)));
    expect(results.flat().every(({ kind }) => kind === "applied")).toBe(true);
    expect(await available(book)).toMatchObject({ credits_posted: 2 * 96_80, version: 2 });
    expect(await entriesOf(book)).toHaveLength(2);
  });

  test("leave out the one that moved meanwhile", async () => {
    const book = "mer_moved" as Book;
    await opened(book);
    const [still, moved] = [await captured(book), await captured(book)];
    const changes = [settling(still), settling(moved)];
    const operation = { kind: "refund", refund: refundId, amount: 1n, startedAt: noon } as const;
    const refunding = evolve(moved, { type: "operation_started", operation }, noon);
    await payments.commit({ before: moved, after: refunding });
    expect(await store.settle(changes)).toMatchObject([
      { kind: "applied", payment: { state: "settled" } },
      { kind: "superseded", current: { state: "captured" } },
    ]);
    expect(await available(book)).toMatchObject({ credits_posted: 96_80 });
    expect(await entriesOf(book)).toHaveLength(1);
  });

  test("take nothing out of an account that is not in it; what comes in the same transaction counts", async () => {
    const book = "mer_owing" as Book;
    const owing = settling(await captured(book, 100_00n));
    expect(await store.settle([owing])).toEqual([{ kind: "refused", refusal: "below_min_available" }]);
    expect(await store.find(book, [owing.after.id])).toMatchObject([{ state: "captured" }]);
    const paid = settling(await captured(book));
    expect((await store.settle([paid, owing])).map(({ kind }) => kind)).toEqual(["applied", "applied"]);
    expect(await available(book)).toMatchObject({ debit_room: 96_80 - 3_20 });
  });

  test("are settled without another entry where a region was lost that had posted it", async () => {
    const book = "mer_torn" as Book;
    await opened(book);
    const payment = await captured(book);
    await store.settle([settling(payment)]);
    // The entry was replicated, and what became of the payment was not.
    await tables.client.send(new PutItemCommand({ TableName: "payments", Item: paymentItem(payment) }));
    const later = new SettlementStore(tables.client, names, parseEpoch("2"));
    expect(await later.settle([settling(payment)])).toMatchObject([{ kind: "applied" }]);
    expect(await available(book)).toMatchObject({ credits_posted: 96_80, version: 1 });
    expect(await entriesOf(book)).toHaveLength(1);
  });

  test("are as many as one transaction takes", async () => {
    const book = "mer_many" as Book;
    const first = await captured(book);
    await store.settle([settling(first)]);
    const all = await Promise.all(Array.from({ length: settledTogetherMax }, () => captured(book)));
    expect((await store.settle(all.map((each) => settling(each)))).map(({ kind }) => kind)).toEqual(
      all.map(() => "applied"),
    );
    expect(await available(book)).toMatchObject({ version: settledTogetherMax + 1 });
    await expect(
      store.settle([...all, first].map((payment) => ({ before: payment, after: payment }))),
    ).rejects.toThrow("49 payments settle in one transaction");
  });

  test("are not written over what a later epoch has written", async () => {
    const book = "mer_fenced" as Book;
    const payment = await captured(book);
    const later = new PaymentStore(tables.client, names, parseEpoch("2"));
    const operation = { kind: "refund", refund: refundId, amount: 1n, startedAt: noon } as const;
    await later.commit({
      before: payment,
      after: evolve(payment, { type: "operation_started", operation }, noon),
    });
    await expect(store.settle([settling(payment)])).rejects.toMatchObject({ name: "WriterFenced" });
  });
});

describe("an entry of settlement", () => {
  const entry = (n: number, amount: bigint, more: Partial<JournalEntry> = {}): JournalEntry => ({
    ...{ id: settlementEntryId(n), book: demo, state: "posted", effectiveAt: noon, recordedAt: noon },
    legs: [
      debit(acquirerAccount(demo, 1050, "alpha", usd), amount, usd),
      credit(acquirerAccount(demo, 1100, "alpha", usd), amount, usd),
    ],
    execution: "reconciler",
    ...more,
  });

  test("is posted once, however often it is brought", async () => {
    await Promise.all(Array.from({ length: 8 }, () => store.post(entry(1, 100n))));
    expect(await journal.find(demo, [settlementEntryId(1)])).toMatchObject([
      { type: "entry", entry: entry(1, 100n) },
    ]);
  });

  test("that says something else under the same number is never taken for it", async () => {
    await store.post(entry(2, 100n));
    await expect(store.post(entry(2, 101n))).rejects.toMatchObject({ name: "JournalDiffers" });
    expect(await journal.find(demo, [settlementEntryId(2)])).toMatchObject([{ entry: entry(2, 100n) }]);
  });

  test("moves no account that has a limit", async () => {
    const guarded = [
      debit(systemAccount(demo, 2110, usd), 1n, usd),
      credit("mer_demo:1900:USD" as AccountId, 1n, usd),
    ];
    await expect(store.post(entry(3, 1n, { legs: guarded }))).rejects.toThrow("accounts without limits");
    expect(await journal.find(demo, ["je_settlement.3" as EntryId])).toEqual([]);
  });
});
