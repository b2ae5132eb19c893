import { invariant } from "../../kernel/invariant.ts";
import { resolutionRecord } from "../../ledger/journal.ts";
import { cancel, expire, fail } from "../decide.ts";
import { operationKey, reversalKey } from "../ids.ts";
import { openWordOf } from "../operator-word.ts";
import { type Authorization, heldAuthorizationOf, isSameAuthorization, type Payment } from "../payment.ts";
import type { SagaPorts } from "../ports.ts";
import { voidResolution } from "../postings.ts";
import { AcquirerUnavailable, askOnce } from "./ask.ts";
import { reasonOf, record, reviewStray } from "./record.ts";
import { type AskingRun, type CompensateResult, concluded, type Refused } from "./step.ts";

type CompensatePorts = Pick<SagaPorts, "payments" | "acquirers" | "now">;

/** What is to be undone, and why. */
interface Abort {
  readonly payment: Payment;
  /** Absent while the acquirer has not promised anything yet: a customer was to act. */
  readonly authorization?: Authorization | undefined;
  readonly reason: string;
}

/**
 * The abort phase, after a definite refusal or because somebody asked for it: the authorization is voided at the
 * acquirer, then the hold here. What is not authorized yet is reversed.
 * @throws AcquirerUnavailable when the acquirer certainly did not void, or does not say
 */
export async function compensate(
  ports: CompensatePorts,
  { payment, authorization, reason }: Abort,
  { execution, deadline, attempt }: AskingRun,
): Promise<CompensateResult> {
  if (authorization === undefined) return concluded(await letGo(ports, payment, reason, deadline));
  const acquirer = ports.acquirers.named(authorization.acquirer);
  const key = operationKey(payment.id, "void");
  const { amount, currency } = payment.total;
  const { reference } = authorization;
  const isOver = isSaidToBeOver(payment);
  // What is said to be over is voided all the same: that takes no money, and what is over is only refused.
  const tries = isOver ? attempt + 1 : attempt;
  const asked = askOnce(acquirer, { key, deadline, attempt: tries }, () =>
    acquirer.void({ key, reference, amount, currency, deadline }),
  );
  const outcome = isOver ? await answeredOr(asked) : await asked;
  if (outcome === undefined || isOver || outcome.kind === "approved") {
    const refusal = { payment, authorization, reason };
    return concluded(await release(ports, refusal, execution));
  }
  return reviewStray(ports, payment, reference, {
    operation: "void",
    acquirer: authorization.acquirer,
    reason: reasonOf(outcome),
  });
}

/** The answer, or undefined where the acquirer gives none. */
const answeredOr = <Answer>(asked: Promise<Answer>): Promise<Answer | undefined> =>
  asked.catch((thrown: unknown) => {
    if (thrown instanceof AcquirerUnavailable) return undefined;
    throw thrown;
  });

/** An operator says that the acquirer holds nothing of it any more. */
function isSaidToBeOver(payment: Payment): boolean {
  const said = openWordOf(payment)?.as;
  return said === "canceled" || said === "failed";
}

/** What the void means for the payment: it depends on how far the payment had come with this authorization. */
async function release(
  ports: CompensatePorts,
  { payment, authorization, reason }: Omit<Refused, "outcome">,
  execution: string,
): Promise<Payment> {
  const held = heldAuthorizationOf(payment);
  const isUnposted = payment.state === "processing" || payment.state === "in_review";
  if (isUnposted && held === undefined) {
    const failed = fail(payment, reason, authorization);
    invariant(failed.ok, "a payment that holds nothing can fail");
    return record(ports, payment, failed.value);
  }
  // The payment went on with another authorization: only the stray one was to be voided.
  if (!isSameAuthorization(held, authorization)) return payment;

  const now = ports.now();
  const canceled = cancel(payment, reason);
  invariant(canceled.ok, "a payment that is held can be canceled");
  const journal = resolutionRecord(voidResolution(payment, authorization, { now, execution }));
  return record(ports, payment, canceled.value, { journal, at: now });
}

/**
 * Undoes what a customer was to confirm. The operation that is in progress keeps everybody else away until the acquirer
 * has acknowledged it; while it has not, the payment goes on waiting, and the operation with it.
 */
async function letGo(
  ports: CompensatePorts,
  payment: Payment,
  reason: string,
  deadline: number,
): Promise<Payment> {
  const { pendingOperation: pending } = payment;
  if (payment.state !== "requires_action" || pending?.kind !== "cancel") return payment;
  const outcome = await ports.acquirers.named(payment.acquirer).reverse({
    key: reversalKey(payment.id, "authorize"),
    operationKey: operationKey(payment.id, "authorize"),
    amount: payment.total.amount,
    currency: payment.total.currency,
    deadline,
  });
  if (outcome.kind === "not_attempted") throw new AcquirerUnavailable(outcome.reason);
  if (outcome.kind !== "approved") return payment;
  const now = ports.now();
  const ended = pending.overdue === true ? expire(payment, now) : cancel(payment, reason);
  invariant(ended.ok, "a payment that waits, and that the acquirer let go, can end");
  return record(ports, payment, ended.value, { at: now });
}
