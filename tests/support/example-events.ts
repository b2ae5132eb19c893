import { eventOf, type PublishedEvent } from "#core/events/payment-event.ts";
import type { Payment } from "#core/payments/payment.ts";
import { examplePayment } from "./examples.ts";

/** The event of one version of the example: created, then in review. */
export function exampleEvent(
  course: Partial<Pick<Payment, "id" | "book" | "version" | "updatedAt" | "metadata">> = {},
): PublishedEvent {
  const { version = 1 } = course;
  const processing: Payment = { ...examplePayment(), ...course };
  if (version === 1) return eventOf(undefined, processing);
  const before = { ...processing, version: version - 1 };
  return eventOf(before, { ...before, version, state: "in_review", review });
}

const review = { operation: "authorize", reason: "no_answer" } as const;
