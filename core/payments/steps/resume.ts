import { absurd, invariant } from "../../kernel/invariant.ts";
import { concludeAuthorization, resume as decideResume } from "../decide.ts";
import { operationKey } from "../ids.ts";
import type { Payment } from "../payment.ts";
import type { SagaPorts } from "../ports.ts";
import { record } from "./record.ts";
import { type AuthorizeResult, concluded, type StepRun } from "./step.ts";

type ResumePorts = Pick<SagaPorts, "payments" | "acquirers" | "now">;

/**
 * Goes on with a payment whose customer has acted, or whose acquirer has decided, by somebody's word: only what the
 * acquirer says when it is asked counts. An approval is handed on to be posted.
 */
export async function resume(
  ports: ResumePorts,
  payment: Payment,
  { deadline }: Pick<StepRun, "deadline">,
): Promise<AuthorizeResult> {
  const resumed = decideResume(payment);
  if (!resumed.ok) return concluded(payment);
  invariant(payment.state === "requires_action", "only what waits is resumed");
  const { acquirer } = payment;
  const inquiry = await ports.acquirers
    .named(acquirer)
    .inquire({ key: operationKey(payment.id, "authorize"), deadline });
  switch (inquiry.kind) {
    case "found":
      break;
    // It goes on waiting: the check on what waits asks again, and time ends it.
    case "not_found":
    case "unavailable":
      return concluded(payment);
    default:
      return absurd(inquiry);
  }
  const { outcome } = inquiry;
  if (outcome.kind === "pending") return concluded(payment);

  const processing = await record(ports, payment, resumed.value);
  // Another run took it up first, and goes on with it.
  if (processing.state !== "processing") return concluded(processing);
  const decided = concludeAuthorization(processing, { acquirer, outcome }, ports.now());
  invariant(decided.ok, `a processing payment takes the outcome ${outcome.kind}`);
  const event = decided.value;
  if (event.type === "authorized")
    return { outcome: "approved", payment: processing, authorization: event.authorization };
  return concluded(await record(ports, processing, event));
}
