import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Account, type AccountId, noCounters } from "#core/ledger/account.ts";
import { fold, trialBalance } from "#core/ledger/trial-balance.ts";
import { beginCancel, beginCapture, beginRefund } from "#core/payments/begin.ts";
import type { PaymentEvent } from "#core/payments/events.ts";
import { evolve } from "#core/payments/evolve.ts";
import { operationKey, refundIdOf } from "#core/payments/ids.ts";
import type { Payment } from "#core/payments/payment.ts";
import type { RefundOfPayment } from "#core/payments/ports.ts";
import { fromRecord, type PaymentRecord, toRecord } from "#core/payments/record.ts";
import { fromRefundRecord, toRefundRecord } from "#core/payments/refund-record.ts";
import { demo } from "#tests/support/examples.ts";
import { type SagaTasks, startSagaTasks } from "#tests/support/saga-tasks.ts";
import { valued } from "#tests/support/valued.ts";
import type { RefundStepOutput } from "#workflows/refund/contract.ts";

/** What merchants ask for after a payment, on the tasks as they are deployed, with a DynamoDB and acquirers of their own. */

const execution = "arn:aws:states:eu-west-1:123456789012:express:payment:run-1";
const cards = {
  approved: "4242424242424242",
  wantsTheCustomer: "4000003800000446",
  captureRefused: "4000000000005068",
  refundInSilence: "4000000000005076",
};

let saga: SagaTasks;
beforeAll(async () => {
  saga = await startSagaTasks();
});
afterAll(() => saga.stop());

/** An authorized payment whose capture waits for the merchant. */
async function hold(card: string, capture: Payment["capture"] = "manual") {
  const payment = await saga.create(card, { capture });
  const approved = await saga.run("authorize", { payment: toRecord(payment) });
  if (approved.outcome !== "approved") throw new Error(JSON.stringify(approved));
  const { authorization } = approved;
  const held = await saga.run("post", { payment: approved.payment, authorization, execution });
  return { payment: fromRecord(held.payment), authorization };
}

/** What the API does before a saga runs. */
async function begin(payment: Payment, event: PaymentEvent): Promise<Payment> {
  const committed = await saga.payments.commit({
    before: payment,
    after: evolve(payment, event, Date.now()),
  });
  if (committed.kind !== "applied") throw new Error(committed.kind);
  return committed.payment;
}

const settle = (payment: Payment, attempt = 0) =>
  saga.run("settle", { payment: toRecord(payment), execution, attempt });

async function captured(card: string): Promise<Payment> {
  const { payment } = await hold(card, "automatic");
  return fromRecord((await settle(payment)).payment);
}

async function beginRefundOf(payment: Payment, amount: bigint): Promise<RefundOfPayment> {
  const n = payment.refunds?.length ?? 0;
  const id = refundIdOf({ book: demo, route: payment.id, idempotencyKey: `refund-${n}` });
  const begun = valued(beginRefund(payment, { id, amount, fingerprint: "f" }, Date.now()));
  const committed = await saga.refunds.commitRefund(payment, {
    payment: { before: payment, after: evolve(payment, begun.event, Date.now()) },
    refund: { after: begun.refund },
  });
  if (committed.kind !== "applied") throw new Error(committed.kind);
  return committed;
}

const wire = ({ payment, refund }: RefundOfPayment) => ({
  payment: toRecord(payment),
  refund: toRefundRecord(refund),
});
const read = ({ payment, refund }: RefundStepOutput): RefundOfPayment => ({
  payment: fromRecord(payment),
  refund: fromRefundRecord(refund),
});

/** The whole saga of a refund, as its state machine runs it. */
async function refund(payment: Payment, amount: bigint): Promise<RefundOfPayment> {
  const held = await saga.runRefund("hold", { ...wire(await beginRefundOf(payment, amount)), execution });
  if (held.outcome === "concluded") return read(held);
  const { payment: held1, refund: held2 } = held;
  return read(await saga.runRefund("giveBack", { payment: held1, refund: held2, execution, attempt: 0 }));
}

async function expectStored({ payment, refund: of }: RefundOfPayment): Promise<void> {
  expect(await saga.stored(payment)).toEqual(toRecord(payment));
  expect(await saga.refunds.get(demo, of.id)).toEqual(of);
}

const balancesOf = async (payment: Payment) => fold(await saga.journalOf(payment));

