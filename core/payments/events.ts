import type { DeclineCode } from "../acquiring/declines.ts";
import type { Authorization, Review } from "./payment.ts";

/** A fact about a payment. `evolve` applies it; each is one transition and one version. */
export type PaymentEvent =
  | { readonly type: "authorized"; readonly authorization: Authorization }
  | { readonly type: "action_required"; readonly acquirer: string; readonly acquirerReference: string }
  | { readonly type: "declined"; readonly acquirer: string; readonly code: DeclineCode }
  | { readonly type: "failed"; readonly reason: string; readonly authorization?: Authorization }
  | { readonly type: "captured"; readonly authorization: Authorization; readonly amount: bigint }
  | { readonly type: "canceled"; readonly reason: string }
  | { readonly type: "review_required"; readonly review: Review };
