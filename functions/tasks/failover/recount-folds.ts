import { createDynamoDb } from "#adapters/dynamodb/client.ts";
import { DeadLetterStore } from "#adapters/dynamodb/dead-letter-store.ts";
import { FoldStore } from "#adapters/dynamodb/fold-store.ts";
import { MerchantStore } from "#adapters/dynamodb/merchant-store.ts";
import { TakeOver } from "#adapters/dynamodb/takeover.ts";
import { operatorBook } from "#core/settlement/entries.ts";
import { requiredVariable } from "#functions/environment.ts";
import { writerEpoch } from "#functions/epoch.ts";
import { type FoldPorts, recountFolds } from "./folds-page.ts";
import { passTask } from "./pass.ts";

const client = createDynamoDb();
const ledger = requiredVariable("LEDGER_TABLE");
const merchants = new MerchantStore(client, requiredVariable("MERCHANTS_TABLE"));
const ports: FoldPorts = {
  books: async () => [...(await merchants.ids()), operatorBook],
  takeOver: new TakeOver(client, { ledger }, writerEpoch()),
  folds: new FoldStore(client, ledger, writerEpoch()),
};
const letters = new DeadLetterStore(client, requiredVariable("DEAD_LETTERS_TABLE"));

export const handler = passTask(recountFolds(ports), letters);
