import { createDynamoDb } from "#adapters/dynamodb/client.ts";
import { FoldStore } from "#adapters/dynamodb/fold-store.ts";
import { MerchantStore } from "#adapters/dynamodb/merchant-store.ts";
import { requiredVariable } from "#functions/environment.ts";
import { apiHandler } from "./http/handler.ts";
import { bookReads } from "./ledger-books.ts";

const dynamoDb = createDynamoDb();
const ledger = requiredVariable("LEDGER_TABLE");

const books = bookReads({
  folds: new FoldStore(dynamoDb, ledger),
  merchants: new MerchantStore(dynamoDb, requiredVariable("MERCHANTS_TABLE")),
});

/** The ledger as merchants and operators see it. */
export const handler = apiHandler({
  "/v1/balances": { GET: books.showBalances },
  "/v1/ledger/trial-balance": { GET: books.showTrialBalance },
});
