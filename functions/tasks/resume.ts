import { createAcquirers } from "#adapters/acquirers/acquirers.ts";
import { createDynamoDb } from "#adapters/dynamodb/client.ts";
import { PaymentStore } from "#adapters/dynamodb/payment-store.ts";
import { resume } from "#core/payments/steps/resume.ts";
import { optionalVariable, requiredVariable } from "#functions/environment.ts";
import { writerEpoch } from "#functions/epoch.ts";
import { resumeInput } from "#workflows/payment/contract.ts";
import { onSilence } from "./silence.ts";
import { task } from "./task.ts";

const ports = {
  payments: new PaymentStore(
    createDynamoDb(),
    { payments: requiredVariable("PAYMENTS_TABLE") },
    writerEpoch(),
  ),
  acquirers: createAcquirers(requiredVariable("ACQUIRERS"), {
    apiKeys: optionalVariable("ACQUIRER_API_KEYS"),
    onSilence,
  }),
  now: Date.now,
};

export const handler = task(resumeInput, ({ payment }, deadline) => resume(ports, payment, { deadline }));
