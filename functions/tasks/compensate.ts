import { createAcquirers } from "#adapters/acquirers/acquirers.ts";
import { createDynamoDb } from "#adapters/dynamodb/client.ts";
import { PaymentStore } from "#adapters/dynamodb/payment-store.ts";
import { invariant } from "#core/kernel/invariant.ts";
import { resolutionRecord } from "#core/ledger/journal.ts";
import { cancel, fail } from "#core/payments/decide.ts";
import { evolve } from "#core/payments/evolve.ts";
import { operationKey } from "#core/payments/ids.ts";
import { type Authorization, isSameAuthorization, type Payment } from "#core/payments/payment.ts";
import { voidResolution } from "#core/payments/postings.ts";
import { requiredVariable } from "#functions/environment.ts";
import { type CompensateOutput, compensateInput } from "#workflows/payment/contract.ts";
import { AcquirerUnavailable, deadlineOf, reasonOf } from "./acquirer-call.ts";
import { concluded, putInReview, record } from "./conclude.ts";
import { task } from "./task.ts";

const payments = new PaymentStore(createDynamoDb(), {
  payments: requiredVariable("PAYMENTS_TABLE"),
  ledger: requiredVariable("LEDGER_TABLE"),
});
const acquirers = createAcquirers(requiredVariable("ACQUIRERS"));

/** The abort phase, after a definite refusal: the authorization is voided at the acquirer, then the hold here. */
export const handler = task(
  compensateInput,
  async ({ payment, authorization, reason, execution }, remainingMs): Promise<CompensateOutput> => {
    const outcome = await acquirers.named(authorization.acquirer).void({
      key: operationKey(payment.id, "void"),
      reference: authorization.reference,
      amount: payment.total.amount,
      currency: payment.total.currency,
      deadline: deadlineOf(remainingMs),
    });
    if (outcome.kind === "not_attempted") throw new AcquirerUnavailable(outcome.reason);
    if (outcome.kind !== "approved") {
      const review = {
        operation: "void",
        acquirer: authorization.acquirer,
        reason: reasonOf(outcome),
      } as const;
      return concluded(await putInReview(payments, payment, review));
    }
    return concluded(await release(payment, authorization, reason, execution));
  },
);

/** What the void means for the payment: it depends on how far the payment had come with this authorization. */
async function release(
  payment: Payment,
  authorization: Authorization,
  reason: string,
  execution: string,
): Promise<Payment> {
  if (payment.state === "processing") {
    const failed = fail(payment, reason, authorization);
    invariant(failed.ok, "a processing payment can fail");
    return record(payments, payment, failed.value);
  }
  const isHeld = payment.state === "authorized" && isSameAuthorization(payment.authorization, authorization);
  // The payment went on with another authorization: only the stray one was to be voided.
  if (!isHeld) return payment;

  const now = Date.now();
  const canceled = cancel(payment, reason);
  invariant(canceled.ok, "an authorized payment can be canceled");
  const committed = await payments.commit({
    before: payment,
    after: evolve(payment, canceled.value, now),
    journal: resolutionRecord(voidResolution(payment, authorization, { now, execution })),
  });
  invariant(committed.kind !== "refused", `no guarded account stands in the void of ${payment.id}`);
  return committed.kind === "applied" ? committed.payment : committed.current;
}
