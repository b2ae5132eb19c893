import type { DeclineCode } from "../acquiring/declines.ts";
import type { AcquirerOperation } from "../acquiring/outcome.ts";
import type { AccountId, Book } from "../ledger/account.ts";
import type { Money } from "../money/money.ts";
import type { FeeSchedule } from "../pricing/fee-schedule.ts";
import type { PaymentId, RefundId } from "./ids.ts";
import type { PendingOperation } from "./operation.ts";
import type { PaymentWord } from "./operator-word.ts";

/** What was agreed when the payment was created. Never changes, but that a redaction takes away what people wrote. */
interface Agreement {
  readonly id: PaymentId;
  /** The merchant, whose book every posting of this payment stays in. */
  readonly book: Book;
  readonly total: Money;
  readonly capture: "automatic" | "manual";
  readonly method: PaymentMethod;
  readonly fees: FeeSchedule;
  /** Digest of the request's business fields: a reused key with another body is refused even when its record is gone. */
  readonly fingerprint: string;
  readonly reference?: string;
  readonly description?: string;
  /** Where we send the customer's browser after a challenge of the issuer: an https URL of the merchant. */
  readonly returnUrl?: string;
  readonly metadata: Readonly<Record<string, string>>;
  /**
   * Seals what was written on it in whatever is told of it: 256 bits, base64url. Only where something was written, and until
   * the payment is redacted (core/events/sealed-texts.ts).
   */
  readonly textKey?: string;
  /** Epoch milliseconds. */
  readonly createdAt: number;
}

export type PaymentMethod = CardMethod | AccountMethod;

export interface CardMethod {
  readonly type: "card";
  /** `tok_…`: the card itself stays in the vault. */
  readonly token: string;
  readonly brand: string;
  readonly last4: string;
}

/** A wallet: one of the merchant's own ledger accounts pays, and no acquirer is asked. Always captured at once. */
export interface AccountMethod {
  readonly type: "account";
  /** `acc_…`. */
  readonly account: AccountId;
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

/** What ended before its capture: an authorization, or the wait for the customer at one acquirer. */
interface LetGo {
  readonly authorization?: Authorization;
  /** Who waited for the customer. */
  readonly acquirer?: string;
}

/** Where the payment stands; each state carries what is known in it and nothing else. */
export type Standing =
  | { readonly state: "processing" }
  | {
      readonly state: "requires_action";
      readonly acquirer: string;
      readonly acquirerReference: string;
      /** Where the customer has to go. Absent when the acquirer decides by itself, later. */
      readonly redirectUrl?: string;
    }
  | { readonly state: "authorized"; readonly authorization: Authorization }
  | {
      readonly state: "captured";
      /** Of every card payment; a wallet's has none. */
      readonly authorization?: Authorization;
      readonly captured: bigint;
      readonly refunded: bigint;
    }
  | {
      readonly state: "settled";
      readonly authorization: Authorization;
      readonly captured: bigint;
      readonly refunded: bigint;
      /** Minor units that became available with it; negative where refunds had given back more than the fee left. */
      readonly released: bigint;
    }
  | { readonly state: "declined"; readonly acquirer: string; readonly decline: DeclineCode }
  | { readonly state: "failed"; readonly authorization?: Authorization; readonly failure: string }
  | ({ readonly state: "canceled"; readonly cancellation: string } & LetGo)
  | ({ readonly state: "expired" } & LetGo)
  | { readonly state: "in_review"; readonly authorization?: Authorization; readonly review: Review };

/** What a payment carries from state to state. */
interface Course {
  readonly version: number;
  /** Epoch milliseconds. */
  readonly updatedAt: number;
  /** What the merchant asked for and has no end yet. While it is there, nothing else may be asked for. */
  readonly pendingOperation?: PendingOperation;
  /** Every refund that was ever begun, the n-th in the n-th place. */
  readonly refunds?: readonly RefundId[];
  /** What operators said of it while it was in review. */
  readonly words?: readonly PaymentWord[];
  /** When what people wrote on it was erased, in epoch milliseconds. Nothing that people write is kept on it from then on. */
  readonly redactedAt?: number;
}

export type Payment = Agreement & Course & Standing;

/** In the place of a request's digest that was erased: whoever guesses what was written could make sure by the digest. */
export const erasedDigest = "erased";

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

/** Minor units that a refund in progress may still give back. */
export const refundPendingOf = ({ pendingOperation }: Payment): bigint =>
  pendingOperation?.kind === "refund" ? pendingOperation.amount : 0n;

/** The authorization whose hold stands in the ledger, waiting to be posted or released. */
export const heldAuthorizationOf = (payment: Payment): Authorization | undefined =>
  payment.state === "authorized" || payment.state === "in_review" ? payment.authorization : undefined;

/** Who handled it, where someone did. */
export const acquirerOf = (payment: Payment): string | undefined =>
  "acquirer" in payment ? payment.acquirer : authorizationOf(payment)?.acquirer;
