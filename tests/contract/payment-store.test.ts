import {
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  TransactWriteItemsCommand,
} from "@aws-sdk/client-dynamodb";
import { unmarshall } from "@aws-sdk/util-dynamodb";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { duePayments } from "#adapters/dynamodb/due-payments.ts";
import { firstEpoch } from "#adapters/dynamodb/fence.ts";
import { guardedAccountItem } from "#adapters/dynamodb/guarded-accounts.ts";
import { JournalStore } from "#adapters/dynamodb/journal-store.ts";
import { accountKey, entryKey, paymentKey, resolutionKey } from "#adapters/dynamodb/keys.ts";
import { PaymentStore } from "#adapters/dynamodb/payment-store.ts";
import { type Account, type AccountId, type Book, noCounters } from "#core/ledger/account.ts";
import { entryIdOf, entryRecord, type JournalRecord, resolutionRecord } from "#core/ledger/journal.ts";
import { fold, trialBalance } from "#core/ledger/trial-balance.ts";
import { evolve } from "#core/payments/evolve.ts";
import { paymentIdOf, sagaEntryId } from "#core/payments/ids.ts";
import type { Payment } from "#core/payments/payment.ts";
import { captureResolution, holdEntry, voidResolution } from "#core/payments/postings.ts";
import { demo, exampleAuthorization, examplePayment, minute, noon } from "#tests/support/examples.ts";
import { clientOptions, startTables, type TestTables } from "#tests/support/tables.ts";

const execution =
  "arn:aws:states:eu-west-1:123456789012:express:tallystick-production-Payment:8f6a3a52-93b2-4b86-8dcb-1f4f1d5c1a11:a7c1b0ff-2f0e";

let tables: TestTables;
let payments: PaymentStore;
let journal: JournalStore;

beforeAll(async () => {
  tables = await startTables();
  payments = new PaymentStore(tables.client, { payments: "payments", ledger: "ledger" }, firstEpoch);
  journal = new JournalStore(tables.client, "ledger");
});
afterAll(() => tables.stop());

let made = 0;

/** A processing payment that is stored, under an id of its own. */
async function stored(): Promise<Payment> {
  made += 1;
  const id = paymentIdOf({ book: demo, route: "test", idempotencyKey: `key-${made}` });
  const payment = { ...examplePayment(), id };
  await payments.create(payment);
  return payment;
}

function hold(payment: Payment) {
  const entry = holdEntry(payment, exampleAuthorization, { now: noon, execution });
  if (!entry.ok) throw new Error(entry.error);
  const after = evolve(payment, { type: "authorized", authorization: exampleAuthorization }, noon);
  return { before: payment, after, journal: entryRecord(entry.value) };
}

function capture(authorized: Payment) {
  const resolution = captureResolution(authorized, exampleAuthorization, authorized.total.amount, {
    now: noon + minute,
    execution,
  });
  if (!resolution.ok) throw new Error(resolution.error);
  const amount = authorized.total.amount;
  const after = evolve(
    authorized,
    { type: "captured", authorization: exampleAuthorization, amount },
    noon + minute,
  );
  return { before: authorized, after, journal: resolutionRecord(resolution.value) };
}

async function bytesOf(table: string, key: { pk: string; sk: string }): Promise<number> {
  const Key = { pk: { S: key.pk }, sk: { S: key.sk } };
  const { Item = {} } = await tables.client.send(new GetItemCommand({ TableName: table, Key }));
  // DynamoDB counts names and values; JSON of the plain item is a little more than that.
  return Buffer.byteLength(JSON.stringify(unmarshall(Item)));
}

async function journalOf(payment: Payment): Promise<JournalRecord[]> {
  const records: JournalRecord[] = [];
  for await (const record of journal.read(demo)) {
    const id = entryIdOf(record);
    if (id === sagaEntryId(payment.id, "authorize")) records.push(record);
  }
  return records;
}

