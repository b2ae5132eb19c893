import type { DeclineCode } from "../acquiring/declines.ts";
import type { AcquirerOperation } from "../acquiring/outcome.ts";
import type { Book } from "../ledger/account.ts";
import type { Money } from "../money/money.ts";
import type { FeeSchedule } from "../pricing/fee-schedule.ts";
import type { PaymentId } from "./ids.ts";

/** What was agreed when the payment was created. Never changes. */
interface Agreement {
  readonly id: PaymentId;
  /** The merchant, whose book every posting of this payment stays in. */
  readonly book: Book;
  readonly total: Money;
  readonly capture: "automatic" | "manual";
  readonly method: CardMethod;
  readonly fees: FeeSchedule;
  /** Digest of the request's business fields: a reused key with another body is refused even when its record is gone. */
  readonly fingerprint: string;
  readonly reference?: string;
  readonly description?: string;
  readonly metadata: Readonly<Record<string, string>>;
  /** Epoch milliseconds. */
  readonly createdAt: number;
}

export interface CardMethod {
  readonly type: "card";
  /** `tok_…`: the card itself stays in the vault. */
  readonly token: string;
  readonly brand: string;
  readonly last4: string;
}

/** An acquirer's promise to pay, until it expires. */
export interface Authorization {
  readonly acquirer: string;
  /** The acquirer's own reference. */
  readonly reference: string;
  /** Epoch milliseconds; captures from then on are refused. */
  readonly expiresAt: number;
}

/** References are unique at one acquirer only. */
export const isSameAuthorization = (one: Authorization | undefined, other: Authorization): boolean =>
  one?.acquirer === other.acquirer && one.reference === other.reference;

/** All that an operator, or the recovery, needs to find out what happened. */
export interface Review {
  readonly operation: AcquirerOperation | "post";
  /** Who may have executed it. Absent when not even that is known. */
  readonly acquirer?: string;
  readonly reason: string;
}

/** Where the payment stands; each state carries what is known in it and nothing else. */
export type Standing =
  | { readonly state: "processing" }
  | { readonly state: "requires_action"; readonly acquirer: string; readonly acquirerReference: string }
  | { readonly state: "authorized"; readonly authorization: Authorization }
  | {
      readonly state: "captured" | "settled";
      readonly authorization: Authorization;
      readonly captured: bigint;
      readonly refunded: bigint;
    }
  | { readonly state: "declined"; readonly acquirer: string; readonly decline: DeclineCode }
  | { readonly state: "failed"; readonly authorization?: Authorization; readonly failure: string }
  | { readonly state: "canceled"; readonly authorization?: Authorization; readonly cancellation: string }
  | { readonly state: "expired"; readonly authorization?: Authorization }
  | { readonly state: "in_review"; readonly authorization?: Authorization; readonly review: Review };

export type Payment = Agreement & { readonly version: number; readonly updatedAt: number } & Standing;

export type PaymentRequest = Omit<Agreement, "createdAt">;

/** The first version of a payment; what no acquirer has heard of yet. */
export function createPayment(request: PaymentRequest, now: number): Payment {
  return { ...request, createdAt: now, updatedAt: now, version: 1, state: "processing" };
}

/** Minor units captured so far, whatever the state. */
export const capturedOf = (payment: Payment): bigint => ("captured" in payment ? payment.captured : 0n);
export const refundedOf = (payment: Payment): bigint => ("refunded" in payment ? payment.refunded : 0n);

/** The authorization that the payment holds or held, where there was one. */
export const authorizationOf = (payment: Payment): Authorization | undefined =>
  "authorization" in payment ? payment.authorization : undefined;

/** Who handled it, where someone did. */
export const acquirerOf = (payment: Payment): string | undefined =>
  "acquirer" in payment ? payment.acquirer : authorizationOf(payment)?.acquirer;
