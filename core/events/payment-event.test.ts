import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { paymentEvents, payments } from "#tests/support/arbitraries/payments.ts";
import { instants } from "#tests/support/arbitraries/values.ts";
import { exampleAuthorization, examplePayment, minute, noon, refundId } from "#tests/support/examples.ts";
import { InvariantViolation } from "../kernel/invariant.ts";
import type { PaymentEvent } from "../payments/events.ts";
import { evolve } from "../payments/evolve.ts";
import type { PendingOperation } from "../payments/operation.ts";
import type { PaymentWord } from "../payments/operator-word.ts";
import type { Payment, Review, Standing } from "../payments/payment.ts";
import { paymentView } from "../payments/view.ts";
import { parseEventId } from "./event-id.ts";
import { eventOf, opened, type PaymentEventType, publishedEvent } from "./payment-event.ts";

const authorization = exampleAuthorization;
const review: Review = { operation: "capture", acquirer: "alpha", reason: "timeout" };
const challenged: Standing = { state: "requires_action", acquirer: "alpha", acquirerReference: "a-1" };
const authorized: Standing = { state: "authorized", authorization };
const captured: Standing = { state: "captured", authorization, captured: 100_00n, refunded: 0n };
const refund: PendingOperation = { kind: "refund", refund: refundId, amount: 30_00n, startedAt: noon };
const word: PaymentWord = { as: "failed", by: "ops-1", at: noon, seen: 2, evidence: "case 4711" };
const started = (operation: PendingOperation): PaymentEvent => ({ type: "operation_started", operation });

const paymentAt = (standing: Standing, course: Partial<Payment> = {}): Payment =>
  ({ ...examplePayment(standing), version: 2, ...course }) as Payment;

// biome-ignore format: a table is read in rows
test.each<[PaymentEventType, Standing, Partial<Payment>, PaymentEvent]>([
  ["payment.authorized",       { state: "processing" }, {},                          { type: "authorized", authorization }],
  ["payment.requires_action",  { state: "processing" }, {},                          { type: "action_required", acquirer: "alpha", acquirerReference: "a-1" }],
  ["payment.resumed",          challenged,              {},                          { type: "resumed" }],
  ["payment.declined",         { state: "processing" }, {},                          { type: "declined", acquirer: "alpha", code: "expired_card" }],
  ["payment.failed",           { state: "processing" }, {},                          { type: "failed", reason: "no acquirer" }],
  ["payment.in_review",        authorized,              {},                          { type: "review_required", review }],
  ["payment.captured",         authorized,              {},                          { type: "captured", authorization, amount: 1n }],
  ["payment.authorized",       { state: "in_review", review }, {},                   { type: "authorized", authorization }],
  ["payment.canceled",         authorized,              {},                          { type: "canceled", reason: "out of stock" }],
  ["payment.expired",          authorized,              {},                          { type: "expired" }],
  ["payment.capture_started",  authorized,              {},                          started({ kind: "capture", amount: 1n, startedAt: noon })],
  ["payment.cancel_started",   authorized,              {},                          started({ kind: "cancel", startedAt: noon })],
  ["payment.refund_started",   captured,                {},                          started(refund)],
  ["payment.refund_in_review", captured,                { pendingOperation: refund }, { type: "refund_in_review", refund: refundId }],
  ["payment.refunded",         captured,                { pendingOperation: refund }, { type: "refund_succeeded", refund: refundId }],
  ["payment.refund_failed",    captured,                { pendingOperation: refund }, { type: "refund_failed", refund: refundId }],
  ["payment.review_updated",   { state: "in_review", review }, {},                   { type: "operator_said", word }],
  ["payment.review_updated",   { state: "in_review", review }, { words: [word] },    { type: "operator_overruled", says: "alpha has approved it" }],
  ["payment.review_updated",   captured,                { pendingOperation: { ...refund, inReview: true } }, { type: "refund_operator_said", refund: refundId }],
  ["payment.refunded",         captured,                { pendingOperation: { ...refund, inReview: true } }, { type: "refund_succeeded", refund: refundId }],
])("%s: a payment that is $state", (type, standing, course, fact) => {
  const before = paymentAt(standing, course);
  const after = evolve(before, fact, noon + minute);
  expect(eventOf(before, after).type).toBe(type);
});

describe("what people wrote", () => {
  const written = { ...examplePayment(), textKey: Buffer.alloc(32, 7).toString("base64url") };
  const event = eventOf(undefined, written);
  const shown = paymentView(written);

  test("is shown by whoever has the payment's key, and by nobody else", () => {
    expect(event.data).toMatchObject({ reference: null, description: null, metadata: {} });
    expect(opened(event, written.textKey)).toEqual(shown);
    expect(opened(event, undefined)).toEqual(event.data);
    expect(opened(event, Buffer.alloc(32, 8).toString("base64url"))).toEqual(event.data);
  });

  test("of a payment from before there were keys is told as it is", () => {
    const old = eventOf(undefined, examplePayment());
    expect(old.sealed).toBeUndefined();
    expect(opened(old, undefined)).toMatchObject({ reference: "order-1001", metadata: { basket: "b-7" } });
  });

  test("is gone from a payment that is redacted, which is told as such", () => {
    const declined = { ...written, state: "declined", acquirer: "alpha", decline: "lost_card" } as Payment;
    const told = eventOf(declined, evolve(declined, { type: "redacted" }, noon + minute));
    expect(told).toMatchObject({ type: "payment.redacted", sequence: 2, data: { state: "declined" } });
    expect(told.sealed).toBeUndefined();
    expect(told.data["redacted_at"]).toBe(new Date(noon + minute).toISOString());
  });
});

