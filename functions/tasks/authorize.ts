import { createAcquirers } from "#adapters/acquirers/acquirers.ts";
import { createDynamoDb } from "#adapters/dynamodb/client.ts";
import { StoreUnavailable } from "#adapters/dynamodb/errors.ts";
import { PaymentStore } from "#adapters/dynamodb/payment-store.ts";
import { KeysUnavailable } from "#adapters/kms/errors.ts";
import { createCardReader } from "#adapters/vault/card-reader.ts";
import { declineRules } from "#core/acquiring/declines.ts";
import type { AcquirerOutcome } from "#core/acquiring/outcome.ts";
import type { Card } from "#core/acquiring/port.ts";
import { absurd, invariant } from "#core/kernel/invariant.ts";
import { type AuthorizationResult, concludeAuthorization } from "#core/payments/decide.ts";
import { operationKey } from "#core/payments/ids.ts";
import type { Payment } from "#core/payments/payment.ts";
import { authorizationRecord, toRecord } from "#core/payments/record.ts";
import { requiredVariable } from "#functions/environment.ts";
import { type AuthorizeOutput, authorizeInput } from "#workflows/payment/contract.ts";
import { deadlineOf } from "./acquirer-call.ts";
import { concluded, record } from "./conclude.ts";
import { task } from "./task.ts";

const dynamoDb = createDynamoDb();
const payments = new PaymentStore(dynamoDb, { payments: requiredVariable("PAYMENTS_TABLE") });
const cards = createCardReader(dynamoDb, {
  table: requiredVariable("VAULT_TABLE"),
  keyArn: requiredVariable("VAULT_KEY_ARN"),
});
const acquirers = createAcquirers(requiredVariable("ACQUIRERS"));

/** The prepare phase at the acquirer. An approval is handed on to be posted; every other end is recorded here. */
export const handler = task(authorizeInput, async ({ payment }, remainingMs): Promise<AuthorizeOutput> => {
  if (payment.state !== "processing") return concluded(payment);
  const card = await takeCard(payment);
  const result =
    card === undefined
      ? notAttempted("card_token_not_found")
      : await askAlongRoute(payment, card, deadlineOf(remainingMs));

  const decided = concludeAuthorization(payment, result, Date.now());
  invariant(decided.ok, `a processing payment takes the outcome ${result.outcome.kind}`);
  if (decided.value.type === "authorized") {
    return {
      outcome: "approved",
      payment: toRecord(payment),
      authorization: authorizationRecord(decided.value.authorization),
    };
  }
  return concluded(await record(payments, payment, decided.value));
});

/** The vault did not answer, so no acquirer was asked: this step, and no other failure of it, may run again. */
class VaultUnavailable extends Error {
  override readonly name = "VaultUnavailable";
}

async function takeCard(payment: Payment): Promise<Card | undefined> {
  try {
    return await cards.reveal(payment.book, payment.method.token);
  } catch (error) {
    if (!(error instanceof StoreUnavailable || error instanceof KeysUnavailable)) throw error;
    throw new VaultUnavailable(error.message, { cause: error });
  }
}

const notAttempted = (reason: string): AuthorizationResult => ({
  acquirer: "",
  outcome: { kind: "not_attempted", reason },
});

/** Asks one acquirer after the other, and goes on to the next only when this one certainly holds nothing. */
async function askAlongRoute(payment: Payment, card: Card, deadline: number): Promise<AuthorizationResult> {
  let result = notAttempted("no_acquirer_available");
  for (const acquirer of acquirers.route({ currency: payment.total.currency, method: "card" })) {
    const outcome = await acquirers.named(acquirer).authorize({
      key: operationKey(payment.id, "authorize"),
      amount: payment.total.amount,
      currency: payment.total.currency,
      card,
      merchant: payment.book,
      deadline,
    });
    // A decline by the one before says more than that this one could not be asked.
    if (outcome.kind !== "not_attempted" || result.outcome.kind === "not_attempted")
      result = { acquirer, outcome };
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
