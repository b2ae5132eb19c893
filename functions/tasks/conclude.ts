import type { PaymentStore } from "#adapters/dynamodb/payment-store.ts";
import { invariant } from "#core/kernel/invariant.ts";
import { requireReview } from "#core/payments/decide.ts";
import type { PaymentEvent } from "#core/payments/events.ts";
import { evolve } from "#core/payments/evolve.ts";
import type { Payment, Review } from "#core/payments/payment.ts";
import { toRecord } from "#core/payments/record.ts";

/** The saga has nothing left to do for this payment. */
export const concluded = (payment: Payment) =>
  ({ outcome: "concluded", payment: toRecord(payment) }) as const;

/** Writes a transition that moves no money. @returns the payment as it now stands, whoever moved it. */
export async function record(
  payments: PaymentStore,
  payment: Payment,
  event: PaymentEvent,
): Promise<Payment> {
  const committed = await payments.commit({ before: payment, after: evolve(payment, event, Date.now()) });
  invariant(committed.kind !== "refused", "nothing but a journal record can be refused");
  return committed.kind === "applied" ? committed.payment : committed.current;
}

/** A payment moves at most this often while one step runs: hold, capture and whatever a second saga does. */
const supersededMax = 4;

/**
 * Hands a payment to a person, from wherever it stands by now: the step that failed may have committed first.
 * A payment that has reached an end by itself stays there.
 */
export async function putInReview(
  payments: PaymentStore,
  payment: Payment,
  review: Review,
): Promise<Payment> {
  let current = payment;
  for (let attempt = 0; attempt < supersededMax; attempt += 1) {
    const decided = requireReview(current, review);
    if (!decided.ok) return current;
    const stored = await record(payments, current, decided.value);
    if (stored.state === "in_review") return stored;
    current = stored;
  }
  return current;
}
