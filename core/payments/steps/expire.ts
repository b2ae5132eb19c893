import { invariant } from "../../kernel/invariant.ts";
import { resolutionRecord } from "../../ledger/journal.ts";
import { beginExpiry } from "../begin.ts";
import { expire as decideExpiry } from "../decide.ts";
import type { Payment } from "../payment.ts";
import type { SagaPorts } from "../ports.ts";
import { expiredResolution } from "../postings.ts";
import { record } from "./record.ts";
import type { StepRun } from "./step.ts";

/**
 * Ends a payment whose time has passed. An authorization ends by itself, here and at its acquirer. A customer that never
 * came back might still act: so the acquirer is to let go first, which the saga does.
 * @returns the payment that the saga is to let go, or undefined when there is nothing left to do.
 */
export async function expire(
  ports: Pick<SagaPorts, "payments" | "now">,
  payment: Payment,
  { execution }: Pick<StepRun, "execution">,
): Promise<Payment | undefined> {
  const now = ports.now();
  if (payment.state === "requires_action") {
    const begun = beginExpiry(payment, now);
    if (!begun.ok) return undefined;
    const waiting = await record(ports, payment, begun.value, { at: now });
    return waiting.pendingOperation?.kind === "cancel" ? waiting : undefined;
  }
  const decided = decideExpiry(payment, now);
  if (!decided.ok) return undefined;
  invariant(payment.state === "authorized", "time ends what waits, and what is authorized");
  const resolution = expiredResolution(payment, payment.authorization, { now, execution });
  invariant(resolution !== undefined, `the hold of ${payment.id} expires with its authorization`);
  await record(ports, payment, decided.value, { journal: resolutionRecord(resolution), at: now });
  return undefined;
}
