import { operationKey } from "../ids.ts";
import type { Authorization, Payment } from "../payment.ts";
import { askAgain, type Found, type Look, type RecoveryPorts } from "./found.ts";
import { inquire } from "./inquiries.ts";

/*
 * What an acquirer was asked to do with an authorization. The sagas' steps inquire before they ask again, and book what
 * they find: so the recovery only says where a saga goes on.
 */

/** An earlier run may have asked for it. */
const again = { attempt: 1 } as const;

/** What was captured is booked, what was refused is released; what never arrived is asked for again, under the same key. */
export const recoverCapture = (payment: Payment): Found => ({
  outcome: "continue_payment",
  payment,
  entry: { step: "settle", ...again },
});

/** As a capture; but a void that was refused because the money was taken is a capture that must be booked. */
export async function recoverVoid(
  ports: RecoveryPorts,
  payment: Payment,
  authorization: Authorization,
  look: Look,
): Promise<Found> {
  const { acquirer } = authorization;
  const isAskedFor = payment.pendingOperation?.kind === "cancel";
  const inquiry = await inquire(ports, acquirer, operationKey(payment.id, "void"), look);
  if (inquiry.kind === "found" && inquiry.outcome.kind === "declined")
    return isAskedFor ? askAgain(payment, `${acquirer} refuses to void`) : recoverCapture(payment);
  const reason = isAskedFor ? "requested_by_merchant" : "operation_refused";
  return {
    outcome: "continue_payment",
    payment,
    entry: { step: "compensate", authorization, reason, ...again },
  };
}

/** What was given back is booked, what was refused is released; what never arrived is asked for again, under the same key. */
export async function recoverRefund(ports: RecoveryPorts, payment: Payment): Promise<Found> {
  const refund = await ports.refundOf(payment);
  if (refund === undefined) return askAgain(payment, "its refund is not there");
  return { outcome: "continue_refund", payment, refund, ...again };
}
