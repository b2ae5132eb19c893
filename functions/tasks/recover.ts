import { createAcquirers } from "#adapters/acquirers/acquirers.ts";
import { createDynamoDb } from "#adapters/dynamodb/client.ts";
import { PaymentStore } from "#adapters/dynamodb/payment-store.ts";
import { RefundStore } from "#adapters/dynamodb/refund-store.ts";
import type { Payment } from "#core/payments/payment.ts";
import { optionalVariable, requiredVariable } from "#functions/environment.ts";
import { writerEpoch } from "#functions/epoch.ts";
import { recoverTask } from "./recovering.ts";
import { onSilence } from "./silence.ts";

const dynamoDb = createDynamoDb();
const tables = { payments: requiredVariable("PAYMENTS_TABLE") };
const refunds = new RefundStore(dynamoDb, tables, writerEpoch());

export const handler = recoverTask({
  payments: new PaymentStore(dynamoDb, tables, writerEpoch()),
  acquirers: createAcquirers(requiredVariable("ACQUIRERS"), {
    apiKeys: optionalVariable("ACQUIRER_API_KEYS"),
    onSilence,
  }),
  now: Date.now,
  refundOf: async ({ book, pendingOperation }: Payment) =>
    pendingOperation?.kind === "refund" ? refunds.get(book, pendingOperation.refund) : undefined,
});
