import {
  ConditionalCheckFailedException,
  type DynamoDBClient,
  UpdateItemCommand,
} from "@aws-sdk/client-dynamodb";
import { marshall, unmarshall } from "@aws-sdk/util-dynamodb";
import { invariant } from "#core/kernel/invariant.ts";
import {
  type Account,
  type Book,
  noCounters,
  type Side,
  salesCurrency,
  type UserAccountId,
} from "#core/ledger/account.ts";
import type { OpenedAccount, UserAccount } from "#core/ledger/user-account.ts";
import type { Currency } from "#core/money/currency.ts";
import { reach } from "./client.ts";
import { nothingStored } from "./conditions.ts";
import { outwait } from "./contention.ts";
import { type Epoch, fencedUpdate, refuseFenced } from "./fence.ts";
import { guardedAccountItem } from "./guarded-accounts.ts";
import { accountKey, accountListKey, accountListPartition, type Key, listShards } from "./keys.ts";
import { getEach, newestOf } from "./reads.ts";
import { transact } from "./transact.ts";

type Numeric = number | bigint;

/** What an account carries beside its counters and its room: how it was opened. */
interface AccountItem extends Key {
  readonly currency: string;
  readonly normal_side: Side;
  readonly condition: Account["condition"];
  readonly debits_posted: Numeric;
  readonly debits_pending: Numeric;
  readonly credits_posted: Numeric;
  readonly credits_pending: Numeric;
  /** Grows by one with each posting. */
  readonly version?: number;
  readonly name?: string;
  readonly min_available?: Numeric;
  readonly max_balance?: Numeric;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly opened_at?: number;
  /** Grows by one with each change that the merchant makes. */
  readonly revision?: number;
}

export type Opened =
  | { readonly kind: "created"; readonly account: UserAccount }
  | { readonly kind: "taken"; readonly account: UserAccount };

export type ConditionChange =
  | { readonly kind: "changed"; readonly account: UserAccount }
  | { readonly kind: "refused"; readonly account: UserAccount }
  | { readonly kind: "not_found" };

/** A merchant's own accounts. */
export class AccountStore {
  readonly #client: DynamoDBClient;
  readonly #epoch: Epoch;
  readonly #table: string;

  constructor(client: DynamoDBClient, table: string, epoch: Epoch) {
    this.#client = client;
    this.#epoch = epoch;
    this.#table = table;
  }

