import { createAcquirers } from "#adapters/acquirers/acquirers.ts";
import { createDynamoDb } from "#adapters/dynamodb/client.ts";
import { DisputeStore } from "#adapters/dynamodb/dispute-store.ts";
import { PaymentStore } from "#adapters/dynamodb/payment-store.ts";
import { optionalVariable, requiredVariable } from "#functions/environment.ts";
import { writerEpoch } from "#functions/epoch.ts";
import { disputeTask } from "./disputing.ts";
import { onSilence } from "./silence.ts";

const dynamoDb = createDynamoDb();
const tables = { payments: requiredVariable("PAYMENTS_TABLE"), ledger: requiredVariable("LEDGER_TABLE") };

/** The one task of the dispute saga. */
export const handler = disputeTask({
  disputes: new DisputeStore(dynamoDb, tables, writerEpoch()),
  payments: new PaymentStore(dynamoDb, tables, writerEpoch()),
  desks: createAcquirers(requiredVariable("ACQUIRERS"), {
    apiKeys: optionalVariable("ACQUIRER_API_KEYS"),
    onSilence,
  }),
  now: Date.now,
});
