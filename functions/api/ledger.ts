import { AccountStore } from "#adapters/dynamodb/account-store.ts";
import { createDynamoDb } from "#adapters/dynamodb/client.ts";
import { FoldStore } from "#adapters/dynamodb/fold-store.ts";
import { JournalStore } from "#adapters/dynamodb/journal-store.ts";
import { MerchantStore } from "#adapters/dynamodb/merchant-store.ts";
import { PostingStore } from "#adapters/dynamodb/posting-store.ts";
import { UserLedger } from "#adapters/dynamodb/user-ledger.ts";
import { requiredVariable } from "#functions/environment.ts";
import { writerEpoch } from "#functions/epoch.ts";
import { apiHandler } from "./http/handler.ts";
import { Idempotency } from "./idempotency.ts";
import { ledgerAccounts } from "./ledger-api/accounts.ts";
import { bookReads } from "./ledger-api/books.ts";
import { ledgerEntries } from "./ledger-api/entries.ts";
import { ledgerHolds } from "./ledger-api/holds.ts";

const dynamoDb = createDynamoDb();
const table = requiredVariable("LEDGER_TABLE");
const folds = new FoldStore(dynamoDb, table, writerEpoch());
const journal = new JournalStore(dynamoDb, table);
const entryPorts = {
  ledger: new UserLedger(dynamoDb, table, writerEpoch()),
  journal,
  idempotency: new Idempotency(dynamoDb, requiredVariable("IDEMPOTENCY_TABLE")),
  now: Date.now,
};

const books = bookReads({
  folds,
  merchants: new MerchantStore(dynamoDb, requiredVariable("MERCHANTS_TABLE")),
});
const accounts = ledgerAccounts({
  accounts: new AccountStore(dynamoDb, table, writerEpoch()),
  postings: new PostingStore(dynamoDb, table),
  journal,
  folds,
  now: Date.now,
});
const entries = ledgerEntries(entryPorts);
const holds = ledgerHolds(entryPorts);

/** The ledger as merchants and operators see it, and the merchants' own accounts in it. */
export const handler = apiHandler({
  "/v1/balances": { GET: books.showBalances },
  "/v1/ledger/trial-balance": { GET: books.showTrialBalance },
  "/v1/ledger/accounts": { POST: accounts.openAccount, GET: accounts.listAccounts },
  "/v1/ledger/accounts/:id": { GET: accounts.showAccount, PATCH: accounts.changeAccount },
  "/v1/ledger/accounts/:id/balance": { GET: accounts.showBalance },
  "/v1/ledger/accounts/:id/entries": { GET: accounts.listEntries },
  "/v1/ledger/entries": { POST: entries.postEntry },
  "/v1/ledger/entries/:id": { GET: entries.showEntry },
  "/v1/ledger/entries/:id/post": { POST: holds.postHold },
  "/v1/ledger/entries/:id/void": { POST: holds.voidHolds },
  "/v1/ledger/entries/:id/reverse": { POST: holds.reverseEntry },
  "/v1/ledger/batches": { POST: entries.postBatch },
});