describe("a payment", () => {
  test("is created once, and the second request gets the first one's payment", async () => {
    const payment = await stored();
    const again = await payments.create({ ...payment, fingerprint: "another request" });
    expect(again).toEqual({ kind: "exists", payment });
  });

  test("is not created by a second request of the same fields a millisecond later", async () => {
    const payment = await stored();
    const again = await payments.create({ ...payment, createdAt: payment.createdAt + 1 });
    expect(again).toEqual({ kind: "exists", payment });
  });

  test("is created when the reply to its insert was lost, and the SDK met it on its second try", async () => {
    const client = new DynamoDBClient({ ...clientOptions, endpoint: tables.endpoint, maxAttempts: 2 });
    let sent = 0;
    client.middlewareStack.add(
      (next) => async (args) => {
        const reply = await next(args);
        sent += 1;
        if (sent === 1) throw Object.assign(new Error("no reply"), { name: "TimeoutError" });
        return reply;
      },
      { step: "deserialize", priority: "low" },
    );
    const id = paymentIdOf({ book: demo, route: "test", idempotencyKey: "lost reply" });
    const created = await new PaymentStore(client, { payments: "payments" }, firstEpoch).create({
      ...examplePayment(),
      id,
    });
    client.destroy();
    expect({ created, sent }).toEqual({ created: { kind: "created" }, sent: 2 });
  });

  test("is read back as it was written", async () => {
    const payment = await stored();
    expect(await payments.get(demo, payment.id)).toEqual(payment);
  });

  test("moves only from the version that the move was decided on", async () => {
    const payment = await stored();
    const declined = evolve(payment, { type: "declined", acquirer: "alpha", code: "do_not_honor" }, noon);
    const failed = evolve(payment, { type: "failed", reason: "no_acquirer_available" }, noon);
    expect(await payments.commit({ before: payment, after: declined })).toEqual({
      kind: "applied",
      payment: declined,
    });
    expect(await payments.commit({ before: payment, after: failed })).toEqual({
      kind: "superseded",
      current: declined,
    });
    expect(await payments.get(demo, payment.id)).toEqual(declined);
  });

  test("takes a retried move for the first one's, though the retry has a later clock", async () => {
    const payment = await stored();
    const first = evolve(payment, { type: "declined", acquirer: "alpha", code: "do_not_honor" }, noon);
    const retry = evolve(
      payment,
      { type: "declined", acquirer: "alpha", code: "do_not_honor" },
      noon + minute,
    );
    await payments.commit({ before: payment, after: first });
    expect(await payments.commit({ before: payment, after: retry })).toEqual({
      kind: "applied",
      payment: first,
    });
  });

  test("and its journal records each fit one write unit of 1 KB", async () => {
    const payment = await stored();
    const held = hold(payment);
    await payments.commit(held);
    await payments.commit(capture(held.after));
    expect(await bytesOf("payments", paymentKey(demo, payment.id))).toBeLessThanOrEqual(1024);
    expect(await bytesOf("ledger", entryKey(demo, sagaEntryId(payment.id, "authorize")))).toBeLessThanOrEqual(
      1024,
    );
    expect(
      await bytesOf("ledger", resolutionKey(demo, sagaEntryId(payment.id, "authorize"))),
    ).toBeLessThanOrEqual(1024);
  });
});

describe("a step that moves money", () => {
  test("writes payment and entry together, and finds both when it is retried after a lost reply", async () => {
    const change = hold(await stored());
    expect(await payments.commit(change)).toEqual({ kind: "applied", payment: change.after });
    expect(await payments.commit(change)).toEqual({ kind: "applied", payment: change.after });
    expect(await journalOf(change.after)).toEqual([change.journal]);
  });

  test("writes no entry when another run of the saga moved the payment first", async () => {
    const payment = await stored();
    const failed = evolve(payment, { type: "failed", reason: "no_acquirer_available" }, noon);
    await payments.commit({ before: payment, after: failed });
    expect(await payments.commit(hold(payment))).toEqual({ kind: "superseded", current: failed });
    expect(await journalOf(payment)).toEqual([]);
  });

  test("resolves a hold once: a void after the capture changes nothing", async () => {
    const held = hold(await stored());
    await payments.commit(held);
    const captured = capture(held.after);
    await payments.commit(captured);
    const canceled = evolve(held.after, { type: "canceled", reason: "late" }, noon);
    const journalVoid = resolutionRecord(
      voidResolution(held.after, exampleAuthorization, { now: noon, execution }),
    );
    expect(await payments.commit({ before: held.after, after: canceled, journal: journalVoid })).toEqual({
      kind: "superseded",
      current: captured.after,
    });
    expect(await journalOf(held.after)).toEqual([held.journal, captured.journal]);
  });

  test("32 of the same at once apply once, and all are told so", async () => {
    const change = hold(await stored());
    const results = await Promise.all(Array.from({ length: 32 }, () => payments.commit(change)));
    expect(results.map((result) => result.kind)).toEqual(Array.from({ length: 32 }, () => "applied"));
    expect(await journalOf(change.after)).toEqual([change.journal]);
  });

  test("leaves the books balanced: 100.00 captured at 2.9 % + 0.30 is 3.20 of fees", async () => {
    const held = hold(await stored());
    await payments.commit(held);
    await payments.commit(capture(held.after));
    const balances = fold(await journalOf(held.after));
    expect(trialBalance(balances, "USD")).toEqual({
      currency: "USD",
      debits: 100_00n,
      credits: 100_00n,
      balanced: true,
      accounts: 3,
    });
    expect(balances.get("mer_demo:4000:USD" as AccountId)?.creditsPosted).toBe(3_20n);
  });
});

