import { absurd, invariant } from "../../kernel/invariant.ts";
import { resolutionRecord } from "../../ledger/journal.ts";
import { checkCapture } from "../decide.ts";
import { evolve } from "../evolve.ts";
import { operationKey } from "../ids.ts";
import type { Payment } from "../payment.ts";
import type { SagaPorts } from "../ports.ts";
import { captureResolution, type Recorder } from "../postings.ts";
import { AcquirerUnavailable, putInReview, reasonOf } from "./record.ts";
import { concluded, type Refused, type SettleResult, type StepRun } from "./step.ts";

type SettlePorts = Pick<SagaPorts, "payments" | "acquirers" | "now">;
type Authorized = Payment & { readonly state: "authorized" };

/**
 * The commit phase: the acquirer captures what it holds, and the hold in the ledger becomes the merchant's money.
 * `attempt` is 0 at first: before that nobody can have been asked for this capture.
 * @throws AcquirerUnavailable when the acquirer certainly did not capture.
 */
export async function settle(
  ports: SettlePorts,
  payment: Payment,
  { execution, deadline, attempt }: StepRun & { readonly attempt: number },
): Promise<SettleResult> {
  if (payment.state !== "authorized") return concluded(payment);
  const { authorization } = payment;
  const askedAt = ports.now();
  const amount = payment.total.amount;
  const checked = checkCapture(payment, amount, askedAt);
  // An earlier attempt may have captured in time: then only the acquirer can say so, under the same key.
  if (!checked.ok && attempt === 0) return refused(payment, checked.error.code);

  const outcome = await ports.acquirers.named(authorization.acquirer).capture({
    key: operationKey(payment.id, "capture"),
    reference: authorization.reference,
    amount,
    currency: payment.total.currency,
    deadline,
  });
  switch (outcome.kind) {
    case "approved":
      // What has expired is not captured: what is confirmed later, an earlier attempt had asked for in time.
      return book(ports, payment, amount, { now: Math.min(askedAt, authorization.expiresAt - 1), execution });
    case "declined":
      return refused(payment, outcome.code);
    case "not_attempted":
      throw new AcquirerUnavailable(outcome.reason);
    case "pending":
    case "unknown":
      return concluded(
        await putInReview(ports, payment, {
          operation: "capture",
          acquirer: authorization.acquirer,
          reason: reasonOf(outcome),
        }),
      );
    default:
      return absurd(outcome);
  }
}

/** `recorder.now` is when the acquirer was asked: a capture that was asked for in time is in time. */
async function book(
  { payments }: SettlePorts,
  payment: Authorized,
  amount: bigint,
  recorder: Recorder,
): Promise<SettleResult> {
  const { authorization } = payment;
  const resolution = captureResolution(payment, authorization, amount, recorder);
  // The acquirer has taken the money: a ledger that would not book it is broken, and a person must look.
  invariant(resolution.ok, `the capture of ${payment.id} can be posted`);
  const committed = await payments.commit({
    before: payment,
    after: evolve(payment, { type: "captured", authorization, amount }, recorder.now),
    journal: resolutionRecord(resolution.value),
  });
  invariant(committed.kind !== "refused", `no guarded account stands in the capture of ${payment.id}`);
  if (committed.kind === "superseded") return concluded(committed.current);
  return { outcome: "captured", payment: committed.payment };
}

const refused = (payment: Authorized, reason: string): Refused => ({
  outcome: "refused",
  payment,
  authorization: payment.authorization,
  reason,
});
