import type { DeclineCode } from "./declines.ts";

/** What an acquirer is asked to do. One key per (payment, operation, attempt): see `operationKey`. */
export const acquirerOperations = ["authorize", "capture", "void", "refund", "reversal"] as const;
export type AcquirerOperation = (typeof acquirerOperations)[number];

/**
 * The five things that can be known after a request to an acquirer.
 *
 * - `approved`, `declined`: the acquirer decided.
 * - `pending`: it accepted the request and decides later (3DS, asynchronous methods).
 * - `not_attempted`: it certainly did not execute the request. Only this, and a decline whose rule is `cascade`, may fail
 *   over to another acquirer.
 * - `unknown`: it may have executed it. Inquire before anything else is done to this payment.
 */
export type AcquirerOutcome =
  | Approved
  | { readonly kind: "pending"; readonly reference: string; readonly redirectUrl?: string }
  | { readonly kind: "declined"; readonly code: DeclineCode; readonly reference?: string }
  | { readonly kind: "not_attempted"; readonly reason: string }
  | { readonly kind: "unknown"; readonly reason: string };

/** What an acquirer says of an operation that it knows. */
export type KnownOutcome = Extract<AcquirerOutcome, { readonly kind: "approved" | "pending" | "declined" }>;

/**
 * What an inquiry brings.
 *
 * - `found`: the acquirer knows the key, and says what became of it.
 * - `not_found`: it knows nothing under the key. This proves nothing, the request may still arrive: only an
 *   acknowledged reversal closes a key.
 * - `unavailable`: no answer that can be relied on. Nothing was learned.
 */
export type Inquiry =
  | { readonly kind: "found"; readonly operation: AcquirerOperation; readonly outcome: KnownOutcome }
  | { readonly kind: "not_found" }
  | { readonly kind: "unavailable"; readonly reason: string };

interface Approved {
  readonly kind: "approved";
  /**
   * The acquirer's own reference of the authorization. Later operations name it. A reversal of what the acquirer never
   * saw has no authorization, so this names the reversal.
   */
  readonly reference: string;
  /** Epoch milliseconds after which an authorization can no longer be captured. Authorizations only. */
  readonly expiresAt?: number;
}
