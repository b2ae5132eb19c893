import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { authorizationRecord, type PaymentRecord, toRecord } from "#core/payments/record.ts";
import { refundStates } from "#core/payments/refund.ts";
import { toRefundRecord } from "#core/payments/refund-record.ts";
import { paymentStates } from "#core/payments/states.ts";
import { authorizations, paymentsIn, refundsIn } from "#tests/support/arbitraries/payments.ts";
import { texts } from "#tests/support/arbitraries/values.ts";
import { exampleAuthorization, examplePayment } from "#tests/support/examples.ts";
import {
  giveBackInput,
  holdRefundInput,
  refundSagaInput,
  refundSagaOutput,
} from "#workflows/refund/contract.ts";
import {
  authorizeInput,
  compensateInput,
  postInput,
  reviewInput,
  sagaInput,
  sagaOutput,
  settleInput,
} from "./contract.ts";

describe.each(paymentStates.map((state) => ({ state })))("any payment in $state", ({ state }) => {
  test("goes through the saga's input and output, as JSON, and is read as it was", () => {
    fc.assert(
      fc.property(paymentsIn(state), (payment) => {
        const wire = JSON.parse(JSON.stringify({ payment: toRecord(payment) }));

        expect(sagaInput.parse(wire)).toStrictEqual({ payment });
        expect(sagaOutput.parse(wire)).toStrictEqual({ payment });
        expect(authorizeInput.parse(wire)).toStrictEqual({ payment });
      }),
      { numRuns: 30 },
    );
  });
});

test("any task's input is read as what was sent", () => {
  fc.assert(
    fc.property(paymentsIn("authorized"), authorizations, texts, (payment, authorization, text) => {
      const sent = { payment: toRecord(payment), authorization: authorizationRecord(authorization) };
      const read = { payment, authorization };

      expect(postInput.parse({ ...sent, execution: text })).toStrictEqual({ ...read, execution: text });
      expect(compensateInput.parse({ ...sent, reason: text, execution: text, attempt: 1 })).toStrictEqual({
        ...read,
        reason: text,
        execution: text,
        attempt: 1,
      });
      expect(settleInput.parse({ payment: sent.payment, execution: text, attempt: 2 })).toStrictEqual({
        payment,
        execution: text,
        attempt: 2,
      });
      expect(reviewInput.parse({ ...sent, step: "post", error: text })).toStrictEqual({
        ...read,
        step: "post",
        error: text,
      });
    }),
    { numRuns: 30 },
  );
});

test("the saga may be entered where an operation or the recovery goes on", () => {
  const payment = examplePayment({ state: "authorized", authorization: exampleAuthorization });
  const sent = { payment: toRecord(payment), authorization: authorizationRecord(exampleAuthorization) };
  const entry = { step: "compensate", reason: "requested", attempt: 1 } as const;
  expect(sagaInput.parse({ ...sent, ...entry })).toEqual({
    payment,
    authorization: exampleAuthorization,
    ...entry,
  });
  expect(sagaInput.safeParse({ ...sent, step: "review" }).success).toBe(false);
});

test.each(refundStates.map((state) => ({ state })))(
  "any refund in $state goes through the refund saga's input and output as it was",
  ({ state }) => {
    fc.assert(
      fc.property(paymentsIn("captured"), refundsIn(state), texts, (payment, refund, text) => {
        const wire = JSON.parse(
          JSON.stringify({ payment: toRecord(payment), refund: toRefundRecord(refund) }),
        );
        expect(refundSagaInput.parse(wire)).toStrictEqual({ payment, refund });
        expect(refundSagaOutput.parse(wire)).toStrictEqual({ payment, refund });
        const run = { execution: text };
        expect(holdRefundInput.parse({ ...wire, ...run })).toStrictEqual({ payment, refund, ...run });
        const asking = { ...run, attempt: 2 };
        expect(giveBackInput.parse({ ...wire, ...asking })).toStrictEqual({ payment, refund, ...asking });
      }),
      { numRuns: 20 },
    );
  },
);

test("a step that failed before there was an authorization may be reviewed too", () => {
  const payment = examplePayment();

  expect(
    reviewInput.parse({ payment: toRecord(payment), step: "authorize", error: "States.Timeout" }),
  ).toEqual({
    payment,
    step: "authorize",
    error: "States.Timeout",
  });
});

describe("what no task wrote is refused", () => {
  const record = toRecord(examplePayment({ state: "authorized", authorization: exampleAuthorization }));

  test.each<{ flaw: string; broken: Partial<Record<keyof PaymentRecord | "surprise", unknown>> }>([
    { flaw: "an unknown field", broken: { surprise: 1 } },
    { flaw: "an id of something else", broken: { id: "tok_1" } },
    { flaw: "an amount with a fraction", broken: { amount: 1.5 } },
    { flaw: "a negative amount", broken: { amount: -1 } },
    { flaw: "an amount as text", broken: { amount: "100" } },
    { flaw: "an amount that a JSON number cannot carry", broken: { amount: 2 ** 53 } },
    { flaw: "a currency of four letters", broken: { currency: "USDT" } },
    { flaw: "an unknown state", broken: { state: "refunded" } },
    { flaw: "an unknown way to capture", broken: { capture: "later" } },
    { flaw: "a version of zero", broken: { version: 0 } },
    {
      flaw: "a card number in the method",
      broken: { method: { ...record.method, number: "4242424242424242" } },
    },
    {
      flaw: "an authorization without expiry",
      broken: { authorization: { acquirer: "alpha", reference: "a" } },
    },
  ])("$flaw", ({ broken }) => {
    expect(sagaInput.safeParse({ payment: record }).success).toBe(true);
    expect(sagaInput.safeParse({ payment: { ...record, ...broken } }).success).toBe(false);
  });

  test("a field beside the payment", () => {
    expect(sagaInput.safeParse({ payment: record, merchant: "mer_other" }).success).toBe(false);
  });
});
