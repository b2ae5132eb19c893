import { AccountStore } from "#adapters/dynamodb/account-store.ts";
import { createDynamoDb } from "#adapters/dynamodb/client.ts";
import { EntryStore } from "#adapters/dynamodb/entry-store.ts";
import { FoldStore } from "#adapters/dynamodb/fold-store.ts";
import { MerchantStore } from "#adapters/dynamodb/merchant-store.ts";
import { requiredVariable } from "#functions/environment.ts";
import { apiHandler } from "./http/handler.ts";
import { Idempotency } from "./idempotency.ts";
import { accountEndpoints } from "./ledger-api/accounts.ts";
import { entryEndpoints } from "./ledger-api/entries.ts";
import { bookReads } from "./ledger-books.ts";

const dynamoDb = createDynamoDb();
const ledger = requiredVariable("LEDGER_TABLE");
const folds = new FoldStore(dynamoDb, ledger);
const ports = {
  accounts: new AccountStore(dynamoDb, ledger),
  entries: new EntryStore(dynamoDb, ledger),
  idempotency: new Idempotency(dynamoDb, requiredVariable("IDEMPOTENCY_TABLE")),
  folds,
  merchants: new MerchantStore(dynamoDb, requiredVariable("MERCHANTS_TABLE")),
  now: Date.now,
};

const books = bookReads(ports);
const accounts = accountEndpoints(ports);
const entries = entryEndpoints(ports);

/** The ledger as merchants and operators see it, and the merchants' own accounts. */
export const handler = apiHandler({
  "/v1/balances": { GET: books.showBalances },
  "/v1/ledger/trial-balance": { GET: books.showTrialBalance },
  "/v1/ledger/accounts": { POST: accounts.open, GET: accounts.list },
  "/v1/ledger/accounts/:id": { GET: accounts.show, PATCH: accounts.change },
  "/v1/ledger/accounts/:id/balance": { GET: accounts.balance },
  "/v1/ledger/accounts/:id/entries": { GET: accounts.listEntries },
  "/v1/ledger/entries": { POST: entries.create },
  "/v1/ledger/entries/:id": { GET: entries.show },
  "/v1/ledger/entries/:id/post": { POST: entries.post },
  "/v1/ledger/entries/:id/void": { POST: entries.cancel },
  "/v1/ledger/entries/:id/reverse": { POST: entries.reverse },
});
