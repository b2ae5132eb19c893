import { absurd, invariant } from "../kernel/invariant.ts";
import type { PaymentEvent, Progress, Transition } from "./events.ts";
import type { RefundId } from "./ids.ts";
import { mayGoOnIn, type PendingOperation } from "./operation.ts";
import { checkWord, openWordOf, overruled, withWord, wordsAt } from "./operator-word.ts";
import {
  authorizationOf,
  capturedOf,
  erasedDigest,
  type Payment,
  refundedOf,
  refundPendingOf,
  type Standing,
} from "./payment.ts";
import { mayBeRedacted } from "./redaction.ts";
import { mayMove } from "./states.ts";

/**
 * The payment after a fact. Total over decided events: `decide` refused what does not apply.
 * @throws InvariantViolation for a transition that the state table does not have, an operation that is not there or is
 * there already, and amounts that would not keep 0 ≤ refunded + pending refund ≤ captured ≤ total.
 */
export function evolve(payment: Payment, event: PaymentEvent, now: number): Payment {
  const after = isProgress(event) ? afterProgress(payment, event, now) : afterTransition(payment, event, now);
  checkOperation(after);
  checkAmounts(after);
  return after;
}

const isProgress = (event: PaymentEvent): event is Progress =>
  event.type === "operation_started" ||
  event.type === "redacted" ||
  event.type.startsWith("refund_") ||
  event.type.startsWith("operator_");

function afterProgress(payment: Payment, event: Progress, now: number): Payment {
  const { pendingOperation: pending, ...rest } = payment;
  const moved = { ...rest, version: payment.version + 1, updatedAt: now };
  const goesOn = pending === undefined ? moved : { ...moved, pendingOperation: pending };
  switch (event.type) {
    case "operation_started": {
      const { operation } = event;
      invariant(pending === undefined, `${payment.id} begins a ${operation.kind} after its ${pending?.kind}`);
      const refunds =
        operation.kind === "refund" ? { refunds: [...(payment.refunds ?? []), operation.refund] } : {};
      return { ...moved, ...refunds, pendingOperation: operation };
    }
    case "refund_in_review":
      return { ...moved, pendingOperation: { ...refundInProgress(payment, event.refund), inReview: true } };
    case "refund_failed":
      refundInProgress(payment, event.refund);
      return moved;
    case "refund_succeeded": {
      const { amount } = refundInProgress(payment, event.refund);
      return { ...moved, refunded: refundedOf(payment) + amount } as Payment;
    }
    case "refund_operator_said":
      refundInProgress(payment, event.refund);
      return goesOn;
    case "operator_said":
      invariant(checkWord(payment, event.word).ok, `${payment.id} can be said to be ${event.word.as}`);
      return { ...goesOn, words: withWord(payment, event.word) };
    case "operator_overruled":
      invariant(openWordOf(payment) !== undefined, `${payment.id} has a word to be overruled`);
      return { ...goesOn, words: overruled(payment, event.says) };
    case "redacted":
      return redacted(goesOn, now);
    default:
      return absurd(event);
  }
}

function redacted(payment: Payment, now: number): Payment {
  const {
    reference: _reference,
    description: _description,
    returnUrl: _url,
    textKey: _key,
    ...rest
  } = payment;
  invariant(mayBeRedacted(payment), `${payment.id} is ${payment.state}, and is redacted at its end`);
  invariant(payment.redactedAt === undefined, `${payment.id} is redacted once`);
  return { ...rest, metadata: {}, fingerprint: erasedDigest, redactedAt: now };
}

function refundInProgress({ id, pendingOperation: pending }: Payment, refund: RefundId) {
  invariant(pending?.kind === "refund" && pending.refund === refund, `${refund} of ${id} is in progress`);
  return pending;
}

