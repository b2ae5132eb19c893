import { declineRules } from "../acquiring/declines.ts";
import { absurd } from "../kernel/invariant.ts";
import { acquirerOf, capturedOf, type Payment, type PaymentMethod, refundedOf } from "./payment.ts";
import type { Refund } from "./refund.ts";

/** A payment as the API and its events show it. Field names and meanings are the public contract. */
export function paymentView(payment: Payment) {
  const acquirer = acquirerOf(payment);
  return {
    id: payment.id,
    object: "payment",
    amount: Number(payment.total.amount),
    currency: payment.total.currency,
    amount_captured: Number(capturedOf(payment)),
    amount_refunded: Number(refundedOf(payment)),
    state: payment.state,
    method: methodView(payment.method),
    capture: payment.capture,
    reference: payment.reference ?? null,
    description: payment.description ?? null,
    ...(payment.state === "requires_action" && payment.redirectUrl !== undefined
      ? { next_action: { type: "redirect", redirect_url: payment.redirectUrl } }
      : {}),
    ...(payment.state === "declined"
      ? { decline: { code: payment.decline, advice: declineRules[payment.decline].advice } }
      : {}),
    ...(payment.state === "failed" ? { failure: { code: payment.failure } } : {}),
    ...(payment.state === "canceled" ? { cancellation: { code: payment.cancellation } } : {}),
    ...(acquirer === undefined ? {} : { acquirer }),
    version: payment.version,
    created_at: new Date(payment.createdAt).toISOString(),
    updated_at: new Date(payment.updatedAt).toISOString(),
    metadata: payment.metadata,
    ...(payment.redactedAt === undefined ? {} : { redacted_at: new Date(payment.redactedAt).toISOString() }),
  };
}

/** A refund as the API shows it. */
export const refundView = (refund: Refund) => ({
  id: refund.id,
  object: "refund",
  payment: refund.payment,
  amount: Number(refund.total.amount),
  currency: refund.total.currency,
  state: refund.state,
  reason: refund.reason ?? null,
  ...(refund.state === "failed" ? { failure: { code: refund.failure } } : {}),
  created_at: new Date(refund.createdAt).toISOString(),
  updated_at: new Date(refund.updatedAt).toISOString(),
});

/** The token stays where it is: whoever may read payments need not be able to pay. */
function methodView(method: PaymentMethod) {
  switch (method.type) {
    case "card":
      return { type: method.type, brand: method.brand, last4: method.last4 };
    case "account":
      return { type: method.type, account: method.account };
    default:
      return absurd(method);
  }
}
