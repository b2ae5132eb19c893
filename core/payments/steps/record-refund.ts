import { absurd } from "../../kernel/invariant.ts";
import type { PostingRefusal } from "../../ledger/errors.ts";
import type { JournalRecord } from "../../ledger/journal.ts";
import { evolve } from "../evolve.ts";
import type { RefundChange, RefundOfPayment, RefundPorts } from "../ports.ts";
import { evolveRefund, type RefundEvent, refundMayMove } from "../refund.ts";

/** How often a refund or its payment can move while one step looks: hold, end, and the acquirer's payout. */
const supersededMax = 4;

/** A refund as it now stands, whoever moved it; or that a guarded account does not take what it needs. */
export type RecordedRefund =
  | { readonly kind: "recorded"; readonly stands: RefundOfPayment }
  | { readonly kind: "refused"; readonly stands: RefundOfPayment; readonly refusal: PostingRefusal };

/**
 * Writes one step of a refund, from wherever refund and payment stand by now: `change` decides again when somebody else
 * moved one of them, and says nothing when there is nothing left to write.
 */
export async function recordRefund(
  { refunds }: Pick<RefundPorts, "refunds">,
  from: RefundOfPayment,
  change: (stands: RefundOfPayment) => RefundChange | undefined,
): Promise<RecordedRefund> {
  let stands = from;
  for (let attempt = 0; attempt < supersededMax; attempt += 1) {
    const decided = change(stands);
    if (decided === undefined) return { kind: "recorded", stands };
    const committed = await refunds.commitRefund(stands.payment, decided);
    switch (committed.kind) {
      case "applied":
        return { kind: "recorded", stands: { payment: committed.payment, refund: committed.refund } };
      case "refused":
        return { kind: "refused", stands, refusal: committed.refusal };
      case "superseded":
        stands = { payment: committed.payment, refund: committed.refund ?? stands.refund };
        break;
      default:
        return absurd(committed);
    }
  }
  return { kind: "recorded", stands };
}

/** Whether this refund is still to be decided, by its own word and by its payment's. */
export const isOpen = ({ payment, refund }: RefundOfPayment): boolean =>
  refundMayMove(refund.state, "failed") &&
  payment.pendingOperation?.kind === "refund" &&
  payment.pendingOperation.refund === refund.id;

/** An end of a refund, or that it is not known: what it is for the refund, and for its payment. */
export function conclusion(
  { payment, refund }: RefundOfPayment,
  event: Exclude<RefundEvent, { type: "held" | "operator_said" | "redacted" }>,
  now: number,
  journal?: JournalRecord,
): RefundChange {
  const paymentEvent = { type: paymentEvents[event.type], refund: refund.id };
  return {
    payment: { before: payment, after: evolve(payment, paymentEvent, now) },
    refund: { before: refund, after: evolveRefund(refund, event, now) },
    ...(journal === undefined ? {} : { journal }),
  };
}

const paymentEvents = {
  succeeded: "refund_succeeded",
  failed: "refund_failed",
  review_required: "refund_in_review",
} as const;
