import { invariant } from "../../kernel/invariant.ts";
import { resolutionRecord } from "../../ledger/journal.ts";
import { cancel, fail } from "../decide.ts";
import { operationKey } from "../ids.ts";
import { isSameAuthorization, type Payment } from "../payment.ts";
import type { SagaPorts } from "../ports.ts";
import { voidResolution } from "../postings.ts";
import { AcquirerUnavailable, reasonOf, record, reviewStray } from "./record.ts";
import { type Concluded, concluded, type Refused, type StepRun } from "./step.ts";

type CompensatePorts = Pick<SagaPorts, "payments" | "acquirers" | "now">;

/**
 * The abort phase, after a definite refusal: the authorization is voided at the acquirer, then the hold here.
 * @throws AcquirerUnavailable when the acquirer certainly did not void, StrayAuthorization when it would not and the
 * payment has ended.
 */
export async function compensate(
  ports: CompensatePorts,
  refusal: Omit<Refused, "outcome">,
  { execution, deadline }: StepRun,
): Promise<Concluded> {
  const { payment, authorization } = refusal;
  const outcome = await ports.acquirers.named(authorization.acquirer).void({
    key: operationKey(payment.id, "void"),
    reference: authorization.reference,
    amount: payment.total.amount,
    currency: payment.total.currency,
    deadline,
  });
  if (outcome.kind === "approved") return concluded(await release(ports, refusal, execution));
  if (outcome.kind === "not_attempted") throw new AcquirerUnavailable(outcome.reason);
  return concluded(
    await reviewStray(ports, payment, authorization.reference, {
      operation: "void",
      acquirer: authorization.acquirer,
      reason: reasonOf(outcome),
    }),
  );
}

/** What the void means for the payment: it depends on how far the payment had come with this authorization. */
async function release(
  ports: CompensatePorts,
  { payment, authorization, reason }: Omit<Refused, "outcome">,
  execution: string,
): Promise<Payment> {
  if (payment.state === "processing") {
    const failed = fail(payment, reason, authorization);
    invariant(failed.ok, "a processing payment can fail");
    return record(ports, payment, failed.value);
  }
  const isHeld = payment.state === "authorized" && isSameAuthorization(payment.authorization, authorization);
  // The payment went on with another authorization: only the stray one was to be voided.
  if (!isHeld) return payment;

  const now = ports.now();
  const canceled = cancel(payment, reason);
  invariant(canceled.ok, "an authorized payment can be canceled");
  const journal = resolutionRecord(voidResolution(payment, authorization, { now, execution }));
  return record(ports, payment, canceled.value, { journal, at: now });
}
