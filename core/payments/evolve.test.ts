import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { paymentEvents, payments } from "#tests/support/arbitraries/payments.ts";
import { instants } from "#tests/support/arbitraries/values.ts";
import { exampleAuthorization, examplePayment, minute, noon, refundId } from "#tests/support/examples.ts";
import { InvariantViolation } from "../kernel/invariant.ts";
import type { PaymentEvent, Transition } from "./events.ts";
import { evolve } from "./evolve.ts";
import type { PendingOperation } from "./operation.ts";
import { openWordOf, type PaymentWord, possibleOutcomes, wordsMax } from "./operator-word.ts";
import {
  capturedOf,
  type Payment,
  type Review,
  refundedOf,
  refundPendingOf,
  type Standing,
} from "./payment.ts";
import { isTerminal, mayMove, type PaymentState } from "./states.ts";

const authorization = exampleAuthorization;
const review: Review = { operation: "capture", acquirer: "alpha", reason: "timeout" };
const actionRequired: Standing = { state: "requires_action", acquirer: "alpha", acquirerReference: "a-1" };

// biome-ignore format: a table is read in rows
test.each<{ given: Standing; when: PaymentEvent; becomes: Standing }>([
  { given: { state: "processing" },
    when: { type: "authorized", authorization },
    becomes: { state: "authorized", authorization } },
  { given: { state: "processing" },
    when: { type: "action_required", acquirer: "alpha", acquirerReference: "a-1" },
    becomes: actionRequired },
  { given: { state: "processing" },
    when: { type: "declined", acquirer: "alpha", code: "expired_card" },
    becomes: { state: "declined", acquirer: "alpha", decline: "expired_card" } },
  { given: { state: "processing" },
    when: { type: "failed", reason: "no acquirer" },
    becomes: { state: "failed", failure: "no acquirer" } },
  { given: { state: "processing" },
    when: { type: "captured", authorization, amount: 100_00n },
    becomes: { state: "captured", authorization, captured: 100_00n, refunded: 0n } },
  { given: { state: "processing" },
    when: { type: "review_required", review },
    becomes: { state: "in_review", review } },
  { given: actionRequired,
    when: { type: "canceled", reason: "gave up" },
    becomes: { state: "canceled", acquirer: "alpha", cancellation: "gave up" } },
  { given: { state: "authorized", authorization },
    when: { type: "captured", authorization, amount: 1n },
    becomes: { state: "captured", authorization, captured: 1n, refunded: 0n } },
  { given: { state: "authorized", authorization },
    when: { type: "canceled", reason: "out of stock" },
    becomes: { state: "canceled", authorization, cancellation: "out of stock" } },
  { given: { state: "authorized", authorization },
    when: { type: "review_required", review },
    becomes: { state: "in_review", authorization, review } },
  { given: { state: "in_review", authorization, review },
    when: { type: "captured", authorization, amount: 40_00n },
    becomes: { state: "captured", authorization, captured: 40_00n, refunded: 0n } },
  { given: { state: "in_review", authorization, review },
    when: { type: "canceled", reason: "voided" },
    becomes: { state: "canceled", authorization, cancellation: "voided" } },
  { given: { state: "authorized", authorization },
    when: { type: "expired" },
    becomes: { state: "expired", authorization } },
  { given: actionRequired,
    when: { type: "expired" },
    becomes: { state: "expired", acquirer: "alpha" } },
  { given: actionRequired,
    when: { type: "resumed" },
    becomes: { state: "processing" } },
  { given: { state: "processing" },
    when: { type: "captured", amount: 100_00n },
    becomes: { state: "captured", captured: 100_00n, refunded: 0n } },
  { given: { state: "in_review", review },
    when: { type: "authorized", authorization },
    becomes: { state: "authorized", authorization } },
])("given $given.state, when $when.type, then it is $becomes.state with what that state knows, and no more", ({ given, when, becomes }) => {
  const before = examplePayment(given);

  const after = evolve(before, when, noon + minute);

  expect(after).toStrictEqual({ ...examplePayment(becomes), version: 2, updatedAt: noon + minute });
});

describe("a fact that does not apply is a broken invariant", () => {
  // biome-ignore format: a table is read in rows
  test.each<{ given: Standing; when: PaymentEvent; what: string }>([
    { given: { state: "processing" },                when: { type: "canceled", reason: "x" },                          what: "moves from processing to canceled" },
    { given: { state: "authorized", authorization }, when: { type: "declined", acquirer: "alpha", code: "lost_card" }, what: "moves from authorized to declined" },
    { given: { state: "authorized", authorization }, when: { type: "authorized", authorization },                      what: "moves from authorized to authorized" },
    { given: { state: "failed", failure: "x" },      when: { type: "authorized", authorization },                      what: "moves from failed to authorized" },
    { given: { state: "authorized", authorization }, when: { type: "captured", authorization, amount: 100_01n },       what: "captures 10001 of 10000" },
    { given: { state: "authorized", authorization }, when: { type: "captured", authorization, amount: 0n },            what: "captures 0 of 10000" },
  ])("given $given.state, when $when.type: it $what", ({ given, when, what }) => {
    const payment = examplePayment(given);

    expect(() => evolve(payment, when, noon)).toThrow(new InvariantViolation(`${payment.id} ${what}`));
  });
});