describe("a capture that the merchant asks for", () => {
  test("takes its part, books the fee of that part, and releases the rest", async () => {
    const { payment } = await hold(cards.approved);
    const asked = await begin(payment, valued(beginCapture(payment, 60_00n, Date.now())));
    const output = await settle(asked);

    expect(output).toMatchObject({
      outcome: "captured",
      payment: { state: "captured", captured: 60_00, version: 4 },
    });
    expect(output.payment.pending_operation).toBeUndefined();
    expect(await saga.stored(payment)).toEqual(output.payment);
    const balances = await balancesOf(payment);
    expect(balances.get("mer_demo:2100:USD" as AccountId)).toMatchObject({
      creditsPosted: 57_96n,
      creditsPending: 0n,
    });
    expect(trialBalance(balances, "USD")).toMatchObject({ debits: 60_00n, credits: 60_00n, balanced: true });
  });

  test("is not settled while nobody has asked: the money waits", async () => {
    const { payment } = await hold(cards.approved);
    expect(await settle(payment)).toEqual({ outcome: "concluded", payment: toRecord(payment) });
    expect(saga.alpha.inquire(operationKey(payment.id, "capture"))).toBeUndefined();
  });

  test("and that the acquirer refuses is compensated like an automatic one", async () => {
    const { payment } = await hold(cards.captureRefused);
    const asked = await begin(payment, valued(beginCapture(payment, 60_00n, Date.now())));
    const refused = await settle(asked);
    if (refused.outcome !== "refused") throw new Error(JSON.stringify(refused));
    const { authorization, reason } = refused;
    const output = await saga.run("compensate", {
      payment: refused.payment,
      authorization,
      reason,
      execution,
      attempt: 0,
    });
    expect(output.payment).toMatchObject({ state: "canceled", cancellation: "operation_refused" });
    expect(output.payment.pending_operation).toBeUndefined();
    expect(trialBalance(await balancesOf(payment), "USD")).toMatchObject({ debits: 0n, credits: 0n });
  });
});

describe("a cancellation that the merchant asks for", () => {
  test("voids the authorization and its hold", async () => {
    const { payment, authorization } = await hold(cards.approved);
    const asked = await begin(payment, valued(beginCancel(payment, Date.now())));
    const output = await saga.run("compensate", {
      payment: toRecord(asked),
      authorization,
      reason: "requested",
      execution,
      attempt: 0,
    });
    expect(output.payment).toMatchObject({ state: "canceled", cancellation: "requested", version: 4 });
    expect(await saga.stored(payment)).toEqual(output.payment);
    expect(saga.alpha.inquire(operationKey(payment.id, "void"))?.result).toBe("approved");
  });
});

describe("a payment that waits for its customer", () => {
  async function waiting() {
    const payment = await saga.create(cards.wantsTheCustomer);
    const output = await saga.run("authorize", { payment: toRecord(payment) });
    expect(output.payment).toMatchObject({
      state: "requires_action",
      redirect_url: expect.stringContaining("http"),
    });
    return fromRecord(output.payment) as Payment & { readonly state: "requires_action" };
  }
  const resume = (payment: Payment) => saga.run("resume", { payment: toRecord(payment) });

  test("goes on once the customer has acted, by the acquirer's word", async () => {
    const payment = await waiting();
    expect(await resume(payment)).toEqual({ outcome: "concluded", payment: toRecord(payment) });
    saga.alpha.complete(payment.acquirerReference, "approved");
    const approved = await resume(payment);
    if (approved.outcome !== "approved") throw new Error(JSON.stringify(approved));
    const { authorization } = approved;
    const held = await saga.run("post", { payment: approved.payment, authorization, execution });
    expect(held).toMatchObject({ outcome: "held", payment: { state: "authorized", version: 4 } });
    expect(await saga.stored(payment)).toEqual(held.payment);
  });

  test("is declined once the customer has refused", async () => {
    const payment = await waiting();
    saga.alpha.complete(payment.acquirerReference, "declined");
    const { payment: declined } = await resume(payment);
    expect(declined).toMatchObject({ state: "declined", version: 4 });
    expect(await saga.stored(payment)).toEqual(declined);
  });

  test("is canceled once the acquirer has let go, and the customer comes too late", async () => {
    const payment = await waiting();
    const asked = await begin(payment, valued(beginCancel(payment, Date.now())));
    const output = await saga.run("compensate", {
      payment: toRecord(asked),
      reason: "requested",
      execution,
      attempt: 0,
    });
    expect(output.payment).toMatchObject({ state: "canceled", cancellation: "requested" });
    expect(saga.alpha.complete(payment.acquirerReference, "approved")).toBe("not_pending");
  });
});

