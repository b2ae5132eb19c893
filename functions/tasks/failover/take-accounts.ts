import { createDynamoDb } from "#adapters/dynamodb/client.ts";
import { DeadLetterStore } from "#adapters/dynamodb/dead-letter-store.ts";
import { JournalStore } from "#adapters/dynamodb/journal-store.ts";
import { PostingStore } from "#adapters/dynamodb/posting-store.ts";
import { TakeOver } from "#adapters/dynamodb/takeover.ts";
import { requiredVariable } from "#functions/environment.ts";
import { writerEpoch } from "#functions/epoch.ts";
import { type AccountPorts, takeAccounts } from "./accounts-page.ts";
import { passTask } from "./pass.ts";

const client = createDynamoDb();
const table = requiredVariable("LEDGER_TABLE");
const ports: AccountPorts = {
  client,
  table,
  takeOver: new TakeOver(client, { ledger: table }, writerEpoch()),
  postings: new PostingStore(client, table),
  journal: new JournalStore(client, table),
};
const letters = new DeadLetterStore(client, requiredVariable("DEAD_LETTERS_TABLE"));

export const handler = passTask((where, cursor, keep) => takeAccounts(ports, where, cursor, keep), letters);
