import { createAcquirers } from "#adapters/acquirers/acquirers.ts";
import { createDynamoDb } from "#adapters/dynamodb/client.ts";
import { PaymentStore } from "#adapters/dynamodb/payment-store.ts";
import { createReturnLinks } from "#adapters/kms/return-links.ts";
import { createCardReader } from "#adapters/vault/card-reader.ts";
import type { Payment } from "#core/payments/payment.ts";
import { authorize } from "#core/payments/steps/authorize.ts";
import { optionalVariable, requiredVariable } from "#functions/environment.ts";
import { writerEpoch } from "#functions/epoch.ts";
import { authorizeInput } from "#workflows/payment/contract.ts";
import { onSilence } from "./silence.ts";
import { task } from "./task.ts";

const dynamoDb = createDynamoDb();
const returnLinks = createReturnLinks(requiredVariable("RETURNS_KEY_ARN"));
const publicUrl = requiredVariable("PUBLIC_URL");
const ports = {
  payments: new PaymentStore(dynamoDb, { payments: requiredVariable("PAYMENTS_TABLE") }, writerEpoch()),
  cards: createCardReader(dynamoDb, {
    table: requiredVariable("VAULT_TABLE"),
    keyArn: requiredVariable("VAULT_KEY_ARN"),
  }),
  acquirers: createAcquirers(requiredVariable("ACQUIRERS"), {
    apiKeys: optionalVariable("ACQUIRER_API_KEYS"),
    onSilence,
  }),
  returns: {
    urlFor: async (payment: Pick<Payment, "book" | "id">) =>
      new URL(await returnLinks.pathFor(payment), publicUrl).href,
  },
  now: Date.now,
};

export const handler = task(authorizeInput, ({ payment }, deadline) =>
  authorize(ports, payment, { deadline }),
);
