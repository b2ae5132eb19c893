import { absurd } from "../../kernel/invariant.ts";
import { entryRecord } from "../../ledger/journal.ts";
import { evolve } from "../evolve.ts";
import {
  type Authorization,
  authorizationOf,
  heldAuthorizationOf,
  isSameAuthorization,
  type Payment,
} from "../payment.ts";
import type { SagaPorts } from "../ports.ts";
import { holdEntry } from "../postings.ts";
import { concluded, type PostResult, type StepRun } from "./step.ts";

/**
 * The prepare phase in the ledger: the hold and the authorized payment, written together or not at all. A payment in
 * review is taken up again by the authorization that an inquiry found, or by the one that it holds already.
 */
export async function post(
  ports: Pick<SagaPorts, "payments" | "now">,
  payment: Payment,
  authorization: Authorization,
  { execution }: Pick<StepRun, "execution">,
): Promise<PostResult> {
  if (payment.state !== "processing" && payment.state !== "in_review")
    return afterSomeoneElse(payment, authorization);
  const held = heldAuthorizationOf(payment);
  if (held !== undefined && !isSameAuthorization(held, authorization))
    return { outcome: "refused", payment, authorization, reason: "superseded" };
  const now = ports.now();
  const hold = holdEntry(payment, authorization, { now, execution });
  if (!hold.ok) return { outcome: "refused", payment, authorization, reason: hold.error };

  const committed = await ports.payments.commit({
    before: payment,
    after: evolve(payment, { type: "authorized", authorization: held ?? authorization }, now),
    // What is held already is not held again: the payment only goes on.
    ...(held === undefined ? { journal: entryRecord(hold.value) } : {}),
  });
  switch (committed.kind) {
    case "applied":
      return { outcome: "held", payment: committed.payment };
    case "refused":
      return { outcome: "refused", payment, authorization, reason: committed.refusal };
    case "superseded":
      return afterSomeoneElse(committed.current, authorization);
    default:
      return absurd(committed);
  }
}

/**
 * Another run of this saga moved the payment first. If it did so with this same authorization there is nothing
 * to add; an authorization that the payment does not know, and that nobody is looking into, must be released.
 */
function afterSomeoneElse(current: Payment, authorization: Authorization): PostResult {
  const isKnown = isSameAuthorization(authorizationOf(current), authorization);
  if (isKnown || isLookedFor(current)) return concluded(current);
  return { outcome: "refused", payment: current, authorization, reason: "superseded" };
}

/** Whoever looks into an authorization that is not known asks every acquirer; into a capture, only the one that was asked. */
const isLookedFor = (payment: Payment): boolean =>
  payment.state === "in_review" && ["authorize", "post", "reversal"].includes(payment.review.operation);
