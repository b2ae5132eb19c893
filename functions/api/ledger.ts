import { z } from "zod";
import { createDynamoDb } from "#adapters/dynamodb/client.ts";
import { JournalStore } from "#adapters/dynamodb/journal-store.ts";
import { MerchantStore } from "#adapters/dynamodb/merchant-store.ts";
import type { Book } from "#core/ledger/account.ts";
import type { JournalRecord } from "#core/ledger/journal.ts";
import { type Balances, fold, trialBalance } from "#core/ledger/trial-balance.ts";
import { parseMerchantId } from "#core/merchants/merchant.ts";
import { isCurrency } from "#core/money/currency.ts";
import { requiredVariable } from "#functions/environment.ts";
import { type Answer, found } from "./http/answer.ts";
import { apiHandler } from "./http/handler.ts";
import { Problem } from "./http/problem.ts";
import { readQuery } from "./http/query.ts";
import { type ApiCaller, type ApiRequest, requireCaller } from "./http/request.ts";

const dynamoDb = createDynamoDb();
const journal = new JournalStore(dynamoDb, requiredVariable("LEDGER_TABLE"));
const merchants = new MerchantStore(dynamoDb, requiredVariable("MERCHANTS_TABLE"));

/** The ledger as merchants and operators read it. */
export const handler = apiHandler({
  "/v1/ledger/trial-balance": { GET: showTrialBalance },
});

const trialBalanceQuery = z.strictObject({
  currency: z.string().refine(isCurrency, { error: "Send an ISO 4217 code in upper case, such as USD" }),
  merchant: z.string().optional(),
});

/** Σ debits and Σ credits of one currency: of the caller's book, or for operators of all books or one of them. */
async function showTrialBalance(request: ApiRequest): Promise<Answer> {
  const caller = requireCaller(request, "ledger.read", "ops.read");
  const { currency, merchant } = readQuery(request, trialBalanceQuery);
  const asOf = new Date().toISOString();
  const books = await booksFor(caller, merchant);
  const total = { debits: 0n, credits: 0n, balanced: true, accounts: 0 };
  for (const book of books) {
    const { debits, credits, balanced, accounts } = trialBalance(await foldBook(book), currency);
    total.debits += debits;
    total.credits += credits;
    // Each book balances by itself: two that are wrong by the same amount are two wrong books.
    total.balanced &&= balanced;
    total.accounts += accounts;
  }
  return found({ currency, ...total, as_of: asOf });
}

async function booksFor(caller: ApiCaller, asked: string | undefined): Promise<readonly Book[]> {
  if (caller.kind === "operator" && asked === undefined) return merchants.ids();
  if (asked === undefined) return caller.kind === "merchant" ? [caller.merchant] : [];
  const book = parseMerchantId(asked);
  const mayRead = caller.kind === "operator" || book === caller.merchant;
  // Another merchant's book is not found, whether it exists or not.
  if (book === undefined || !mayRead || (await merchants.merchant(book)) === undefined)
    throw new Problem("not_found");
  return [book];
}

const pageRecords = 1_000;

/** Folds page by page: the journal of a book may be longer than memory. */
async function foldBook(book: Book): Promise<Balances> {
  let balances: Balances = new Map();
  let page: JournalRecord[] = [];
  for await (const record of journal.read(book)) {
    page.push(record);
    if (page.length < pageRecords) continue;
    balances = fold(page, balances);
    page = [];
  }
  return fold(page, balances);
}
