import { parseAcquirerSettings } from "#adapters/acquirers/settings.ts";
import { createDynamoDb } from "#adapters/dynamodb/client.ts";
import { MerchantStore } from "#adapters/dynamodb/merchant-store.ts";
import { PaymentStore } from "#adapters/dynamodb/payment-store.ts";
import { Redactions } from "#adapters/dynamodb/redactions.ts";
import { RefundStore } from "#adapters/dynamodb/refund-store.ts";
import { createStepFunctions } from "#adapters/stepfunctions/client.ts";
import { RecoverySaga } from "#adapters/stepfunctions/recovery-saga.ts";
import { requiredVariable } from "#functions/environment.ts";
import { writerEpoch } from "#functions/epoch.ts";
import { apiHandler } from "./http/handler.ts";
import { holdPayments } from "./ops/legal-hold.ts";
import { resolvePayments } from "./ops/resolve-payment.ts";
import { resolveRefunds } from "./ops/resolve-refund.ts";

const acquirers = parseAcquirerSettings(requiredVariable("ACQUIRERS"));
const dynamoDb = createDynamoDb();
const tables = { payments: requiredVariable("PAYMENTS_TABLE") };
const ports = {
  payments: new PaymentStore(dynamoDb, tables, writerEpoch()),
  refunds: new RefundStore(dynamoDb, tables, writerEpoch()),
  redactions: new Redactions(dynamoDb, tables, writerEpoch()),
  merchants: new MerchantStore(dynamoDb, requiredVariable("MERCHANTS_TABLE")),
  recovery: new RecoverySaga(createStepFunctions(), requiredVariable("RECOVERY_SAGA_ARN")),
  acquirers: acquirers.map(({ name }) => name),
  now: Date.now,
};

/**
 * Where operators say what became of what is in review, and what must be kept as it is. It writes their word down; what
 * follows, the sagas do.
 */
export const handler = apiHandler({
  "/v1/ops/payments/:id/resolve": { POST: resolvePayments(ports) },
  "/v1/ops/payments/:id/legal-hold": { POST: holdPayments(ports) },
  "/v1/ops/refunds/:id/resolve": { POST: resolveRefunds(ports) },
});
