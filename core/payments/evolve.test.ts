import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { instants, paymentEvents, payments } from "#tests/support/arbitraries.ts";
import { exampleAuthorization, examplePayment, minute, noon } from "#tests/support/examples.ts";
import { InvariantViolation } from "../kernel/invariant.ts";
import type { PaymentEvent } from "./events.ts";
import { evolve } from "./evolve.ts";
import { capturedOf, type Payment, type Review, refundedOf, type Standing } from "./payment.ts";
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
    becomes: { state: "canceled", cancellation: "gave up" } },
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

const stateAfter: Record<PaymentEvent["type"], PaymentState> = {
  authorized: "authorized",
  action_required: "requires_action",
  declined: "declined",
  failed: "failed",
  captured: "captured",
  canceled: "canceled",
  review_required: "in_review",
};

/** Every field that the payment was created with. */
const agreement = ({ id, book, total, capture, method, fees, fingerprint, ...rest }: Payment) => {
  const { reference, description, metadata, createdAt } = rest;
  return { id, book, total, capture, method, fees, fingerprint, reference, description, metadata, createdAt };
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
        const may = mayMove(payment.state, stateAfter[event.type]);
        if (!may) {
          expect(() => evolve(payment, event, at)).toThrow(InvariantViolation);
          continue;
        }
        const after = evolve(payment, event, at);
        expect(isTerminal(payment.state)).toBe(false);
        expect(after).toMatchObject({
          state: stateAfter[event.type],
          version: payment.version + 1,
          updatedAt: at,
        });
        expect(agreement(after)).toEqual(agreement(start));
        expect(0n <= refundedOf(after) && refundedOf(after) <= capturedOf(after)).toBe(true);
        expect(capturedOf(after) <= after.total.amount).toBe(true);
        payment = after;
      }
      if (isTerminal(start.state)) expect(payment).toBe(start);
    }),
  );
});
