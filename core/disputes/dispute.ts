import { absurd, invariant } from "../kernel/invariant.ts";
import type { Book } from "../ledger/account.ts";
import type { Money } from "../money/money.ts";
import type { PaymentId } from "../payments/ids.ts";
import type { DisputeId } from "./ids.ts";
import { type DisputeState, disputeMayMove, isOver } from "./states.ts";

/** What the acquirer said when it opened it, and what follows from the payment. Never changes. */
interface DisputeTerms {
  readonly id: DisputeId;
  readonly payment: PaymentId;
  readonly book: Book;
  readonly acquirer: string;
  /** The acquirer's own id of it. */
  readonly reference: string;
  /** What was charged back. It may be more than refunds have left of the capture. */
  readonly total: Money;
  /** What the merchant pays for it, in minor units of the same currency; 0 where its terms have no such fee. */
  readonly fee: bigint;
  /** In the acquirer's words. */
  readonly reason: string;
  /** Epoch milliseconds: from then on no evidence is taken. */
  readonly evidenceDueAt: number;
  /** Epoch milliseconds, by the acquirer's clock, and never later than `createdAt`: when it took the money. */
  readonly openedAt: number;
  /** Epoch milliseconds. */
  readonly createdAt: number;
}

/** What people wrote. It is never told in an event. */
export interface EvidenceTexts {
  readonly text: string;
  readonly fields: Readonly<Record<string, string>>;
}

/** What the merchant said for itself, once. */
export interface Evidence {
  /** Absent where it was erased with its payment's texts. */
  readonly texts?: EvidenceTexts;
  /** Digest of the request's business fields; `erased` with the texts. */
  readonly fingerprint: string;
  /** Epoch milliseconds. */
  readonly givenAt: number;
  /** Epoch milliseconds: when the acquirer was known to have it. */
  readonly submittedAt?: number;
}

/**
 * - `accepted`: the merchant said that it is right.
 * - `no_evidence`: it said nothing in time.
 * - `decided`: the acquirer said so.
 */
export type LossReason = "accepted" | "no_evidence" | "decided";

export type DisputeStanding =
  | { readonly state: Exclude<DisputeState, "lost"> }
  | { readonly state: "lost"; readonly because: LossReason };

export type Dispute = DisputeTerms & {
  readonly version: number;
  /** Epoch milliseconds. */
  readonly updatedAt: number;
  /** Epoch milliseconds, when it was won or lost. Absent before, and of ends that were written before it was: `endOf`. */
  readonly endedAt?: number;
  readonly evidence?: Evidence;
} & DisputeStanding;

/** A fact about a dispute; each is one version. */
export type DisputeFact =
  | { readonly type: "evidence_given"; readonly texts: EvidenceTexts; readonly fingerprint: string }
  /** The acquirer has it. */
  | { readonly type: "evidence_submitted" }
  | { readonly type: "accepted" }
  /** The time for evidence is over, and there is none. */
  | { readonly type: "overdue" }
  /** The acquirer says how it ended. */
  | { readonly type: "decided"; readonly outcome: "won" | "lost" }
  /** Its payment was redacted: what people wrote is erased. */
  | { readonly type: "redacted" };

/** The first version of a dispute. */
export const createDispute = (terms: Omit<DisputeTerms, "createdAt">, now: number): Dispute => ({
  ...terms,
  openedAt: Math.min(terms.openedAt, now),
  createdAt: now,
  updatedAt: now,
  version: 1,
  state: "needs_response",
});

/** In the place of a digest of what was erased. */
const erased = "erased";

/**
 * The dispute after a fact.
 * @throws InvariantViolation for a transition that the table does not have, and for evidence that comes twice or from nowhere.
 */
export function evolveDispute(dispute: Dispute, fact: DisputeFact, now: number): Dispute {
  const course = { version: dispute.version + 1, updatedAt: now };
  const { evidence } = dispute;
  switch (fact.type) {
    case "evidence_given": {
      invariant(
        dispute.state === "needs_response" && evidence === undefined,
        `${dispute.id} has no evidence`,
      );
      const { texts, fingerprint } = fact;
      return { ...dispute, ...course, evidence: { texts, fingerprint, givenAt: now } };
    }
    case "evidence_submitted":
      invariant(evidence !== undefined, `${dispute.id} has evidence to submit`);
      return moved({ ...dispute, ...course, evidence: { ...evidence, submittedAt: now } }, dispute.state, {
        state: "under_review",
      });
    case "redacted": {
      invariant(evidence?.texts !== undefined, `${dispute.id} has something to erase`);
      const { texts: _texts, ...rest } = evidence;
      const endedAt = endOf(dispute);
      const end = endedAt === undefined ? {} : { endedAt };
      return { ...dispute, ...course, ...end, evidence: { ...rest, fingerprint: erased } };
    }
    case "accepted":
      return moved({ ...dispute, ...course }, dispute.state, { state: "lost", because: "accepted" });
    case "overdue":
      return moved({ ...dispute, ...course }, dispute.state, { state: "lost", because: "no_evidence" });
    case "decided":
      return moved(
        { ...dispute, ...course },
        dispute.state,
        fact.outcome === "won" ? { state: "won" } : { state: "lost", because: "decided" },
      );
    default:
      return absurd(fact);
  }
}

function moved(dispute: Dispute, from: DisputeState, standing: DisputeStanding): Dispute {
  invariant(disputeMayMove(from, standing.state), `${dispute.id} moves from ${from} to ${standing.state}`);
  return { ...dispute, ...standing, ...(isOver(standing.state) ? { endedAt: dispute.updatedAt } : {}) };
}

/** Epoch milliseconds, when it ended. An end was the last that happened to it until something was erased, which writes it down. */
export const endOf = ({ state, endedAt, updatedAt }: Dispute): number | undefined =>
  isOver(state) ? (endedAt ?? updatedAt) : undefined;

/** What a redaction does to those of a payment's disputes that have something to erase. */
export const redactedDisputes = (
  disputes: readonly Dispute[],
  now: number,
): readonly { readonly before: Dispute; readonly after: Dispute }[] =>
  disputes
    .filter(({ evidence }) => evidence?.texts !== undefined)
    .map((before) => ({ before, after: evolveDispute(before, { type: "redacted" }, now) }));

/**
 * Whether a stored dispute is what a retried write was about to write: same version, same standing, same evidence. Times may
 * differ: the first try wrote its own.
 */
export const sameDispute = (stored: Dispute, intended: Dispute): boolean =>
  stored.version === intended.version &&
  stored.state === intended.state &&
  stored.evidence?.fingerprint === intended.evidence?.fingerprint &&
  lossOf(stored) === lossOf(intended);

/** Why it was lost, where it was. */
export const lossOf = (dispute: Dispute): LossReason | undefined =>
  dispute.state === "lost" ? dispute.because : undefined;
