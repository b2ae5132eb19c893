import { type DynamoDBClient, GetItemCommand } from "@aws-sdk/client-dynamodb";
import { marshall, unmarshall } from "@aws-sdk/util-dynamodb";
import type { Book } from "#core/ledger/account.ts";
import type { Client, Merchant } from "#core/merchants/merchant.ts";
import { reach } from "./client.ts";
import type { Key } from "./keys.ts";
import {
  allProfiles,
  type ClientItem,
  clientKey,
  merchantOf,
  type ProfileItem,
  profileKey,
} from "./merchant-codec.ts";

/** Merchants are read far more often than they change; a change takes this long to reach every environment. */
const cacheLifetimeMs = 30_000;
/** Far more merchants than one environment sees in that time; beyond it the oldest are forgotten. */
const cachedMax = 1_000;

/** Merchants and the OAuth clients that speak for them, remembered for a moment by each environment. */
export class MerchantStore {
  readonly #client: DynamoDBClient;
  readonly #table: string;
  readonly #now: () => number;
  readonly #cache = new Map<string, { readonly item: unknown; readonly until: number }>();

  constructor(client: DynamoDBClient, table: string, now: () => number = Date.now) {
    this.#client = client;
    this.#table = table;
    this.#now = now;
  }

  async merchant(id: Book): Promise<Merchant | undefined> {
    const item = (await this.#read(profileKey(id))) as ProfileItem | undefined;
    return item === undefined ? undefined : merchantOf(item);
  }

  /** Whoever holds this OAuth client id, or undefined. */
  async client(clientId: string): Promise<Client | undefined> {
    const item = (await this.#read(clientKey(clientId))) as ClientItem | undefined;
    if (item?.merchant !== undefined) return { kind: "merchant", merchant: item.merchant as Book };
    if (item?.operator !== undefined) return { kind: "operator", operator: item.operator };
    return undefined;
  }

  /** Every merchant's id, for operators. Reads the whole table: merchants are few and this is rare. */
  async ids(): Promise<Book[]> {
    return (await allProfiles(this.#client, this.#table)).map(({ pk }) => pk as Book);
  }

  async #read(key: Key): Promise<unknown> {
    const cached = this.#cache.get(key.pk);
    if (cached !== undefined && cached.until > this.#now()) return cached.item;
    const { Item } = await reach(
      this.#client.send(new GetItemCommand({ TableName: this.#table, Key: marshall(key) })),
    );
    const item = Item === undefined ? undefined : unmarshall(Item);
    // What is not there is not remembered: a merchant onboarded a moment ago is found at once.
    if (item !== undefined) this.#remember(key.pk, item);
    return item;
  }

  #remember(pk: string, item: unknown): void {
    const oldest = this.#cache.keys().next();
    if (this.#cache.size >= cachedMax && !oldest.done) this.#cache.delete(oldest.value);
    this.#cache.set(pk, { item, until: this.#now() + cacheLifetimeMs });
  }
}
