import { PutItemCommand, QueryCommand } from "@aws-sdk/client-dynamodb";
import { marshall } from "@aws-sdk/util-dynamodb";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { firstEpoch } from "#adapters/dynamodb/fence.ts";
import { guardedAccountItem } from "#adapters/dynamodb/guarded-accounts.ts";
import { JournalStore } from "#adapters/dynamodb/journal-store.ts";
import { PaymentStore } from "#adapters/dynamodb/payment-store.ts";
import { RefundStore } from "#adapters/dynamodb/refund-store.ts";
import { type AccountId, noCounters } from "#core/ledger/account.ts";
import { entryIdOf, entryRecord, type JournalRecord, resolutionRecord } from "#core/ledger/journal.ts";
import { beginCancel, beginCapture, beginRefund } from "#core/payments/begin.ts";
import { evolve } from "#core/payments/evolve.ts";
import { paymentIdOf, type RefundId, refundIdOf } from "#core/payments/ids.ts";
import type { Payment, Standing } from "#core/payments/payment.ts";
import type { RefundChange, RefundOfPayment } from "#core/payments/ports.ts";
import { refundHold, refundPosted } from "#core/payments/postings.ts";
import { evolveRefund } from "#core/payments/refund.ts";
import { conclusion } from "#core/payments/steps/record-refund.ts";
import { demo, exampleAuthorization, examplePayment, minute, noon } from "#tests/support/examples.ts";
import { startTables, type TestTables } from "#tests/support/tables.ts";

const execution = "arn:aws:states:eu-west-1:123456789012:express:refund:run-1";
const recorder = { now: noon, execution };
const authorization = exampleAuthorization;

let tables: TestTables;
let payments: PaymentStore;
let refunds: RefundStore;
let journal: JournalStore;

beforeAll(async () => {
  tables = await startTables();
  payments = new PaymentStore(tables.client, { payments: "payments", ledger: "ledger" }, firstEpoch);
  refunds = new RefundStore(tables.client, { payments: "payments", ledger: "ledger" }, firstEpoch);
  journal = new JournalStore(tables.client, "ledger");
});
afterAll(() => tables.stop());

let made = 0;

/** A payment that is stored, under an id of its own. */
async function stored(standing: Standing, more: Partial<Payment> = {}): Promise<Payment> {
  made += 1;
  const id = paymentIdOf({ book: demo, route: "refund-store", idempotencyKey: `key-${made}` });
  const payment = { ...examplePayment(standing), ...more, id } as Payment;
  await payments.create(payment);
  return payment;
}
const captured = () => stored({ state: "captured", authorization, captured: 100_00n, refunded: 0n });

function begin(payment: Payment, key: string, at = noon): RefundChange {
  const id = refundIdOf({ book: demo, route: payment.id, idempotencyKey: key });
  const begun = beginRefund(payment, { id, amount: 30_00n, fingerprint: key }, at);
  if (!begun.ok) throw new Error(begun.error.code);
  const { event, refund } = begun.value;
  return { payment: { before: payment, after: evolve(payment, event, at) }, refund: { after: refund } };
}

async function begun(): Promise<RefundOfPayment> {
  const payment = await captured();
  const committed = await refunds.commitRefund(payment, begin(payment, "k"));
  if (committed.kind !== "applied") throw new Error(committed.kind);
  return committed;
}

function hold({ refund }: RefundOfPayment): RefundChange {
  const entry = refundHold(refund, authorization, recorder);
  if (!entry.ok) throw new Error(entry.error);
  return {
    refund: { before: refund, after: evolveRefund(refund, { type: "held" }, noon) },
    journal: entryRecord(entry.value),
  };
}

async function inReview(): Promise<RefundOfPayment> {
  const of = await held();
  const review = { operation: "refund", reason: "timeout" } as const;
  const committed = await refunds.commitRefund(
    of.payment,
    conclusion(of, { type: "review_required", review }, noon),
  );
  if (committed.kind !== "applied") throw new Error(committed.kind);
  return committed;
}

function said({ payment, refund }: RefundOfPayment, by: string, as: "succeeded" | "failed"): RefundChange {
  const word = { as, by, at: noon, seen: refund.version, evidence: "case 4711" };
  return {
    refund: { before: refund, after: evolveRefund(refund, { type: "operator_said", word }, noon) },
    payment: {
      before: payment,
      after: evolve(payment, { type: "refund_operator_said", refund: refund.id }, noon),
    },
  };
}

