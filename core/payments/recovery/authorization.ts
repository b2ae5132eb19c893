import { concludeAuthorization, fail } from "../decide.ts";
import { operationKey } from "../ids.ts";
import { type Authorization, isSameAuthorization, type Payment, type Review } from "../payment.ts";
import { record } from "../steps/record.ts";
import { askAgain, concluded, type Found, type Look, type RecoveryPorts } from "./found.ts";
import { type Answer, approvalIn, closeAll, inquire, inquireAll, namesOf } from "./inquiries.ts";

/** The look at which what nobody knows of is closed: the second. The request had more than half a minute to arrive. */
const closingAttempt = 1;

/** Asks each acquirer that may have been asked to authorize. One approval is taken up; what is not known is closed. */
export async function recoverAuthorization(
  ports: RecoveryPorts,
  payment: Payment,
  names: readonly string[],
  look: Look,
): Promise<Found> {
  const answers = await inquireAll(ports, payment, names, look);
  const silent = answers.filter(({ inquiry }) => inquiry.kind === "unavailable");
  if (silent.length > 0) return askAgain(payment, `no answer from ${namesOf(silent)}`);
  const approved = answers.flatMap(approvalIn(ports));
  const [first, ...others] = approved;
  const unknown = answers
    .filter(({ inquiry }) => inquiry.kind === "not_found")
    .map(({ acquirer }) => acquirer);
  if (first !== undefined && others.length === 0 && unknown.length === 0) return continueWith(payment, first);
  if (look.attempt < closingAttempt && first === undefined && unknown.length > 0)
    return askAgain(payment, `${unknown.join(", ")} knows nothing of it yet`);

  // Only one may hold the customer's money, and nobody may take it later: what is left over is closed first.
  const toClose = [...unknown, ...others.map(({ acquirer }) => acquirer)];
  const open = await closeAll(ports, payment, toClose, look.deadline);
  if (open.length > 0) return askAgain(payment, `${open.join(", ")} does not acknowledge a reversal`);
  if (first !== undefined) return continueWith(payment, first);
  return concludeWithout(ports, payment, answers);
}

const continueWith = (payment: Payment, authorization: Authorization): Found => ({
  outcome: "continue_payment",
  payment,
  entry: { step: "post", authorization },
});

/** Nobody holds anything: it was declined, or waits for its customer, or nobody executed it. */
async function concludeWithout(
  ports: RecoveryPorts,
  payment: Payment,
  answers: readonly Answer[],
): Promise<Found> {
  const decided = answers.flatMap(({ acquirer, inquiry }) =>
    inquiry.kind === "found" && inquiry.outcome.kind !== "approved"
      ? [{ acquirer, outcome: inquiry.outcome }]
      : [],
  );
  const result = decided.find(({ outcome }) => outcome.kind === "pending") ?? decided[0];
  const event =
    result === undefined
      ? fail(payment, "not_executed")
      : concludeAuthorization(payment, result, ports.now());
  // A payment in review does not go back to waiting for its customer: a person must look.
  if (!event.ok) return askAgain(payment, `the acquirer says ${result?.outcome.kind ?? "nothing"}`);
  return concluded(await record(ports, payment, event.value));
}

/** Held by one acquirer, while another may have approved too: that one is made to let go, and the payment goes on. */
export async function releaseStray(
  ports: RecoveryPorts,
  payment: Payment,
  held: Authorization,
  names: readonly string[],
  look: Look,
): Promise<Found> {
  const answers = await inquireAll(ports, payment, names, look);
  const silent = answers.filter(({ inquiry }) => inquiry.kind === "unavailable");
  if (silent.length > 0) return askAgain(payment, `no answer from ${namesOf(silent)}`);
  const strays = answers.filter(({ acquirer, inquiry }) => {
    if (inquiry.kind !== "found") return acquirer !== held.acquirer;
    const { outcome } = inquiry;
    if (outcome.kind === "declined") return false;
    return !isSameAuthorization(held, { acquirer, reference: outcome.reference, expiresAt: 0 });
  });
  const open = await closeAll(
    ports,
    payment,
    strays.map(({ acquirer }) => acquirer),
    look.deadline,
  );
  return open.length > 0
    ? askAgain(payment, `${open.join(", ")} does not acknowledge a reversal`)
    : continueWith(payment, held);
}

/** Approved, never posted, and its void not known: the acquirer tells again what it approved. */
export async function voidUnposted(
  ports: RecoveryPorts,
  payment: Payment,
  review: Review,
  look: Look,
): Promise<Found> {
  const { acquirer } = review;
  if (acquirer === undefined) return unexplained(payment, review);
  const inquiry = await inquire(ports, acquirer, operationKey(payment.id, "authorize"), look);
  const [authorization] = approvalIn(ports)({ acquirer, inquiry });
  if (authorization === undefined) return recoverAuthorization(ports, payment, [acquirer], look);
  const reason = "operation_refused";
  return { outcome: "continue_payment", payment, entry: { step: "compensate", authorization, reason } };
}

/** No acquirer can say more about it. */
export const unexplained = (payment: Payment, review: Review): Found =>
  askAgain(payment, `${review.operation}: ${review.reason}`);
