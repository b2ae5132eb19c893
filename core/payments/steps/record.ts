import type { AcquirerOutcome } from "../../acquiring/outcome.ts";
import { invariant } from "../../kernel/invariant.ts";
import type { JournalRecord } from "../../ledger/journal.ts";
import { requireReview } from "../decide.ts";
import type { PaymentEvent } from "../events.ts";
import { evolve } from "../evolve.ts";
import { authorizationOf, type Payment, type Review } from "../payment.ts";
import type { SagaPorts } from "../ports.ts";

type RecordPorts = Pick<SagaPorts, "payments" | "now">;

/**
 * Writes a transition that no guarded account can refuse, at the time `at`.
 * @returns the payment as it now stands, whoever moved it.
 */
export async function record(
  { payments, now }: RecordPorts,
  payment: Payment,
  event: PaymentEvent,
  { journal, at = now() }: { readonly journal?: JournalRecord; readonly at?: number } = {},
): Promise<Payment> {
  const committed = await payments.commit({
    before: payment,
    after: evolve(payment, event, at),
    ...(journal === undefined ? {} : { journal }),
  });
  invariant(committed.kind !== "refused", `no guarded account stands in the way of ${payment.id}`);
  return committed.kind === "applied" ? committed.payment : committed.current;
}

/** How often a payment can move while one step looks: hold, capture, and whatever a second run of the saga does. */
const supersededMax = 4;

/**
 * Hands a payment to a person, from wherever it stands by now: the step that failed may have committed first.
 * A payment that has reached an end by itself stays there.
 */
export async function putInReview(ports: RecordPorts, payment: Payment, review: Review): Promise<Payment> {
  let current = payment;
  for (let attempt = 0; attempt < supersededMax; attempt += 1) {
    const decided = requireReview(current, review);
    if (!decided.ok) return current;
    current = await record(ports, current, decided.value);
    if (current.state === "in_review") return current;
  }
  return current;
}

/**
 * Hands a payment to a person because an acquirer may hold money for it that the payment does not know of. `held` is
 * the acquirer's name for it, or ours when it gave none.
 * @throws StrayAuthorization when the payment has ended without it: then nothing that is stored speaks of it.
 */
export async function reviewStray(
  ports: RecordPorts,
  payment: Payment,
  held: string,
  review: Review & { readonly acquirer: string },
): Promise<Payment> {
  const reviewed = await putInReview(ports, payment, review);
  const known = authorizationOf(reviewed);
  const isKnown = known?.acquirer === review.acquirer && known.reference === held;
  if (reviewed.state === "in_review" || isKnown) return reviewed;
  throw new StrayAuthorization(`${payment.id}: ${review.acquirer} ${held} is not released`);
}

/** An acquirer may hold a customer's money for a payment that has ended without it. Never retried: a person releases it. */
class StrayAuthorization extends Error {
  override readonly name = "StrayAuthorization";
}

/** What a review is told about an outcome that a step cannot go on from. */
export function reasonOf(outcome: Exclude<AcquirerOutcome, { kind: "approved" }>): string {
  if (outcome.kind === "declined") return outcome.code;
  return outcome.kind === "pending" ? "the acquirer decides later" : outcome.reason;
}
