import { createAcquirers } from "#adapters/acquirers/acquirers.ts";
import { createDynamoDb } from "#adapters/dynamodb/client.ts";
import { PaymentStore } from "#adapters/dynamodb/payment-store.ts";
import { absurd, invariant } from "#core/kernel/invariant.ts";
import { resolutionRecord } from "#core/ledger/journal.ts";
import { checkCapture } from "#core/payments/decide.ts";
import { evolve } from "#core/payments/evolve.ts";
import { operationKey } from "#core/payments/ids.ts";
import type { Payment } from "#core/payments/payment.ts";
import { captureResolution, type Recorder } from "#core/payments/postings.ts";
import { authorizationRecord, toRecord } from "#core/payments/record.ts";
import { requiredVariable } from "#functions/environment.ts";
import { type SettleOutput, settleInput } from "#workflows/payment/contract.ts";
import { AcquirerUnavailable, deadlineOf, reasonOf } from "./acquirer-call.ts";
import { concluded, putInReview } from "./conclude.ts";
import { task } from "./task.ts";

const payments = new PaymentStore(createDynamoDb(), {
  payments: requiredVariable("PAYMENTS_TABLE"),
  ledger: requiredVariable("LEDGER_TABLE"),
});
const acquirers = createAcquirers(requiredVariable("ACQUIRERS"));

type Authorized = Payment & { readonly state: "authorized" };

/** The commit phase: the acquirer captures what it holds, and the hold in the ledger becomes the merchant's money. */
export const handler = task(settleInput, async (input, remainingMs): Promise<SettleOutput> => {
  const { payment, execution, attempt } = input;
  if (payment.state !== "authorized") return concluded(payment);
  const { authorization } = payment;
  const askedAt = Date.now();
  const amount = payment.total.amount;
  const checked = checkCapture(payment, amount, askedAt);
  // An earlier attempt may have captured in time: then only the acquirer can say so, under the same key.
  if (!checked.ok && attempt === 0) return refused(payment, checked.error.code);

  const outcome = await acquirers.named(authorization.acquirer).capture({
    key: operationKey(payment.id, "capture"),
    reference: authorization.reference,
    amount,
    currency: payment.total.currency,
    deadline: deadlineOf(remainingMs),
  });
  switch (outcome.kind) {
    case "approved":
      return post(payment, amount, { now: askedAt, execution });
    case "declined":
      return refused(payment, outcome.code);
    case "not_attempted":
      throw new AcquirerUnavailable(outcome.reason);
    case "pending":
    case "unknown": {
      const review = {
        operation: "capture",
        acquirer: authorization.acquirer,
        reason: reasonOf(outcome),
      } as const;
      return concluded(await putInReview(payments, payment, review));
    }
    default:
      return absurd(outcome);
  }
});

/** `recorder.now` is when the acquirer was asked: a capture that was asked for in time is in time. */
async function post(payment: Authorized, amount: bigint, recorder: Recorder): Promise<SettleOutput> {
  const { authorization } = payment;
  const resolution = captureResolution(payment, authorization, amount, recorder);
  // The acquirer has taken the money: a ledger that would not book it is broken, and a person must look.
  invariant(resolution.ok, `the capture of ${payment.id} can be posted`);
  const after = evolve(payment, { type: "captured", authorization, amount }, recorder.now);
  const committed = await payments.commit({
    before: payment,
    after,
    journal: resolutionRecord(resolution.value),
  });
  invariant(committed.kind !== "refused", `no guarded account stands in the capture of ${payment.id}`);
  if (committed.kind === "superseded") return concluded(committed.current);
  return { outcome: "captured", payment: toRecord(committed.payment) };
}

const refused = (payment: Authorized, reason: string): SettleOutput => ({
  outcome: "refused",
  payment: toRecord(payment),
  authorization: authorizationRecord(payment.authorization),
  reason,
});
