import { createDynamoDb } from "#adapters/dynamodb/client.ts";
import { PaymentStore } from "#adapters/dynamodb/payment-store.ts";
import { entryRecord } from "#core/ledger/journal.ts";
import { evolve } from "#core/payments/evolve.ts";
import {
  type Authorization,
  authorizationOf,
  isSameAuthorization,
  type Payment,
} from "#core/payments/payment.ts";
import { holdEntry } from "#core/payments/postings.ts";
import { authorizationRecord, toRecord } from "#core/payments/record.ts";
import { requiredVariable } from "#functions/environment.ts";
import { type PostOutput, postInput } from "#workflows/payment/contract.ts";
import { concluded } from "./conclude.ts";
import { task } from "./task.ts";

const payments = new PaymentStore(createDynamoDb(), {
  payments: requiredVariable("PAYMENTS_TABLE"),
  ledger: requiredVariable("LEDGER_TABLE"),
});

/** The prepare phase in the ledger: the hold and the authorized payment, written together or not at all. */
export const handler = task(postInput, async ({ payment, authorization, execution }): Promise<PostOutput> => {
  const now = Date.now();
  const hold = holdEntry(payment, authorization, { now, execution });
  if (!hold.ok) return refused(payment, authorization, hold.error);

  const after = evolve(payment, { type: "authorized", authorization }, now);
  const committed = await payments.commit({ before: payment, after, journal: entryRecord(hold.value) });
  switch (committed.kind) {
    case "applied":
      return { outcome: "held", payment: toRecord(committed.payment) };
    case "refused":
      return refused(payment, authorization, committed.refusal);
    case "superseded":
      return afterSomeoneElse(committed.current, authorization);
  }
});

/**
 * Another run of this saga moved the payment first. If it did so with this same authorization there is nothing
 * to add; an authorization that the payment does not know, and that nobody is looking into, must be released.
 */
function afterSomeoneElse(current: Payment, authorization: Authorization): PostOutput {
  const isKnown = isSameAuthorization(authorizationOf(current), authorization);
  if (isKnown || current.state === "in_review") return concluded(current);
  return refused(current, authorization, "superseded");
}

const refused = (payment: Payment, authorization: Authorization, reason: string): PostOutput => ({
  outcome: "refused",
  payment: toRecord(payment),
  authorization: authorizationRecord(authorization),
  reason,
});
