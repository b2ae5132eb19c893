import { invariant } from "../../kernel/invariant.ts";
import { resolutionRecord } from "../../ledger/journal.ts";
import { expire as decideExpiry } from "../decide.ts";
import { dueAt } from "../due.ts";
import type { Payment } from "../payment.ts";
import type { SagaPorts } from "../ports.ts";
import { expiredResolution } from "../postings.ts";
import { record } from "./record.ts";
import type { StepRun } from "./step.ts";

/**
 * Ends a payment whose time has passed. An authorization ends by itself, here and at its acquirer. A customer that never
 * came back might have acted, or might still act: its acquirer is asked, and made to let go, by the saga's `resume`.
 * @returns whether the payment is to be resumed for that
 */
export async function expire(
  ports: Pick<SagaPorts, "payments" | "now">,
  payment: Payment,
  { execution }: Pick<StepRun, "execution">,
): Promise<boolean> {
  const now = ports.now();
  if (payment.state === "requires_action") {
    const due = dueAt(payment);
    return due !== undefined && now >= due;
  }
  const decided = decideExpiry(payment, now);
  if (!decided.ok) return false;
  invariant(payment.state === "authorized", "time ends what waits, and what is authorized");
  const resolution = expiredResolution(payment, payment.authorization, { now, execution });
  invariant(resolution !== undefined, `the hold of ${payment.id} expires with its authorization`);
  await record(ports, payment, decided.value, { journal: resolutionRecord(resolution), at: now });
  return false;
}
