import type { DeclineCode } from "../acquiring/declines.ts";
import type { RefundId } from "./ids.ts";
import type { PendingOperation } from "./operation.ts";
import type { PaymentWord } from "./operator-word.ts";
import type { Authorization, Review } from "./payment.ts";

/** A fact about a payment. `evolve` applies it; each is one version. */
export type PaymentEvent = Transition | Progress;

/** A fact that moves the payment to another state. */
export type Transition =
  | { readonly type: "authorized"; readonly authorization: Authorization }
  | {
      readonly type: "action_required";
      readonly acquirer: string;
      readonly acquirerReference: string;
      readonly redirectUrl?: string;
    }
  /** The customer has acted, or the acquirer has decided. */
  | { readonly type: "resumed" }
  | { readonly type: "declined"; readonly acquirer: string; readonly code: DeclineCode }
  | { readonly type: "failed"; readonly reason: string; readonly authorization?: Authorization }
  | { readonly type: "captured"; readonly authorization?: Authorization; readonly amount: bigint }
  /** The acquirer has paid it out. `released`: what of it became the merchant's own, in minor units. */
  | { readonly type: "settled"; readonly authorization: Authorization; readonly released: bigint }
  | { readonly type: "canceled"; readonly reason: string }
  | { readonly type: "expired" }
  | { readonly type: "review_required"; readonly review: Review };

/** A fact that leaves the state as it is: an operation begins, a refund comes to something, an operator says something. */
export type Progress =
  | { readonly type: "operation_started"; readonly operation: PendingOperation }
  | { readonly type: "refund_succeeded"; readonly refund: RefundId }
  | { readonly type: "refund_failed"; readonly refund: RefundId }
  | { readonly type: "refund_in_review"; readonly refund: RefundId }
  /** An operator says what became of a payment in review. What follows from it, the recovery does. */
  | { readonly type: "operator_said"; readonly word: PaymentWord }
  /** An acquirer says something else than the operator. */
  | { readonly type: "operator_overruled"; readonly says: string }
  /** An operator says what became of the refund in review. The refund has the word. */
  | { readonly type: "refund_operator_said"; readonly refund: RefundId }
  /** What people wrote on it is erased, with the key that it was sealed under wherever it was told. */
  | { readonly type: "redacted" };