  /** Opens an account once, and puts it on the book's list in the same transaction. */
  async open(opened: OpenedAccount): Promise<Opened> {
    const { book, id } = opened;
    const result = await transact(this.#client, this.#epoch, [
      { Put: { TableName: this.#table, Item: openedItem(opened), ...nothingStored } },
      { Put: { TableName: this.#table, Item: marshall(accountListKey(book, id, opened.openedAt)) } },
    ]);
    const account = await this.get(book, id);
    invariant(account !== undefined, `${id} was opened, now or before`);
    return { kind: result.written ? "created" : "taken", account };
  }

  async get(book: Book, id: UserAccountId): Promise<UserAccount | undefined> {
    return (await this.getAll(book, [id]))[0];
  }

  /** Up to 100 accounts, in no order; those that are not there are left out. Strongly consistent. */
  async getAll(book: Book, ids: readonly UserAccountId[]): Promise<UserAccount[]> {
    const keys = ids.map((id) => accountKey(book, id));
    return (await getEach<AccountItem>(this.#client, this.#table, keys)).map(accountOf);
  }

  /** The currencies of those of the accounts that exist. */
  async currencies(book: Book, ids: readonly UserAccountId[]): Promise<Map<UserAccountId, Currency>> {
    const guarded = [...new Set(ids)].filter((id) => salesCurrency(id) === undefined);
    const accounts = await this.getAll(book, guarded);
    return new Map(accounts.map(({ id, currency }) => [id, currency]));
  }

  /** Newest first. `before`: the position that the page before gave. */
  async list(
    book: Book,
    { limit, before }: { readonly limit: number; readonly before?: string | undefined },
  ): Promise<{ accounts: UserAccount[]; next?: string }> {
    const shards = await Promise.all(
      Array.from({ length: listShards }, (_, shard) =>
        newestOf<Key>(this.#client, this.#table, accountListPartition(book, shard), {
          limit: limit + 1,
          before,
        }),
      ),
    );
    const found = shards.flat().toSorted((a, b) => (a.sk < b.sk ? 1 : -1));
    const page = found.slice(0, limit);
    const ids = page.map(({ sk }) => sk.slice(sk.indexOf("#") + 1) as UserAccountId);
    const accounts = new Map((await this.getAll(book, ids)).map((account) => [account.id, account]));
    const last = page.at(-1);
    return {
      accounts: ids.map((id) => accounts.get(id)).filter((account) => account !== undefined),
      ...(found.length > limit && last !== undefined ? { next: last.sk } : {}),
    };
  }

  /**
   * Freezes, opens again or closes. Closing is for good, and needs an account that holds nothing and awaits nothing.
   * `revision`: only if nobody changed it since.
   */
  async change(
    book: Book,
    id: UserAccountId,
    condition: Account["condition"],
    revision: number | undefined,
  ): Promise<ConditionChange> {
    const conditions = ["attribute_exists(pk)", "#condition <> :closed"];
    if (revision !== undefined) conditions.push("revision = :revision");
    if (condition === "closed")
      conditions.push(
        "debits_posted = credits_posted AND debits_pending = :none AND credits_pending = :none",
      );
    try {
      const update = {
        TableName: this.#table,
        Key: marshall(accountKey(book, id)),
        UpdateExpression: "SET #condition = :condition ADD revision :one",
        ConditionExpression: conditions.join(" AND "),
        ExpressionAttributeNames: { "#condition": "condition" },
        ExpressionAttributeValues: marshall({
          ":condition": condition,
          ":closed": "closed",
          ":one": 1,
          ...(revision === undefined ? {} : { ":revision": revision }),
          ...(condition === "closed" ? { ":none": 0 } : {}),
        }),
      };
      const command = new UpdateItemCommand({
        ...fencedUpdate(update, this.#epoch),
        ReturnValues: "ALL_NEW",
      });
      // Each posting is a transaction that holds the item for a moment.
      const { Attributes } = await outwait(() => reach(this.#client.send(command)));
      return { kind: "changed", account: accountOf(unmarshall(Attributes ?? {}) as AccountItem) };
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException)) throw error;
      if (error.Item === undefined) return { kind: "not_found" };
      refuseFenced(error.Item, this.#epoch);
      const account = accountOf(unmarshall(error.Item) as AccountItem);
      // After a lost reply the SDK tries again and meets its own first try. What somebody else wrote there would be the same
      // change from the same revision, which RFC 9110 (13.1.1) lets succeed too.
      const isDone =
        revision !== undefined && account.revision === revision + 1 && account.condition === condition;
      return { kind: isDone ? "changed" : "refused", account };
    }
  }
}

/** An account as it is opened. A failover opens one frozen that it knows too little of. */
export function openedItem(opened: OpenedAccount, condition: "open" | "frozen" = "open") {
  const { name, openedAt, metadata, minAvailable, maxBalance } = opened;
  return {
    ...guardedAccountItem({ ...opened, ...noCounters, condition }),
    ...marshall(
      {
        version: 0,
        revision: 1,
        name,
        opened_at: openedAt,
        metadata,
        min_available: minAvailable,
        max_balance: maxBalance,
      },
      { removeUndefinedValues: true },
    ),
  };
}

function accountOf(item: AccountItem): UserAccount {
  const [book = "", , id = ""] = item.pk.split("#");
  return {
    id: id as UserAccountId,
    book: book as Book,
    currency: item.currency as Currency,
    normalSide: item.normal_side,
    condition: item.condition,
    debitsPosted: BigInt(item.debits_posted),
    debitsPending: BigInt(item.debits_pending),
    creditsPosted: BigInt(item.credits_posted),
    creditsPending: BigInt(item.credits_pending),
    ...(item.min_available === undefined ? {} : { minAvailable: BigInt(item.min_available) }),
    ...(item.max_balance === undefined ? {} : { maxBalance: BigInt(item.max_balance) }),
    name: item.name ?? id,
    metadata: item.metadata ?? {},
    openedAt: item.opened_at ?? 0,
    version: item.version ?? 0,
    revision: item.revision ?? 1,
  };
}
