import { absurd, invariant } from "../../kernel/invariant.ts";
import { entryRecord } from "../../ledger/journal.ts";
import { openWordOf, type RefundWord } from "../operator-word.ts";
import { authorizationOf } from "../payment.ts";
import type { RefundChange, RefundOfPayment, RefundPorts } from "../ports.ts";
import { type Recorder, refundHold, walletRefund } from "../postings.ts";
import { evolveRefund, isHeld } from "../refund.ts";
import { conclusion, isOpen, recordRefund } from "./record-refund.ts";
import type { RefundStepResult, StepRun } from "./step.ts";

type HoldPorts = Pick<RefundPorts, "refunds" | "now">;

/**
 * The prepare phase of a refund: the money is set aside in the ledger before anyone is asked to give it back. An account
 * that does not have it refuses, and the refund fails. A wallet is paid back at once: there is nobody to ask.
 */
export async function holdRefund(
  ports: HoldPorts,
  of: RefundOfPayment,
  { execution }: Pick<StepRun, "execution">,
): Promise<RefundStepResult> {
  const recorder = { now: ports.now(), execution };
  // Nobody was asked for it, and nothing is to be: there is nothing to set aside.
  if (openWordOf<RefundWord>(of.refund)?.as === "failed" && !isHeld(of.refund))
    return resultOf(await failed(ports, of, "not_executed", recorder.now));
  const held = await recordRefund(ports, of, (stands) => holding(stands, recorder));
  switch (held.kind) {
    case "recorded":
      return resultOf(held.stands);
    case "refused":
      return resultOf(await failed(ports, held.stands, held.refusal, recorder.now));
    default:
      return absurd(held);
  }
}

function holding(stands: RefundOfPayment, recorder: Recorder): RefundChange | undefined {
  const { payment, refund } = stands;
  if (!isOpen(stands) || isHeld(refund)) return undefined;
  if (payment.method.type === "account") {
    const entry = walletRefund(refund, payment.method, recorder);
    invariant(entry.ok, `what ${payment.id} took from a wallet can go back`);
    return conclusion(stands, { type: "succeeded" }, recorder.now, entryRecord(entry.value));
  }
  const authorization = authorizationOf(payment);
  invariant(authorization !== undefined, `${payment.id} was captured by an acquirer`);
  const entry = refundHold(refund, authorization, recorder);
  invariant(entry.ok, `a part of what ${payment.id} captured can be held`);
  return {
    refund: { before: refund, after: evolveRefund(refund, { type: "held" }, recorder.now) },
    journal: entryRecord(entry.value),
  };
}

async function failed(
  ports: HoldPorts,
  from: RefundOfPayment,
  reason: string,
  now: number,
): Promise<RefundOfPayment> {
  const recorded = await recordRefund(ports, from, (stands) =>
    // Another run may have found the account willing: what is held is not failed, it is asked for.
    isOpen(stands) && !isHeld(stands.refund)
      ? conclusion(stands, { type: "failed", reason }, now)
      : undefined,
  );
  invariant(recorded.kind !== "refused", `no account stands in the way of an end of ${from.refund.id}`);
  return recorded.stands;
}

const resultOf = (stands: RefundOfPayment): RefundStepResult => ({
  outcome: isOpen(stands) && isHeld(stands.refund) ? "held" : "concluded",
  ...stands,
});
