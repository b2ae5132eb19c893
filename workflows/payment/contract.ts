import { z } from "zod";
import {
  type AuthorizationRecord,
  authorizationFrom,
  fromRecord,
  type PaymentRecord,
} from "#core/payments/record.ts";
import { paymentStates } from "#core/payments/states.ts";

/**
 * What the `payment` saga's states hand to its tasks and get back. `machine.asl.json` reads `outcome`,
 * `payment`, `authorization` and `reason`, and passes the rest through: renaming one here means renaming it there.
 */

const epochMs = z.int().nonnegative();
const minorUnits = z.int().min(0);

const authorization = z.strictObject({ acquirer: z.string(), reference: z.string(), expires_at: epochMs });

const pendingOperation = z.strictObject({
  kind: z.enum(["capture", "cancel", "refund"]),
  amount: minorUnits.optional(),
  refund: z.string().startsWith("re_").optional(),
  overdue: z.literal(true).optional(),
  in_review: z.literal(true).optional(),
  started_at: epochMs,
});

const paymentRecord = z.strictObject({
  id: z.string().startsWith("pay_"),
  book: z.string(),
  amount: minorUnits,
  currency: z.string().length(3),
  capture: z.enum(["automatic", "manual"]),
  method: z.discriminatedUnion("type", [
    z.strictObject({ type: z.literal("card"), token: z.string(), brand: z.string(), last4: z.string() }),
    z.strictObject({ type: z.literal("account"), account: z.string().startsWith("acc_") }),
  ]),
  fees: z.strictObject({ basis_points: z.int(), fixed: minorUnits }),
  fingerprint: z.string(),
  reference: z.string().optional(),
  description: z.string().optional(),
  return_url: z.string().optional(),
  metadata: z.record(z.string(), z.string()).optional(),
  created_at: epochMs,
  updated_at: epochMs,
  version: z.int().positive(),
  pending_operation: pendingOperation.optional(),
  refunds: z.array(z.string().startsWith("re_")).optional(),
  state: z.enum(paymentStates),
  authorization: authorization.optional(),
  captured: minorUnits.optional(),
  refunded: minorUnits.optional(),
  acquirer: z.string().optional(),
  acquirer_reference: z.string().optional(),
  redirect_url: z.string().optional(),
  decline: z.string().optional(),
  failure: z.string().optional(),
  cancellation: z.string().optional(),
  review: z
    .strictObject({ operation: z.string(), acquirer: z.string().optional(), reason: z.string() })
    .optional(),
});

const payment = paymentRecord.transform((record) => fromRecord(record as PaymentRecord));
const approval = authorization.transform(authorizationFrom);
/** ARN of the execution, which every journal entry keeps. */
const execution = z.string();

/** The saga's own input, and its output. */
export const sagaInput = z.strictObject({ payment });
export const sagaOutput = z.strictObject({ payment });

export const authorizeInput = z.strictObject({ payment });
export const postInput = z.strictObject({ payment, authorization: approval, execution });
/** `attempt` is 0 at first: before that nobody can have been asked for this capture. */
export const settleInput = z.strictObject({ payment, execution, attempt: z.int().nonnegative() });
export const compensateInput = z.strictObject({
  payment,
  authorization: approval,
  reason: z.string(),
  execution,
});
export const reviewInput = z.object({
  payment,
  step: z.enum(["authorize", "post", "settle", "compensate"]),
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
  | { readonly outcome: "held" | "captured" | "concluded"; readonly payment: PaymentRecord };
