import { setTimeout as sleep } from "node:timers/promises";
import {
  BatchWriteItemCommand,
  type DynamoDBClient,
  QueryCommand,
  type WriteRequest,
} from "@aws-sdk/client-dynamodb";
import { marshall, unmarshall } from "@aws-sdk/util-dynamodb";
import type { DisputeEventType } from "#core/events/dispute-event.ts";
import type { EventId } from "#core/events/event-id.ts";
import type { PaymentEventType, PublishedEvent } from "#core/events/payment-event.ts";
import type { MerchantEvent } from "#core/events/streamed.ts";
import type { Book } from "#core/ledger/account.ts";
import type { PaymentId } from "#core/payments/ids.ts";
import { reach } from "./client.ts";
import { StoreUnavailable } from "./errors.ts";
import { listPartition, listShardOf } from "./keys.ts";
import type { Item } from "./payment-codec.ts";
import { getItems } from "./reads.ts";
import { newestPlaces, type Place, placeOf } from "./time-list.ts";

/** Sequences sort as text: no payment has this many versions. */
const sequenceDigits = 6;
/** Here they serve whoever missed a notification. The archive keeps them for ten years. */
const keptSeconds = 30 * 24 * 3_600;
/** DynamoDB takes 25 puts per call. */
const writesMax = 25;
const triesMax = 4;
const pauseMs = 50;
/** Places of one shard that are looked through at once for events of one type: about 60 KB. */
const placesMax = 500;

const paymentPartition = (book: string, payment: string): string => `${book}#${payment}`;
const sequenceKey = (sequence: number): string => String(sequence).padStart(sequenceDigits, "0");

/** An event in the merchant's list: ids sort by time, and the type is there to choose by. */
const positionOf = ({ id, type }: Pick<MerchantEvent, "id" | "type">): string => `${id}#${type}`;
const typeAt = (position: string): string => position.slice(position.indexOf("#") + 1);

interface Page<Event extends MerchantEvent = MerchantEvent> {
  readonly events: Event[];
  readonly next?: string;
}

/**
 * Events as merchants read them. Each is one item, under its payment and sequence, and one entry of an index of keys, by
 * time: two write units.
 */
export class EventStore {
  readonly #client: DynamoDBClient;
  readonly #table: string;

  constructor(client: DynamoDBClient, table: string) {
    this.#client = client;
    this.#table = table;
  }

  /** Writes events. The same event is the same item: writing it again changes nothing. @throws StoreUnavailable */
  async write(events: readonly MerchantEvent[]): Promise<void> {
    const puts = new Map(events.map((event) => [event.id, { PutRequest: { Item: itemOf(event) } }]));
    const requests = [...puts.values()];
    for (let start = 0; start < requests.length; start += writesMax) {
      await this.#writeAll(requests.slice(start, start + writesMax));
    }
  }

  /** Of one payment, by sequence. `after`: the last one of the page before. */
  async ofPayment(
    book: Book,
    payment: PaymentId,
    options: { readonly limit: number; readonly after?: number },
  ): Promise<Omit<Page<PublishedEvent>, "next"> & { readonly next?: number }> {
    const { limit, after = 0 } = options;
    const { Items = [], LastEvaluatedKey: rest } = await reach(
      this.#client.send(
        new QueryCommand({
          TableName: this.#table,
          KeyConditionExpression: "pk = :payment AND sk > :after",
          ExpressionAttributeValues: marshall({
            ":payment": paymentPartition(book, payment),
            ":after": sequenceKey(after),
          }),
          Limit: limit + 1,
        }),
      ),
    );
    // Under a payment's key there are its own events: those of its disputes lie under theirs.
    const events = Items.slice(0, limit).map(eventIn) as PublishedEvent[];
    const last = events.at(-1);
    // A page may also end because it is large.
    const goesOn = Items.length > limit || (rest !== undefined && Items.length < limit + 1);
    return { events, ...(goesOn && last !== undefined ? { next: last.sequence } : {}) };
  }

  /** @returns undefined for another merchant's, and for one that is not there any more. */
  async get(book: Book, id: EventId): Promise<MerchantEvent | undefined> {
    const { Items = [] } = await reach(
      this.#client.send(
        new QueryCommand({
          TableName: this.#table,
          IndexName: "by_time",
          KeyConditionExpression: "list_pk = :partition AND begins_with(list_sk, :id)",
          ExpressionAttributeValues: marshall({
            ":partition": listPartition(book, listShardOf(id)),
            ":id": id,
          }),
        }),
      ),
    );
    const [event] = await this.#at(Items.map(placeOf));
    return event;
  }

  /**
   * Newest first. The index lags by moments. Of one type: a page may hold fewer than `limit`, and the list still goes on.
   */
  async list(
    book: Book,
    options: {
      readonly limit: number;
      readonly before?: string;
      readonly type?: PaymentEventType | DisputeEventType;
    },
  ): Promise<Page> {
    const { limit, before, type } = options;
    const { places, end } = await newestPlaces(this.#client, this.#table, book, {
      readMax: type === undefined ? limit + 1 : placesMax,
      before,
    });
    const found = places.filter(({ position }) => type === undefined || typeAt(position) === type);
    const page = found.slice(0, limit);
    const next = found.length > limit ? page.at(-1)?.position : end;
    return { events: await this.#at(page), ...(next === undefined ? {} : { next }) };
  }

  async #writeAll(requests: readonly WriteRequest[]): Promise<void> {
    let left = [...requests];
    for (let attempt = 0; attempt < triesMax && left.length > 0; attempt += 1) {
      if (attempt > 0) await sleep(pauseMs * 2 ** attempt);
      const { UnprocessedItems } = await reach(
        this.#client.send(new BatchWriteItemCommand({ RequestItems: { [this.#table]: left } })),
      );
      left = UnprocessedItems?.[this.#table] ?? [];
    }
    if (left.length > 0) throw new StoreUnavailable(`${left.length} events were not taken`);
  }

  async #at(places: readonly Place[]): Promise<MerchantEvent[]> {
    const keys = places.map(({ key }) => key);
    return (await getItems(this.#client, this.#table, keys, { consistent: false })).map(eventIn);
  }
}

function itemOf(event: MerchantEvent) {
  const { book, data, sequence, created_at: createdAt } = event;
  return marshall(
    {
      pk: paymentPartition(book, data.id),
      sk: sequenceKey(sequence),
      list_pk: listPartition(book as Book, listShardOf(event.id)),
      list_sk: positionOf(event),
      // Of the event and not of its writing: a replay changes nothing.
      expires_at: Math.floor(Date.parse(createdAt) / 1_000) + keptSeconds,
      event,
    },
    { removeUndefinedValues: true },
  );
}

const eventIn = (item: Item): MerchantEvent => (unmarshall(item) as { event: MerchantEvent }).event;
