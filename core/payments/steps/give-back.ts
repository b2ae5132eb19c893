import type { AcquirerOutcome } from "../../acquiring/outcome.ts";
import { absurd, invariant } from "../../kernel/invariant.ts";
import { resolutionRecord } from "../../ledger/journal.ts";
import { operationKey } from "../ids.ts";
import { type Authorization, authorizationOf } from "../payment.ts";
import type { RefundChange, RefundOfPayment, RefundPorts } from "../ports.ts";
import { type Recorder, refundPosted, refundVoided } from "../postings.ts";
import { isHeld } from "../refund.ts";
import { AcquirerUnavailable, reasonOf } from "./record.ts";
import { conclusion, isOpen, recordRefund } from "./record-refund.ts";
import type { RefundStepResult, StepRun } from "./step.ts";

/**
 * The commit phase of a refund: the acquirer gives the money back, and what is held becomes so in the ledger; or it
 * refuses, and the hold is released. Asked again it answers for the same refund: the key is the same.
 * @throws AcquirerUnavailable when the acquirer certainly gave nothing back.
 */
export async function giveBack(
  ports: RefundPorts,
  of: RefundOfPayment,
  { execution, deadline }: StepRun,
): Promise<RefundStepResult> {
  const { payment, refund } = of;
  if (!isOpen(of) || !isHeld(refund)) return { outcome: "concluded", ...of };
  const authorization = authorizationOf(payment);
  invariant(authorization !== undefined, `${payment.id} was captured by an acquirer`);
  const outcome = await ports.acquirers.named(authorization.acquirer).refund({
    key: operationKey(payment.id, "refund", refund.n),
    reference: authorization.reference,
    amount: refund.total.amount,
    currency: refund.total.currency,
    deadline,
  });
  if (outcome.kind === "not_attempted") throw new AcquirerUnavailable(outcome.reason);
  const recorder = { now: ports.now(), execution };
  const recorded = await recordRefund(ports, of, (stands) =>
    isOpen(stands) ? whatCame(stands, authorization, outcome, recorder) : undefined,
  );
  invariant(recorded.kind !== "refused", `no account stands in the way of what became of ${refund.id}`);
  return { outcome: "concluded", ...recorded.stands };
}

function whatCame(
  stands: RefundOfPayment,
  authorization: Authorization,
  outcome: Exclude<AcquirerOutcome, { kind: "not_attempted" }>,
  recorder: Recorder,
): RefundChange | undefined {
  const { refund } = stands;
  switch (outcome.kind) {
    case "approved": {
      const posted = resolutionRecord(refundPosted(refund, authorization, recorder));
      return conclusion(stands, { type: "succeeded" }, recorder.now, posted);
    }
    case "declined": {
      const voided = resolutionRecord(refundVoided(refund, authorization, recorder));
      return conclusion(stands, { type: "failed", reason: outcome.code }, recorder.now, voided);
    }
    case "pending":
    case "unknown": {
      if (refund.state === "in_review") return undefined;
      const { acquirer } = authorization;
      const review = { operation: "refund", acquirer, reason: reasonOf(outcome) } as const;
      return conclusion(stands, { type: "review_required", review }, recorder.now);
    }
    default:
      return absurd(outcome);
  }
}
