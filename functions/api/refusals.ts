import { absurd } from "#core/kernel/invariant.ts";
import type { PaymentRefusal } from "#core/payments/decide.ts";
import { invalidField, Problem } from "./http/problem.ts";

/** A second: an operation ends in some, unless its outcome is unknown. */
const retryAfter = { "retry-after": "1" };

/** What a merchant is told whose request does not apply to the payment as it stands. */
export function problemOfRefusal(refusal: PaymentRefusal): Problem {
  switch (refusal.code) {
    case "wrong_state":
      return new Problem("wrong_state", { detail: `The payment is ${refusal.state}.` });
    case "operation_in_progress":
      return new Problem("operation_in_progress", {
        detail: `Its ${refusal.operation} has no end yet.`,
        headers: retryAfter,
      });
    case "authorization_expired":
      return new Problem("authorization_expired");
    case "exceeds_authorized":
      return invalidField("/amount", refusal.code, "The amount is more than was authorized.");
    case "exceeds_captured":
      return invalidField("/amount", refusal.code, "The amount is more than is left of what was captured.");
    case "too_many_refunds":
      return new Problem("too_many_refunds");
    case "not_due":
      // Time alone asks for what is due; no request does.
      throw new Error("no request of a merchant ends a payment by time");
    default:
      return absurd(refusal);
  }
}
