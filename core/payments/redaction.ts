import { err, ok, type Result } from "../kernel/result.ts";
import { refusedIn } from "./begin.ts";
import type { PaymentRefusal } from "./decide.ts";
import type { PaymentEvent } from "./events.ts";
import type { Payment } from "./payment.ts";
import { evolveRefund, type Refund } from "./refund.ts";
import type { PaymentState } from "./states.ts";

/**
 * Where what people wrote on a payment may be erased: where no saga of its own is under way that goes by its version, and
 * no customer is to be sent back. A captured payment may still settle and be refunded: neither needs what was written.
 */
const states = [
  "captured",
  "settled",
  "declined",
  "failed",
  "canceled",
  "expired",
] as const satisfies readonly PaymentState[];

export const mayBeRedacted = (payment: Payment): boolean => refusedIn(payment, states) === undefined;

/** Erases what people wrote on a payment. Refused while something goes on, or its outcome is unknown. */
export function redact(payment: Payment): Result<PaymentEvent, PaymentRefusal> {
  const refusal = refusedIn(payment, states);
  return refusal === undefined ? ok({ type: "redacted" }) : err(refusal);
}

/** Whether a request is the one that became a payment, though its digest is erased: by all that is left of it. */
export const isSameButForTexts = (payment: Payment, asked: AskedPayment): boolean =>
  payment.total.amount === asked.amount &&
  payment.total.currency === asked.currency &&
  payment.capture === asked.capture &&
  payment.method.type === asked.method.type &&
  nameOf(payment.method) === nameOf(asked.method);

interface AskedPayment {
  /** Minor units. */
  readonly amount: bigint;
  readonly currency: string;
  readonly capture: Payment["capture"];
  readonly method: AskedMethod;
}
type AskedMethod =
  | { readonly type: "card"; readonly token: string }
  | { readonly type: "account"; readonly account: string };

const nameOf = (method: AskedMethod): string => (method.type === "card" ? method.token : method.account);

/** The same of a refund. `amount` is absent in a request for all that was left. */
export const isSameRefundButForTexts = ({ total }: Refund, amount: bigint | undefined): boolean =>
  amount === undefined || amount === total.amount;

/** What a redaction does to those of a payment's refunds that have a reason to erase. */
export function redactedRefunds(
  refunds: readonly Refund[],
  now: number,
): readonly { readonly before: Refund; readonly after: Refund }[] {
  return refunds
    .filter(({ reason }) => reason !== undefined)
    .map((before) => ({ before, after: evolveRefund(before, { type: "redacted" }, now) }));
}
