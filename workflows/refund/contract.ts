import { z } from "zod";
import type { PaymentRecord } from "#core/payments/record.ts";
import type { RefundRecord } from "#core/payments/refund-record.ts";
import { refundOperationOf } from "#core/payments/steps/review-refund.ts";
import { attempt, execution, payment, refund } from "#workflows/records.ts";

/**
 * What the `refund` saga's states hand to its tasks and get back. `machine.asl.json` reads `outcome`, `payment` and
 * `refund`: renaming one here means renaming it there.
 */

const ofPayment = { payment, refund };

/** The saga's own input, and its output. It may be started again wherever it stopped: a refund knows how far it came. */
export const refundSagaInput = z.strictObject({
  ...ofPayment,
  /** Default: 0. Whoever starts it again, when an earlier run may have asked the acquirer, says so. */
  attempt: attempt.optional(),
});
export const refundSagaOutput = z.strictObject(ofPayment);

export const holdRefundInput = z.strictObject({ ...ofPayment, execution });
export const giveBackInput = z.strictObject({ ...ofPayment, execution, attempt });
export const reviewRefundInput = z.strictObject({
  ...ofPayment,
  step: z.enum(Object.keys(refundOperationOf) as (keyof typeof refundOperationOf)[]),
  error: z.string(),
});

/** What every task answers with. `machine.asl.json` chooses by `outcome`. */
export interface RefundStepOutput {
  readonly outcome: "held" | "concluded";
  readonly payment: PaymentRecord;
  readonly refund: RefundRecord;
}