const stateAfter: Record<Transition["type"], PaymentState> = {
  authorized: "authorized",
  action_required: "requires_action",
  resumed: "processing",
  declined: "declined",
  failed: "failed",
  captured: "captured",
  settled: "settled",
  canceled: "canceled",
  expired: "expired",
  review_required: "in_review",
};

const endsOperation = new Set<string>(["declined", "failed", "captured", "canceled", "expired"]);

const isOver = (state: PaymentState): boolean => isTerminal(state) || state === "captured";

/** The rules a second time, in other words. */
function applies(payment: Payment, event: PaymentEvent): boolean {
  const { state, pendingOperation: pending } = payment;
  const open = capturedOf(payment) - refundedOf(payment);
  switch (event.type) {
    case "operation_started": {
      if (pending !== undefined) return false;
      const { operation } = event;
      if (operation.kind === "refund")
        return (state === "captured" || state === "settled") && operation.amount <= open;
      return [
        "authorized",
        "in_review",
        ...(operation.kind === "cancel" ? ["requires_action"] : []),
      ].includes(state);
    }
    case "refund_succeeded":
    case "refund_failed":
    case "refund_in_review":
    case "refund_operator_said":
      return pending?.kind === "refund" && pending.refund === event.refund;
    case "redacted":
      return pending === undefined && payment.redactedAt === undefined && isOver(state);
    case "operator_said":
      return possibleOutcomes(payment).includes(event.word.as) && (payment.words?.length ?? 0) < wordsMax;
    case "operator_overruled":
      return openWordOf<PaymentWord>(payment) !== undefined;
    default: {
      if (!mayMove(state, stateAfter[event.type])) return false;
      if (event.type === "settled") return pending === undefined;
      if (event.type === "captured" && pending?.kind === "capture") return event.amount === pending.amount;
      return (
        pending === undefined || endsOperation.has(event.type) || stateAfter[event.type] !== "processing"
      );
    }
  }
}

/** Every field that the payment was created with. */
const agreement = ({ id, book, total, capture, method, fees, fingerprint, ...rest }: Payment) => {
  const { reference, description, returnUrl, textKey, metadata, createdAt } = rest;
  const optional = { reference, description, returnUrl, textKey };
  return { id, book, total, capture, method, fees, fingerprint, metadata, createdAt, ...optional };
};

test("whatever happens in whatever order: states move along the table, versions by one, terminal is terminal", () => {
  const histories = payments.chain((payment) =>
    fc.tuple(
      fc.constant(payment),
      fc.array(fc.tuple(paymentEvents(payment.total.amount), instants), { maxLength: 12 }),
    ),
  );

  fc.assert(
    fc.property(histories, ([start, events]) => {
      let payment = start;
      for (const [event, at] of events) {
        if (!applies(payment, event)) {
          expect(() => evolve(payment, event, at)).toThrow(InvariantViolation);
          continue;
        }
        const after = evolve(payment, event, at);
        const isErasure = event.type === "redacted";
        expect(isErasure || payment.state === "settled" || !isTerminal(payment.state)).toBe(true);
        expect(after).toMatchObject({ version: payment.version + 1, updatedAt: at });
        expect(after.state).toBe(
          event.type in stateAfter ? stateAfter[event.type as Transition["type"]] : payment.state,
        );
        expect(agreement(after)).toEqual({
          ...agreement(payment),
          ...(isErasure && { reference: undefined, description: undefined, returnUrl: undefined }),
          ...(isErasure && { metadata: {}, textKey: undefined, fingerprint: "erased" }),
        });
        // What was said stays said, and what came of it too.
        for (const [place, word] of (payment.words ?? []).entries())
          expect(after.words?.[place]).toMatchObject(word);
        if (after.state !== "in_review") expect(openWordOf<PaymentWord>(after)).toBeUndefined();
        expect(0n <= refundedOf(after) && refundedOf(after) >= refundedOf(payment)).toBe(true);
        expect(refundedOf(after) + refundPendingOf(after) <= capturedOf(after)).toBe(true);
        expect(capturedOf(after) <= after.total.amount).toBe(true);
        payment = after;
      }
      if (isTerminal(start.state) && start.state !== "settled") expect(payment.state).toBe(start.state);
    }),
  );
});

