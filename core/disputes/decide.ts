import { err, ok, type Result } from "../kernel/result.ts";
import type { Book } from "../ledger/account.ts";
import { money } from "../money/money.ts";
import type { PaymentId } from "../payments/ids.ts";
import { authorizationOf, capturedOf, type Payment } from "../payments/payment.ts";
import { createDispute, type Dispute, type DisputeFact, type EvidenceTexts } from "./dispute.ts";
import { disputeIdOf } from "./ids.ts";

/** What an acquirer tells of a dispute of ours. */
export interface ToldDispute {
  readonly book: Book;
  readonly payment: PaymentId;
  readonly acquirer: string;
  /** The acquirer's own id of it. */
  readonly reference: string;
  /** Minor units. */
  readonly amount: bigint;
  readonly currency: string;
  readonly reason: string;
  /** Epoch milliseconds; absent where the acquirer sets none, or does not say. */
  readonly evidenceDueAt?: number;
  /** Epoch milliseconds, by the acquirer's clock. */
  readonly at: number;
}

const dayMs = 86_400_000;
/** Where the acquirer does not say: short enough for every scheme. */
const evidenceDaysDefault = 7;

/**
 * Why what an acquirer tells is no dispute that the books can take: a person has to look.
 *
 * - `not_captured`: we know of no capture that it could be about.
 * - `of_another_acquirer`: somebody else captured it.
 * - `wrong_currency`, `exceeds_captured`: it is not about what was captured.
 */
export type OpeningRefusal = "not_captured" | "of_another_acquirer" | "wrong_currency" | "exceeds_captured";

/**
 * The dispute of a payment, as it is opened. Refunds do not make it smaller: an issuer may charge back what the merchant has
 * given back already, and the money is gone all the same. What it goes by never changes once a payment is captured.
 */
export function openDispute(
  payment: Payment,
  told: ToldDispute,
  now: number,
): Result<Dispute, OpeningRefusal> {
  const { acquirer, reference, reason, amount, at } = told;
  const authorization = authorizationOf(payment);
  if ((payment.state !== "captured" && payment.state !== "settled") || authorization === undefined)
    return err("not_captured");
  if (authorization.acquirer !== acquirer) return err("of_another_acquirer");
  if (told.currency !== payment.total.currency) return err("wrong_currency");
  if (amount > capturedOf(payment)) return err("exceeds_captured");
  const terms = {
    id: disputeIdOf(acquirer, reference),
    payment: payment.id,
    book: payment.book,
    ...{ acquirer, reference, reason },
    total: money(amount, payment.total.currency),
    fee: payment.fees.dispute ?? 0n,
    evidenceDueAt: told.evidenceDueAt ?? at + evidenceDaysDefault * dayMs,
    openedAt: at,
  } as const;
  return ok(createDispute(terms, now));
}

/** Why a merchant's word does not apply to the dispute as it stands. */
export type DisputeRefusal =
  | { readonly code: "wrong_state"; readonly state: Dispute["state"] }
  | { readonly code: "evidence_exists" }
  | { readonly code: "evidence_overdue" };

/** The merchant says something for itself. There is one word, and it is not taken back: the acquirer may have it. */
export function giveEvidence(
  dispute: Dispute,
  texts: EvidenceTexts,
  fingerprint: string,
  now: number,
): Result<DisputeFact, DisputeRefusal> {
  const refusal = refusalOf(dispute);
  if (refusal !== undefined) return err(refusal);
  // The saga ends it at that moment: who comes then comes too late, whoever of the two is first.
  if (now >= dispute.evidenceDueAt) return err({ code: "evidence_overdue" });
  return ok({ type: "evidence_given", texts, fingerprint });
}

/** The merchant says that the customer is right. */
export function acceptDispute(dispute: Dispute): Result<DisputeFact, DisputeRefusal> {
  const refusal = refusalOf(dispute);
  return refusal === undefined ? ok({ type: "accepted" }) : err(refusal);
}

function refusalOf({ state, evidence }: Dispute): DisputeRefusal | undefined {
  if (state !== "needs_response") return { code: "wrong_state", state };
  return evidence === undefined ? undefined : { code: "evidence_exists" };
}
