import {
  BatchGetItemCommand,
  BatchWriteItemCommand,
  type DynamoDBClient,
  QueryCommand,
  type WriteRequest,
} from "@aws-sdk/client-dynamodb";
import { marshall, unmarshall } from "@aws-sdk/util-dynamodb";
import type { PublishedEvent } from "#core/events/payment-event.ts";
import type { Book } from "#core/ledger/account.ts";
import type { PaymentId } from "#core/payments/ids.ts";
import { reach } from "./client.ts";
import { StoreUnavailable } from "./errors.ts";
import { type Key, listPartition, listShardOf, listShards } from "./keys.ts";

/** Sequences sort as text: no payment has this many versions. */
const sequenceDigits = 6;
/** The archive keeps events for ever; here they serve whoever missed a notification. */
const keptSeconds = 30 * 24 * 3_600;
/** DynamoDB takes 25 puts per call. */
const writesMax = 25;
const triesMax = 4;
const pauseMs = 50;
/** A payment moves a dozen times; refunds add three each. */
const eventsOfPaymentMax = 200;

const keyOf = (book: string, payment: string, sequence: number): Key => ({
  pk: `${book}#${payment}`,
  sk: String(sequence).padStart(sequenceDigits, "0"),
});

/** Events as merchants read them: by payment, and by time through an index of keys. */
export class EventStore {
  readonly #client: DynamoDBClient;
  readonly #table: string;

  constructor(client: DynamoDBClient, table: string) {
    this.#client = client;
    this.#table = table;
  }

  /** Writes events. The same event is the same item: writing it again changes nothing. @throws StoreUnavailable */
  async write(events: readonly PublishedEvent[]): Promise<void> {
    const puts = new Map(events.map((event) => [event.id, { PutRequest: { Item: itemOf(event) } }]));
    const requests = [...puts.values()];
    for (let start = 0; start < requests.length; start += writesMax) {
      await this.#writeAll(requests.slice(start, start + writesMax));
    }
  }

  /** Of one payment, by sequence. */
  async ofPayment(book: Book, payment: PaymentId): Promise<PublishedEvent[]> {
    const { Items = [] } = await reach(
      this.#client.send(
        new QueryCommand({
          TableName: this.#table,
          KeyConditionExpression: "pk = :payment",
          ExpressionAttributeValues: marshall({ ":payment": `${book}#${payment}` }),
          Limit: eventsOfPaymentMax,
        }),
      ),
    );
    return Items.map(eventIn);
  }

  /** Newest first. The index lags by moments. */
  async list(
    book: Book,
    options: { readonly limit: number; readonly before?: string },
  ): Promise<{ readonly events: PublishedEvent[]; readonly next?: string }> {
    const shards = await Promise.all(
      Array.from({ length: listShards }, (_, shard) =>
        this.#listShard(listPartition(book, shard), options.limit + 1, options.before),
      ),
    );
    const found = shards.flat().toSorted((a, b) => (a.position < b.position ? 1 : -1));
    const page = found.slice(0, options.limit);
    const last = page.at(-1);
    return {
      events: await this.#getAll(page.map(({ key }) => key)),
      ...(found.length > page.length && last !== undefined ? { next: last.position } : {}),
    };
  }

  async #writeAll(requests: readonly WriteRequest[]): Promise<void> {
    let left = [...requests];
    for (let attempt = 0; attempt < triesMax && left.length > 0; attempt += 1) {
      if (attempt > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs * 2 ** attempt));
      const { UnprocessedItems } = await reach(
        this.#client.send(new BatchWriteItemCommand({ RequestItems: { [this.#table]: left } })),
      );
      left = UnprocessedItems?.[this.#table] ?? [];
    }
    if (left.length > 0) throw new StoreUnavailable(`${left.length} events were not taken`);
  }

  async #listShard(partition: string, limit: number, before: string | undefined) {
    const { Items = [] } = await reach(
      this.#client.send(
        new QueryCommand({
          TableName: this.#table,
          IndexName: "by_time",
          KeyConditionExpression:
            before === undefined ? "list_pk = :partition" : "list_pk = :partition AND list_sk < :before",
          ExpressionAttributeValues: marshall({
            ":partition": partition,
            ...(before === undefined ? {} : { ":before": before }),
          }),
          ScanIndexForward: false,
          Limit: limit,
        }),
      ),
    );
    return Items.map((item) => {
      const { pk, sk, list_sk } = unmarshall(item) as Key & { list_sk: string };
      return { key: { pk, sk }, position: list_sk };
    });
  }

  async #getAll(keys: readonly Key[]): Promise<PublishedEvent[]> {
    if (keys.length === 0) return [];
    const { Responses, UnprocessedKeys } = await reach(
      this.#client.send(
        new BatchGetItemCommand({
          RequestItems: { [this.#table]: { Keys: keys.map((key) => marshall(key)) } },
        }),
      ),
    );
    if (Object.keys(UnprocessedKeys ?? {}).length > 0)
      throw new StoreUnavailable("a page of events was read in part");
    const items = (Responses?.[this.#table] ?? []).map((item) => unmarshall(item));
    const byKey = new Map(
      items.map((item) => [`${item["pk"]} ${item["sk"]}`, item["event"] as PublishedEvent]),
    );
    return keys.map(({ pk, sk }) => byKey.get(`${pk} ${sk}`)).filter((event) => event !== undefined);
  }
}

function itemOf(event: PublishedEvent) {
  const { book, data, sequence, created_at: createdAt, id } = event;
  return marshall(
    {
      ...keyOf(book, data.id, sequence),
      list_pk: listPartition(book as Book, listShardOf(data.id as PaymentId)),
      // Ids sort by time themselves.
      list_sk: id,
      expires_at: Math.floor(Date.parse(createdAt) / 1_000) + keptSeconds,
      event,
    },
    { removeUndefinedValues: true },
  );
}

const eventIn = (item: Parameters<typeof unmarshall>[0]): PublishedEvent =>
  (unmarshall(item) as { event: PublishedEvent }).event;