describe("a redaction", () => {
  const textKey = "k";
  const captured = {
    ...examplePayment({ state: "captured", authorization, captured: 100_00n, refunded: 0n }),
  };
  const written = { ...captured, description: "for Jane", returnUrl: "https://shop.test/jane", textKey };

  test("takes away what people wrote, the key of its seals and the digest of it, and leaves all else", () => {
    const { reference: _reference, ...rest } = captured;
    expect(evolve(written, { type: "redacted" }, noon + minute)).toStrictEqual({
      ...{ ...rest, metadata: {}, fingerprint: "erased", redactedAt: noon + minute },
      ...{ version: 2, updatedAt: noon + minute },
    });
  });

  test("stays, and happens once", () => {
    const redacted = evolve(written, { type: "redacted" }, noon);
    const operation = { kind: "refund", refund: refundId, amount: 30_00n, startedAt: noon } as const;
    expect(evolve(redacted, { type: "operation_started", operation }, noon).redactedAt).toBe(noon);
    expect(() => evolve(redacted, { type: "redacted" }, noon)).toThrow("is redacted once");
  });

  test("waits for the end of what goes on", () => {
    const pendingOperation = { kind: "refund", refund: refundId, amount: 30_00n, startedAt: noon } as const;
    for (const payment of [examplePayment(), { ...captured, pendingOperation }])
      expect(() => evolve(payment, { type: "redacted" }, noon)).toThrow("is redacted at its end");
  });
});

describe("an operation", () => {
  const capture = { kind: "capture", amount: 60_00n, startedAt: noon } as const;
  const cancel = { kind: "cancel", startedAt: noon } as const;
  const refund = { kind: "refund", refund: refundId, amount: 30_00n, startedAt: noon } as const;
  const authorized = examplePayment({ state: "authorized", authorization });
  const captured = examplePayment({ state: "captured", authorization, captured: 100_00n, refunded: 5_00n });
  const begun = (payment: Payment, operation: PendingOperation) =>
    evolve(payment, { type: "operation_started", operation }, noon + minute);

  test("begins without a move: one version more, and nothing else changes", () => {
    expect(begun(authorized, capture)).toStrictEqual({
      ...authorized,
      version: 2,
      updatedAt: noon + minute,
      pendingOperation: capture,
    });
  });

  test("that is a refund takes its place in the payment's list", () => {
    const earlier = "re_0000000000000000000000000" as typeof refundId;
    expect(begun({ ...captured, refunds: [earlier] }, refund)).toMatchObject({
      state: "captured",
      refunded: 5_00n,
      refunds: [earlier, refundId],
      pendingOperation: refund,
    });
  });

  test("stays while its outcome is unknown", () => {
    expect(evolve(begun(authorized, capture), { type: "review_required", review }, noon)).toMatchObject({
      state: "in_review",
      pendingOperation: capture,
    });
    expect(
      evolve(begun(captured, refund), { type: "refund_in_review", refund: refundId }, noon),
    ).toMatchObject({
      state: "captured",
      refunded: 5_00n,
      pendingOperation: { ...refund, inReview: true },
    });
  });

  // biome-ignore format: a table is read in rows
  test.each<{ given: Payment; when: PaymentEvent; becomes: object }>([
    { given: begun(authorized, capture), when: { type: "captured", authorization, amount: 60_00n },  becomes: { state: "captured", captured: 60_00n } },
    { given: begun(authorized, capture), when: { type: "canceled", reason: "refused" },              becomes: { state: "canceled" } },
    { given: begun(authorized, cancel),  when: { type: "canceled", reason: "asked" },                becomes: { state: "canceled" } },
    { given: begun(captured, refund),    when: { type: "refund_succeeded", refund: refundId },       becomes: { state: "captured", refunded: 35_00n } },
    { given: begun(captured, refund),    when: { type: "refund_failed", refund: refundId },          becomes: { state: "captured", refunded: 5_00n } },
  ])("$given.pendingOperation.kind ends with $when.type", ({ given, when, becomes }) => {
    const after = evolve(given, when, noon);
    expect(after).toMatchObject(becomes);
    expect(after).not.toHaveProperty("pendingOperation");
  });

  test("goes on when the acquirer pays out meanwhile, and ends with the same amounts", () => {
    const settled: Payment = { ...begun(captured, refund), state: "settled" } as Payment;
    expect(evolve(settled, { type: "refund_succeeded", refund: refundId }, noon)).toMatchObject({
      state: "settled",
      refunded: 35_00n,
      refunds: [refundId],
    });
  });

  // biome-ignore format: a table is read in rows
  test.each<{ rule: string; given: Payment; when: PaymentEvent; what: RegExp }>([
    { rule: "one at a time",                      given: begun(authorized, capture), when: { type: "operation_started", operation: cancel },           what: /begins a cancel after its capture/ },
    { rule: "no capture of another amount",       given: begun(authorized, capture), when: { type: "captured", authorization, amount: 59_99n },       what: /was asked for another amount/ },
    { rule: "no capture of more than is held",    given: authorized,                 when: { type: "operation_started", operation: { ...capture, amount: 100_01n } }, what: /captures 10001 of 10000/ },
    { rule: "no refund before the capture",       given: authorized,                 when: { type: "operation_started", operation: refund },           what: /is authorized, with a refund in progress/ },
    { rule: "no refund of more than is left",     given: captured,                   when: { type: "operation_started", operation: { ...refund, amount: 95_01n } },   what: /refunds 10001 of 10000/ },
    { rule: "no end of a refund that is not",     given: captured,                   when: { type: "refund_succeeded", refund: refundId },             what: /is in progress/ },
  ])("$rule", ({ given, when, what }) => {
    expect(() => evolve(given, when, noon)).toThrow(what);
  });
});
