import type { PaymentEventType } from "../events/payment-event.ts";

/** What a merchant may ask to be told of. A closed list: its names are the public contract. */
export const newsKinds = [
  "captured",
  "declined",
  "failed",
  "canceled",
  "expired",
  "refunded",
  "refund_failed",
  "in_review",
] as const;
export type NewsKind = (typeof newsKinds)[number];

/**
 * Which news each event is. What follows by itself within seconds is none: a payment's creation, its authorization, and
 * the beginning of an operation. A new type of event does not compile until it is decided here.
 */
const kindByType: { readonly [Type in PaymentEventType]: NewsKind | undefined } = {
  "payment.created": undefined,
  "payment.requires_action": undefined,
  "payment.resumed": undefined,
  "payment.authorized": undefined,
  "payment.captured": "captured",
  "payment.settled": undefined,
  "payment.declined": "declined",
  "payment.failed": "failed",
  "payment.canceled": "canceled",
  "payment.expired": "expired",
  // How a review ends is news of its own kind: captured, declined, failed.
  "payment.in_review": "in_review",
  "payment.capture_started": undefined,
  "payment.cancel_started": undefined,
  "payment.refund_started": undefined,
  "payment.refund_in_review": "in_review",
  "payment.refunded": "refunded",
  "payment.refund_failed": "refund_failed",
  "payment.review_updated": "in_review",
  // Who asked for it knows.
  "payment.redacted": undefined,
};

/** @returns undefined for an event that is no news. */
export const newsKindOf = (type: PaymentEventType): NewsKind | undefined => kindByType[type];

/** The types of events that are news: no others need to be read. */
export const newsEventTypes: readonly PaymentEventType[] = (
  Object.keys(kindByType) as PaymentEventType[]
).filter((type) => kindByType[type] !== undefined);
