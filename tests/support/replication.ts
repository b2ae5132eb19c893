import {
  BatchWriteItemCommand,
  type DynamoDBClient,
  ScanCommand,
  type WriteRequest,
} from "@aws-sdk/client-dynamodb";
import type { StoredItem } from "#adapters/dynamodb/stored.ts";
import type { Book } from "#core/ledger/account.ts";

const tableNames = ["payments", "ledger", "idempotency"] as const;
/** What DynamoDB takes of one BatchWriteItem. */
const batchWriteMax = 25;

type Key = string;
const keyOf = (table: string, item: StoredItem): Key => `${table} ${item["pk"]?.S} ${item["sk"]?.S}`;

/** Every version that each item of a book ever had, as its replication would bring them. */
export class Replication {
  readonly #client: DynamoDBClient;
  readonly #book: Book;
  readonly #versions = new Map<Key, StoredItem[]>();

  constructor(client: DynamoDBClient, book: Book) {
    this.#client = client;
    this.#book = book;
  }

  /** To be called after each step. */
  async look(): Promise<void> {
    for (const [key, item] of await this.#items()) {
      const versions = this.#versions.get(key) ?? [];
      if (textOf(versions.at(-1)) !== textOf(item)) versions.push(item);
      this.#versions.set(key, versions);
    }
  }

  /** Leaves of each item what arrived: its first so many versions, 0 for an item that did not arrive at all. */
  async leave(arrived: (key: Key, versions: number) => number): Promise<void> {
    const writes = new Map<string, WriteRequest[]>(tableNames.map((name) => [name, []]));
    const write = (key: Key, request: WriteRequest) => writes.get(key.split(" ")[0] ?? "")?.push(request);
    const stored = await this.#items();
    for (const [key, versions] of this.#versions) {
      const stands = versions[arrived(key, versions.length) - 1];
      if (stands === undefined) continue;
      write(key, { PutRequest: { Item: { ...stands } } });
      stored.delete(key);
    }
    for (const [key, { pk, sk }] of stored)
      if (pk !== undefined && sk !== undefined) write(key, { DeleteRequest: { Key: { pk, sk } } });
    for (const [table, all] of writes)
      for (let from = 0; from < all.length; from += batchWriteMax) {
        const RequestItems = { [table]: all.slice(from, from + batchWriteMax) };
        await this.#client.send(new BatchWriteItemCommand({ RequestItems }));
      }
  }

  /** All that is stored of the book, each item as text: the same when nothing has changed. */
  async print(): Promise<readonly string[]> {
    return [...(await this.#items())].map(([key, item]) => `${key} ${textOf(item)}`).toSorted();
  }

  /** What its books have now. */
  async items(): Promise<readonly StoredItem[]> {
    return [...(await this.#items())].flatMap(([key, item]) =>
      key.startsWith("idempotency ") ? [] : [item],
    );
  }

  async #items(): Promise<Map<Key, StoredItem>> {
    const items = new Map<Key, StoredItem>();
    for (const TableName of tableNames) {
      const { Items = [] } = await this.#client.send(new ScanCommand({ TableName }));
      for (const item of Items)
        if (item["pk"]?.S?.startsWith(`${this.#book}#`)) items.set(keyOf(TableName, item), item);
    }
    return items;
  }
}

/** Members in the order of their names: a table gives maps in an order of its own. */
const textOf = (item: StoredItem | undefined): string =>
  JSON.stringify(item, (_name, member: unknown) =>
    typeof member === "object" && member !== null && !Array.isArray(member)
      ? Object.fromEntries(Object.entries(member).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : member,
  );
