import { absurd, invariant } from "../../kernel/invariant.ts";
import { resolutionRecord } from "../../ledger/journal.ts";
import { operationKey, reversalKey } from "../ids.ts";
import { openWordOf, type RefundWord } from "../operator-word.ts";
import { type Authorization, authorizationOf } from "../payment.ts";
import type { RefundChange, RefundOfPayment, RefundPorts } from "../ports.ts";
import { type Recorder, refundPosted, refundVoided } from "../postings.ts";
import { isHeld, type Refund } from "../refund.ts";
import { askOnce } from "./ask.ts";
import { reasonOf } from "./record.ts";
import { conclusion, isOpen, recordRefund } from "./record-refund.ts";
import type { AskingRun, RefundStepResult } from "./step.ts";

/**
 * The commit phase of a refund: the acquirer gives the money back, and what is held becomes so in the ledger; or it
 * refuses, and the hold is released. A refund in review may have been asked for, whatever `attempt` says.
 * @throws AcquirerUnavailable when the acquirer certainly gave nothing back, or does not say whether it did.
 */
export async function giveBack(
  ports: RefundPorts,
  of: RefundOfPayment,
  { execution, deadline, attempt }: AskingRun,
): Promise<RefundStepResult> {
  const { payment, refund } = of;
  if (!isOpen(of) || !isHeld(refund)) return { outcome: "concluded", ...of };
  const authorization = authorizationOf(payment);
  invariant(authorization !== undefined, `${payment.id} was captured by an acquirer`);
  const acquirer = ports.acquirers.named(authorization.acquirer);
  const key = operationKey(payment.id, "refund", refund.n);
  const { amount, currency } = refund.total;
  const { reference } = authorization;
  const tries = refund.state === "in_review" ? attempt + 1 : attempt;
  const word = saidOf(refund, reference);
  const close =
    word?.kind === "declined"
      ? () =>
          acquirer.reverse({
            key: reversalKey(payment.id, "refund", refund.n),
            operationKey: key,
            amount,
            currency,
            deadline,
          })
      : undefined;
  const asked = { key, deadline, attempt: tries, word, close };
  const outcome = await askOnce(acquirer, asked, () =>
    acquirer.refund({ key, reference, amount, currency, deadline }),
  );
  const recorder = { now: ports.now(), execution };
  const recorded = await recordRefund(ports, of, (stands) =>
    isOpen(stands) ? whatCame(stands, authorization, outcome, recorder) : undefined,
  );
  invariant(recorded.kind !== "refused", `no account stands in the way of what became of ${refund.id}`);
  const { stands } = recorded;
  // Somebody said that it failed, and the acquirer, though it had agreed to let it be, gave.
  if (outcome.kind === "approved" && stands.refund.state === "failed") ports.onAstray?.(stands.refund);
  return { outcome: "concluded", ...stands };
}

/** What an operator says that the acquirer has answered. */
function saidOf(refund: Refund, reference: string) {
  switch (openWordOf<RefundWord>(refund)?.as) {
    case "succeeded":
      return { kind: "approved", reference } as const;
    case "failed":
      return { kind: "declined", code: "operation_refused" } as const;
    case undefined:
      return undefined;
  }
}

function whatCame(
  stands: RefundOfPayment,
  authorization: Authorization,
  outcome: Awaited<ReturnType<typeof askOnce>>,
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
