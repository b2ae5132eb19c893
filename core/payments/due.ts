import type { Payment } from "./payment.ts";

/** How long a customer, or an acquirer that answers late, may take. */
export const actionLifetimeMs = 24 * 3_600_000;

/**
 * When time ends this payment by itself, epoch milliseconds. Only what waits for somebody: an automatic payment never
 * waits while it is authorized, and what is asked for, or unknown, has an end of its own.
 */
export function dueAt(payment: Payment): number | undefined {
  if (payment.pendingOperation !== undefined) return undefined;
  switch (payment.state) {
    case "authorized":
      return payment.capture === "manual" ? payment.authorization.expiresAt : undefined;
    case "requires_action":
      return payment.updatedAt + actionLifetimeMs;
    default:
      return undefined;
  }
}