async function held(): Promise<RefundOfPayment> {
  const of = await begun();
  const committed = await refunds.commitRefund(of.payment, hold(of));
  if (committed.kind !== "applied") throw new Error(committed.kind);
  return committed;
}

const succeed = (of: RefundOfPayment, now = noon): RefundChange =>
  conclusion(
    of,
    { type: "succeeded" },
    now,
    resolutionRecord(refundPosted(of.refund, authorization, recorder)),
  );
const fail = (of: RefundOfPayment): RefundChange => conclusion(of, { type: "failed", reason: "late" }, noon);

async function journalOf(payment: Payment): Promise<JournalRecord[]> {
  const records: JournalRecord[] = [];
  for await (const record of journal.read(demo))
    if (entryIdOf(record).startsWith(`je_${payment.id}.`)) records.push(record);
  return records;
}

describe("a refund", () => {
  test("begins together with its payment's operation, and is read back as it was written", async () => {
    const { payment, refund } = await begun();
    expect(await payments.get(demo, payment.id)).toEqual(payment);
    expect(await refunds.get(demo, refund.id)).toEqual(refund);
    expect(payment.pendingOperation).toMatchObject({ kind: "refund", refund: refund.id });
  });

  test("is not there before it begins", async () => {
    expect(await refunds.get(demo, "re_00000000000000000000000000" as RefundId)).toBeUndefined();
  });

  test("is found to have begun when its beginning is tried again after a lost reply", async () => {
    const payment = await captured();
    const change = begin(payment, "k");
    expect((await refunds.commitRefund(payment, change)).kind).toBe("applied");
    expect(await refunds.commitRefund(payment, change)).toEqual({
      kind: "applied",
      payment: change.payment?.after,
      refund: change.refund.after,
    });
  });

  test("begins alone: of two at once, one is told of the other, though they ask for the same", async () => {
    const payment = await captured();
    const first = begin(payment, "one");
    await refunds.commitRefund(payment, first);
    expect(await refunds.commitRefund(payment, begin(payment, "two", noon + 1))).toEqual({
      kind: "superseded",
      payment: first.payment?.after,
      refund: undefined,
    });
    expect(await refunds.get(demo, begin(payment, "two").refund.after.id)).toBeUndefined();
  });

  test("never begins twice: a request whose refund is over meets it", async () => {
    const of = await held();
    const done = await refunds.commitRefund(of.payment, succeed(of));
    if (done.kind !== "applied") throw new Error(done.kind);
    const again = await refunds.commitRefund(done.payment, begin(done.payment, "k"));
    expect(again).toEqual({ kind: "superseded", payment: done.payment, refund: done.refund });
    expect(await payments.get(demo, of.payment.id)).toEqual(done.payment);
  });
});

