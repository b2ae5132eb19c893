import type { PaymentWord, RefundWord } from "#core/payments/operator-word.ts";
import { possibleOutcomes } from "#core/payments/operator-word.ts";
import { heldAuthorizationOf, type Payment } from "#core/payments/payment.ts";

/** What an operator said, as operators see it. Merchants do not. */
export const wordView = (word: PaymentWord | RefundWord) => ({
  outcome: word.as,
  ...(word.as === "authorized"
    ? { acquirer: word.authorization.acquirer, reference: word.authorization.reference }
    : {}),
  ...(word.as === "declined" ? { acquirer: word.acquirer, decline_code: word.code } : {}),
  evidence: word.evidence,
  by: word.by,
  at: new Date(word.at).toISOString(),
  version: word.seen,
  result: word.end ?? "open",
  acquirer_says: word.says ?? null,
});

/** What is not known of a payment, and what it can be said to have come to; null when nothing is in review. */
export function reviewView(payment: Payment) {
  if (payment.state !== "in_review") return null;
  const { operation, acquirer, reason } = payment.review;
  const held = heldAuthorizationOf(payment);
  return {
    operation,
    acquirer: acquirer ?? null,
    reason,
    authorization: held === undefined ? null : { acquirer: held.acquirer, reference: held.reference },
    outcomes: possibleOutcomes(payment),
  };
}
