import { z } from "zod";
import type { AuthorizationRecord, PaymentRecord } from "#core/payments/record.ts";
import { operationOf } from "#core/payments/steps/review.ts";
import { approval, attempt, execution, payment, type Take } from "#workflows/records.ts";

/**
 * What the `payment` saga's states hand to its tasks and get back. `machine.asl.json` reads `take`, `step`, `attempt`,
 * `outcome`, `payment`, `authorization` and `reason`, and passes the rest through: renaming one here means renaming it there.
 */

/** Where the saga may be entered: at its beginning, or where an operation or the recovery goes on. */
const entries = ["authorize", "resume", "post", "settle", "compensate"] as const;

/** The saga's own input, and its output. */
export const sagaInput = z.strictObject({
  payment,
  /** Default: `authorize`, which is `transfer` for a wallet. */
  step: z.enum(entries).optional(),
  /** To be posted, or to be voided. */
  authorization: approval.optional(),
  /** Why it is compensated. */
  reason: z.string().optional(),
  /** Default: 0. Whoever enters where an earlier run may have asked says so. */
  attempt: attempt.optional(),
});
export const sagaOutput = z.strictObject({ payment });

/** What the recovery starts the saga with, as it goes over the wire: the saga takes the payment up itself. */
export interface TakenStart {
  readonly take: Take;
  readonly step?: (typeof entries)[number];
  readonly authorization?: AuthorizationRecord;
  readonly reason?: string;
  readonly attempt?: number;
}

export const authorizeInput = z.strictObject({ payment });
export const resumeInput = z.strictObject({ payment });
export const transferInput = z.strictObject({ payment, execution });
export const postInput = z.strictObject({ payment, authorization: approval, execution });
export const settleInput = z.strictObject({ payment, execution, attempt });
export const compensateInput = z.strictObject({
  payment,
  authorization: approval.optional(),
  reason: z.string(),
  execution,
  attempt,
});
export const reviewInput = z.object({
  payment,
  step: z.enum(Object.keys(operationOf) as (keyof typeof operationOf)[]),
  error: z.string(),
  authorization: approval.optional(),
});

/** What every task answers with. `machine.asl.json` chooses by `outcome`. */
export type StepOutput =
  | {
      readonly outcome: "approved";
      readonly payment: PaymentRecord;
      readonly authorization: AuthorizationRecord;
    }
  | {
      readonly outcome: "refused";
      readonly payment: PaymentRecord;
      readonly authorization: AuthorizationRecord;
      readonly reason: string;
    }
  | { readonly outcome: "overdue"; readonly payment: PaymentRecord; readonly reason: string }
  | { readonly outcome: "held" | "captured" | "concluded" | "stray"; readonly payment: PaymentRecord };
