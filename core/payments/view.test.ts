import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { paymentsIn } from "#tests/support/arbitraries/payments.ts";
import { exampleAuthorization, examplePayment } from "#tests/support/examples.ts";
import type { Standing } from "./payment.ts";
import { paymentStates } from "./states.ts";
import { paymentView } from "./view.ts";

const common = {
  id: "pay_9b9tk4vw5fsbzwtrhqmn4dx7x9",
  object: "payment",
  amount: 100_00,
  currency: "USD",
  amount_captured: 0,
  amount_refunded: 0,
  method: { type: "card", brand: "visa", last4: "4242" },
  capture: "automatic",
  reference: "order-1001",
  description: null,
  version: 1,
  created_at: "2026-03-01T12:00:00.000Z",
  updated_at: "2026-03-01T12:00:00.000Z",
  metadata: { basket: "b-7" },
};

const authorization = exampleAuthorization;
const review = { operation: "capture", acquirer: "alpha", reason: "no_answer:deadline" } as const;

describe("a payment is shown", () => {
  test.each<{ standing: Standing; shown: object }>([
    { standing: { state: "processing" }, shown: {} },
    {
      standing: { state: "requires_action", acquirer: "beta", acquirerReference: "b-1" },
      shown: { acquirer: "beta" },
    },
    { standing: { state: "authorized", authorization }, shown: { acquirer: "alpha" } },
    {
      standing: { state: "captured", authorization, captured: 60_00n, refunded: 0n },
      shown: { acquirer: "alpha", amount_captured: 60_00 },
    },
    {
      standing: { state: "settled", authorization, captured: 100_00n, refunded: 25_00n, released: 1n },
      shown: { acquirer: "alpha", amount_captured: 100_00, amount_refunded: 25_00 },
    },
    {
      standing: { state: "declined", acquirer: "alpha", decline: "stolen_card" },
      shown: { acquirer: "alpha", decline: { code: "stolen_card", advice: "do_not_retry" } },
    },
    {
      standing: { state: "failed", failure: "no_acquirer_available" },
      shown: { failure: { code: "no_acquirer_available" } },
    },
    {
      standing: { state: "canceled", authorization, cancellation: "operation_refused" },
      shown: { acquirer: "alpha", cancellation: { code: "operation_refused" } },
    },
    {
      standing: { state: "canceled", cancellation: "abandoned" },
      shown: { cancellation: { code: "abandoned" } },
    },
    { standing: { state: "expired", authorization }, shown: { acquirer: "alpha" } },
    { standing: { state: "in_review", authorization, review }, shown: { acquirer: "alpha" } },
    { standing: { state: "in_review", review: { operation: "authorize", reason: "lost" } }, shown: {} },
  ])("$standing.state", ({ standing, shown }) => {
    expect(paymentView(examplePayment(standing))).toEqual({ ...common, state: standing.state, ...shown });
  });

  test("with its description, and without what it does not have", () => {
    const { reference: _reference, ...payment } = examplePayment();
    const view = paymentView({ ...payment, description: "Two coffees", metadata: {} });
    expect(view).toMatchObject({ reference: null, description: "Two coffees", metadata: {} });
  });
});

describe.each(paymentStates.map((state) => ({ state })))("any payment in $state", ({ state }) => {
  test("is plain JSON without gaps, and tells neither the token nor what only operators may know", () => {
    fc.assert(
      fc.property(paymentsIn(state), (payment) => {
        const view = paymentView({ ...payment, reference: "r", description: "d", metadata: {} });
        expect(JSON.parse(JSON.stringify(view))).toStrictEqual(view);
        const text = JSON.stringify(view);
        if (payment.method.type === "card") expect(text).not.toContain(payment.method.token);
        expect(text).not.toContain(payment.fingerprint);
        expect(Object.keys(view)).not.toContain("review");
      }),
      { numRuns: 20 },
    );
  });
});
