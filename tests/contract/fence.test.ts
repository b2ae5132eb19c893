import { GetItemCommand, ScanCommand, UpdateItemCommand } from "@aws-sdk/client-dynamodb";
import { marshall, unmarshall } from "@aws-sdk/util-dynamodb";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { AccountStore } from "#adapters/dynamodb/account-store.ts";
import { type Epoch, firstEpoch, parseEpoch } from "#adapters/dynamodb/fence.ts";
import { FoldStore } from "#adapters/dynamodb/fold-store.ts";
import {
  accountKey,
  foldKey,
  journalPartition,
  type Key,
  paymentKey,
  refundKey,
} from "#adapters/dynamodb/keys.ts";
import { PaymentStore } from "#adapters/dynamodb/payment-store.ts";
import { RefundStore } from "#adapters/dynamodb/refund-store.ts";
import { UserLedger } from "#adapters/dynamodb/user-ledger.ts";
import type { UserAccountId } from "#core/ledger/account.ts";
import { systemAccount } from "#core/ledger/chart.ts";
import { credit, debit, type EntryId } from "#core/ledger/entry.ts";
import { entryRecord } from "#core/ledger/journal.ts";
import type { UserEntryId } from "#core/ledger/user-entry.ts";
import { beginRefund } from "#core/payments/begin.ts";
import { evolve } from "#core/payments/evolve.ts";
import { paymentIdOf, refundIdOf } from "#core/payments/ids.ts";
import type { Payment, Standing } from "#core/payments/payment.ts";
import type { RefundChange } from "#core/payments/ports.ts";
import { holdEntry, refundHold } from "#core/payments/postings.ts";
import { evolveRefund } from "#core/payments/refund.ts";
import { demo, exampleAuthorization, examplePayment, noon } from "#tests/support/examples.ts";
import { startTables, type TestTables } from "#tests/support/tables.ts";

const names = { payments: "payments", ledger: "ledger" };
const secondEpoch = parseEpoch("2");
const fenced = { name: "WriterFenced" };
const recorder = { now: noon, execution: "run" };
const [float, alice] = ["acc_float", "acc_alice"] as UserAccountId[] as [UserAccountId, UserAccountId];

let tables: TestTables;

beforeAll(async () => {
  tables = await startTables();
  const { accounts } = of(firstEpoch);
  for (const id of [float, alice])
    await accounts.open({
      ...{ id, book: demo, name: id, currency: "USD", normalSide: "credit", metadata: {}, openedAt: noon },
    });
});
afterAll(() => tables.stop());

/** The stores as processes of an epoch have them. */
function of(epoch: Epoch) {
  return {
    payments: new PaymentStore(tables.client, names, epoch),
    refunds: new RefundStore(tables.client, names, epoch),
    accounts: new AccountStore(tables.client, names.ledger, epoch),
    ledger: new UserLedger(tables.client, names.ledger, epoch),
    folds: new FoldStore(tables.client, names.ledger, epoch),
  };
}

let made = 0;

async function stored(standing?: Standing): Promise<Payment> {
  made += 1;
  const id = paymentIdOf({ book: demo, route: "fence", idempotencyKey: `key-${made}` });
  const payment = { ...examplePayment(standing), id };
  await of(firstEpoch).payments.create(payment);
  return payment;
}

const keyOf = ({ pk, sk }: Key) => marshall({ pk, sk });

/** What the other region does to all that it takes over: the item is as it was, and of the second epoch. */
const takeOver = (table: string, key: Key) =>
  tables.client.send(
    new UpdateItemCommand({
      TableName: table,
      Key: keyOf(key),
      UpdateExpression: "SET epoch = :epoch",
      ConditionExpression: "attribute_exists(pk)",
      ExpressionAttributeValues: { ":epoch": { N: "2" } },
    }),
  );

/** As it was written before there were epochs. */
const unstamp = (table: string, key: Key) =>
  tables.client.send(
    new UpdateItemCommand({ TableName: table, Key: keyOf(key), UpdateExpression: "REMOVE epoch" }),
  );

async function read(table: string, key: Key): Promise<Record<string, unknown>> {
  const { Item = {} } = await tables.client.send(new GetItemCommand({ TableName: table, Key: keyOf(key) }));
  return unmarshall(Item);
}

const failed = (before: Payment) => ({
  before,
  after: evolve(before, { type: "failed" as const, reason: "by a test" }, noon),
});

function hold(before: Payment) {
  const entry = holdEntry(before, exampleAuthorization, recorder);
  if (!entry.ok) throw new Error(entry.error);
  const after = evolve(before, { type: "authorized", authorization: exampleAuthorization }, noon);
  return { before, after, journal: entryRecord(entry.value) };
}

const transfer = (id: string) => ({
  id: id as UserEntryId,
  state: "posted" as const,
  legs: [
    { account: float, side: "debit" as const, amount: 1n },
    { account: alice, side: "credit" as const, amount: 1n },
  ],
});

/** Record `n` of a journal's shard, as its stream brings it. */
const streamed = (n: number) => ({
  sequence: String(n).padStart(40, "0"),
  record: entryRecord({
    id: `je_${n}` as EntryId,
    book: demo,
    state: "posted",
    legs: [
      debit(systemAccount(demo, 1000, "USD"), 1n, "USD"),
      credit(systemAccount(demo, 2100, "USD"), 1n, "USD"),
    ],
    effectiveAt: noon,
    recordedAt: noon,
    execution: "run",
  }),
});

