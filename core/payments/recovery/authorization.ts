import { concludeAuthorization, fail } from "../decide.ts";
import { operationKey } from "../ids.ts";
import { type Authorization, authorizationOf, type Payment, type Review } from "../payment.ts";
import { record } from "../steps/record.ts";
import { askAgain, concluded, type Found, type Look, type RecoveryPorts } from "./found.ts";
import { type Answer, approvalIn, closeAll, inquire, inquireAll, isPending, namesOf } from "./inquiries.ts";

/** The look at which what nobody knows of is closed: the second. The request had more than half a minute to arrive. */
const closingAttempt = 1;

/**
 * Asks each acquirer that may have been asked to authorize. One approval is taken up, and does not wait for those that
 * keep silent; what is not known is closed.
 */
export async function recoverAuthorization(
  ports: RecoveryPorts,
  payment: Payment,
  names: readonly string[],
  look: Look,
): Promise<Found> {
  if (names.length === 0) return askAgain(payment, "no acquirer is in the settings");
  const answers = await inquireAll(ports, payment, names, look);
  const silent = namesOf(answers, "unavailable");
  const unknown = namesOf(answers, "not_found");
  const [first, ...others] = answers.flatMap(approvalIn(payment));
  if (first === undefined && silent.length > 0)
    return askAgain(payment, `no answer from ${silent.join(", ")}`);
  if (first === undefined && unknown.length > 0 && look.attempt < closingAttempt)
    return askAgain(payment, `${unknown.join(", ")} knows nothing of it yet`);

  // Only one may hold the customer's money, and nobody may take it later: what is left over is closed.
  // One that still decides may be waited for, where nobody has approved.
  const deciding = answers.filter(isPending).map(({ acquirer }) => acquirer);
  const tooMany = first === undefined ? deciding.slice(1) : deciding;
  const toClose = [...unknown, ...others.map(({ acquirer }) => acquirer), ...tooMany];
  const open = await closeAll(ports, payment, toClose, look.deadline);
  if (first !== undefined) return continueWith(payment, first, [...silent, ...open]);
  return open.length > 0
    ? askAgain(payment, `${open.join(", ")} does not acknowledge a reversal`)
    : concludeWithout(ports, payment, answers);
}

const continueWith = (payment: Payment, authorization: Authorization, open: readonly string[]): Found => ({
  outcome: "continue_payment",
  payment,
  entry: { step: "post", authorization },
  strays: open.length > 0,
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
  const event = result === undefined ? fail(payment, "not_executed") : concludeAuthorization(payment, result);
  // A payment in review does not go back to waiting for its customer: a person must look.
  if (!event.ok) return askAgain(payment, `the acquirer says ${result?.outcome.kind ?? "nothing"}`);
  return concluded(await record(ports, payment, event.value));
}

/** Held by one acquirer, while another may have approved too: that one is made to let go, and the payment goes on. */
export async function keepHeld(
  ports: RecoveryPorts,
  payment: Payment,
  held: Authorization,
  names: readonly string[],
  look: Look,
): Promise<Found> {
  const open = await closeStrays(ports, payment, names, look);
  // It was held before: an earlier run may have asked for its capture.
  const entry = { step: "post", authorization: held, attempt: 1 } as const;
  return { outcome: "continue_payment", payment, entry, strays: open.length > 0 };
}

/**
 * Nobody but the acquirer that a payment names may hold money for it, however it has ended: the authorization of every
 * other one is reversed. An acquirer has one for a payment, for all runs ask under the same key.
 * @returns who has neither declined it nor acknowledged the reversal.
 */
export async function closeStrays(
  ports: RecoveryPorts,
  payment: Payment,
  names: readonly string[],
  look: Look,
): Promise<readonly string[]> {
  const own = authorizationOf(payment)?.acquirer ?? waitedFor(payment);
  const answers = await inquireAll(
    ports,
    payment,
    names.filter((name) => name !== own),
    look,
  );
  const strays = answers.filter(({ inquiry }) =>
    inquiry.kind === "found" ? inquiry.outcome.kind !== "declined" : inquiry.kind === "not_found",
  );
  const open = await closeAll(
    ports,
    payment,
    strays.map(({ acquirer }) => acquirer),
    look.deadline,
  );
  return [...namesOf(answers, "unavailable"), ...open];
}

/** The acquirer that is asked about the payment itself: whose customer is to act, or whose void is unknown. */
function waitedFor(payment: Payment): string | undefined {
  if (payment.state === "requires_action") return payment.acquirer;
  return payment.state === "in_review" && payment.review.operation === "void"
    ? payment.review.acquirer
    : undefined;
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
  const [authorization] = approvalIn(payment)({ acquirer, inquiry });
  if (authorization === undefined) return recoverAuthorization(ports, payment, [acquirer], look);
  const reason = "operation_refused";
  return {
    outcome: "continue_payment",
    payment,
    entry: { step: "compensate", authorization, reason, attempt: 1 },
  };
}

/** No acquirer can say more about it. */
export const unexplained = (payment: Payment, review: Review): Found =>
  askAgain(payment, `${review.operation}: ${review.reason}`);
