import { absurd, invariant } from "../kernel/invariant.ts";
import type { Book } from "../ledger/account.ts";
import type { Currency } from "../money/currency.ts";
import { money } from "../money/money.ts";
import type { PaymentId, RefundId } from "./ids.ts";
import type { Review } from "./payment.ts";
import type { ReviewRecord } from "./record.ts";
import type { Refund, RefundStanding, RefundState } from "./refund.ts";
import { refundWordFrom, type WordRecord, wordRecord } from "./word-record.ts";

/** A refund as plain JSON: what the table stores and the saga passes on. See `PaymentRecord`. */
export interface RefundRecord {
  readonly id: string;
  readonly payment: string;
  readonly book: string;
  readonly n: number;
  readonly amount: number;
  readonly currency: string;
  readonly reason?: string;
  readonly fingerprint: string;
  readonly from?: 2100 | 2110;
  readonly created_at: number;
  readonly updated_at: number;
  readonly version: number;
  readonly words?: readonly WordRecord[];
  readonly state: RefundState;
  /** Of refunds whose end is open. */
  readonly held?: boolean;
  readonly failure?: string;
  readonly review?: ReviewRecord;
}

export function toRefundRecord(refund: Refund): RefundRecord {
  return {
    id: refund.id,
    payment: refund.payment,
    book: refund.book,
    n: refund.n,
    amount: Number(refund.total.amount),
    currency: refund.total.currency,
    ...(refund.reason === undefined ? {} : { reason: refund.reason }),
    fingerprint: refund.fingerprint,
    ...(refund.from === undefined ? {} : { from: refund.from }),
    created_at: refund.createdAt,
    updated_at: refund.updatedAt,
    version: refund.version,
    ...(refund.words === undefined ? {} : { words: refund.words.map(wordRecord) }),
    ...standingOf(refund),
  };
}

/** Reads what `toRefundRecord` wrote. It trusts its input: the table and the saga's contract hold nothing else. */
export function fromRefundRecord(record: RefundRecord): Refund {
  return {
    id: record.id as RefundId,
    payment: record.payment as PaymentId,
    book: record.book as Book,
    n: record.n,
    total: money(BigInt(record.amount), record.currency as Currency),
    ...(record.reason === undefined ? {} : { reason: record.reason }),
    fingerprint: record.fingerprint,
    ...(record.from === undefined ? {} : { from: record.from }),
    createdAt: record.created_at,
    updatedAt: record.updated_at,
    version: record.version,
    ...(record.words === undefined ? {} : { words: record.words.map(refundWordFrom) }),
    ...standingFrom(record),
  };
}

/** A standing has one form, here and there. */
function standingOf(refund: Refund): RefundStanding {
  switch (refund.state) {
    case "processing":
      return { state: refund.state, held: refund.held };
    case "succeeded":
      return { state: refund.state };
    case "failed":
      return { state: refund.state, failure: refund.failure };
    case "in_review":
      return { state: refund.state, held: refund.held, review: refund.review };
    default:
      return absurd(refund);
  }
}

function standingFrom({ id, state, held, failure, review }: RefundRecord): RefundStanding {
  switch (state) {
    case "processing":
      invariant(held !== undefined, `refund ${id} is ${state} and says whether it is held`);
      return { state, held };
    case "succeeded":
      return { state };
    case "failed":
      invariant(failure !== undefined, `refund ${id} is ${state} and says why`);
      return { state, failure };
    case "in_review":
      invariant(held !== undefined && review !== undefined, `refund ${id} is ${state} and says why`);
      return { state, held, review: review as Review };
    default:
      return absurd(state);
  }
}
