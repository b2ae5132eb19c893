import { err, ok, type Result } from "../kernel/result.ts";
import { checkCapture, type PaymentRefusal } from "./decide.ts";
import { dueAt } from "./due.ts";
import type { PaymentEvent } from "./events.ts";
import type { OperationKind, PendingOperation } from "./operation.ts";
import { capturedOf, type Payment, refundedOf } from "./payment.ts";
import { createRefund, type Refund, type RefundRequest } from "./refund.ts";
import type { PaymentState } from "./states.ts";

/**
 * What a merchant may ask for. Each is written down before its saga runs; refusals come in the order in which they are
 * checked: state, another operation, time, amount.
 */

/** Enough for any order that is taken back piece by piece, and far below what one item may hold. */
export const refundsMax = 50;

/** Captures `amount` minor units and releases the rest: once per payment. */
export function beginCapture(
  payment: Payment,
  amount: bigint,
  now: number,
): Result<PaymentEvent, PaymentRefusal> {
  const refusal = refusedIn(payment, ["authorized"]);
  if (refusal !== undefined) return err(refusal);
  const checked = checkCapture(payment, amount, now);
  return checked.ok ? started({ kind: "capture", amount, startedAt: now }) : checked;
}

/** Releases what is authorized, or waits for the customer. */
export function beginCancel(payment: Payment, now: number): Result<PaymentEvent, PaymentRefusal> {
  const refusal = refusedIn(payment, ["authorized", "requires_action"]);
  return refusal === undefined ? started({ kind: "cancel", startedAt: now }) : err(refusal);
}

/**
 * Begins the end of a payment whose customer never came back. The acquirer is asked to let go first, and until it has
 * nothing else may begin: the customer might act at the last moment.
 */
export function beginExpiry(payment: Payment, now: number): Result<PaymentEvent, PaymentRefusal> {
  const refusal = refusedIn(payment, ["requires_action"]);
  if (refusal !== undefined) return err(refusal);
  const due = dueAt(payment);
  if (due === undefined || now < due) return err({ code: "not_due" });
  return started({ kind: "cancel", overdue: true, startedAt: now });
}

/** The refund in its first version, and what that is for its payment: both are written together. */
export interface BegunRefund {
  readonly event: PaymentEvent;
  readonly refund: Refund;
}

/** Gives back a part of what was captured, or the rest of it. */
export function beginRefund(
  payment: Payment,
  request: RefundRequest,
  now: number,
): Result<BegunRefund, PaymentRefusal> {
  const refusal = refusedIn(payment, ["captured", "settled"]);
  if (refusal !== undefined) return err(refusal);
  const { id, amount } = request;
  const left = capturedOf(payment) - refundedOf(payment);
  if (amount < 1n || amount > left) return err({ code: "exceeds_captured" });
  if ((payment.refunds?.length ?? 0) >= refundsMax) return err({ code: "too_many_refunds" });
  const operation = { kind: "refund", refund: id, amount, startedAt: now } as const;
  const refund = createRefund(payment, request, now);
  return ok({ event: { type: "operation_started", operation }, refund });
}

/** Why nothing may begin with a payment that has to stand in one of `states`, with nothing going on. */
export function refusedIn(payment: Payment, states: readonly PaymentState[]): PaymentRefusal | undefined {
  if (!states.includes(payment.state)) return { code: "wrong_state", state: payment.state };
  const operation = operationOf(payment);
  return operation === undefined ? undefined : { code: "operation_in_progress", operation };
}

/** An automatic payment is being captured from the moment that it is authorized, though nobody asked for it. */
const operationOf = (payment: Payment): OperationKind | undefined =>
  payment.state === "authorized" && payment.capture === "automatic"
    ? "capture"
    : payment.pendingOperation?.kind;

const started = (operation: PendingOperation): Result<PaymentEvent, never> =>
  ok({ type: "operation_started", operation });
