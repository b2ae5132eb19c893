import { declineRules } from "../../acquiring/declines.ts";
import type { AcquirerOutcome } from "../../acquiring/outcome.ts";
import type { Acquirers, AuthorizeRequest, Card } from "../../acquiring/port.ts";
import { CardUnreadable } from "../../cards/card-unreadable.ts";
import { absurd, invariant } from "../../kernel/invariant.ts";
import { type AuthorizationResult, concludeAuthorization } from "../decide.ts";
import { operationKey } from "../ids.ts";
import { acquirerOf, type Payment } from "../payment.ts";
import type { SagaPorts } from "../ports.ts";
import { reasonOf, record, reviewStray } from "./record.ts";
import { type AuthorizeResult, concluded, type StepRun } from "./step.ts";

/**
 * The vault, or the key that signs the way back, did not answer, so no acquirer was asked: after this, and no other
 * failure, the step may run again.
 */
class VaultUnavailable extends Error {
  override readonly name = "VaultUnavailable";
}

/**
 * The prepare phase at the acquirer. An approval is handed on to be posted; every other end is recorded here.
 * @throws VaultUnavailable before anyone was asked. After anything else that is thrown, an acquirer may have approved.
 */
export async function authorize(
  ports: SagaPorts,
  payment: Payment,
  { deadline }: Pick<StepRun, "deadline">,
): Promise<AuthorizeResult> {
  if (payment.state !== "processing") return concluded(payment);
  const { method } = payment;
  invariant(method.type === "card", `${payment.id} is paid with a card`);
  const { card, returnUrl } = await prepare(ports, payment, method.token);
  const result =
    card === undefined
      ? notAttempted("card_token_not_found")
      : await askAlongRoute(ports.acquirers, payment, { card, returnUrl, deadline });

  const decided = concludeAuthorization(payment, result);
  invariant(decided.ok, `a processing payment takes the outcome ${result.outcome.kind}`);
  const event = decided.value;
  if (event.type === "authorized")
    return { outcome: "approved", payment, authorization: event.authorization };
  const recorded = await record(ports, payment, event);
  const { acquirer, outcome } = result;
  if (!isUndecided(outcome) || acquirerOf(recorded) === acquirer) return concluded(recorded);
  // Another run of this saga moved the payment first, by another acquirer: what this one may hold would go unnoticed.
  const review = { operation: "authorize", acquirer, reason: reasonOf(outcome) } as const;
  return reviewStray(ports, recorded, undefined, review);
}

type Undecided = Extract<AcquirerOutcome, { kind: "pending" | "unknown" }>;

const isUndecided = (outcome: AcquirerOutcome): outcome is Undecided =>
  outcome.kind === "pending" || outcome.kind === "unknown";

async function prepare(
  { cards, returns }: SagaPorts,
  payment: Payment,
  token: string,
): Promise<{ readonly card: Card | undefined; readonly returnUrl: string }> {
  try {
    const [card, returnUrl] = await Promise.all([cards.reveal(payment.book, token), returns.urlFor(payment)]);
    return { card, returnUrl };
  } catch (error) {
    if (error instanceof CardUnreadable) throw error;
    throw new VaultUnavailable(String(error), { cause: error });
  }
}

const notAttempted = (reason: string): AuthorizationResult => ({
  acquirer: "",
  outcome: { kind: "not_attempted", reason },
});

/** Asks one acquirer after the other, and goes on to the next only when this one certainly holds nothing. */
async function askAlongRoute(
  acquirers: Acquirers,
  payment: Payment,
  request: Pick<AuthorizeRequest, "card" | "deadline"> & { readonly returnUrl: string },
): Promise<AuthorizationResult> {
  let result = notAttempted("no_acquirer_available");
  for (const acquirer of acquirers.route({ currency: payment.total.currency, method: "card" })) {
    const outcome = await acquirers.named(acquirer).authorize({
      key: operationKey(payment.id, "authorize"),
      amount: payment.total.amount,
      currency: payment.total.currency,
      merchant: payment.book,
      ...request,
    });
    // A decline by the one before says more than that this one could not be asked.
    const saysMore = outcome.kind !== "not_attempted" || result.outcome.kind === "not_attempted";
    if (saysMore) result = { acquirer, outcome };
    if (!mayAskNext(outcome)) break;
  }
  return result;
}

function mayAskNext(outcome: AcquirerOutcome): boolean {
  switch (outcome.kind) {
    case "not_attempted":
      return true;
    case "declined":
      return declineRules[outcome.code].handling === "cascade";
    case "approved":
    case "pending":
    case "unknown":
      return false;
    default:
      return absurd(outcome);
  }
}
