import { z } from "zod";
import type { FoldStore } from "#adapters/dynamodb/fold-store.ts";
import type { MerchantStore } from "#adapters/dynamodb/merchant-store.ts";
import { available, type Book, noCounters } from "#core/ledger/account.ts";
import { systemAccount } from "#core/ledger/chart.ts";
import { type Folded, sumOfFolds } from "#core/ledger/shard-fold.ts";
import { trialBalance } from "#core/ledger/trial-balance.ts";
import { parseMerchantId } from "#core/merchants/merchant.ts";
import type { Currency } from "#core/money/currency.ts";
import { operatorBook } from "#core/settlement/entries.ts";
import { type Answer, found } from "../http/answer.ts";
import { currency } from "../http/fields.ts";
import { Problem } from "../http/problem.ts";
import { readQuery } from "../http/query.ts";
import { type ApiCaller, type ApiRequest, requireCaller } from "../http/request.ts";

interface Ports {
  readonly folds: Pick<FoldStore, "read">;
  readonly merchants: Pick<MerchantStore, "merchant" | "ids">;
}

const trialBalanceQuery = z.strictObject({
  currency,
  merchant: z.string().optional(),
});

const balancesQuery = z.strictObject({ merchant: z.string().optional() });

/**
 * What a book's folds come to: 16 items, however long its journal is. They are a moment behind the journal, and the
 * answers say which: `as_of` is when the newest record that is counted was recorded, `version` how many are.
 */
export function bookReads({ folds, merchants }: Ports) {
  return { showTrialBalance, showBalances };

  /** Σ debits and Σ credits of one currency: of the caller's book, or for operators of all books or one of them. */
  async function showTrialBalance(request: ApiRequest): Promise<Answer> {
    const caller = requireCaller(request, "ledger.read", "ops.read");
    const { currency: asked, merchant } = readQuery(request, trialBalanceQuery);
    const books =
      caller.kind === "operator" && merchant === undefined
        ? [...(await merchants.ids()), operatorBook]
        : [(await bookFor(caller, merchant)).book];
    const total = { debits: 0n, credits: 0n, balanced: true, accounts: 0 };
    let [newestAt, version] = [0, 0];
    for (const book of books) {
      const sum = sumOfFolds(await folds.read(book));
      const { debits, credits, balanced, accounts } = trialBalance(sum.lines, asked);
      total.debits += debits;
      total.credits += credits;
      // Each book balances by itself: two that are wrong by the same amount are two wrong books.
      total.balanced &&= balanced;
      total.accounts += accounts;
      newestAt = Math.max(newestAt, sum.newestAt);
      version += sum.records;
    }
    return found({ currency: asked, ...total, as_of: timeOf(newestAt), version });
  }

  /** A merchant's money by currency: not yet settled, ready to be paid out, and held back. */
  async function showBalances(request: ApiRequest): Promise<Answer> {
    const caller = requireCaller(request, "ledger.read", "ops.read");
    const { merchant } = readQuery(request, balancesQuery);
    const { book, currencies } = await bookFor(caller, merchant);
    const { lines, newestAt, records } = sumOfFolds(await folds.read(book));
    const shown = new Set([...currencies, ...[...lines.values()].map(({ currency }) => currency)]);
    const data = [...shown].toSorted().map((each) => ({
      currency: each,
      pending: creditIn(lines, book, 2100, each),
      available: creditIn(lines, book, 2110, each),
      reserve: creditIn(lines, book, 2120, each),
    }));
    return found({ object: "balances", merchant: book, data, as_of: timeOf(newestAt), version: records });
  }

  /** The book that a caller asks for. @throws Problem 404 for another merchant's, whether it exists or not. */
  async function bookFor(caller: ApiCaller, asked: string | undefined) {
    const book = asked === undefined ? ownBook(caller) : parseMerchantId(asked);
    const mayRead = caller.kind === "operator" || book === caller.merchant;
    const merchant = book === undefined || !mayRead ? undefined : await merchants.merchant(book);
    if (merchant === undefined) throw new Problem("not_found");
    return { book: merchant.id, currencies: Object.keys(merchant.terms) as Currency[] };
  }
}

function ownBook(caller: ApiCaller): Book {
  if (caller.kind === "merchant") return caller.merchant;
  const detail = "Operators name the merchant.";
  throw new Problem("malformed_query", { errors: [{ parameter: "merchant", code: "required", detail }] });
}

/** Less what pending postings may still take out: refunds under way, for one. */
function creditIn(lines: Folded, book: Book, code: 2100 | 2110 | 2120, of: Currency): bigint {
  return available(lines.get(systemAccount(book, code, of)) ?? noCounters, "credit");
}

/** Null where nothing has ever been counted. */
const timeOf = (at: number): string | null => (at === 0 ? null : new Date(at).toISOString());