describe("what a later epoch wrote, an earlier one does not write over:", () => {
  test("a payment", async () => {
    const payment = await stored();
    const key = paymentKey(demo, payment.id);
    await takeOver("payments", key);

    await expect(of(firstEpoch).payments.commit(failed(payment))).rejects.toMatchObject(fenced);
    await expect(of(firstEpoch).payments.create(payment)).rejects.toMatchObject(fenced);
    expect(await read("payments", key)).toMatchObject({ state: "processing", version: 1, epoch: 2 });
    expect((await of(secondEpoch).payments.commit(failed(payment))).kind).toBe("applied");
  });

  test("a payment that moves with the ledger, of which nothing is written then", async () => {
    const payment = await stored();
    await takeOver("payments", paymentKey(demo, payment.id));
    const change = hold(payment);

    const records = () => tables.client.send(new ScanCommand({ TableName: "ledger", Select: "COUNT" }));
    const { Count: before } = await records();
    await expect(of(firstEpoch).payments.commit(change)).rejects.toMatchObject(fenced);
    expect((await records()).Count).toBe(before);
    expect((await of(secondEpoch).payments.commit(change)).kind).toBe("applied");
  });

  test("a refund that moves without its payment", async () => {
    const { payment, change } = await refundToHold();
    await takeOver("payments", refundKey(demo, change.refund.after.id));

    await expect(of(firstEpoch).refunds.commitRefund(payment, change)).rejects.toMatchObject(fenced);
    expect((await of(secondEpoch).refunds.commitRefund(payment, change)).kind).toBe("applied");
  });

  test("a guarded account, and the refusal is none by the account", async () => {
    await takeOver("ledger", accountKey(demo, alice));

    await expect(
      of(firstEpoch).ledger.post(demo, [transfer("je_late")], { at: noon, execution: "run" }),
    ).rejects.toMatchObject(fenced);
    await expect(of(firstEpoch).accounts.change(demo, alice, "frozen", undefined)).rejects.toMatchObject(
      fenced,
    );
    const posted = await of(secondEpoch).ledger.post(demo, [transfer("je_late")], {
      at: noon,
      execution: "run",
    });
    expect(posted).toMatchObject([{ kind: "created" }]);
    expect((await of(secondEpoch).accounts.change(demo, alice, "frozen", undefined)).kind).toBe("changed");
    await of(secondEpoch).accounts.change(demo, alice, "open", undefined);
  });

  test("a fold, which is counted on by the region that writes", async () => {
    const shard = journalPartition(demo, 3);
    const left = of(firstEpoch).folds;
    await left.count(shard, [streamed(1)]);
    await takeOver("ledger", foldKey(shard));

    await expect(left.count(shard, [streamed(2)])).rejects.toMatchObject(fenced);
    await of(secondEpoch).folds.count(shard, [streamed(2)]);
    expect(await read("ledger", foldKey(shard))).toMatchObject({ records: 2, epoch: 2 });
  });
});

test("all that a payment's step writes carries the epoch of who wrote it", async () => {
  const payment = await stored();
  const change = hold(payment);
  await of(secondEpoch).payments.commit(change);
  expect(await read("payments", paymentKey(demo, payment.id))).toMatchObject({ version: 2, epoch: 2 });

  const { Items = [] } = await tables.client.send(new ScanCommand({ TableName: "ledger" }));
  const written = Items.map((item) => unmarshall(item)).filter(({ sk }) => String(sk).includes(payment.id));
  expect(written).not.toEqual([]);
  for (const item of written) expect(item).toMatchObject({ epoch: 2 });
});

test("what was written before there were epochs is written over by any", async () => {
  const payment = await stored();
  await unstamp("payments", paymentKey(demo, payment.id));
  expect((await of(firstEpoch).payments.commit(failed(payment))).kind).toBe("applied");
});

test.each(["", "0", "-1", "1.5", "1e3", " 1", "01", "1764158400", "one"])("%j is no epoch", (text) => {
  expect(() => parseEpoch(text)).toThrow("an integer from 1 to 100000");
});

async function refundToHold(): Promise<{ readonly payment: Payment; readonly change: RefundChange }> {
  const before = await stored({
    state: "captured",
    authorization: exampleAuthorization,
    captured: 100_00n,
    refunded: 0n,
  });
  const id = refundIdOf({ book: demo, route: before.id, idempotencyKey: "k" });
  const begun = beginRefund(before, { id, amount: 30_00n, fingerprint: "k" }, noon);
  if (!begun.ok) throw new Error(begun.error.code);
  const { event, refund } = begun.value;
  const payment = evolve(before, event, noon);
  await of(firstEpoch).refunds.commitRefund(before, {
    payment: { before, after: payment },
    refund: { after: refund },
  });
  const entry = refundHold(refund, exampleAuthorization, recorder);
  if (!entry.ok) throw new Error(entry.error);
  const after = evolveRefund(refund, { type: "held" }, noon);
  return { payment, change: { refund: { before: refund, after }, journal: entryRecord(entry.value) } };
}
