import { invariant } from "../../kernel/invariant.ts";
import { acquirerOf } from "../payment.ts";
import type { RefundOfPayment, RefundPorts } from "../ports.ts";
import { conclusion, isOpen, recordRefund } from "./record-refund.ts";
import type { RefundStepResult } from "./step.ts";

/** What each step of the refund saga was doing when it was lost. */
export const refundOperationOf = { hold: "post", give_back: "refund" } as const;

/** A step of the refund saga that was lost past its retries. */
export interface LostRefundStep extends RefundOfPayment {
  readonly step: keyof typeof refundOperationOf;
  /** Name of what it threw last. */
  readonly error: string;
}

/** What a lost step did is not known, so the refund waits for evidence: nothing is undone blindly. */
export async function reviewRefund(
  ports: Pick<RefundPorts, "refunds" | "now">,
  { step, error, ...of }: LostRefundStep,
): Promise<RefundStepResult> {
  const acquirer = acquirerOf(of.payment);
  const review = {
    operation: refundOperationOf[step],
    ...(acquirer === undefined ? {} : { acquirer }),
    reason: error,
  };
  const now = ports.now();
  const recorded = await recordRefund(ports, of, (stands) =>
    isOpen(stands) && stands.refund.state === "processing"
      ? conclusion(stands, { type: "review_required", review }, now)
      : undefined,
  );
  invariant(recorded.kind !== "refused", `no account stands in the way of a review of ${of.refund.id}`);
  return { outcome: "concluded", ...recorded.stands };
}
