import type { Book } from "#core/ledger/account.ts";
import type { PaymentId } from "#core/payments/ids.ts";
import type { Authorization, Payment, Standing } from "#core/payments/payment.ts";

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

export function examplePayment(standing: Standing = { state: "processing" }): Payment {
  return {
    id: "pay_9b9tk4vw5fsbzwtrhqmn4dx7x9" as PaymentId,
    book: demo,
    total: { currency: "USD", amount: 100_00n },
    capture: "automatic",
    method: { type: "card", token: "tok_1", brand: "visa", last4: "4242" },
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