describe("refunds", () => {
  test("give back part by part, until nothing is left: the acquirer, the books and the payment say the same", async () => {
    let payment = await captured(cards.approved);
    for (const [amount, refunded] of [
      [30_00n, 30_00n],
      [70_00n, 100_00n],
    ] as const) {
      const done = await refund(payment, amount);
      expect(done).toMatchObject({
        payment: { state: "captured", refunded },
        refund: { state: "succeeded" },
      });
      expect(done.payment).not.toHaveProperty("pendingOperation");
      await expectStored(done);
      payment = done.payment;
    }
    expect(
      beginRefund(payment, { id: payment.refunds?.[0] as never, amount: 1n, fingerprint: "f" }, 0),
    ).toEqual({
      ok: false,
      error: { code: "exceeds_captured" },
    });
    const balances = await balancesOf(payment);
    const receivable = balances.get("mer_demo:1100:alpha:USD" as AccountId);
    expect(receivable).toMatchObject({ debitsPosted: 100_00n, creditsPosted: 100_00n, creditsPending: 0n });
    expect(saga.alpha.inquire(operationKey(payment.id, "refund", 2))?.result).toBe("approved");
  });

  test("whose outcome is unknown wait in review, with the money still held, until the acquirer is asked what it did", async () => {
    const unknown = await refund(await captured(cards.refundInSilence), 30_00n);
    expect(unknown).toMatchObject({
      payment: { state: "captured", refunded: 0n, pendingOperation: { kind: "refund", inReview: true } },
      refund: { state: "in_review", held: true, review: { operation: "refund", acquirer: "alpha" } },
    });
    await expectStored(unknown);
    const balances = await balancesOf(unknown.payment);
    expect(balances.get("mer_demo:2100:USD" as AccountId)?.debitsPending).toBe(30_00n);

    const found = read(await saga.runRefund("giveBack", { ...wire(unknown), execution, attempt: 1 }));
    expect(found).toMatchObject({ payment: { refunded: 30_00n }, refund: { state: "succeeded" } });
    await expectStored(found);
  });

  test("that the acquirer refuses fail, and release what was held", async () => {
    const payment = await captured(cards.approved);
    // Somebody has refunded all of it at the acquirer, by hand.
    saga.alpha.execute({
      operation: "refund",
      key: `${payment.id}:by-hand`,
      reference: ("authorization" in payment && payment.authorization?.reference) || "",
      amount: 100_00,
    });
    const failed = await refund(payment, 30_00n);
    expect(failed).toMatchObject({
      payment: { refunded: 0n },
      refund: { state: "failed", failure: "operation_refused" },
    });
    await expectStored(failed);
    expect((await balancesOf(payment)).get("mer_demo:2100:USD" as AccountId)?.debitsPending).toBe(0n);
  });

  test("whose hold was lost on the way are reviewed, and go on from there", async () => {
    const begun = await beginRefundOf(await captured(cards.approved), 30_00n);
    const reviewed = await saga.runRefund("review", {
      ...wire(begun),
      step: "hold",
      error: "States.Timeout",
    });
    expect(reviewed.refund).toMatchObject({ state: "in_review", held: false });
    const { payment, refund: of } = reviewed;
    const held = await saga.runRefund("hold", { payment, refund: of, execution });
    const done = await saga.runRefund("giveBack", {
      payment: held.payment,
      refund: held.refund,
      execution,
      attempt: 0,
    });
    expect(done).toMatchObject({ payment: { refunded: 30_00 }, refund: { state: "succeeded" } });
    await expectStored(read(done));
  });
});

describe("a wallet", () => {
  let made = 0;
  async function wallet(funds: bigint): Promise<AccountId> {
    made += 1;
    const account: Account = {
      ...noCounters,
      id: `acc_wallet_${made}` as AccountId,
      book: demo,
      currency: "USD",
      normalSide: "credit",
      condition: "open",
      creditsPosted: funds,
      minAvailable: 0n,
    };
    await saga.open(account);
    return account.id;
  }

  async function pay(account: AccountId): Promise<{ payment: Payment; record: PaymentRecord }> {
    const payment = await saga.create("", { method: { type: "account", account } });
    const output = await saga.run("transfer", { payment: toRecord(payment), execution });
    expect(await saga.stored(payment)).toEqual(output.payment);
    return { payment: fromRecord(output.payment), record: output.payment };
  }

  test("pays into the merchant's sales, is paid back from there, and no acquirer hears of it", async () => {
    const { payment } = await pay(await wallet(100_00n));
    expect(payment).toMatchObject({ state: "captured", captured: 100_00n });
    const done = await refund(payment, 40_00n);
    expect(done).toMatchObject({ payment: { refunded: 40_00n }, refund: { state: "succeeded" } });
    await expectStored(done);
    const sales = (await balancesOf(payment)).get("acc_sales_usd" as AccountId);
    expect(sales).toMatchObject({ creditsPosted: 100_00n, debitsPosted: 40_00n });
    expect(saga.alpha.inquire(operationKey(payment.id, "authorize"))).toBeUndefined();
  });

  test("that does not have the money pays nothing: the payment fails by the account's own word", async () => {
    const { payment, record } = await pay(await wallet(99_99n));
    expect(record).toMatchObject({ state: "failed", failure: "below_min_available" });
    expect(await saga.journalOf(payment)).toEqual([]);
  });

  test("that is not there fails likewise", async () => {
    const { record } = await pay("acc_nobody" as AccountId);
    expect(record).toMatchObject({ state: "failed", failure: "account_not_found" });
  });

  test("that takes nothing any more keeps the refund from succeeding, and the merchant's sales are whole", async () => {
    const account = await wallet(100_00n);
    const { payment } = await pay(account);
    await saga.open({
      ...noCounters,
      id: account,
      book: demo,
      currency: "USD",
      normalSide: "credit",
      condition: "closed",
    });
    const failed = await refund(payment, 40_00n);
    expect(failed).toMatchObject({
      payment: { refunded: 0n },
      refund: { state: "failed", failure: "account_closed" },
    });
    await expectStored(failed);
    expect((await balancesOf(payment)).get("acc_sales_usd" as AccountId)?.debitsPosted).toBe(0n);
  });
});