test("a payment that was not there before is created", () => {
  expect(eventOf(undefined, examplePayment())).toEqual({
    schema: 1,
    id: expect.stringMatching(/^evt_[0-9a-z]{26}$/),
    type: "payment.created",
    sequence: 1,
    created_at: "2026-03-01T12:00:00.000Z",
    book: "mer_demo",
    data: paymentView(examplePayment()),
  });
});

test("what the acquirer paid out settles it", () => {
  const before = paymentAt(captured);
  const after = { ...before, state: "settled", version: 3 } as Payment;
  expect(eventOf(before, after).type).toBe("payment.settled");
});

describe("whatever happens to a payment", () => {
  const changes = fc
    .tuple(payments, instants)
    .chain(([before, now]) =>
      paymentEvents(before.total.amount).map((fact) => ({ before, after: tried(before, fact, now) })),
    )
    .filter((change): change is { before: Payment; after: Payment } => change.after !== undefined);

  function tried(before: Payment, fact: PaymentEvent, now: number): Payment | undefined {
    try {
      return evolve(before, fact, now);
    } catch (error) {
      if (error instanceof InvariantViolation) return undefined;
      throw error;
    }
  }

  test("is one event that its schema knows, also after it was sent", () => {
    fc.assert(
      fc.property(changes, ({ before, after }) => {
        const event = eventOf(before, after);
        expect(publishedEvent.parse(JSON.parse(JSON.stringify(event)))).toEqual(event);
        expect(event.sequence).toBe(after.version);
      }),
    );
  });

  test("shows neither the card's token nor what only operators may know", () => {
    fc.assert(
      fc.property(changes, ({ before, after }) => {
        const text = JSON.stringify(eventOf(before, after));
        if (after.method.type === "card") expect(text).not.toContain(after.method.token);
        if (after.fingerprint !== "erased") expect(text).not.toContain(after.fingerprint);
        expect(Object.keys(eventOf(before, after).data)).not.toContain("review");
      }),
    );
  });
});

describe("the schema of an event", () => {
  const event = eventOf(undefined, examplePayment());
  const withData = (data: object) => publishedEvent.safeParse({ ...event, data: { ...event.data, ...data } });

  test.each([
    ["an amount that is a text", { amount: "1000" }],
    ["an amount below nothing", { amount_refunded: -1 }],
    ["half a unit", { amount_captured: 0.5 }],
    ["no currency", { currency: undefined }],
    ["a state that is no text", { state: 7 }],
    ["no method", { method: null }],
    ["a decline without its code", { decline: { advice: "retry" } }],
    ["another object", { object: "refund" }],
  ])("refuses %s", (_, data) => {
    expect(withData({}).success).toBe(true);
    expect(withData(data).success).toBe(false);
  });

  test("lets members through that were added later, unchanged", () => {
    const added = { risk: { score: 3 }, method: { type: "card", brand: "visa", wallet: "none" } };
    expect(withData(added).data?.data).toEqual({ ...event.data, ...added });
  });
});

describe("the id of an event", () => {
  const at = (version: number, updatedAt: number): string => {
    const before = version === 1 ? undefined : paymentAt({ state: "processing" }, { version: version - 1 });
    return eventOf(before, { ...paymentAt(authorized), version, updatedAt }).id;
  };

  test("is the same however often the change is read, and another for another version", () => {
    expect(at(3, noon)).toBe(at(3, noon));
    expect(at(3, noon)).not.toBe(at(4, noon));
    expect(parseEventId(at(3, noon))).toBe(at(3, noon));
    expect(parseEventId("evt_1")).toBeUndefined();
  });

  test("sorts by time, and in one millisecond by the payment's sequence", () => {
    const inOrder = [at(300, noon), at(2, noon + 1), at(9, noon + 1), at(10, noon + 1), at(1, noon + minute)];
    expect(inOrder.toSorted()).toEqual(inOrder);
  });
});

describe("there is no event of", () => {
  test("a change that skips a version: what lies between would be lost", () => {
    const before = paymentAt({ state: "processing" });
    expect(() => eventOf(before, { ...before, version: 4 })).toThrow("changes version by version");
    expect(() => eventOf(undefined, before)).toThrow("changes version by version");
  });

  test("a change that changes nothing, or that drops a capture while the state stays", () => {
    const before = paymentAt(authorized, {
      pendingOperation: { kind: "capture", amount: 1n, startedAt: noon },
    });
    const { pendingOperation: _, ...dropped } = before;
    expect(() => eventOf(before, { ...dropped, version: 3 } as Payment)).toThrow("its capture goes on");
    expect(() => eventOf(dropped as Payment, { ...dropped, version: 3 } as Payment)).toThrow(
      "begins an operation",
    );
  });
});
