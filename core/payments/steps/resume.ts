import { invariant } from "../../kernel/invariant.ts";
import { beginExpiry } from "../begin.ts";
import { concludeAuthorization, resume as decideResume } from "../decide.ts";
import { operationKey } from "../ids.ts";
import type { Payment } from "../payment.ts";
import type { SagaPorts } from "../ports.ts";
import { findOut } from "./ask.ts";
import { record } from "./record.ts";
import { concluded, type ResumeResult, type StepRun } from "./step.ts";

type ResumePorts = Pick<SagaPorts, "payments" | "acquirers" | "now">;

/**
 * Goes on with a payment whose customer has acted, or whose acquirer has decided, by somebody's word: only what the
 * acquirer says when it is asked counts. An approval is handed on to be posted. What still waits when its time is over
 * begins to end: the customer might act at the last moment, so the acquirer is to let go first.
 * @throws AcquirerUnavailable when the acquirer does not say
 */
export async function resume(
  ports: ResumePorts,
  payment: Payment,
  { deadline }: Pick<StepRun, "deadline">,
): Promise<ResumeResult> {
  const resumed = decideResume(payment);
  if (!resumed.ok) return concluded(payment);
  invariant(payment.state === "requires_action", "only what waits is resumed");
  const { acquirer } = payment;
  const key = operationKey(payment.id, "authorize");
  const outcome = await findOut(ports.acquirers.named(acquirer), { key, deadline });
  if (outcome === undefined || outcome.kind === "pending") return waitOrEnd(ports, payment);

  const processing = await record(ports, payment, resumed.value);
  // Another run took it up first, and goes on with it.
  if (processing.state !== "processing") return concluded(processing);
  const decided = concludeAuthorization(processing, { acquirer, outcome });
  invariant(decided.ok, `a processing payment takes the outcome ${outcome.kind}`);
  const event = decided.value;
  if (event.type === "authorized")
    return { outcome: "approved", payment: processing, authorization: event.authorization };
  return concluded(await record(ports, processing, event));
}

/** It goes on waiting, and whoever looks after what waits asks again; or nobody is waited for any longer. */
async function waitOrEnd(ports: ResumePorts, payment: Payment): Promise<ResumeResult> {
  const now = ports.now();
  const begun = beginExpiry(payment, now);
  if (!begun.ok) return concluded(payment);
  const ending = await record(ports, payment, begun.value, { at: now });
  return ending.pendingOperation?.kind === "cancel"
    ? { outcome: "overdue", payment: ending, reason: "expired" }
    : concluded(ending);
}