describe("a step of a refund that moves money", () => {
  test("holds it together with the refund, once, and leaves the payment as it was", async () => {
    const of = await begun();
    const change = hold(of);
    for (let n = 0; n < 2; n += 1)
      expect(await refunds.commitRefund(of.payment, change)).toEqual({
        kind: "applied",
        payment: of.payment,
        refund: change.refund.after,
      });
    expect(await payments.get(demo, of.payment.id)).toEqual(of.payment);
    expect(await journalOf(of.payment)).toEqual([change.journal]);
  });

  test("ends refund, operation and hold in one write, and finds all three when it is tried again later", async () => {
    const of = await held();
    const change = succeed(of);
    await refunds.commitRefund(of.payment, change);
    expect(await refunds.commitRefund(of.payment, succeed(of, noon + minute))).toEqual({
      kind: "applied",
      payment: change.payment?.after,
      refund: change.refund.after,
    });
    expect(await journalOf(of.payment)).toMatchObject([
      { type: "entry" },
      { resolution: { kind: "posted" } },
    ]);
  });

  test("comes too late, by a process that was taken for dead: the refund has failed, and nothing is held for it", async () => {
    const of = await begun();
    const zombie = hold(of);
    const failed = await refunds.commitRefund(of.payment, fail(of));
    if (failed.kind !== "applied") throw new Error(failed.kind);
    expect(await refunds.commitRefund(of.payment, zombie)).toEqual({
      kind: "superseded",
      payment: failed.payment,
      refund: failed.refund,
    });
    expect(await journalOf(of.payment)).toEqual([]);
  });

  test("is decided again when the payment moved meanwhile: neither of them is written", async () => {
    const of = await held();
    const settled = {
      ...of.payment,
      state: "settled",
      released: 1n,
      version: of.payment.version + 1,
    } as Payment;
    await payments.commit({ before: of.payment, after: settled });
    const late = await refunds.commitRefund(of.payment, succeed(of));
    expect(late).toEqual({ kind: "superseded", payment: settled, refund: of.refund });
    expect(await refunds.get(demo, of.refund.id)).toEqual(of.refund);
  });

  test("takes one word about a version: the same again is the same, and another comes too late", async () => {
    const of = await inReview();
    const word = said(of, "ops-1", "failed");
    for (let n = 0; n < 2; n += 1)
      expect(await refunds.commitRefund(of.payment, word)).toMatchObject({ kind: "applied" });
    expect(await refunds.commitRefund(of.payment, said(of, "ops-2", "succeeded"))).toEqual({
      kind: "superseded",
      payment: word.payment?.after,
      refund: word.refund.after,
    });
  });

  test("32 of the same at once apply once, and all are told so", async () => {
    const of = await held();
    const change = succeed(of);
    const results = await Promise.all(
      Array.from({ length: 32 }, () => refunds.commitRefund(of.payment, change)),
    );
    expect(new Set(results.map(({ kind }) => kind))).toEqual(new Set(["applied"]));
    expect(await journalOf(of.payment)).toHaveLength(2);
  });

  test("from a guarded account is refused when it has no room, and then nothing was written", async () => {
    const account = {
      ...noCounters,
      id: "mer_demo:2110:USD" as AccountId,
      book: demo,
      currency: "USD",
      normalSide: "credit",
      condition: "open",
      creditsPosted: 29_99n,
      minAvailable: 0n,
    } as const;
    await tables.client.send(new PutItemCommand({ TableName: "ledger", Item: guardedAccountItem(account) }));
    const { payment, refund } = await begun();
    const of = { payment, refund: { ...refund, from: 2110 as const } };
    expect(await refunds.commitRefund(payment, hold(of))).toEqual({
      kind: "refused",
      refusal: "below_min_available",
    });
    expect(await refunds.get(demo, refund.id)).toEqual(refund);
    expect(await journalOf(payment)).toEqual([]);
  });
});

describe("the index of what time ends", () => {
  async function due(): Promise<string[]> {
    const { Items = [] } = await tables.client.send(
      new QueryCommand({
        TableName: "payments",
        IndexName: "due",
        KeyConditionExpression: "due_pk = :book AND due_at <= :at",
        ExpressionAttributeValues: marshall({ ":book": demo, ":at": authorization.expiresAt }),
      }),
    );
    return Items.map((item) => item["pk"]?.S ?? "");
  }
  const keyOf = (payment: Payment) => `${demo}#${payment.id}`;

  test("has what waits for the merchant or the customer, and nothing that goes on by itself", async () => {
    const authorized: Standing = { state: "authorized", authorization };
    const manual = await stored(authorized, { capture: "manual" });
    const waiting = await stored({ state: "requires_action", acquirer: "alpha", acquirerReference: "a-1" });
    const automatic = await stored(authorized);
    const found = await due();
    expect(found).toEqual(expect.arrayContaining([keyOf(manual), keyOf(waiting)]));
    expect(found).not.toContain(keyOf(automatic));
  });

  test("forgets what was asked for: an operation ends it", async () => {
    const payment = await stored({ state: "authorized", authorization }, { capture: "manual" });
    const asked = beginCapture(payment, 1n, noon);
    if (!asked.ok) throw new Error(asked.error.code);
    await payments.commit({ before: payment, after: evolve(payment, asked.value, noon) });
    expect(await due()).not.toContain(keyOf(payment));
  });
});

test("an operation begins alone, though another one asks for the same at another moment", async () => {
  const payment = await stored({ state: "authorized", authorization }, { capture: "manual" });
  const after = (at: number) => {
    const begun = beginCapture(payment, 1n, at);
    if (!begun.ok) throw new Error(begun.error.code);
    return evolve(payment, begun.value, at);
  };
  const first = after(noon);
  expect(await payments.commit({ before: payment, after: first })).toEqual({
    kind: "applied",
    payment: first,
  });
  expect(await payments.commit({ before: payment, after: first })).toEqual({
    kind: "applied",
    payment: first,
  });
  const refused = { kind: "superseded", current: first };
  expect(await payments.commit({ before: payment, after: after(noon + 1) })).toEqual(refused);
  const cancel = beginCancel(payment, noon);
  if (!cancel.ok) throw new Error(cancel.error.code);
  expect(await payments.commit({ before: payment, after: evolve(payment, cancel.value, noon) })).toEqual(
    refused,
  );
});
