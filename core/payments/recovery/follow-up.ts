import { operationKey } from "../ids.ts";
import { type Authorization, authorizationOf, type Payment } from "../payment.ts";
import { isHeld } from "../refund.ts";
import { compensate } from "../steps/compensate.ts";
import { giveBack } from "../steps/give-back.ts";
import { settle } from "../steps/settle.ts";
import { askAgain, concluded, type Found, type Look, type RecoveryPorts } from "./found.ts";
import { inquire, isOpenStill, knowing, reasonIn } from "./inquiries.ts";

/** What was captured is booked, what was refused is released; what never arrived is asked for again, under the same key. */
export async function recoverCapture(
  ports: RecoveryPorts,
  payment: Payment,
  { acquirer }: Authorization,
  look: Look,
): Promise<Found> {
  const inquiry = await inquire(ports, acquirer, operationKey(payment.id, "capture"), look);
  if (isOpenStill(inquiry)) return askAgain(payment, reasonIn(acquirer, inquiry));
  if (inquiry.kind !== "found")
    return { outcome: "continue_payment", payment, entry: { step: "settle", attempt: 1 } };
  const settled = await settle(knowing(ports, inquiry.outcome), payment, { ...look, attempt: 1 });
  if (settled.outcome !== "refused") return concluded(settled.payment);
  const { authorization, reason } = settled;
  return { outcome: "continue_payment", payment, entry: { step: "compensate", authorization, reason } };
}

/** As a capture; but a void that was refused because the money was taken is a capture that must be booked. */
export async function recoverVoid(
  ports: RecoveryPorts,
  payment: Payment,
  authorization: Authorization,
  look: Look,
): Promise<Found> {
  const { acquirer } = authorization;
  const isAskedFor = payment.pendingOperation?.kind === "cancel";
  const reason = isAskedFor ? "requested_by_merchant" : "operation_refused";
  const inquiry = await inquire(ports, acquirer, operationKey(payment.id, "void"), look);
  if (isOpenStill(inquiry)) return askAgain(payment, reasonIn(acquirer, inquiry));
  if (inquiry.kind !== "found")
    return { outcome: "continue_payment", payment, entry: { step: "compensate", authorization, reason } };
  if (inquiry.outcome.kind === "declined")
    return isAskedFor
      ? askAgain(payment, `${acquirer} refuses to void`)
      : recoverCapture(ports, payment, authorization, look);
  const { payment: released } = await compensate(
    knowing(ports, inquiry.outcome),
    { payment, authorization, reason },
    look,
  );
  return concluded(released);
}

/** What was given back is booked, what was refused is released; what never arrived is asked for again, under the same key. */
export async function recoverRefund(ports: RecoveryPorts, payment: Payment, look: Look): Promise<Found> {
  const refund = await ports.refundOf(payment);
  if (refund === undefined) return askAgain(payment, "its refund is not there");
  const authorization = authorizationOf(payment);
  const goesOn: Found = { outcome: "continue_refund", payment, refund };
  if (!isHeld(refund) || authorization === undefined) return goesOn;
  const { acquirer } = authorization;
  const inquiry = await inquire(ports, acquirer, operationKey(payment.id, "refund", refund.n), look);
  if (isOpenStill(inquiry)) return askAgain(payment, reasonIn(acquirer, inquiry));
  if (inquiry.kind !== "found") return goesOn;
  const { payment: ended } = await giveBack(knowing(ports, inquiry.outcome), { payment, refund }, look);
  return concluded(ended);
}
