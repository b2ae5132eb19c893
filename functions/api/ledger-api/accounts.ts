import { z } from "zod";
import type { AccountStore, UserAccount } from "#adapters/dynamodb/account-store.ts";
import type { EntryStore } from "#adapters/dynamodb/entry-store.ts";
import type { FoldStore } from "#adapters/dynamodb/fold-store.ts";
import { derivedId } from "#core/kernel/derived-id.ts";
import {
  addCounters,
  type Book,
  type Counters,
  isReserved,
  noCounters,
  parseUserAccountId,
  salesCurrency,
  type UserAccountId,
} from "#core/ledger/account.ts";
import { movements } from "#core/ledger/journal.ts";
import { sumOfFolds } from "#core/ledger/shard-fold.ts";
import { isCurrency } from "#core/money/currency.ts";
import { amountMax } from "#core/money/money.ts";
import { type Answer, answer, found } from "../http/answer.ts";
import { readBody } from "../http/body.ts";
import { cursorOf, positionOf } from "../http/cursor.ts";
import { metadata, text } from "../http/fields.ts";
import { invalidField, Problem } from "../http/problem.ts";
import { limit, readQuery } from "../http/query.ts";
import { type ApiRequest, requireMerchant } from "../http/request.ts";
import { idempotencyKeyOf } from "../idempotency.ts";
import { accountView, balanceView, recordView } from "./views.ts";

