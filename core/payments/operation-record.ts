import { absurd } from "../kernel/invariant.ts";
import type { RefundId } from "./ids.ts";
import type { PendingOperation } from "./operation.ts";

/** A pending operation as plain JSON. See `PaymentRecord`. */
export interface OperationRecord {
  readonly kind: PendingOperation["kind"];
  readonly amount?: number;
  readonly overdue?: true;
  readonly refund?: string;
  readonly in_review?: true;
  readonly started_at: number;
}

export function operationRecord(operation: PendingOperation): OperationRecord {
  const { kind, startedAt } = operation;
  switch (kind) {
    case "capture":
      return { kind, amount: Number(operation.amount), started_at: startedAt };
    case "cancel":
      return {
        kind,
        ...(operation.overdue === undefined ? {} : { overdue: operation.overdue }),
        started_at: startedAt,
      };
    case "refund":
      return {
        kind,
        amount: Number(operation.amount),
        refund: operation.refund,
        ...(operation.inReview === undefined ? {} : { in_review: operation.inReview }),
        started_at: startedAt,
      };
    default:
      return absurd(kind);
  }
}

export function operationFrom(record: OperationRecord): PendingOperation {
  const { kind, started_at: startedAt } = record;
  if (kind === "cancel")
    return { kind, ...(record.overdue === undefined ? {} : { overdue: record.overdue }), startedAt };
  const amount = BigInt(record.amount ?? 0);
  if (kind === "capture") return { kind, amount, startedAt };
  const inReview = record.in_review === undefined ? {} : { inReview: record.in_review };
  return { kind, amount, refund: record.refund as RefundId, ...inReview, startedAt };
}
