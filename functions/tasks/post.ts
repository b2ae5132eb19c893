import { createDynamoDb } from "#adapters/dynamodb/client.ts";
import { PaymentStore } from "#adapters/dynamodb/payment-store.ts";
import { post } from "#core/payments/steps/post.ts";
import { requiredVariable } from "#functions/environment.ts";
import { writerEpoch } from "#functions/epoch.ts";
import { postInput } from "#workflows/payment/contract.ts";
import { task } from "./task.ts";

const ports = {
  payments: new PaymentStore(
    createDynamoDb(),
    {
      payments: requiredVariable("PAYMENTS_TABLE"),
      ledger: requiredVariable("LEDGER_TABLE"),
    },
    writerEpoch(),
  ),
  now: Date.now,
};

export const handler = task(postInput, ({ payment, authorization, execution }) =>
  post(ports, payment, authorization, { execution }),
);
