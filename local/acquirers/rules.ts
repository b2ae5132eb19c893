import type { DeclineCode } from "#core/acquiring/declines.ts";
import { isCurrency } from "#core/money/currency.ts";
import { behaviourOf } from "./cards.ts";
import type { AuthorizationBody } from "./protocol.ts";
import type { Act, Authorization, Operation } from "./records.ts";

/** How long an authorization can be captured. */
const authorizationMsMax = 7 * 24 * 60 * 60 * 1_000;
/** How long a customer has to act at the acquirer's page. */
const customerMsMax = 15 * 60 * 1_000;
/** What an asynchronous decision takes. */
const laterMs = 2_000;

/** What was decided, and what the authorization is from then on; absent when it is not touched. */
export interface Decided {
  readonly verdict: Pick<Operation, "result" | "declineCode" | "expiresAt" | "needsCustomer">;
  readonly authorization?: Authorization;
}

const declined = (declineCode: DeclineCode): Decided => ({ verdict: { result: "declined", declineCode } });
const refused = declined("operation_refused");

export function decideAuthorization(key: string, body: AuthorizationBody, act: Act, now: number): Decided {
  // A card is good through the last day of its month.
  if (now >= Date.UTC(body.card.exp_year, body.card.exp_month)) return declined("expired_card");
  if (!isCurrency(body.currency)) return declined("currency_not_supported");
  const { decides } = act;
  if (typeof decides === "object" && "declined" in decides) return declined(decides.declined);
  const { capture, refund } = behaviourOf(body.card.number);
  const made: Omit<Authorization, "state" | "expiresAt"> = {
    key,
    merchant: body.merchant,
    amount: body.amount,
    currency: body.currency,
    ...(body.return_url !== undefined && { returnUrl: body.return_url }),
    captured: 0,
    refunded: 0,
    disputed: 0,
    capture,
    refund,
  };
  if (typeof decides === "string") {
    const expiresAt = now + authorizationMsMax;
    return {
      verdict: { result: "approved", expiresAt },
      authorization: { ...made, state: "open", expiresAt },
    };
  }
  const needsCustomer = decides.pending === "customer";
  return {
    verdict: { result: "pending", ...(needsCustomer && { needsCustomer }) },
    authorization: {
      ...made,
      state: "pending",
      expiresAt: now + (needsCustomer ? customerMsMax : laterMs),
      otherwise: needsCustomer ? "declined" : "approved",
    },
  };
}

/** What becomes of an authorization that waited for a decision. */
export function decidePending(
  { otherwise: _, ...authorization }: Authorization,
  decision: "approved" | "declined",
  now: number,
): Decided {
  if (decision === "declined")
    return { ...declined("authentication_required"), authorization: { ...authorization, state: "declined" } };
  const expiresAt = now + authorizationMsMax;
  return {
    verdict: { result: "approved", expiresAt },
    authorization: { ...authorization, state: "open", expiresAt },
  };
}

const isOpen = (authorization: Authorization | undefined, now: number): authorization is Authorization =>
  authorization?.state === "open" && now < authorization.expiresAt;

/** One capture per authorization, of all of it or a part; the rest is released. */
export function decideCapture(
  authorization: Authorization | undefined,
  capture: { readonly key: string; readonly amount: number },
  now: number,
): Decided {
  if (!isOpen(authorization, now) || capture.amount > authorization.amount) return refused;
  const { decides } = authorization.capture;
  if (typeof decides === "object" && "declined" in decides) return declined(decides.declined);
  return {
    verdict: { result: "approved" },
    authorization: {
      ...authorization,
      state: "captured",
      captured: capture.amount,
      captureKey: capture.key,
    },
  };
}

export function decideVoid(authorization: Authorization | undefined, now: number): Decided {
  if (!isOpen(authorization, now)) return refused;
  return { verdict: { result: "approved" }, authorization: { ...authorization, state: "voided" } };
}

/** What was captured and is neither given back nor denied by the customer. */
export const refundableOf = ({ captured, refunded, disputed }: Authorization): number =>
  captured - refunded - disputed;

/** Any number of refunds, together no more than was captured. */
export function decideRefund(authorization: Authorization | undefined, amount: number): Decided {
  if (authorization === undefined || amount > refundableOf(authorization)) return refused;
  return {
    verdict: { result: "approved" },
    authorization: { ...authorization, refunded: authorization.refunded + amount },
  };
}

/**
 * A reversal undoes an authorization, held or not yet decided, and closes what was never executed. What moved money,
 * or released it, stays as it is: an inquiry tells.
 */
export function decideReversal(
  target: Operation | undefined,
  authorization: Authorization | undefined,
): Decided {
  const done: Decided = { verdict: { result: "approved" } };
  if (target === undefined || target.result === "declined") return done;
  if (target.operation !== "authorize" || authorization?.state === "captured") return refused;
  // Forgotten, voided or past its end: nothing is held.
  if (authorization?.state !== "open" && authorization?.state !== "pending") return done;
  return { ...done, authorization: { ...authorization, state: "voided" } };
}
