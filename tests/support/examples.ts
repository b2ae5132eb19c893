import type { Dispute, DisputeStanding } from "#core/disputes/dispute.ts";
import { disputeIdOf } from "#core/disputes/ids.ts";
import type { Book } from "#core/ledger/account.ts";
import type { PaymentId, RefundId } from "#core/payments/ids.ts";
import type { Authorization, CardMethod, Payment, Standing } from "#core/payments/payment.ts";
import type { Refund, RefundStanding } from "#core/payments/refund.ts";

/** One payment that tests can talk about: 100.00 USD of `mer_demo`, at 2.9 % + 0.30. */

/** 2026-03-01T12:00:00Z. */
export const noon = 1_772_366_400_000;
export const minute = 60_000;
export const day = 86_400_000;

export const demo = "mer_demo" as Book;

export const exampleAuthorization: Authorization = {
  acquirer: "alpha",
  reference: "alpha-77",
  expiresAt: noon + 7 * day,
};

export const exampleCard: CardMethod = { type: "card", token: "tok_1", brand: "visa", last4: "4242" };

export const refundId = "re_9b9tk4vw5fsbzwtrhqmn4dx7x9" as RefundId;

export function examplePayment(standing: Standing = { state: "processing" }): Payment {
  return {
    id: "pay_9b9tk4vw5fsbzwtrhqmn4dx7x9" as PaymentId,
    book: demo,
    total: { currency: "USD", amount: 100_00n },
    capture: "automatic",
    method: exampleCard,
    fees: { basisPoints: 290, fixed: 30n },
    fingerprint: "f1",
    reference: "order-1001",
    metadata: { basket: "b-7" },
    createdAt: noon,
    updatedAt: noon,
    version: 1,
    ...standing,
  };
}

/** The first refund of the example: 30.00 USD, before the acquirer has paid out. */
export function exampleRefund(standing: RefundStanding = { state: "processing", held: false }): Refund {
  return {
    id: refundId,
    payment: examplePayment().id,
    book: demo,
    n: 1,
    total: { currency: "USD", amount: 30_00n },
    fingerprint: "r1",
    from: 2100,
    createdAt: noon,
    updatedAt: noon,
    version: 1,
    ...standing,
  };
}

/** A dispute of 40.00 USD of the example, at a fee of 15.00. */
export function exampleDispute(standing: DisputeStanding = { state: "needs_response" }): Dispute {
  return {
    id: disputeIdOf("alpha", "case-1"),
    payment: examplePayment().id,
    book: demo,
    acquirer: "alpha",
    reference: "case-1",
    total: { currency: "USD", amount: 40_00n },
    fee: 15_00n,
    reason: "fraudulent",
    evidenceDueAt: noon + 7 * day,
    openedAt: noon,
    createdAt: noon,
    updatedAt: noon,
    version: 1,
    ...standing,
  };
}
