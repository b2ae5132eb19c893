import type { AcquirerOutcome } from "../../acquiring/outcome.ts";
import { invariant } from "../../kernel/invariant.ts";
import type { JournalRecord } from "../../ledger/journal.ts";
import { requireReview } from "../decide.ts";
import type { PaymentEvent } from "../events.ts";
import { evolve } from "../evolve.ts";
import { authorizationOf, type Payment, type Review } from "../payment.ts";
import type { SagaPorts } from "../ports.ts";
import { type Concluded, concluded, type Stray } from "./step.ts";

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
 * Has a payment looked into because an acquirer may hold money for it that the payment does not know of. `held` is
 * the acquirer's name for it, where it gave one.
 * @returns `stray` when it has ended without that, or is looked into for another reason: then nothing that is stored
 * speaks of it
 */
export async function reviewStray(
  ports: RecordPorts,
  payment: Payment,
  held: string | undefined,
  review: Review,
): Promise<Concluded | Stray> {
  const reviewed = await putInReview(ports, payment, review);
  const known = authorizationOf(reviewed);
  const isKnown = known !== undefined && known.acquirer === review.acquirer && known.reference === held;
  return isKnown || isLookedInto(reviewed, review)
    ? concluded(reviewed)
    : { outcome: "stray", payment: reviewed };
}

/** Whoever looks into an unknown authorization asks every acquirer; into another operation, the one that was asked. */
const isLookedInto = (payment: Payment, { operation, acquirer }: Review): boolean =>
  payment.state === "in_review" &&
  payment.review.operation === operation &&
  (operation === "authorize" || payment.review.acquirer === acquirer);

/** What a review is told about an outcome that a step cannot go on from. */
export function reasonOf(outcome: Exclude<AcquirerOutcome, { kind: "approved" }>): string {
  if (outcome.kind === "declined") return outcome.code;
  return outcome.kind === "pending" ? "the acquirer decides later" : outcome.reason;
}
