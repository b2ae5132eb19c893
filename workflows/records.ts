import { z } from "zod";
import type { Book } from "#core/ledger/account.ts";
import { parsePaymentId } from "#core/payments/ids.ts";
import { authorizationFrom, fromRecord, type PaymentRecord } from "#core/payments/record.ts";
import { refundStates } from "#core/payments/refund.ts";
import { fromRefundRecord, type RefundRecord } from "#core/payments/refund-record.ts";
import { paymentStates } from "#core/payments/states.ts";

/** What sagas pass on, read into what the domain knows. Each field is named: what no task wrote is refused. */

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

const review = z.strictObject({
  operation: z.string(),
  acquirer: z.string().optional(),
  reason: z.string(),
});

/** What an operator said: nobody but the two records' readers looks into it. */
const word = z.strictObject({
  as: z.string(),
  by: z.string(),
  at: epochMs,
  seen: z.int().positive(),
  evidence: z.string(),
  authorization: authorization.optional(),
  acquirer: z.string().optional(),
  decline: z.string().optional(),
  end: z.string().optional(),
  says: z.string().optional(),
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
  fees: z.strictObject({ basis_points: z.int(), fixed: minorUnits, dispute: minorUnits.optional() }),
  fingerprint: z.string(),
  reference: z.string().optional(),
  description: z.string().optional(),
  return_url: z.string().optional(),
  metadata: z.record(z.string(), z.string()).optional(),
  text_key: z.string().optional(),
  created_at: epochMs,
  updated_at: epochMs,
  version: z.int().positive(),
  pending_operation: pendingOperation.optional(),
  refunds: z.array(z.string().startsWith("re_")).optional(),
  words: z.array(word).optional(),
  redacted_at: epochMs.optional(),
  state: z.enum(paymentStates),
  authorization: authorization.optional(),
  captured: minorUnits.optional(),
  refunded: minorUnits.optional(),
  /** What a settlement made available may be less than nothing. */
  released: z.int().optional(),
  acquirer: z.string().optional(),
  acquirer_reference: z.string().optional(),
  redirect_url: z.string().optional(),
  decline: z.string().optional(),
  failure: z.string().optional(),
  cancellation: z.string().optional(),
  review: review.optional(),
});

export const payment = paymentRecord.transform((record) => fromRecord(record as PaymentRecord));
export const approval = authorization.transform(authorizationFrom);

const refundRecord = z.strictObject({
  id: z.string().startsWith("re_"),
  payment: z.string().startsWith("pay_"),
  book: z.string(),
  n: z.int().positive(),
  amount: minorUnits,
  currency: z.string().length(3),
  reason: z.string().optional(),
  fingerprint: z.string(),
  from: z.literal([2100, 2110]).optional(),
  created_at: epochMs,
  updated_at: epochMs,
  version: z.int().positive(),
  words: z.array(word).optional(),
  state: z.enum(refundStates),
  held: z.boolean().optional(),
  failure: z.string().optional(),
  review: review.optional(),
});

export const refund = refundRecord.transform((record) => fromRefundRecord(record as RefundRecord));

const paymentId = z.string().transform((text, context) => {
  const id = parsePaymentId(text);
  if (id !== undefined) return id;
  context.addIssue({ code: "custom", message: "not the id of a payment" });
  return z.NEVER;
});

/** A payment by its name. */
export const paymentNamed = { book: z.string().transform((text) => text as Book), payment: paymentId };

/**
 * What the recovery starts a saga with instead of the payment: its history keeps for 90 days what it hands over. `version`
 * is the one that it looked at.
 */
export const take = z.strictObject({ ...paymentNamed, version: z.int().positive() });

/** `take`, as it goes over the wire. */
export interface Take {
  readonly book: string;
  readonly payment: string;
  readonly version: number;
}

/** ARN of the execution, which every journal entry keeps. */
export const execution = z.string();
/** How often what a step asks for may have been asked for before: 0 when certainly never. */
export const attempt = z.int().nonnegative();
