import { absurd, invariant } from "../kernel/invariant.ts";
import type { Book } from "../ledger/account.ts";
import type { Money } from "../money/money.ts";
import type { PaymentId, RefundId } from "./ids.ts";
import { checkRefundWord, type RefundWord, withWord, wordsAt } from "./operator-word.ts";
import { erasedDigest, type Payment, type Review } from "./payment.ts";

/** What was asked for. Never changes. */
interface RefundAgreement {
  readonly id: RefundId;
  readonly payment: PaymentId;
  readonly book: Book;
  /** Its place among the payment's refunds, from 1: the acquirer and the ledger know it as the n-th. */
  readonly n: number;
  readonly total: Money;
  readonly reason?: string;
  /** Digest of the request's business fields. */
  readonly fingerprint: string;
  /**
   * The merchant's account that it debits: 2110 once the acquirer has paid out, 2100 before. Decided when it begins, so
   * that its hold follows from it. Absent for a wallet, which is paid back from the merchant's sales.
   */
  readonly from?: 2100 | 2110;
  /** Epoch milliseconds. */
  readonly createdAt: number;
}

/**
 * Where a refund stands.
 *
 * - `processing`: `held` says whether the ledger has set the money aside; before that nobody was asked.
 * - `succeeded`: the acquirer gave the money back, or the wallet has it.
 * - `failed`: nobody gave anything back, and nothing is held.
 * - `in_review`: whether the acquirer gave it back is unknown. A person, or later evidence, decides.
 */
export type RefundStanding =
  | { readonly state: "processing"; readonly held: boolean }
  | { readonly state: "succeeded" }
  | { readonly state: "failed"; readonly failure: string }
  | { readonly state: "in_review"; readonly held: boolean; readonly review: Review };

export type Refund = RefundAgreement & {
  readonly version: number;
  /** Epoch milliseconds. */
  readonly updatedAt: number;
  /** What operators said of it while it was in review. */
  readonly words?: readonly RefundWord[];
} & RefundStanding;

export type RefundState = Refund["state"];

/** The only table: nothing else decides a transition. */
const transitions = {
  processing: ["succeeded", "failed", "in_review"],
  in_review: ["succeeded", "failed"],
  succeeded: [],
  failed: [],
} as const satisfies Record<RefundState, readonly RefundState[]>;

export const refundStates = Object.keys(transitions) as readonly RefundState[];

export function refundMayMove(from: RefundState, to: RefundState): boolean {
  const targets: readonly RefundState[] = transitions[from];
  return targets.includes(to);
}

export interface RefundRequest {
  readonly id: RefundId;
  /** Minor units of the payment's currency. */
  readonly amount: bigint;
  readonly reason?: string;
  readonly fingerprint: string;
}

/**
 * The first version of the payment's next refund. `payment` is as it stands before the refund begins: on one that was
 * redacted nothing is kept that people write.
 */
export function createRefund(payment: Payment, request: RefundRequest, now: number): Refund {
  const from = payment.state === "settled" ? 2110 : 2100;
  const { reason, fingerprint } =
    payment.redactedAt === undefined ? request : { reason: undefined, fingerprint: erasedDigest };
  return {
    id: request.id,
    payment: payment.id,
    book: payment.book,
    n: (payment.refunds?.length ?? 0) + 1,
    total: { ...payment.total, amount: request.amount },
    ...(reason === undefined ? {} : { reason }),
    fingerprint,
    ...(payment.method.type === "account" ? {} : { from }),
    createdAt: now,
    updatedAt: now,
    version: 1,
    state: "processing",
    held: false,
  };
}

/** A fact about a refund; each is one version. */
export type RefundEvent =
  /** The ledger has set the money aside: from here on the acquirer may be asked. */
  | { readonly type: "held" }
  | { readonly type: "succeeded" }
  | { readonly type: "failed"; readonly reason: string }
  | { readonly type: "review_required"; readonly review: Review }
  /** An operator says what became of it: what follows, the refund's saga does. */
  | { readonly type: "operator_said"; readonly word: RefundWord }
  /** Its payment was redacted: what somebody wrote as its reason is erased. Where it stands stays. */
  | { readonly type: "redacted" };

/**
 * The refund after a fact.
 * @throws InvariantViolation for a transition that the table does not have, for a second hold, and for an acquirer's
 * success without one.
 */
export function evolveRefund(refund: Refund, event: RefundEvent, now: number): Refund {
  if (event.type === "operator_said") {
    invariant(checkRefundWord(refund, event.word).ok, `${refund.id} can be said to have ${event.word.as}`);
    return { ...refund, version: refund.version + 1, updatedAt: now, words: withWord(refund, event.word) };
  }
  if (event.type === "redacted") return redacted(refund, now);
  const standing = standingAfter(refund, event);
  const isHold = event.type === "held" && standing.state === refund.state;
  invariant(
    isHold || refundMayMove(refund.state, standing.state),
    `${refund.id} moves from ${refund.state} to ${standing.state}`,
  );
  const words = isHold ? pickWords(refund) : wordsAt(refund, standing.state);
  return { ...agreementOf(refund), version: refund.version + 1, updatedAt: now, ...words, ...standing };
}

function redacted(refund: Refund, now: number): Refund {
  const { reason, ...rest } = refund;
  invariant(reason !== undefined, `${refund.id} has something to erase`);
  return { ...rest, fingerprint: erasedDigest, version: refund.version + 1, updatedAt: now };
}

const pickWords = ({ words }: Refund) => (words === undefined ? {} : { words });

function standingAfter(
  refund: Refund,
  event: Exclude<RefundEvent, { type: "operator_said" | "redacted" }>,
): RefundStanding {
  switch (event.type) {
    case "held":
      invariant("held" in refund && !refund.held, `${refund.id} is held once`);
      return refund.state === "processing"
        ? { state: refund.state, held: true }
        : { state: refund.state, held: true, review: refund.review };
    case "succeeded":
      invariant(isHeld(refund) || refund.from === undefined, `${refund.id} was held before it succeeded`);
      return { state: "succeeded" };
    case "failed":
      return { state: "failed", failure: event.reason };
    case "review_required":
      return { state: "in_review", held: isHeld(refund), review: event.review };
    default:
      return absurd(event);
  }
}

/** Whether the ledger has money set aside for it: a hold that waits for its resolution. */
export const isHeld = (refund: Refund): boolean => "held" in refund && refund.held;

/** Everything but the standing. */
function agreementOf(refund: Refund) {
  const { id, payment, book, n, total, reason, fingerprint, from, createdAt } = refund;
  return {
    id,
    payment,
    book,
    n,
    total,
    ...(reason === undefined ? {} : { reason }),
    fingerprint,
    ...(from === undefined ? {} : { from }),
    createdAt,
  };
}
