import { createDynamoDb } from "#adapters/dynamodb/client.ts";
import { DeadLetterStore } from "#adapters/dynamodb/dead-letter-store.ts";
import { TakeOver } from "#adapters/dynamodb/takeover.ts";
import { requiredVariable } from "#functions/environment.ts";
import { writerEpoch } from "#functions/epoch.ts";
import { type JournalPorts, takeJournal } from "./journal-page.ts";
import { passTask } from "./pass.ts";

const client = createDynamoDb();
const tables = { payments: requiredVariable("PAYMENTS_TABLE"), ledger: requiredVariable("LEDGER_TABLE") };
const ports: JournalPorts = { client, tables, takeOver: new TakeOver(client, tables, writerEpoch()) };
const letters = new DeadLetterStore(client, requiredVariable("DEAD_LETTERS_TABLE"));

export const handler = passTask((where, cursor, keep) => takeJournal(ports, where, cursor, keep), letters);
