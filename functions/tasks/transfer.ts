import { createDynamoDb } from "#adapters/dynamodb/client.ts";
import { PaymentStore } from "#adapters/dynamodb/payment-store.ts";
import { transfer } from "#core/payments/steps/transfer.ts";
import { requiredVariable } from "#functions/environment.ts";
import { writerEpoch } from "#functions/epoch.ts";
import { transferInput } from "#workflows/payment/contract.ts";
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

export const handler = task(transferInput, ({ payment, execution }) =>
  transfer(ports, payment, { execution }),
);