export interface AccountPorts {
  readonly accounts: AccountStore;
  readonly entries: Pick<EntryStore, "ofAccount">;
  readonly folds: Pick<FoldStore, "read">;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

const limitAmount = z
  .int({ error: "A limit is an integer of minor units" })
  .min(-Number(amountMax))
  .max(Number(amountMax))
  .transform(BigInt);

const openBody = z.strictObject({
  id: z.string().optional(),
  name: text(100),
  currency: z.string().refine(isCurrency, {
    params: { code: "currency_unknown" },
    error: "Send an ISO 4217 code in upper case, such as USD",
  }),
  normal_side: z.enum(["debit", "credit"]),
  min_available: limitAmount.optional(),
  max_balance: limitAmount.optional(),
  metadata: metadata.default({}),
});

const changeBody = z.strictObject({ state: z.enum(["open", "frozen", "closed"]) });
const listQuery = z.strictObject({ limit, cursor: z.string().max(200).optional() });
const balanceQuery = z.strictObject({ as_of: z.iso.datetime({ offset: true }).optional() });

/** A page of an account's past is read so many records at a time, for a balance of old. */
const pageSize = 100;
/** 20,000 records: an older balance of a busier account is the warehouse's to tell. */
const pagesMax = 200;

/** The merchant's own accounts. */
export function accountEndpoints(ports: AccountPorts) {
  const { accounts, entries, now } = ports;
  return { open, list, show, change, balance, listEntries };

  /** Opens an account. The same request again finds it; another under its id is refused. */
  async function open(request: ApiRequest): Promise<Answer> {
    const book = requireMerchant(request, "ledger.write");
    const body = readBody(request, openBody);
    const id = idFor(book, request, body.id);
    const account: UserAccount = {
      id,
      book,
      name: body.name,
      currency: body.currency,
      normalSide: body.normal_side,
      condition: "open",
      ...(body.min_available === undefined ? {} : { minAvailable: body.min_available }),
      ...(body.max_balance === undefined ? {} : { maxBalance: body.max_balance }),
      ...noCounters,
      metadata: body.metadata,
      openedAt: now(),
    };
    const existing = await accounts.open(account);
    if (existing === undefined)
      return answer(201, accountView(account), { location: `/v1/ledger/accounts/${id}` });
    if (!isSameOpening(existing, account)) throw new Problem("account_exists");
    return found(accountView(existing));
  }

  async function list(request: ApiRequest): Promise<Answer> {
    const book = requireMerchant(request, "ledger.read", "ledger.write");
    const query = readQuery(request, listQuery);
    const scope = `accounts of ${book}`;
    const after = query.cursor === undefined ? {} : { after: positionOf(scope, query.cursor) };
    const page = await accounts.list(book, { limit: query.limit, ...after });
    return found({
      object: "list",
      data: page.accounts.map(accountView),
      next_cursor: page.next === undefined ? null : cursorOf(scope, page.next),
    });
  }

  async function show(request: ApiRequest): Promise<Answer> {
    return found(accountView(await accountNamed(request, "ledger.read")));
  }

  /** Freezes, opens again, or closes. A closed account stays closed, and only one without money or holds can be. */
  async function change(request: ApiRequest): Promise<Answer> {
    const account = await accountNamed(request, "ledger.write");
    const { state } = readBody(request, changeBody);
    if (account.condition !== state && !(await accounts.setCondition(account.book, account.id, state)))
      throw new Problem("account_not_changeable");
    return found(accountView({ ...account, condition: state }));
  }

  /** Now, from the account's own counters; or as of a moment, by what was recorded until then. */
  async function balance(request: ApiRequest): Promise<Answer> {
    const { as_of: asked } = readQuery(request, balanceQuery);
    const sales = await salesBalance(request);
    if (sales !== undefined) return sales;
    const account = await accountNamed(request, "ledger.read");
    const { id, currency, normalSide } = account;
    const asOf = asked === undefined ? now() : Date.parse(asked);
    const counters = asked === undefined ? account : await countersAt(account.book, id, asOf);
    return found(balanceView({ account: id, currency, normalSide, counters, asOf }));
  }

  /** Newest first. */
  async function listEntries(request: ApiRequest): Promise<Answer> {
    const book = requireMerchant(request, "ledger.read", "ledger.write");
    const id = parseUserAccountId(request.parameters["id"] ?? "");
    if (id === undefined) throw new Problem("not_found");
    if (!isReserved(id)) await accountNamed(request, "ledger.read");
    const query = readQuery(request, listQuery);
    const scope = `entries of ${book} ${id}`;
    const before = query.cursor === undefined ? {} : { before: positionOf(scope, query.cursor) };
    const page = await entries.ofAccount(book, id, { limit: query.limit, ...before });
    return found({
      object: "list",
      data: page.records.map(recordView),
      next_cursor: page.next === undefined ? null : cursorOf(scope, page.next),
    });
  }

  /** @throws Problem 404: another merchant's account is not there either, for its key starts with another book. */
  async function accountNamed(
    request: ApiRequest,
    scope: "ledger.read" | "ledger.write",
  ): Promise<UserAccount> {
    const book = requireMerchant(request, scope, "ledger.write");
    const id = parseUserAccountId(request.parameters["id"] ?? "");
    const account = id === undefined ? undefined : await accounts.get(book, id);
    if (account === undefined) throw new Problem("not_found");
    return account;
  }

  /** The sales account keeps no counters: its balance is folded from the journal. */
  async function salesBalance(request: ApiRequest): Promise<Answer | undefined> {
    const id = parseUserAccountId(request.parameters["id"] ?? "");
    const currency = id === undefined ? undefined : salesCurrency(id);
    if (id === undefined || currency === undefined) return undefined;
    const book = requireMerchant(request, "ledger.read", "ledger.write");
    const { lines, newestAt } = sumOfFolds(await ports.folds.read(book));
    const counters = lines.get(id) ?? noCounters;
    return found(
      balanceView({ account: id, currency, normalSide: "credit", counters, asOf: newestAt || now() }),
    );
  }

  async function countersAt(book: Book, id: UserAccountId, until: number): Promise<Counters> {
    let counters: Counters = noCounters;
    let before: string | undefined;
    for (let page = 0; page < pagesMax; page += 1) {
      const place = before === undefined ? {} : { before };
      const read = await entries.ofAccount(book, id, { limit: pageSize, until, ...place });
      for (const record of read.records)
        counters = addCounters(counters, movements(record).get(id) ?? noCounters);
      before = read.next;
      if (before === undefined) return counters;
    }
    throw new Problem("unavailable", { detail: "The account has too long a past to be added up here." });
  }
}

function idFor(book: Book, request: ApiRequest, given: string | undefined): UserAccountId {
  const made = `acc_${derivedId([book, "POST /v1/ledger/accounts", given === undefined ? idempotencyKeyOf(request) : ""])}`;
  const id = parseUserAccountId(given ?? made);
  if (id === undefined || isReserved(id))
    throw invalidField(
      "/id",
      "wrong_format",
      "An id is acc_ and 1 to 64 letters, digits, - and _; acc_sales_… is taken.",
    );
  return id;
}

function isSameOpening(one: UserAccount, other: UserAccount): boolean {
  const told = ({ name, currency, normalSide, minAvailable, maxBalance, metadata: words }: UserAccount) =>
    JSON.stringify([
      name,
      currency,
      normalSide,
      String(minAvailable),
      String(maxBalance),
      Object.entries(words).toSorted(),
    ]);
  return told(one) === told(other);
}
