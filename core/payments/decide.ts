import type { AcquirerOutcome } from "../acquiring/outcome.ts";
import { absurd } from "../kernel/invariant.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import { dueAt } from "./due.ts";
import type { PaymentEvent } from "./events.ts";
import type { OperationKind } from "./operation.ts";
import {
  type Authorization,
  authorizationOf,
  heldAuthorizationOf,
  isSameAuthorization,
  type Payment,
  type Review,
} from "./payment.ts";
import { mayMove, type PaymentState } from "./states.ts";

/** Why a command does not apply to a payment as it stands. The same input is refused until the state changes. */
export type PaymentRefusal =
  | { readonly code: "wrong_state"; readonly state: PaymentState }
  /** Another operation goes on, or what became of it is not known yet. */
  | { readonly code: "operation_in_progress"; readonly operation: OperationKind }
  | { readonly code: "authorization_expired" }
  | { readonly code: "exceeds_authorized" }
  | { readonly code: "exceeds_captured" }
  | { readonly code: "too_many_refunds" }
  /** Its time has not come. */
  | { readonly code: "not_due" };

/** What an authorization came to, and the acquirer whose word it is. */
export interface AuthorizationResult {
  readonly acquirer: string;
  readonly outcome: AcquirerOutcome;
}

/** Card schemes let most authorizations stand for a week; an acquirer that says otherwise is believed. */
export const authorizationLifetimeMs = 7 * 24 * 3_600_000;

/**
 * What an acquirer approved. One that does not say until when is counted from the payment's creation: it may tell of an
 * approval days after it gave it.
 */
export const approvedBy = (
  acquirer: string,
  { createdAt }: Pick<Payment, "createdAt">,
  { reference, expiresAt = createdAt + authorizationLifetimeMs }: Omit<Approved, "kind">,
): Authorization => ({ acquirer, reference, expiresAt });

type Approved = Extract<AcquirerOutcome, { kind: "approved" }>;

/**
 * An approval, or a decline, or the end of all roads: what the result of asking, or of inquiring later, means for the
 * payment. One that is in review with an authorization of its own takes no other.
 */
export function concludeAuthorization(
  payment: Payment,
  result: AuthorizationResult,
): Result<PaymentEvent, PaymentRefusal> {
  const { outcome, acquirer } = result;
  switch (outcome.kind) {
    case "approved": {
      const authorization = approvedBy(acquirer, payment, outcome);
      const held = heldAuthorizationOf(payment);
      if (held !== undefined && !isSameAuthorization(held, authorization)) return wrongState(payment);
      return move(payment, "authorized", { type: "authorized", authorization: held ?? authorization });
    }
    case "pending":
      return move(payment, "requires_action", {
        type: "action_required",
        acquirer,
        acquirerReference: outcome.reference,
        ...(outcome.redirectUrl === undefined ? {} : { redirectUrl: outcome.redirectUrl }),
      });
    case "declined":
      if (heldAuthorizationOf(payment) !== undefined) return wrongState(payment);
      return move(payment, "declined", { type: "declined", acquirer, code: outcome.code });
    case "not_attempted":
      return fail(payment, outcome.reason);
    case "unknown":
      return requireReview(payment, { operation: "authorize", acquirer, reason: outcome.reason });
    default:
      return absurd(outcome);
  }
}

/**
 * May `amount` minor units be captured now? Asked before the acquirer is. One final capture per payment. A payment in
 * review may be captured where its hold stands: an earlier try is being found out about.
 */
export function checkCapture(
  payment: Payment,
  amount: bigint,
  now: number,
): Result<Authorization, PaymentRefusal> {
  const authorization = heldAuthorizationOf(payment);
  if (authorization === undefined) return wrongState(payment);
  if (now >= authorization.expiresAt) return err({ code: "authorization_expired" });
  if (amount < 1n || amount > payment.total.amount) return err({ code: "exceeds_authorized" });
  return ok(authorization);
}

/** Releases a payment whose hold, here and at the acquirer, has been or is being voided. */
export const cancel = (payment: Payment, reason: string): Result<PaymentEvent, PaymentRefusal> =>
  payment.state === "in_review" && payment.authorization === undefined
    ? wrongState(payment)
    : move(payment, "canceled", { type: "canceled", reason });

/** Ends a payment that no acquirer holds anything of. `released` is an authorization that was voided before it was posted. */
export const fail = (
  payment: Payment,
  reason: string,
  released?: Authorization,
): Result<PaymentEvent, PaymentRefusal> =>
  authorizationOf(payment) !== undefined
    ? wrongState(payment)
    : move(payment, "failed", {
        type: "failed",
        reason,
        ...(released === undefined ? {} : { authorization: released }),
      });

/** Hands a payment to a person: only when nothing else is known to be right. */
export const requireReview = (payment: Payment, review: Review): Result<PaymentEvent, PaymentRefusal> =>
  move(payment, "in_review", { type: "review_required", review });

/** Takes up a payment whose customer has acted, or whose acquirer has decided: what came of it is decided next. */
export const resume = (payment: Payment): Result<PaymentEvent, PaymentRefusal> =>
  payment.pendingOperation === undefined
    ? move(payment, "processing", { type: "resumed" })
    : err({ code: "operation_in_progress", operation: payment.pendingOperation.kind });

/**
 * Ends what time ends: an authorization past its expiry, and a payment whose customer never came back, once the acquirer
 * was made to let go of it (see `beginExpiry`). What was asked for, or is unknown, does not end by itself.
 */
export function expire(payment: Payment, now: number): Result<PaymentEvent, PaymentRefusal> {
  if (!mayMove(payment.state, "expired")) return wrongState(payment);
  const { pendingOperation: pending } = payment;
  const isLetGo = pending?.kind === "cancel" && pending.overdue === true;
  if (payment.state === "requires_action")
    return isLetGo ? ok({ type: "expired" }) : err({ code: "not_due" });
  if (pending !== undefined) return err({ code: "operation_in_progress", operation: pending.kind });
  const due = dueAt(payment);
  return due !== undefined && now >= due ? ok({ type: "expired" }) : err({ code: "not_due" });
}

function move(payment: Payment, to: PaymentState, event: PaymentEvent): Result<PaymentEvent, PaymentRefusal> {
  return mayMove(payment.state, to) ? ok(event) : wrongState(payment);
}

const wrongState = ({ state }: Payment) => err({ code: "wrong_state", state } as const);
