import {
  BatchWriteItemCommand,
  type DynamoDBClient,
  GetItemCommand,
  ScanCommand,
} from "@aws-sdk/client-dynamodb";
import { marshall, unmarshall } from "@aws-sdk/util-dynamodb";
import type { Book } from "#core/ledger/account.ts";
import type { Client, CurrencyTerms, Merchant } from "#core/merchants/merchant.ts";
import type { Currency } from "#core/money/currency.ts";
import { reach } from "./client.ts";
import type { Key } from "./keys.ts";

interface ProfileItem extends Key {
  readonly name: string;
  readonly terms: Readonly<
    Record<string, { readonly basis_points: number; readonly fixed: number; readonly payment_max: number }>
  >;
}

/** An OAuth client's owner. The one key that does not start with a book: it is how the book is found. */
interface ClientItem extends Key {
  readonly merchant?: string;
  readonly operator?: string;
}

const profileKey = (id: Book): Key => ({ pk: id, sk: "profile" });
const clientKey = (clientId: string): Key => ({ pk: `client#${clientId}`, sk: "client" });

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
    const ids: Book[] = [];
    let start: Record<string, never> | undefined;
    do {
      const page = await reach(
        this.#client.send(
          new ScanCommand({
            TableName: this.#table,
            FilterExpression: "sk = :profile",
            ExpressionAttributeValues: marshall({ ":profile": "profile" }),
            ProjectionExpression: "pk",
            ...(start === undefined ? {} : { ExclusiveStartKey: start }),
          }),
        ),
      );
      ids.push(...(page.Items ?? []).map((item) => (unmarshall(item) as Key).pk as Book));
      start = page.LastEvaluatedKey as typeof start;
    } while (start !== undefined);
    return ids.toSorted();
  }

  /** Onboards merchants and clients, replacing what was there under the same ids. At most 25 in all. */
  async onboard(merchants: readonly Merchant[], clients: ReadonlyMap<string, Client>): Promise<void> {
    const items = [
      ...merchants.map(profileItem),
      ...[...clients].map(([id, client]) => clientItem(id, client)),
    ];
    const puts = items.map((item) => ({ PutRequest: { Item: marshall(item) } }));
    await reach(this.#client.send(new BatchWriteItemCommand({ RequestItems: { [this.#table]: puts } })));
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

function merchantOf(item: ProfileItem): Merchant {
  const terms = Object.entries(item.terms).map(([currency, line]): [Currency, CurrencyTerms] => [
    currency as Currency,
    {
      fees: { basisPoints: line.basis_points, fixed: BigInt(line.fixed) },
      paymentMax: BigInt(line.payment_max),
    },
  ]);
  return { id: item.pk as Book, name: item.name, terms: Object.fromEntries(terms) };
}

function profileItem(merchant: Merchant): ProfileItem {
  const terms = Object.entries(merchant.terms).map(([currency, line]) => [
    currency,
    {
      basis_points: line.fees.basisPoints,
      fixed: Number(line.fees.fixed),
      payment_max: Number(line.paymentMax),
    },
  ]);
  return { ...profileKey(merchant.id), name: merchant.name, terms: Object.fromEntries(terms) };
}

function clientItem(clientId: string, client: Client): ClientItem {
  return {
    ...clientKey(clientId),
    ...(client.kind === "merchant" ? { merchant: client.merchant } : { operator: client.operator }),
  };
}
