import { createDynamoDb } from "#adapters/dynamodb/client.ts";
import { PaymentStore } from "#adapters/dynamodb/payment-store.ts";
import { acquirerOf, type Review } from "#core/payments/payment.ts";
import { requiredVariable } from "#functions/environment.ts";
import { type ReviewOutput, reviewInput } from "#workflows/payment/contract.ts";
import { concluded, putInReview } from "./conclude.ts";
import { task } from "./task.ts";

const payments = new PaymentStore(createDynamoDb(), { payments: requiredVariable("PAYMENTS_TABLE") });

/** What each step was doing at the acquirer when it was lost. */
const operationOf = {
  authorize: "authorize",
  post: "post",
  settle: "capture",
  compensate: "void",
} as const satisfies Record<string, Review["operation"]>;

/** A step was lost past its retries. What it did is not known, so a person decides: nothing is undone blindly. */
export const handler = task(
  reviewInput,
  async ({ payment, step, error, authorization }): Promise<ReviewOutput> => {
    const acquirer = authorization?.acquirer ?? acquirerOf(payment);
    const review: Review = {
      operation: operationOf[step],
      ...(acquirer === undefined ? {} : { acquirer }),
      reason: authorization === undefined ? error : `${error} (authorization ${authorization.reference})`,
    };
    return concluded(await putInReview(payments, payment, review));
  },
);
