import { absurd } from "../../kernel/invariant.ts";
import { openWordOf, type PaymentWord } from "../operator-word.ts";
import {
  type Authorization,
  authorizationOf,
  heldAuthorizationOf,
  type Payment,
  type Review,
} from "../payment.ts";
import { putInReview } from "../steps/record.ts";
import { closeStrays, keepHeld, recoverAuthorization, unexplained, voidUnposted } from "./authorization.ts";
import { followWord } from "./by-word.ts";
import { recoverCapture, recoverRefund, recoverVoid } from "./follow-up.ts";
import { concluded, type Found, type Look, type RecoveryPorts } from "./found.ts";

/**
 * Seconds to wait after each look before the next one. The first look comes when the reminder does: 5 s after silence, a
 * minute after an insert. From the last one on, a person is asked.
 */
export const waitsSeconds = [30, 300, 3_600, 86_400, 86_400, 86_400, 86_400, 86_400] as const;

/**
 * Finds out what became of a payment that silence, or a crash, left open. It asks the acquirer before anything is done:
 * what was executed is booked, what was refused is released, and what nobody knows of is closed by a reversal before it
 * is called not executed.
 */
export async function recover(ports: RecoveryPorts, payment: Payment, look: Look): Promise<Found> {
  if (!look.strays || asksEveryAcquirer(payment)) return whileStrays(await lookAt(ports, payment, look));
  const open = await closeStrays(ports, payment, acquirersOf(ports, payment), look);
  const found = await lookAt(ports, payment, look);
  return whileStrays({ ...found, strays: open.length > 0 }, open.join(", "));
}

/** Whoever finds out about an authorization that nobody knows of does so; about a void, only at the one that was asked. */
const asksEveryAcquirer = (payment: Payment): boolean =>
  heldAuthorizationOf(payment) === undefined &&
  (payment.state === "processing" || (payment.state === "in_review" && payment.review.operation !== "void"));

/** Nothing is over while an acquirer may hold money for it that nobody here knows of. */
function whileStrays(found: Found, who = "an acquirer"): Found {
  if (found.outcome !== "concluded" || found.strays !== true) return found;
  const reason = `${who} may hold money for it, and does not let go`;
  return { outcome: "ask_again", payment: found.payment, reason, standsWell: true, strays: true };
}

async function lookAt(ports: RecoveryPorts, payment: Payment, look: Look): Promise<Found> {
  if (payment.pendingOperation?.kind === "refund") return recoverRefund(ports, payment);
  const word = openWordOf<PaymentWord>(payment);
  if (payment.state === "in_review" && word !== undefined)
    return followWord(ports, payment, word, acquirersOf(ports, payment), look);
  switch (payment.state) {
    case "processing":
      return payment.method.type === "account"
        ? { outcome: "continue_payment", payment, entry: { step: "authorize" } }
        : recoverAuthorization(ports, payment, acquirersOf(ports, payment), look);
    case "requires_action":
      return recoverAction(payment);
    case "authorized":
      return recoverAuthorized(ports, payment, payment.authorization, look);
    case "in_review":
      return recoverReview(ports, payment, payment.review, look);
    case "captured":
    case "settled":
    case "declined":
    case "failed":
    case "canceled":
    case "expired":
      return concluded(payment);
    default:
      return absurd(payment);
  }
}

/** What a payment that nobody can tell more of is left with: a person decides, and knows what was tried. */
export async function giveUp(
  ports: Pick<RecoveryPorts, "payments" | "now">,
  payment: Payment,
  reason: string,
): Promise<Payment> {
  if (payment.state !== "processing" && payment.state !== "authorized") return payment;
  const isTakenBack = payment.pendingOperation?.kind === "cancel";
  const operation = payment.state === "processing" ? "authorize" : isTakenBack ? "void" : "capture";
  const acquirer = authorizationOf(payment)?.acquirer;
  return putInReview(ports, payment, { operation, ...(acquirer === undefined ? {} : { acquirer }), reason });
}

/**
 * Every acquirer that may have been asked: which of them was is not written down before one answers, and a saga that
 * runs twice may ask two. What a payment names counts too, should it be gone from the settings: then the look fails.
 */
function acquirersOf({ acquirers }: RecoveryPorts, payment: Payment): readonly string[] {
  const named = payment.state === "in_review" ? payment.review.acquirer : undefined;
  return [...new Set([...acquirers.names, ...(named === undefined ? [] : [named])])];
}

/** A customer that has not come back, or whose coming was not heard of; or a cancellation that was cut off. */
function recoverAction(payment: Payment): Found {
  if (payment.pendingOperation?.kind === "cancel")
    return {
      outcome: "continue_payment",
      payment,
      entry: { step: "compensate", reason: "requested_by_merchant", attempt: 1 },
    };
  return { outcome: "continue_payment", payment, entry: { step: "resume", attempt: 1 } };
}

/** Held, and what was to follow was cut off. A manual payment that nobody asked anything of just waits. */
function recoverAuthorized(
  ports: RecoveryPorts,
  payment: Payment,
  authorization: Authorization,
  look: Look,
): Promise<Found> {
  if (payment.pendingOperation?.kind === "cancel") return recoverVoid(ports, payment, authorization, look);
  const isCapturing = payment.pendingOperation?.kind === "capture" || payment.capture === "automatic";
  return Promise.resolve(isCapturing ? recoverCapture(payment) : concluded(payment));
}

async function recoverReview(
  ports: RecoveryPorts,
  payment: Payment,
  review: Review,
  look: Look,
): Promise<Found> {
  if (payment.method.type === "account")
    return { outcome: "continue_payment", payment, entry: { step: "authorize" } };
  const held = heldAuthorizationOf(payment);
  switch (review.operation) {
    case "authorize":
    case "post":
    case "reversal":
      return held === undefined
        ? recoverAuthorization(ports, payment, acquirersOf(ports, payment), look)
        : keepHeld(ports, payment, held, acquirersOf(ports, payment), look);
    case "capture":
      return held === undefined ? unexplained(payment, review) : recoverCapture(payment);
    case "void":
      if (held === undefined) return voidUnposted(ports, payment, review, look);
      // What was to be voided may be another acquirer's, and the one that is held is good.
      return review.acquirer === undefined || review.acquirer === held.acquirer
        ? recoverVoid(ports, payment, held, look)
        : keepHeld(ports, payment, held, acquirersOf(ports, payment), look);
    case "refund":
      return unexplained(payment, review);
    default:
      return absurd(review.operation);
  }
}
