import { type Dispute, lossOf } from "./dispute.ts";

/**
 * A dispute as its events show it, and the API, which adds what the merchant wrote. Field names and meanings are the public
 * contract.
 */
export function disputeView(dispute: Dispute) {
  const because = lossOf(dispute);
  const { evidence } = dispute;
  return {
    id: dispute.id,
    object: "dispute",
    payment: dispute.payment,
    amount: Number(dispute.total.amount),
    currency: dispute.total.currency,
    fee: Number(dispute.fee),
    state: dispute.state,
    reason: dispute.reason,
    acquirer: dispute.acquirer,
    ...(because === undefined ? {} : { loss: { code: because } }),
    evidence_due_at: isoOf(dispute.evidenceDueAt),
    evidence_given_at: evidence === undefined ? null : isoOf(evidence.givenAt),
    evidence_submitted_at: evidence?.submittedAt === undefined ? null : isoOf(evidence.submittedAt),
    version: dispute.version,
    created_at: isoOf(dispute.createdAt),
    updated_at: isoOf(dispute.updatedAt),
  };
}

const isoOf = (at: number): string => new Date(at).toISOString();
