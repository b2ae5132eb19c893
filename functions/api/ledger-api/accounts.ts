import { randomBytes } from "node:crypto";
import { z } from "zod";
import type { AccountStore } from "#adapters/dynamodb/account-store.ts";
import type { FoldStore } from "#adapters/dynamodb/fold-store.ts";
import type { JournalStore } from "#adapters/dynamodb/journal-store.ts";
import { type Basis, type PostingStore, TooManyPostings } from "#adapters/dynamodb/posting-store.ts";
import { derivedId, idFrom } from "#core/kernel/derived-id.ts";
import {
  type Book,
  isReserved,
  noCounters,
  parseUserAccountId,
  salesCurrency,
  type UserAccountId,
} from "#core/ledger/account.ts";
import { sumOfFolds } from "#core/ledger/shard-fold.ts";
import { changeRefusal, differsIn, type OpenedAccount, type UserAccount } from "#core/ledger/user-account.ts";
import type { Currency } from "#core/money/currency.ts";
import { amountMax } from "#core/money/money.ts";
import { type Answer, created, found } from "../http/answer.ts";
import { readBody } from "../http/body.ts";
import { cursorOf, positionOf } from "../http/cursor.ts";
import { currency, metadata, text, time } from "../http/fields.ts";
import { requireTag } from "../http/precondition.ts";
import { Problem } from "../http/problem.ts";
import { limit, readQuery } from "../http/query.ts";
import { type ApiRequest, requireMerchant } from "../http/request.ts";
import { idempotencyKeyOf } from "../idempotency.ts";
import { accountTag, accountView, balanceView, entryView, standingEntries, timeOf } from "./views.ts";

