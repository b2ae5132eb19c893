import { createAcquirers } from "#adapters/acquirers/acquirers.ts";
import { createDynamoDb } from "#adapters/dynamodb/client.ts";
import { DisputeStore } from "#adapters/dynamodb/dispute-store.ts";
import { PaymentStore } from "#adapters/dynamodb/payment-store.ts";
import { look } from "#core/disputes/steps/look.ts";
import { open } from "#core/disputes/steps/open.ts";
import { optionalVariable, requiredVariable } from "#functions/environment.ts";
import { writerEpoch } from "#functions/epoch.ts";
import { type DisputeOutput, disputeInput } from "#workflows/dispute/contract.ts";
import { onSilence } from "./silence.ts";
import { taskOf } from "./task.ts";

const dynamoDb = createDynamoDb();
const tables = { payments: requiredVariable("PAYMENTS_TABLE"), ledger: requiredVariable("LEDGER_TABLE") };
const ports = {
  disputes: new DisputeStore(dynamoDb, tables, writerEpoch()),
  payments: new PaymentStore(dynamoDb, tables, writerEpoch()),
  desks: createAcquirers(requiredVariable("ACQUIRERS"), {
    apiKeys: optionalVariable("ACQUIRER_API_KEYS"),
    onSilence,
  }),
  now: Date.now,
};

/** The one task of the dispute saga. */
export const handler = taskOf(
  disputeInput,
  async ({ book, dispute, told, attempt, execution }, deadline): Promise<DisputeOutput> => {
    if (told !== null) await open(ports, told, { execution });
    const looked = await look(ports, { book, id: dispute, attempt, execution, deadline });
    const common = { book, dispute, attempt };
    if (looked.outcome === "concluded")
      return { ...common, outcome: looked.outcome, reason: looked.dispute.state, wait: 0 };
    const { outcome, reason, wait } = looked;
    return { ...common, outcome, reason, wait };
  },
  (output) => output,
);
