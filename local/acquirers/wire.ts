import type { Dispute, Operation } from "./records.ts";

/** A result, as answers and notifications spell it. */
export const wireOf = (operation: Operation): Readonly<Record<string, unknown>> => ({
  key: operation.key,
  reference: operation.reference,
  result: operation.result,
  ...(operation.declineCode !== undefined && { decline_code: operation.declineCode }),
  ...(operation.expiresAt !== undefined && { expires_at: new Date(operation.expiresAt).toISOString() }),
});

/** A dispute, as answers and notifications spell it. */
export const disputeOf = (id: string, dispute: Dispute): Readonly<Record<string, unknown>> => ({
  id,
  amount: dispute.amount,
  currency: dispute.currency,
  reason: dispute.reason,
  ...(dispute.dueAt !== undefined && { evidence_due_at: new Date(dispute.dueAt).toISOString() }),
  ...(dispute.outcome !== undefined && { outcome: dispute.outcome }),
});
