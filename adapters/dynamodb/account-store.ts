import {
  type AttributeValue,
  BatchGetItemCommand,
  ConditionalCheckFailedException,
  type DynamoDBClient,
  GetItemCommand,
  QueryCommand,
  UpdateItemCommand,
} from "@aws-sdk/client-dynamodb";
import { marshall, unmarshall } from "@aws-sdk/util-dynamodb";
import type { Account, AccountId, Book, Side, UserAccountId } from "#core/ledger/account.ts";
import type { Currency } from "#core/money/currency.ts";
import { reach } from "./client.ts";
import { nothingStored } from "./conditions.ts";
import { StoreUnavailable } from "./errors.ts";
import { guardedAccountItem } from "./guarded-accounts.ts";
import { accountKey, accountListKey } from "./keys.ts";
import { transact } from "./transact.ts";

/** A merchant's own account, with what the merchant calls it. */
export interface UserAccount extends Account {
  readonly id: UserAccountId;
  readonly name: string;
  readonly metadata: Readonly<Record<string, string>>;
  /** Epoch milliseconds. */
  readonly openedAt: number;
}

type Item = Record<string, AttributeValue>;
type Stored = Readonly<Record<string, string | number | bigint>> & {
  readonly metadata?: Readonly<Record<string, string>>;
};

/** The merchants' own accounts. Their counters are moved by the transactions that post to them, and by nothing else. */
export class AccountStore {
  readonly #client: DynamoDBClient;
  readonly #table: string;

  constructor(client: DynamoDBClient, table: string) {
    this.#client = client;
    this.#table = table;
  }

  /** Opens an account once. @returns the account that has the id already, or undefined when this one was opened. */
  async open(account: UserAccount): Promise<UserAccount | undefined> {
    const listed = {
      Put: { TableName: this.#table, Item: marshall(accountListKey(account.book, account.id)) },
    };
    const opened = { Put: { TableName: this.#table, Item: itemOf(account), ...nothingStored } };
    const { written } = await transact(this.#client, [opened, listed]);
    return written ? undefined : this.get(account.book, account.id);
  }

  /** Strongly consistent. */
  async get(book: Book, id: UserAccountId): Promise<UserAccount | undefined> {
    const { Item } = await reach(
      this.#client.send(
        new GetItemCommand({
          TableName: this.#table,
          Key: marshall(accountKey(book, id)),
          ConsistentRead: true,
        }),
      ),
    );
    return Item === undefined ? undefined : accountOf(book, id, Item);
  }

  /** Those that exist, of up to 100. Strongly consistent. */
  async getAll(book: Book, ids: readonly UserAccountId[]): Promise<ReadonlyMap<AccountId, UserAccount>> {
    if (ids.length === 0) return new Map();
    const Keys = [...new Set(ids)].map((id) => marshall(accountKey(book, id)));
    const { Responses, UnprocessedKeys } = await reach(
      this.#client.send(
        new BatchGetItemCommand({ RequestItems: { [this.#table]: { Keys, ConsistentRead: true } } }),
      ),
    );
    if (Object.keys(UnprocessedKeys ?? {}).length > 0)
      throw new StoreUnavailable("accounts were read in part");
    return new Map(
      (Responses?.[this.#table] ?? []).map((item) => {
        const id = (item["pk"]?.S ?? "").split("#")[2] as UserAccountId;
        return [id, accountOf(book, id, item)] as const;
      }),
    );
  }

  /** By id. `after`: the last id of the page before. */
  async list(
    book: Book,
    { limit, after }: { readonly limit: number; readonly after?: string },
  ): Promise<{ readonly accounts: readonly UserAccount[]; readonly next?: string }> {
    const { pk } = accountListKey(book, "" as AccountId);
    const { Items = [] } = await reach(
      this.#client.send(
        new QueryCommand({
          TableName: this.#table,
          KeyConditionExpression: after === undefined ? "pk = :pk" : "pk = :pk AND sk > :after",
          ExpressionAttributeValues: marshall({
            ":pk": pk,
            ...(after === undefined ? {} : { ":after": after }),
          }),
          ConsistentRead: true,
          Limit: limit + 1,
        }),
      ),
    );
    const ids = Items.map((item) => item["sk"]?.S as UserAccountId);
    const page = ids.slice(0, limit);
    const found = await this.getAll(book, page);
    const accounts = page.map((id) => found.get(id)).filter((account) => account !== undefined);
    const last = page.at(-1);
    return { accounts, ...(ids.length > page.length && last !== undefined ? { next: last } : {}) };
  }

  /** @returns false when the account is not there, is closed, or is to be closed and has money or holds. */
  async setCondition(book: Book, id: UserAccountId, condition: Account["condition"]): Promise<boolean> {
    const isClosing = condition === "closed";
    const nothingLeft =
      "debits_posted = credits_posted AND debits_pending = :zero AND credits_pending = :zero";
    try {
      await reach(
        this.#client.send(
          new UpdateItemCommand({
            TableName: this.#table,
            Key: marshall(accountKey(book, id)),
            UpdateExpression: "SET #condition = :condition",
            ConditionExpression: `attribute_exists(pk) AND #condition <> :closed${isClosing ? ` AND ${nothingLeft}` : ""}`,
            ExpressionAttributeNames: { "#condition": "condition" },
            ExpressionAttributeValues: marshall({
              ":condition": condition,
              ":closed": "closed",
              ...(isClosing ? { ":zero": 0 } : {}),
            }),
          }),
        ),
      );
      return true;
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) return false;
      throw error;
    }
  }
}

function itemOf(account: UserAccount): Item {
  const { name, metadata, openedAt, minAvailable, maxBalance } = account;
  return {
    ...guardedAccountItem(account),
    ...marshall({
      name,
      opened_at: openedAt,
      ...(minAvailable === undefined ? {} : { min_available: minAvailable }),
      ...(maxBalance === undefined ? {} : { max_balance: maxBalance }),
      ...(Object.keys(metadata).length === 0 ? {} : { metadata }),
    }),
  };
}

function accountOf(book: Book, id: UserAccountId, item: Item): UserAccount {
  const stored = unmarshall(item) as Stored;
  const amount = (name: string): bigint => BigInt((stored[name] as number | undefined) ?? 0);
  return {
    id,
    book,
    currency: stored["currency"] as Currency,
    normalSide: stored["normal_side"] as Side,
    condition: stored["condition"] as Account["condition"],
    ...(stored["min_available"] === undefined ? {} : { minAvailable: amount("min_available") }),
    ...(stored["max_balance"] === undefined ? {} : { maxBalance: amount("max_balance") }),
    debitsPosted: amount("debits_posted"),
    debitsPending: amount("debits_pending"),
    creditsPosted: amount("credits_posted"),
    creditsPending: amount("credits_pending"),
    name: String(stored["name"] ?? id),
    metadata: stored.metadata ?? {},
    openedAt: Number(stored["opened_at"] ?? 0),
  };
}
