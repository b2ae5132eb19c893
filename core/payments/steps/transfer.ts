import { absurd, invariant } from "../../kernel/invariant.ts";
import { entryRecord } from "../../ledger/journal.ts";
import { fail } from "../decide.ts";
import { evolve } from "../evolve.ts";
import type { Payment } from "../payment.ts";
import type { SagaPorts } from "../ports.ts";
import { walletTransfer } from "../postings.ts";
import { record } from "./record.ts";
import { concluded, type StepRun, type TransferResult } from "./step.ts";

type TransferPorts = Pick<SagaPorts, "payments" | "now">;

/**
 * A wallet pays: the entry and the captured payment, written together or not at all. There is nobody to ask but the
 * account itself, whose condition refuses what it does not have.
 */
export async function transfer(
  ports: TransferPorts,
  payment: Payment,
  { execution }: Pick<StepRun, "execution">,
): Promise<TransferResult> {
  const { method, total } = payment;
  invariant(method.type === "account", `${payment.id} is paid from an account`);
  if (payment.state !== "processing" && payment.state !== "in_review") return concluded(payment);
  const now = ports.now();
  const entry = walletTransfer(payment, method, { now, execution });
  if (!entry.ok) return refused(ports, payment, entry.error);
  const committed = await ports.payments.commit({
    before: payment,
    after: evolve(payment, { type: "captured", amount: total.amount }, now),
    journal: entryRecord(entry.value),
  });
  switch (committed.kind) {
    case "applied":
      return { outcome: "captured", payment: committed.payment };
    case "superseded":
      return concluded(committed.current);
    case "refused":
      return refused(ports, payment, committed.refusal);
    default:
      return absurd(committed);
  }
}

async function refused(ports: TransferPorts, payment: Payment, reason: string): Promise<TransferResult> {
  const failed = fail(payment, reason);
  invariant(failed.ok, "a payment that took no money can fail");
  return concluded(await record(ports, payment, failed.value));
}
