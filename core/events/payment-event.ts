import { z } from "zod";
import { absurd, invariant } from "../kernel/invariant.ts";
import { isSameOperation, type OperationKind } from "../payments/operation.ts";
import { type Payment, refundedOf } from "../payments/payment.ts";
import type { PaymentState } from "../payments/states.ts";
import { paymentView } from "../payments/view.ts";
import { type EventId, eventId, fixedEventId } from "./event-id.ts";
import { noTexts, openTexts, sealTexts } from "./sealed-texts.ts";

/** What a change of a payment is called. One change, one version, one event. */
export const paymentEventTypes = [
  "payment.created",
  "payment.requires_action",
  "payment.resumed",
  "payment.authorized",
  "payment.captured",
  "payment.settled",
  "payment.declined",
  "payment.failed",
  "payment.canceled",
  "payment.expired",
  "payment.in_review",
  "payment.capture_started",
  "payment.cancel_started",
  "payment.refund_started",
  "payment.refund_in_review",
  "payment.refunded",
  "payment.refund_failed",
  "payment.review_updated",
  "payment.redacted",
] as const;
export type PaymentEventType = (typeof paymentEventTypes)[number];

/** Raised when a member changes its meaning or goes; members may be added under the same number. */
const schemaVersion = 1;

/** Minor units. */
const amount = z.int().nonnegative();
const code = z.object({ code: z.string() }).loose();

/**
 * What of a payment others read out of its events. What is not named here is carried along as it is: members may be added,
 * and what a merchant wrote is his.
 */
const paymentData = z
  .object({
    id: z.string().startsWith("pay_"),
    object: z.literal("payment"),
    amount,
    currency: z.string().length(3),
    amount_captured: amount,
    amount_refunded: amount,
    state: z.string(),
    method: z.object({ type: z.string(), brand: z.string().optional() }).loose(),
    acquirer: z.string().optional(),
    decline: code.optional(),
    failure: code.optional(),
    cancellation: code.optional(),
    version: z.int().positive(),
    created_at: z.string(),
    updated_at: z.string(),
  })
  .loose();

/**
 * An event as it is published. `data` is the payment as the API shows it, at that version; but what people wrote on it is
 * in `sealed`, under the payment's own key, for as long as that is there (sealed-texts.ts).
 */
export const publishedEvent = z.object({
  schema: z.literal(schemaVersion),
  id: eventId,
  type: z.enum(paymentEventTypes),
  /** The payment's version: 1, 2, 3 … without a gap. */
  sequence: z.int().positive(),
  created_at: z.iso.datetime(),
  book: z.string().startsWith("mer_"),
  data: paymentData,
  sealed: z.string().exactOptional(),
});
export type PublishedEvent = z.output<typeof publishedEvent>;

/** The event of one committed change: the payment before it, undefined for a new one, and after. */
export function eventOf(before: Payment | undefined, after: Payment): PublishedEvent {
  invariant(after.version === (before?.version ?? 0) + 1, `${after.id} changes version by version`);
  const id = fixedEventId(after.id, after.version, after.updatedAt);
  return {
    schema: schemaVersion,
    id,
    type: typeOf(before, after),
    sequence: after.version,
    created_at: new Date(after.updatedAt).toISOString(),
    book: after.book,
    ...told(after, id),
  };
}

/** What a payment's event says of it. One from before there were keys is told as it is. */
export function told(payment: Payment, id: EventId): Pick<PublishedEvent, "data" | "sealed"> {
  const data = { ...paymentView(payment), id: payment.id, object: "payment" } as const;
  if (payment.textKey === undefined) return { data };
  return { data: { ...data, ...noTexts }, sealed: sealTexts(payment, payment.textKey, id) };
}

/**
 * What an event says, to whoever may know it: with what people wrote, while its payment has the key. A seal that does not
 * open is a broken promise of the outbox, and shown as one that was erased: `prove` finds it.
 * @param textKey undefined once the payment was redacted
 */
export function opened({ data, sealed, id }: PublishedEvent, textKey: string | undefined) {
  if (sealed === undefined || textKey === undefined) return data;
  return { ...data, ...openTexts(sealed, textKey, id) };
}

function typeOf(before: Payment | undefined, after: Payment): PaymentEventType {
  if (before === undefined) return "payment.created";
  if (before.state !== after.state) return typeByState(after.state);
  return typeOfProgress(before, after);
}

function typeByState(state: PaymentState): PaymentEventType {
  // Back in processing: the customer has acted, or the acquirer has decided.
  return state === "processing" ? "payment.resumed" : `payment.${state}`;
}

/** A change that leaves the state as it is begins an operation, is what came of a refund, or what somebody said of a review. */
function typeOfProgress(before: Payment, after: Payment): PaymentEventType {
  const [was, is] = [before.pendingOperation, after.pendingOperation];
  if (before.redactedAt !== after.redactedAt) return "payment.redacted";
  if (isReviewed(before, after)) return "payment.review_updated";
  if (was === undefined) {
    invariant(is !== undefined, `${after.id} begins an operation`);
    return typeOfStart(is.kind);
  }
  invariant(was.kind === "refund", `${after.id} stays ${after.state}, so that its ${was.kind} goes on`);
  if (is !== undefined) return "payment.refund_in_review";
  return refundedOf(after) > refundedOf(before) ? "payment.refunded" : "payment.refund_failed";
}

/** What is in review, itself or its refund, stays there: somebody said something about it. */
function isReviewed({ pendingOperation: was }: Payment, { state, pendingOperation: is }: Payment): boolean {
  const isOpen = state === "in_review" || (was?.kind === "refund" && was.inReview === true);
  return isOpen && isSameOperation(was, is);
}

function typeOfStart(kind: OperationKind): PaymentEventType {
  switch (kind) {
    case "capture":
    case "cancel":
    case "refund":
      return `payment.${kind}_started`;
    default:
      return absurd(kind);
  }
}
