import { createDynamoDb } from "#adapters/dynamodb/client.ts";
import { PaymentStore } from "#adapters/dynamodb/payment-store.ts";
import { review } from "#core/payments/steps/review.ts";
import { requiredVariable } from "#functions/environment.ts";
import { writerEpoch } from "#functions/epoch.ts";
import { reviewInput } from "#workflows/payment/contract.ts";
import { task } from "./task.ts";

const ports = {
  payments: new PaymentStore(
    createDynamoDb(),
    { payments: requiredVariable("PAYMENTS_TABLE") },
    writerEpoch(),
  ),
  now: Date.now,
};

export const handler = task(reviewInput, (lost) => review(ports, lost));
