import { createDynamoDb } from "#adapters/dynamodb/client.ts";
import { DeadLetterStore } from "#adapters/dynamodb/dead-letter-store.ts";
import { requiredVariable } from "#functions/environment.ts";
import { type AnswerPorts, takeAnswers } from "./answers-page.ts";
import { passTask } from "./pass.ts";

const client = createDynamoDb();
const ports: AnswerPorts = {
  client,
  tables: {
    idempotency: requiredVariable("IDEMPOTENCY_TABLE"),
    payments: requiredVariable("PAYMENTS_TABLE"),
    ledger: requiredVariable("LEDGER_TABLE"),
  },
};
const letters = new DeadLetterStore(client, requiredVariable("DEAD_LETTERS_TABLE"));

export const handler = passTask((where, cursor, keep) => takeAnswers(ports, where, cursor, keep), letters);
