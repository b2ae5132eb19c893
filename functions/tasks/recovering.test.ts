import type { Context } from "aws-lambda";
import { describe, expect, test } from "vitest";
import { textKeyFor } from "#core/events/sealed-texts.ts";
import type { Payment } from "#core/payments/payment.ts";
import { toRecord } from "#core/payments/record.ts";
import { toRefundRecord } from "#core/payments/refund-record.ts";
import { exampleAuthorization, examplePayment, exampleRefund, noon } from "#tests/support/examples.ts";
import { scriptedPorts } from "#tests/support/saga-ports.ts";
import { recoverTask } from "./recovering.ts";

const refund = exampleRefund({ state: "processing", held: true });
const written = {
  reference: "for Ann",
  description: "a gift for Ann",
  returnUrl: "https://shop.example/ann",
  metadata: { to: "Ann" },
};
const texts = { ...written, ...textKeyFor(written, (bytes) => new Uint8Array(bytes).fill(7)) };
const reviewed: Payment = {
  ...examplePayment({
    state: "in_review",
    review: { operation: "authorize", acquirer: "alpha", reason: "timeout" },
  }),
  ...texts,
};
const authorized = examplePayment({ state: "authorized", authorization: exampleAuthorization });
const refunding: Payment = {
  ...examplePayment({
    state: "captured",
    authorization: exampleAuthorization,
    captured: 100_00n,
    refunded: 0n,
  }),
  ...texts,
  pendingOperation: { kind: "refund", amount: refund.total.amount, refund: refund.id, startedAt: noon },
};

function taskAt(payment: Payment) {
  const ports = scriptedPorts({
    acquirers: {},
    inquiries: {
      alpha: {
        kind: "found",
        operation: "authorize",
        outcome: { kind: "approved", reference: "alpha-77", expiresAt: noon + 1 },
      },
      beta: { kind: "not_found" },
    },
  });
  const task = recoverTask({
    ...ports,
    payments: { ...ports.payments, get: async () => payment },
    refundOf: async ({ pendingOperation }) => (pendingOperation?.kind === "refund" ? refund : undefined),
  });
  const context = { getRemainingTimeInMillis: () => 25_000 } as Context;
  return (event: object) => task(event, context);
}

const lookAt = (payment: Payment) => ({
  book: payment.book,
  payment: payment.id,
  attempt: 0,
  strays: false,
  execution: "recovery-1",
});
const takeOf = ({ book, id, version }: Payment) => ({ book, payment: id, version });

describe("what a look answers with, which the recovery's history keeps", () => {
  test.each([
    { saga: "payment", payment: reviewed, outcome: "continue_payment" },
    { saga: "refund", payment: refunding, outcome: "continue_refund" },
  ])("names what the $saga saga goes on with, and has nothing that people wrote", async (of) => {
    const output = await taskAt(of.payment)(lookAt(of.payment));

    expect(output).toMatchObject({ outcome: of.outcome, start: { take: takeOf(of.payment) } });
    const { textKey = "no key" } = of.payment;
    for (const text of ["Ann", "ann", textKey]) expect(JSON.stringify(output)).not.toContain(text);
  });
});

describe("what a saga takes up", () => {
  test("is the payment as it was looked at", async () => {
    expect(await taskAt(reviewed)({ take: takeOf(reviewed) })).toEqual({
      outcome: "taken",
      payment: toRecord(reviewed),
    });
  });

  test("is the refund that the payment waits for, too", async () => {
    expect(await taskAt(refunding)({ take: takeOf(refunding) })).toEqual({
      outcome: "taken",
      payment: toRecord(refunding),
      refund: toRefundRecord(refund),
    });
  });

  test("is left as it is when it has moved on since", async () => {
    const moved = { ...authorized, version: reviewed.version + 1 };
    expect(await taskAt(moved)({ take: takeOf(reviewed) })).toEqual({
      outcome: "concluded",
      payment: toRecord(moved),
    });
  });
});
