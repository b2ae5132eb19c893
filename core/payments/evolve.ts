import { absurd, invariant } from "../kernel/invariant.ts";
import type { PaymentEvent } from "./events.ts";
import { authorizationOf, type Payment, type Standing } from "./payment.ts";
import { mayMove } from "./states.ts";

/**
 * The payment after a fact. Total over decided events: `decide` refused what does not apply.
 * @throws InvariantViolation for a transition that the state table does not have, or a capture of nothing or of more than
 * the total.
 */
export function evolve(payment: Payment, event: PaymentEvent, now: number): Payment {
  const standing = standingAfter(payment, event);
  invariant(
    mayMove(payment.state, standing.state),
    `${payment.id} moves from ${payment.state} to ${standing.state}`,
  );
  return { ...agreementOf(payment), version: payment.version + 1, updatedAt: now, ...standing };
}

function standingAfter(payment: Payment, event: PaymentEvent): Standing {
  const authorization = authorizationOf(payment);
  const held = authorization === undefined ? {} : { authorization };
  switch (event.type) {
    case "authorized":
      return { state: "authorized", authorization: event.authorization };
    case "action_required":
      return {
        state: "requires_action",
        acquirer: event.acquirer,
        acquirerReference: event.acquirerReference,
      };
    case "declined":
      return { state: "declined", acquirer: event.acquirer, decline: event.code };
    case "failed":
      return {
        state: "failed",
        ...(event.authorization === undefined ? {} : { authorization: event.authorization }),
        failure: event.reason,
      };
    case "captured":
      invariant(
        event.amount >= 1n && event.amount <= payment.total.amount,
        `${payment.id} captures ${event.amount} of ${payment.total.amount}`,
      );
      return { state: "captured", authorization: event.authorization, captured: event.amount, refunded: 0n };
    case "canceled":
      return { state: "canceled", ...held, cancellation: event.reason };
    case "review_required":
      return { state: "in_review", ...held, review: event.review };
    default:
      return absurd(event);
  }
}

/** Everything but the standing: what the next state does not carry must not linger. */
function agreementOf(payment: Payment) {
  const { id, book, total, capture, method, fees, fingerprint, reference, description, metadata, createdAt } =
    payment;
  return {
    id,
    book,
    total,
    capture,
    method,
    fees,
    fingerprint,
    ...(reference === undefined ? {} : { reference }),
    ...(description === undefined ? {} : { description }),
    metadata,
    createdAt,
  };
}