function afterTransition(payment: Payment, event: Transition, now: number): Payment {
  const { refunds } = payment;
  const standing = standingAfter(payment, event);
  const pending = operationAfter(payment, event);
  invariant(
    mayMove(payment.state, standing.state),
    `${payment.id} moves from ${payment.state} to ${standing.state}`,
  );
  return {
    ...agreementOf(payment),
    version: payment.version + 1,
    updatedAt: now,
    ...(pending === undefined ? {} : { pendingOperation: pending }),
    ...(refunds === undefined ? {} : { refunds }),
    ...(payment.redactedAt === undefined ? {} : { redactedAt: payment.redactedAt }),
    ...wordsAt(payment, standing.state),
    ...standing,
  };
}

function standingAfter(payment: Payment, event: Transition): Standing {
  const authorization = authorizationOf(payment);
  const held = authorization === undefined ? {} : { authorization };
  const letGo = payment.state === "requires_action" ? { acquirer: payment.acquirer } : held;
  switch (event.type) {
    case "authorized":
      return { state: "authorized", authorization: event.authorization };
    case "action_required":
      return {
        state: "requires_action",
        acquirer: event.acquirer,
        acquirerReference: event.acquirerReference,
        ...(event.redirectUrl === undefined ? {} : { redirectUrl: event.redirectUrl }),
      };
    case "resumed":
      return { state: "processing" };
    case "declined":
      return { state: "declined", acquirer: event.acquirer, decline: event.code };
    case "failed":
      return {
        state: "failed",
        ...(event.authorization === undefined ? {} : { authorization: event.authorization }),
        failure: event.reason,
      };
    case "captured":
      return {
        state: "captured",
        ...(event.authorization === undefined ? {} : { authorization: event.authorization }),
        captured: event.amount,
        refunded: 0n,
      };
    case "settled":
      return {
        ...{ state: "settled", authorization: event.authorization },
        ...{ captured: capturedOf(payment), refunded: refundedOf(payment), released: event.released },
      };
    case "canceled":
      return { state: "canceled", ...letGo, cancellation: event.reason };
    case "expired":
      return { state: "expired", ...letGo };
    case "review_required":
      return { state: "in_review", ...held, review: event.review };
    default:
      return absurd(event);
  }
}

/** What was asked for goes on through whatever does not end it: an unknown outcome keeps it. */
function operationAfter(payment: Payment, event: Transition): PendingOperation | undefined {
  const { pendingOperation: pending } = payment;
  switch (event.type) {
    case "captured":
      invariant(
        pending?.kind !== "capture" || pending.amount === event.amount,
        `${payment.id} captures ${event.amount}, and was asked for another amount`,
      );
      return undefined;
    case "settled":
      invariant(pending === undefined, `${payment.id} settles while a ${pending?.kind} goes on`);
      return undefined;
    case "declined":
    case "failed":
    case "canceled":
    case "expired":
      return undefined;
    case "authorized":
    case "action_required":
    case "resumed":
    case "review_required":
      return pending;
    default:
      return absurd(event);
  }
}

function checkOperation({ id, state, pendingOperation: pending }: Payment): void {
  if (pending === undefined) return;
  invariant(mayGoOnIn(pending.kind, state), `${id} is ${state}, with a ${pending.kind} in progress`);
}

function checkAmounts(payment: Payment): void {
  const { id, total, pendingOperation: pending } = payment;
  const [captured, refunded] = [capturedOf(payment), refundedOf(payment) + refundPendingOf(payment)];
  const takes = pending?.kind === "capture" ? pending.amount : captured;
  const least = payment.state === "captured" || pending?.kind === "capture" ? 1n : 0n;
  invariant(takes >= least && takes <= total.amount, `${id} captures ${takes} of ${total.amount}`);
  invariant(refunded >= 0n && refunded <= captured, `${id} refunds ${refunded} of ${captured}`);
}

/** Everything but the standing: what the next state does not carry must not linger. */
function agreementOf(payment: Payment) {
  const { id, book, total, capture, method, fees, fingerprint, metadata, createdAt } = payment;
  const { reference, description, returnUrl, textKey } = payment;
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
    ...(returnUrl === undefined ? {} : { returnUrl }),
    metadata,
    ...(textKey === undefined ? {} : { textKey }),
    createdAt,
  };
}
