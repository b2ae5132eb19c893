import { ScanCommand } from "@aws-sdk/client-dynamodb";
import { unmarshall } from "@aws-sdk/util-dynamodb";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { EventStore } from "#adapters/dynamodb/event-store.ts";
import { parseEventId } from "#core/events/event-id.ts";
import type { PublishedEvent } from "#core/events/payment-event.ts";
import type { MerchantEvent } from "#core/events/streamed.ts";
import type { Book } from "#core/ledger/account.ts";
import { type PaymentId, paymentIdOf } from "#core/payments/ids.ts";
import { exampleEvent } from "#tests/support/example-events.ts";
import { day, minute, noon } from "#tests/support/examples.ts";
import { startTables, type TestTables } from "#tests/support/tables.ts";

let tables: TestTables;
let store: EventStore;

beforeAll(async () => {
  tables = await startTables();
  store = new EventStore(tables.client, "events");
});
afterAll(() => tables.stop());

const paymentOf = (name: string): PaymentId =>
  paymentIdOf({ book: "mer_demo" as Book, route: "test", idempotencyKey: name });

/** Events of a merchant of its own, one a minute; each payment has two. */
function eventsOf(book: string, count: number): PublishedEvent[] {
  return Array.from({ length: count }, (_, n) =>
    exampleEvent({
      book: book as Book,
      id: paymentOf(`${book} ${Math.floor(n / 2)}`),
      version: 1 + (n % 2),
      updatedAt: noon + n * minute,
    }),
  );
}

const idsOf = (events: readonly MerchantEvent[]): string[] => events.map(({ id }) => id);

/** All pages of a list. */
async function allOf<Cursor>(
  read: (cursor: Cursor | undefined) => Promise<{ events: readonly MerchantEvent[]; next?: Cursor }>,
): Promise<MerchantEvent[][]> {
  const pages: MerchantEvent[][] = [];
  let cursor: Cursor | undefined;
  do {
    const page = await read(cursor);
    pages.push([...page.events]);
    cursor = page.next;
  } while (cursor !== undefined && pages.length < 100);
  return pages;
}

const from = <Cursor>(name: string, cursor: Cursor | undefined) =>
  cursor === undefined ? {} : { [name]: cursor };

describe("events that are written", () => {
  test("are there once, however often and in whatever order they come", async () => {
    const book = "mer_twice" as Book;
    const events = eventsOf(book, 6);
    await store.write(events.toReversed());
    await store.write([...events, ...events]);
    await store.write(events.slice(2, 3));
    const { events: listed, next } = await store.list(book, { limit: 100 });
    expect(listed).toEqual(events.toReversed());
    expect(next).toBeUndefined();
  });

  test("are kept for thirty days from what happened, not from when it was written", async () => {
    const [event] = eventsOf("mer_kept", 1);
    await store.write([event as PublishedEvent]);
    const { Items = [] } = await tables.client.send(new ScanCommand({ TableName: "events" }));
    const item = Items.map((each) => unmarshall(each)).find(({ pk }) => pk.startsWith("mer_kept#"));
    expect(item?.["expires_at"]).toBe((noon + 30 * day) / 1_000);
  });

  test("take more than one call when there are more than 25", async () => {
    const events = eventsOf("mer_many", 60);
    await store.write(events);
    const { events: listed } = await store.list("mer_many" as Book, { limit: 100 });
    expect(listed).toHaveLength(60);
  });
});

describe("a merchant's list", () => {
  const book = "mer_list" as Book;
  const events = eventsOf(book, 23);
  beforeAll(() => store.write(events));

  test("is the newest first, page by page, each event once", async () => {
    const pages = await allOf<string>((cursor) => store.list(book, { limit: 5, ...from("before", cursor) }));
    expect(pages.map((page) => page.length)).toEqual([5, 5, 5, 5, 3]);
    expect(idsOf(pages.flat())).toEqual(idsOf(events).toReversed());
  });

  test("can be of one type", async () => {
    const type = "payment.in_review";
    const pages = await allOf<string>((cursor) =>
      store.list(book, { limit: 4, type, ...from("before", cursor) }),
    );
    expect(idsOf(pages.flat())).toEqual(idsOf(events.filter((event) => event.type === type)).toReversed());
    expect((await store.list(book, { limit: 4, type: "payment.settled" })).events).toEqual([]);
  });

  test("holds nothing of another merchant", async () => {
    expect((await store.list("mer_lis" as Book, { limit: 100 })).events).toEqual([]);
  });
});

describe("of one type among thousands", () => {
  const book = "mer_rare" as Book;

  test("every one is found, though a page may be short", async () => {
    const id = paymentOf("rare");
    const rare = exampleEvent({ book, id, version: 2, updatedAt: noon });
    const newer = Array.from({ length: 2_100 }, (_, n) =>
      exampleEvent({ book, id: paymentOf(`newer ${n}`), updatedAt: noon + 1 + n }),
    );
    await store.write([rare, ...newer]);
    const type = "payment.in_review";
    const pages = await allOf<string>((cursor) =>
      store.list(book, { limit: 10, type, ...from("before", cursor) }),
    );
    expect(pages.length).toBeGreaterThan(1);
    expect(idsOf(pages.flat())).toEqual([rare.id]);
  });
});

describe("one payment's list", () => {
  const book = "mer_payment" as Book;
  const id = paymentOf("eleven");
  const events = Array.from({ length: 11 }, (_, n) =>
    // Clocks of functions differ: its sequence tells its order, not its time.
    exampleEvent({ book, id, version: n + 1, updatedAt: noon - n * minute }),
  );
  beforeAll(() => store.write(events));

  test("is by sequence, page by page", async () => {
    const pages = await allOf<number>((cursor) =>
      store.ofPayment(book, id, { limit: 4, ...from("after", cursor) }),
    );
    expect(pages.map((page) => page.map(({ sequence }) => sequence))).toEqual([
      [1, 2, 3, 4],
      [5, 6, 7, 8],
      [9, 10, 11],
    ]);
  });

  test("goes on where a page is cut short by its size", async () => {
    const large = paymentOf("large");
    const metadata = { note: "x".repeat(300 * 1_024) };
    await store.write([1, 2, 3, 4, 5].map((version) => exampleEvent({ book, id: large, version, metadata })));
    const pages = await allOf<number>((cursor) =>
      store.ofPayment(book, large, { limit: 100, ...from("after", cursor) }),
    );
    expect(pages.length).toBeGreaterThan(1);
    expect(pages.flat().map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4, 5]);
  });

  test("is empty under another merchant's name", async () => {
    expect(await store.ofPayment("mer_other" as Book, id, { limit: 4 })).toEqual({ events: [] });
  });
});

describe("one event", () => {
  const book = "mer_one" as Book;
  // Enough for every partition of the list.
  const events = Array.from({ length: 16 }, (_, n) => exampleEvent({ book, id: paymentOf(`one ${n}`) }));
  beforeAll(() => store.write(events));

  test("is found by its id, by its merchant and by nobody else", async () => {
    for (const event of events) {
      expect(await store.get(book, event.id)).toEqual(event);
      expect(await store.get("mer_other" as Book, event.id)).toBeUndefined();
    }
  });

  test("is not found by another id", async () => {
    const id = events[0]?.id ?? "";
    const other = parseEventId(`${id.slice(0, -1)}${id.endsWith("0") ? "1" : "0"}`);
    expect(other && (await store.get(book, other))).toBeUndefined();
  });
});
