import { invariant } from "../kernel/invariant.ts";
import type { Book } from "../ledger/account.ts";
import type { Currency } from "../money/currency.ts";
import { money } from "../money/money.ts";
import type { PaymentId } from "../payments/ids.ts";
import { type Dispute, type DisputeStanding, type Evidence, type LossReason, lossOf } from "./dispute.ts";
import type { DisputeId } from "./ids.ts";
import type { DisputeState } from "./states.ts";

/** A dispute as plain JSON: what the table stores. See `PaymentRecord`. */
export interface DisputeRecord {
  readonly id: string;
  readonly payment: string;
  readonly book: string;
  readonly acquirer: string;
  readonly reference: string;
  readonly amount: number;
  readonly currency: string;
  readonly fee?: number;
  readonly reason: string;
  readonly evidence_due_at: number;
  readonly opened_at: number;
  readonly created_at: number;
  readonly updated_at: number;
  readonly ended_at?: number;
  readonly version: number;
  /** What people wrote, and nothing else. */
  readonly evidence?: { readonly text: string; readonly fields: Readonly<Record<string, string>> };
  readonly evidence_fingerprint?: string;
  readonly evidence_given_at?: number;
  readonly evidence_submitted_at?: number;
  readonly state: DisputeState;
  readonly because?: LossReason;
}

export function toDisputeRecord(dispute: Dispute): DisputeRecord {
  const because = lossOf(dispute);
  return {
    id: dispute.id,
    payment: dispute.payment,
    book: dispute.book,
    acquirer: dispute.acquirer,
    reference: dispute.reference,
    amount: Number(dispute.total.amount),
    currency: dispute.total.currency,
    ...(dispute.fee === 0n ? {} : { fee: Number(dispute.fee) }),
    reason: dispute.reason,
    evidence_due_at: dispute.evidenceDueAt,
    opened_at: dispute.openedAt,
    created_at: dispute.createdAt,
    updated_at: dispute.updatedAt,
    ...(dispute.endedAt === undefined ? {} : { ended_at: dispute.endedAt }),
    version: dispute.version,
    ...evidenceRecord(dispute.evidence),
    state: dispute.state,
    ...(because === undefined ? {} : { because }),
  };
}

/** Reads what `toDisputeRecord` wrote. It trusts its input: the table holds nothing else. */
export function fromDisputeRecord(record: DisputeRecord): Dispute {
  const evidence = evidenceFrom(record);
  return {
    id: record.id as DisputeId,
    payment: record.payment as PaymentId,
    book: record.book as Book,
    acquirer: record.acquirer,
    reference: record.reference,
    total: money(BigInt(record.amount), record.currency as Currency),
    fee: BigInt(record.fee ?? 0),
    reason: record.reason,
    evidenceDueAt: record.evidence_due_at,
    openedAt: record.opened_at,
    createdAt: record.created_at,
    updatedAt: record.updated_at,
    ...(record.ended_at === undefined ? {} : { endedAt: record.ended_at }),
    version: record.version,
    ...(evidence === undefined ? {} : { evidence }),
    ...standingFrom(record),
  };
}

const evidenceRecord = (evidence: Evidence | undefined): Partial<DisputeRecord> =>
  evidence === undefined
    ? {}
    : {
        ...(evidence.texts === undefined ? {} : { evidence: evidence.texts }),
        evidence_fingerprint: evidence.fingerprint,
        evidence_given_at: evidence.givenAt,
        ...(evidence.submittedAt === undefined ? {} : { evidence_submitted_at: evidence.submittedAt }),
      };

function evidenceFrom(record: DisputeRecord): Evidence | undefined {
  if (record.evidence_given_at === undefined) return undefined;
  return {
    ...(record.evidence === undefined ? {} : { texts: record.evidence }),
    fingerprint: record.evidence_fingerprint ?? "",
    givenAt: record.evidence_given_at,
    ...(record.evidence_submitted_at === undefined ? {} : { submittedAt: record.evidence_submitted_at }),
  };
}

function standingFrom({ id, state, because }: DisputeRecord): DisputeStanding {
  if (state !== "lost") return { state };
  invariant(because !== undefined, `dispute ${id} is lost and says why`);
  return { state, because };
}