describe("a guarded account", () => {
  const wallet: Account = {
    ...noCounters,
    id: "mer_demo:2110:USD" as AccountId,
    book: demo,
    currency: "USD",
    normalSide: "credit",
    condition: "open",
    creditsPosted: 50_00n,
    minAvailable: 0n,
  };

  const open = (account: Account) =>
    tables.client.send(new PutItemCommand({ TableName: "ledger", Item: guardedAccountItem(account) }));

  const read = async () => {
    const { pk, sk } = accountKey(demo, wallet.id);
    const get = new GetItemCommand({ TableName: "ledger", Key: { pk: { S: pk }, sk: { S: sk } } });
    return unmarshall((await tables.client.send(get)).Item ?? {});
  };

  /** Moves `amount` out of the wallet by an entry of its own, with a payment that goes to review. */
  async function spend(amount: bigint, currency: "USD" | "EUR" = "USD") {
    const payment = await stored();
    const after = evolve(payment, { type: "failed", reason: "moved by a test" }, noon);
    const entry = {
      id: sagaEntryId(payment.id, "authorize"),
      book: demo,
      state: "posted" as const,
      legs: [
        { account: wallet.id, side: "debit" as const, amount, currency },
        { account: "mer_demo:2200:USD" as AccountId, side: "credit" as const, amount, currency },
      ],
      effectiveAt: noon,
      recordedAt: noon,
      execution,
    };
    return {
      committed: await payments.commit({ before: payment, after, journal: entryRecord(entry) }),
      payment,
    };
  }

  test("moves in the transaction that posts to it, down to its limit and not beyond", async () => {
    await open(wallet);
    expect((await spend(50_00n)).committed.kind).toBe("applied");
    const { committed, payment } = await spend(1n);
    expect(committed).toEqual({ kind: "refused", refusal: "below_min_available" });
    expect(await payments.get(demo, payment.id)).toEqual(payment);
    expect(await journalOf(payment)).toEqual([]);
    expect(await read()).toMatchObject({ debits_posted: 50_00, credits_posted: 50_00, debit_room: 0 });
  });

  test("never passes its limit under 20 spenders at once: 50.00 is spent by ten of 5.00", async () => {
    await open(wallet);
    const results = await Promise.all(Array.from({ length: 20 }, () => spend(5_00n)));
    expect(results.filter(({ committed }) => committed.kind === "applied")).toHaveLength(10);
    expect(await read()).toMatchObject({ debits_posted: 50_00, debit_room: 0 });
  });

  test.each([
    ["account_frozen", { condition: "frozen" as const }],
    ["account_closed", { condition: "closed" as const }],
    ["account_currency_differs", { currency: "EUR" as const }],
  ])("says %s", async (refusal, change) => {
    await open({ ...wallet, ...change });
    expect((await spend(1n)).committed).toEqual({ kind: "refused", refusal });
  });

  test("takes what gives room back even when a chargeback left it beyond its limit", async () => {
    await open({ ...wallet, debitsPosted: 80_00n });
    const payment = await stored();
    const entry = holdEntry(payment, exampleAuthorization, { now: noon, execution });
    if (!entry.ok) throw new Error(entry.error);
    const legs = entry.value.legs.map((leg) =>
      leg.side === "credit" ? { ...leg, account: wallet.id } : leg,
    );
    const posted = { ...entry.value, state: "posted" as const, legs };
    const after = evolve(payment, { type: "failed", reason: "moved by a test" }, noon);
    expect((await payments.commit({ before: payment, after, journal: entryRecord(posted) })).kind).toBe(
      "applied",
    );
    expect(await read()).toMatchObject({ debit_room: 70_00 });
  });

  test("that does not exist is not found", async () => {
    await open({ ...wallet, id: "mer_demo:2110:EUR" as AccountId });
    const { pk, sk } = accountKey(demo, wallet.id);
    const Delete = { TableName: "ledger", Key: { pk: { S: pk }, sk: { S: sk } } };
    await tables.client.send(new TransactWriteItemsCommand({ TransactItems: [{ Delete }] }));
    expect((await spend(1n)).committed).toEqual({ kind: "refused", refusal: "account_not_found" });
  });
});

test("a merchant's payments are listed newest first, page by page, each once", async () => {
  const book = "mer_lister" as typeof demo;
  const ids: string[] = [];
  for (let n = 0; n < 23; n += 1) {
    const id = paymentIdOf({ book, route: "test", idempotencyKey: `${n}` });
    ids.unshift(id);
    await payments.create({ ...examplePayment(), book, id, createdAt: noon + n });
  }
  const seen: string[] = [];
  let before: string | undefined;
  do {
    const page = await payments.list(book, { limit: 5, ...(before === undefined ? {} : { before }) });
    seen.push(...page.payments.map((payment) => payment.id));
    before = page.next;
  } while (before !== undefined && seen.length < 100);
  expect(seen).toEqual(ids);
});

test("the payments that time is to end are all found, the longest overdue first, and none that has time left", async () => {
  const book = "mer_overdue" as Book;
  const waiting = Array.from({ length: 231 }, (_, n): Payment => {
    const authorization = { ...exampleAuthorization, expiresAt: noon + n };
    const id = paymentIdOf({ book, route: "test", idempotencyKey: `due-${n}` });
    return { ...examplePayment({ state: "authorized", authorization }), id, book, capture: "manual" };
  });
  await Promise.all(waiting.map((payment) => payments.create(payment)));
  const pages: (readonly string[])[] = [];
  for await (const page of duePayments(tables.client, "payments", book, noon + 229)) pages.push(page);
  expect(pages.flat()).toEqual(waiting.slice(0, 230).map(({ id }) => id));
  expect(pages.map(({ length }) => length)).toEqual([100, 100, 30]);
});
