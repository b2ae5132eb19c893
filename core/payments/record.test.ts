import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { paymentsIn } from "#tests/support/arbitraries/payments.ts";
import { exampleAuthorization, examplePayment, noon } from "#tests/support/examples.ts";
import type { Standing } from "./payment.ts";
import {
  authorizationFrom,
  authorizationRecord,
  fromRecord,
  type PaymentRecord,
  toRecord,
} from "./record.ts";
import { paymentStates } from "./states.ts";

const authorization = exampleAuthorization;

describe.each(paymentStates.map((state) => ({ state })))("any payment in $state", ({ state }) => {
  test("comes back from its record as it was, through JSON and all", () => {
    fc.assert(
      fc.property(paymentsIn(state), (payment) => {
        const record = toRecord(payment);
        const text = JSON.stringify(record);

        expect(JSON.parse(text)).toStrictEqual(record);
        expect(fromRecord(JSON.parse(text))).toStrictEqual(payment);
      }),
      { numRuns: 50 },
    );
  });
});

test("a captured payment's record is plain JSON in snake case", () => {
  const payment = examplePayment({ state: "captured", authorization, captured: 60_00n, refunded: 5_00n });

  expect(toRecord(payment)).toStrictEqual({
    id: "pay_9b9tk4vw5fsbzwtrhqmn4dx7x9",
    book: "mer_demo",
    amount: 10_000,
    currency: "USD",
    capture: "automatic",
    method: { type: "card", token: "tok_1", brand: "visa", last4: "4242" },
    fees: { basis_points: 290, fixed: 30 },
    fingerprint: "f1",
    reference: "order-1001",
    metadata: { basket: "b-7" },
    created_at: noon,
    updated_at: noon,
    version: 1,
    state: "captured",
    authorization: { acquirer: "alpha", reference: "alpha-77", expires_at: authorization.expiresAt },
    captured: 6_000,
    refunded: 500,
  });
});

test("the largest amount is a JSON number that says exactly that", () => {
  const payment = { ...examplePayment(), total: { amount: 10n ** 15n, currency: "USD" as const } };

  expect(JSON.stringify(toRecord(payment))).toContain('"amount":1000000000000000,');
});

test("a payment without metadata stores none", () => {
  const record = toRecord({ ...examplePayment(), metadata: {} });

  expect(record).not.toHaveProperty("metadata");
  expect(fromRecord(record).metadata).toEqual({});
});

test("an authorization comes back from its record as it was", () => {
  expect(authorizationRecord(authorization)).toEqual({
    acquirer: "alpha",
    reference: "alpha-77",
    expires_at: authorization.expiresAt,
  });
  expect(authorizationFrom(authorizationRecord(authorization))).toEqual(authorization);
});

describe("a record that lacks what its state promises is refused, by name", () => {
  const held: Standing = { state: "captured", authorization, captured: 1n, refunded: 0n };
  const review = { operation: "authorize", acquirer: "alpha", reason: "timeout" } as const;
  const settled: Standing = { state: "settled", authorization, captured: 2n, refunded: 1n, released: 1n };

  // biome-ignore format: a table is read in rows
  test.each<{ standing: Standing; missing: keyof PaymentRecord }>([
    { standing: { state: "requires_action", acquirer: "alpha", acquirerReference: "a-1" }, missing: "acquirer" },
    { standing: { state: "requires_action", acquirer: "alpha", acquirerReference: "a-1" }, missing: "acquirer_reference" },
    { standing: { state: "authorized", authorization },                                    missing: "authorization" },
    { standing: held,                                                                      missing: "authorization" },
    { standing: held,                                                                      missing: "captured" },
    { standing: held,                                                                      missing: "refunded" },
    { standing: settled,                                                                   missing: "authorization" },
    { standing: settled,                                                                   missing: "captured" },
    { standing: settled,                                                                   missing: "refunded" },
    { standing: settled,                                                                   missing: "released" },
    { standing: { state: "declined", acquirer: "alpha", decline: "lost_card" },            missing: "acquirer" },
    { standing: { state: "declined", acquirer: "alpha", decline: "lost_card" },            missing: "decline" },
    { standing: { state: "failed", failure: "x" },                                         missing: "failure" },
    { standing: { state: "canceled", cancellation: "x" },                                  missing: "cancellation" },
    { standing: { state: "in_review", review },                                            missing: "review" },
  ])("$standing.state without $missing", ({ standing, missing }) => {
    const { [missing]: _, ...record } = toRecord(examplePayment(standing));

    expect(() => fromRecord(record as PaymentRecord)).toThrow(
      expect.objectContaining({
        name: "InvalidRecord",
        message: `payment pay_9b9tk4vw5fsbzwtrhqmn4dx7x9 is ${standing.state} but has no ${missing}`,
      }),
    );
  });
});