interface Ports {
  readonly accounts: Pick<AccountStore, "open" | "get" | "list" | "change">;
  readonly postings: Pick<PostingStore, "entries" | "countersAt">;
  readonly journal: Pick<JournalStore, "find">;
  readonly folds: Pick<FoldStore, "read">;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

const route = "POST /v1/ledger/accounts";

const balance = (min: number) => z.int().min(min).max(Number(amountMax)).transform(BigInt);

const accountBody = z.strictObject({
  id: z
    .string()
    .refine((id) => parseUserAccountId(id) !== undefined, {
      params: { code: "wrong_format" },
      error: "An account's id is acc_ and 1 to 64 letters, digits, underscores or dashes",
    })
    .transform((id) => id as UserAccountId)
    .refine((id) => !isReserved(id), {
      params: { code: "reserved" },
      error: "Sales accounts are there without being opened",
    })
    .optional(),
  name: text(128),
  currency,
  normal_side: z.enum(["debit", "credit"]),
  min_available: balance(-Number(amountMax)).optional(),
  max_balance: balance(0).optional(),
  metadata: metadata.default({}),
});

const changeBody = z.strictObject({ state: z.enum(["open", "frozen", "closed"]) });
const listQuery = z.strictObject({ limit, cursor: z.string().max(300).optional() });
const balanceQuery = z.strictObject({
  as_of: time.optional(),
  by: z.enum(["recorded_at", "effective_at"], { error: "Send recorded_at or effective_at" }).optional(),
});

/** A merchant's own accounts. */
export function ledgerAccounts({ accounts, postings, journal, folds, now }: Ports) {
  return { openAccount, listAccounts, showAccount, changeAccount, showBalance, listEntries };

  /**
   * Under its own id, or one derived from the key: either way the same request opens one account. With neither, each
   * request opens another.
   */
  async function openAccount(request: ApiRequest): Promise<Answer> {
    const book = requireMerchant(request, "ledger.write");
    const body = readBody(request, accountBody);
    const key = request.headers["idempotency-key"] === undefined ? undefined : idempotencyKeyOf(request);
    const proposed: OpenedAccount = {
      id: body.id ?? newId(book, key),
      book,
      name: body.name,
      currency: body.currency,
      normalSide: body.normal_side,
      ...(body.min_available === undefined ? {} : { minAvailable: body.min_available }),
      ...(body.max_balance === undefined ? {} : { maxBalance: body.max_balance }),
      metadata: body.metadata,
      openedAt: now(),
    };
    const opened = await accounts.open(proposed);
    const different = differsIn(opened.account, proposed);
    if (opened.kind === "created")
      return created({ ...accountView(opened.account), result: "created" }, headersOf(opened.account));
    if (different !== undefined) {
      throw body.id === undefined
        ? new Problem("idempotency_key_reused")
        : new Problem(`exists_with_different_${different}`);
    }
    return found({ ...accountView(opened.account), result: "exists" }, headersOf(opened.account));
  }

  async function listAccounts(request: ApiRequest): Promise<Answer> {
    const book = requireMerchant(request, "ledger.read", "ledger.write");
    const query = readQuery(request, listQuery);
    const scope = `accounts of ${book}`;
    const page = await accounts.list(book, { limit: query.limit, before: positionIn(scope, query.cursor) });
    return found({
      object: "list",
      data: page.accounts.map(accountView),
      next_cursor: page.next === undefined ? null : cursorOf(scope, page.next),
    });
  }

  async function showAccount(request: ApiRequest): Promise<Answer> {
    const account = await accountNamed(request, requireMerchant(request, "ledger.read", "ledger.write"));
    return found(accountView(account), { etag: accountTag(account) });
  }

  /** Freezes, opens again, closes. Closing is for good, and only at a balance of nothing with nothing pending. */
  async function changeAccount(request: ApiRequest): Promise<Answer> {
    const book = requireMerchant(request, "ledger.write");
    const { state } = readBody(request, changeBody);
    const standing = await accountNamed(request, book);
    requireTag(request, accountTag(standing), `The account is at ${accountTag(standing)}.`);
    const ifMatch = request.headers["if-match"]?.trim();
    // `*` is any version that there is.
    const expected = ifMatch === undefined || ifMatch === "*" ? undefined : standing.revision;
    const change = await accounts.change(book, standing.id, state, expected);
    switch (change.kind) {
      case "changed":
        return found(accountView(change.account), { etag: accountTag(change.account) });
      case "not_found":
        throw new Problem("not_found");
      case "refused": {
        if (state === "closed" && change.account.condition === "closed")
          return found(accountView(change.account), { etag: accountTag(change.account) });
        const refusal = changeRefusal(change.account, expected);
        throw new Problem(refusal === "revision_differs" ? "precondition_failed" : refusal);
      }
    }
  }

  /** As it is now from the account's own counters; as it was at `as_of` from its postings, by when they were recorded. */
  async function showBalance(request: ApiRequest): Promise<Answer> {
    const book = requireMerchant(request, "ledger.read", "ledger.write");
    const { as_of: asOf, by = "recorded_at" } = readQuery(request, balanceQuery);
    const sold = salesCurrency(namedAccount(request));
    const shape =
      sold === undefined ? await accountNamed(request, book) : salesShape(namedAccount(request), sold);
    if (asOf === undefined && by === "recorded_at") {
      if (sold !== undefined) return found(await salesBalance(book, shape, sold));
      const { version } = shape as UserAccount;
      return found(balanceOf(shape, shape as UserAccount, { asOf: timeOf(now()), version }));
    }
    const at = asOf ?? now();
    const basis: Basis = by === "recorded_at" ? "recorded" : "effective";
    const past = await postings.countersAt(book, shape.id, at, basis).catch(asProblem);
    return found(balanceOf(shape, past.counters, { asOf: timeOf(at), version: past.version }));
  }

  /** The entries that moved the account, newest first, each as it stands. */
  async function listEntries(request: ApiRequest): Promise<Answer> {
    const book = requireMerchant(request, "ledger.read", "ledger.write");
    const query = readQuery(request, listQuery);
    const account = namedAccount(request);
    if (salesCurrency(account) === undefined) await accountNamed(request, book);
    const scope = `entries of ${book} ${account}`;
    const page = await postings.entries(book, account, {
      limit: query.limit,
      before: positionIn(scope, query.cursor),
    });
    const standing = standingEntries(await journal.find(book, page.ids));
    const at = now();
    return found({
      object: "list",
      data: page.ids.flatMap((id) => {
        const entry = standing.get(id);
        return entry === undefined ? [] : [entryView(entry, at)];
      }),
      next_cursor: page.next === undefined ? null : cursorOf(scope, page.next),
    });
  }

  /** @throws Problem 404: another merchant's account is not there either, for its key starts with another book. */
  async function accountNamed(request: ApiRequest, book: Book): Promise<UserAccount> {
    const account = await accounts.get(book, namedAccount(request));
    if (account === undefined) throw new Problem("not_found");
    return account;
  }

  async function salesBalance(book: Book, shape: Shape, sold: Currency) {
    const { lines, newestAt, records } = sumOfFolds(await folds.read(book));
    const counters = lines.get(shape.id) ?? { currency: sold, ...noCounters };
    return balanceOf(shape, counters, {
      asOf: newestAt === 0 ? null : timeOf(newestAt),
      version: records,
    });
  }
}

type Shape = Pick<UserAccount, "id" | "currency" | "normalSide">;

const salesShape = (id: UserAccountId, sold: Currency): Shape => ({
  id,
  currency: sold,
  normalSide: "credit",
});

const balanceOf = (
  { id, currency: of, normalSide }: Shape,
  counters: Parameters<typeof balanceView>[0]["counters"],
  moment: { readonly asOf: string | null; readonly version: number },
) => balanceView({ account: id, currency: of, normalSide, counters, ...moment });

/** @throws Problem 404 for what cannot be an account's id. */
function namedAccount(request: ApiRequest): UserAccountId {
  const id = parseUserAccountId(request.parameters["id"] ?? "");
  if (id === undefined) throw new Problem("not_found");
  return id;
}

const newId = (book: Book, key: string | undefined): UserAccountId =>
  `acc_${key === undefined ? idFrom(randomBytes(17)) : derivedId([book, route, key])}` as UserAccountId;

const headersOf = (account: UserAccount) => ({
  location: `/v1/ledger/accounts/${account.id}`,
  etag: accountTag(account),
});

const positionIn = (scope: string, cursor: string | undefined): string | undefined =>
  cursor === undefined ? undefined : positionOf(scope, cursor);

function asProblem(error: unknown): never {
  if (!(error instanceof TooManyPostings)) throw error;
  const detail = "The account has more postings than one answer can read.";
  throw new Problem("malformed_query", {
    errors: [{ parameter: "as_of", code: "too_many_postings", detail }],
  });
}
