import type { DeclineCode } from "./declines.ts";

/** What an acquirer is asked to do. One key per (payment, operation, attempt): see `operationKey`. */
export type AcquirerOperation = "authorize" | "capture" | "void";

/**
 * The five things that can be known after a request to an acquirer.
 *
 * - `approved`, `declined`: the acquirer decided.
 * - `pending`: it accepted the request and decides later (3DS, asynchronous methods).
 * - `not_attempted`: it certainly did not execute the request. Only this may fail over to another acquirer.
 * - `unknown`: it may have executed it. Inquire before anything else is done to this payment.
 */
export type AcquirerOutcome =
  | Approved
  | { readonly kind: "pending"; readonly reference: string; readonly redirectUrl?: string }
  | { readonly kind: "declined"; readonly code: DeclineCode; readonly reference?: string }
  | { readonly kind: "not_attempted"; readonly reason: string }
  | { readonly kind: "unknown"; readonly reason: string };

interface Approved {
  readonly kind: "approved";
  /** The acquirer's own reference of the authorization. Later operations name it. */
  readonly reference: string;
  /** Epoch milliseconds after which an authorization can no longer be captured. Authorizations only. */
  readonly expiresAt?: number;
}
