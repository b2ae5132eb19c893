import type { AcquirerOutcome } from "../acquiring/outcome.ts";
import { absurd } from "../kernel/invariant.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import type { PaymentEvent } from "./events.ts";
import type { Authorization, Payment, Review } from "./payment.ts";
import { mayMove, type PaymentState } from "./states.ts";

/** Why a command does not apply to a payment as it stands. The same input is refused until the state changes. */
export type PaymentRefusal =
  | { readonly code: "wrong_state"; readonly state: PaymentState }
  | { readonly code: "authorization_expired" }
  | { readonly code: "exceeds_authorized" };

/** What an authorization came to, and the acquirer whose word it is. */
export interface AuthorizationResult {
  readonly acquirer: string;
  readonly outcome: AcquirerOutcome;
}

/** Card schemes let most authorizations stand for a week; an acquirer that says otherwise is believed. */
const authorizationLifetimeMs = 7 * 24 * 3_600_000;

/** An approval, or a decline, or the end of all roads: what the result of asking means for the payment. */
export function concludeAuthorization(
  payment: Payment,
  result: AuthorizationResult,
  now: number,
): Result<PaymentEvent, PaymentRefusal> {
  const { outcome, acquirer } = result;
  switch (outcome.kind) {
    case "approved": {
      const expiresAt = outcome.expiresAt ?? now + authorizationLifetimeMs;
      return move(payment, "authorized", {
        type: "authorized",
        authorization: { acquirer, reference: outcome.reference, expiresAt },
      });
    }
    case "pending":
      return move(payment, "requires_action", {
        type: "action_required",
        acquirer,
        acquirerReference: outcome.reference,
      });
    case "declined":
      return move(payment, "declined", { type: "declined", acquirer, code: outcome.code });
    case "not_attempted":
      return fail(payment, outcome.reason);
    case "unknown":
      return requireReview(payment, { operation: "authorize", acquirer, reason: outcome.reason });
    default:
      return absurd(outcome);
  }
}

/** May `amount` minor units be captured now? Asked before the acquirer is. One final capture per payment. */
export function checkCapture(
  payment: Payment,
  amount: bigint,
  now: number,
): Result<Payment & { readonly state: "authorized" }, PaymentRefusal> {
  if (payment.state !== "authorized") return err({ code: "wrong_state", state: payment.state });
  if (now >= payment.authorization.expiresAt) return err({ code: "authorization_expired" });
  if (amount < 1n || amount > payment.total.amount) return err({ code: "exceeds_authorized" });
  return ok(payment);
}

/** Releases an authorized payment whose hold, here and at the acquirer, has been or is being voided. */
export const cancel = (payment: Payment, reason: string): Result<PaymentEvent, PaymentRefusal> =>
  move(payment, "canceled", { type: "canceled", reason });

/** Ends a payment that no acquirer holds anything of. `released` is an authorization that was voided before it was posted. */
export const fail = (
  payment: Payment,
  reason: string,
  released?: Authorization,
): Result<PaymentEvent, PaymentRefusal> =>
  move(payment, "failed", {
    type: "failed",
    reason,
    ...(released === undefined ? {} : { authorization: released }),
  });

/** Hands a payment to a person: only when nothing else is known to be right. */
export const requireReview = (payment: Payment, review: Review): Result<PaymentEvent, PaymentRefusal> =>
  move(payment, "in_review", { type: "review_required", review });

function move(payment: Payment, to: PaymentState, event: PaymentEvent): Result<PaymentEvent, PaymentRefusal> {
  return mayMove(payment.state, to) ? ok(event) : err({ code: "wrong_state", state: payment.state });
}
