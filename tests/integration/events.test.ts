import { PutRecordsCommand } from "@aws-sdk/client-kinesis";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { FaultRule } from "#local/door/faults.ts";
import { ApiClient, newKey } from "#tests/support/api-client.ts";
import { committedPlan } from "#tests/support/committed-plan.ts";
import { eventually } from "#tests/support/eventually.ts";
import { exampleEvent } from "#tests/support/example-events.ts";
import { impatient } from "#tests/support/impatient.ts";
import { startTestSystem, type TestSystem } from "#tests/support/local-system.ts";
import { arrivedFor, confirm } from "#tests/support/mailbox.ts";
import { Told } from "#tests/support/told.ts";

const approved = { number: "4242424242424242" };
const declined = { number: "4000000000000002" };

let system: TestSystem;
let demo: ApiClient;
let other: ApiClient;
let told: Told;

beforeAll(async () => {
  system = await startTestSystem({ plan: impatient(committedPlan()) });
  const { merchants } = system.endpoints;
  demo = await ApiClient.signIn(system.endpoints, merchants.demo);
  other = await ApiClient.signIn(system.endpoints, merchants.other);
  told = new Told(system.endpoints);
});
afterEach(() => system.faults.clear());
afterAll(async () => {
  told?.stop();
  await system?.stop();
});

interface Event {
  readonly id: string;
  readonly type: string;
  readonly sequence: number;
  readonly created_at: string;
  readonly data: { readonly id: string; readonly state: string; readonly version: number };
}

/** The events of a payment, once there are so many. */
const eventsOf = (payment: string, count: number): Promise<readonly Event[]> =>
  eventually(async () => {
    const { body } = await demo.get(`/v1/payments/${payment}/events`);
    return body.data.length >= count ? body.data : undefined;
  });

const typesOf = (events: readonly Event[]) => events.map(({ type, sequence }) => [type, sequence]);

describe("each change of a payment is an event", () => {
  test("in the order of its sequence, without a gap, and shows the payment as it then was", async () => {
    const { body: payment } = await demo.payWithCard(approved);
    const events = await eventsOf(payment.id, 3);
    expect(typesOf(events)).toEqual([
      ["payment.created", 1],
      ["payment.authorized", 2],
      ["payment.captured", 3],
    ]);
    for (const { data, sequence } of events)
      expect(data).toMatchObject({ id: payment.id, version: sequence });
    expect(events.at(-1)?.data).toEqual(payment);
  });

  test("also a decline, and a payment that nobody knows the outcome of", async () => {
    const { body: refused } = await demo.payWithCard(declined);
    expect(typesOf(await eventsOf(refused.id, 2)).at(-1)).toEqual(["payment.declined", 2]);
    const { body: unknown } = await demo.payWithCard({ number: "4000000000005027" });
    expect(typesOf(await eventsOf(unknown.id, 2)).at(1)).toEqual(["payment.in_review", 2]);
  });

  test("that is found by its id, and not by another merchant", async () => {
    const { body: payment } = await demo.payWithCard(approved);
    const [event] = await eventsOf(payment.id, 3);
    const shown = await demo.get(`/v1/events/${event?.id}`);
    expect([shown.statusCode, shown.body]).toEqual([200, event]);
    expect((await other.get(`/v1/events/${event?.id}`)).statusCode).toBe(404);
    expect((await demo.get("/v1/events/evt_1")).statusCode).toBe(404);
  });
});

describe("a merchant's list of events", () => {
  test("shows the newest first, and goes on by its cursor", async () => {
    const { body: payment } = await demo.payWithCard(declined);
    const [created, second] = await eventsOf(payment.id, 2);
    // The list is an index, which lags behind the table by moments.
    const page = await eventually(async () => {
      const { body } = await demo.get("/v1/events?limit=1");
      return body.data[0].id === second?.id ? body : undefined;
    });
    const next = await demo.get(`/v1/events?limit=1&cursor=${page.next_cursor}`);
    expect(next.body.data).toEqual([created]);
  });

  test("can be of one type", async () => {
    const { body } = await demo.get("/v1/events?type=payment.declined&limit=100");
    expect(body.data.length).toBeGreaterThan(0);
    for (const { type } of body.data) expect(type).toBe("payment.declined");
  });

  test.each(["type=payment.refunded_twice", "limit=101", "cursor=forged", "since=yesterday"])(
    "refuses %s",
    async (query) => {
      const answer = await demo.get(`/v1/events?${query}`);
      expect([answer.statusCode, answer.body.code]).toEqual([400, "malformed_query"]);
    },
  );

  test("is a page of one payment too, and its cursor fits no other list", async () => {
    const { body: payment } = await demo.payWithCard(approved);
    const events = await eventsOf(payment.id, 3);
    const path = `/v1/payments/${payment.id}/events?limit=2`;
    const { body: first } = await demo.get(path);
    const { body: second } = await demo.get(`${path}&cursor=${first.next_cursor}`);
    expect([...first.data, ...second.data]).toEqual(events);
    expect(second.next_cursor).toBeNull();
    expect((await demo.get(`/v1/events?cursor=${first.next_cursor}`)).statusCode).toBe(400);
  });

  test("shows another merchant nothing, and a payment of nobody is not found", async () => {
    const { body: payment } = await demo.payWithCard(approved);
    await eventsOf(payment.id, 3);
    expect((await other.get(`/v1/payments/${payment.id}/events`)).statusCode).toBe(404);
    expect((await demo.get("/v1/payments/pay_1/events")).statusCode).toBe(404);
    expect((await other.get("/v1/events")).body.data).toEqual([]);
    expect((await ApiClient.anonymous(system.endpoints).get("/v1/events")).statusCode).toBe(401);
    expect((await demo.send("POST", `/v1/payments/${payment.id}/events`)).statusCode).toBe(405);
  });
});

describe("nothing is lost and nothing told twice", () => {
  const byRelay = { service: "kinesis", caller: "Relay", action: "PutRecords" };
  const byJournalRelay = { ...byRelay, caller: "JournalRelay" };
  const payAndCheck = async () => {
    const { body: payment } = await demo.payWithCard(approved);
    const events = await eventsOf(payment.id, 3);
    expect(typesOf(events).map(([, sequence]) => sequence)).toEqual([1, 2, 3]);
    expect(await told.findings()).toEqual([]);
    return events;
  };

  test.each<[string, FaultRule]>([
    ["every record comes twice", { ...byRelay, count: 9, fault: { kind: "duplicate" } }],
    [
      "the relay fails between its reminders and its events",
      { ...byRelay, fault: { kind: "refuse", error: "InternalFailure" } },
    ],
    [
      "the stream refuses records of the journal for a while",
      { ...byJournalRelay, fault: { kind: "refuse", error: "InternalFailure" } },
    ],
    [
      "every record of the journal comes twice",
      { ...byJournalRelay, count: 9, fault: { kind: "duplicate" } },
    ],
    [
      "the table of events is throttled for a while",
      { service: "dynamodb", caller: "RecordEvents", count: 4, fault: { kind: "throttle" } },
    ],
  ])("when %s", async (_what, rule) => {
    const fault = system.faults.inject(rule);
    await payAndCheck();
    expect(fault.hits).toBeGreaterThan(0);
  });

  test("when the answer of the stream is lost: it is told again, under the same ids", async () => {
    const lost = system.faults.inject({ ...byRelay, fault: { kind: "lose_reply" } });
    const events = await payAndCheck();
    expect(lost.hits).toBe(1);
    const ids = (await told.published()).map(({ id }) => id).filter((id) => id === events[0]?.id);
    expect(ids.length).toBeGreaterThan(1);
  });
});

describe("merchants are told by mail and SMS", () => {
  const accounts = "accounts@first.example";
  const books = "books@second.example";
  const phone = "+4915112345678";
  let first: ApiClient;
  let second: ApiClient;

  async function onboard(operator: ApiClient, id: string): Promise<ApiClient> {
    const terms = { USD: { basis_points: 0, fixed: 0, payment_max: 100_000 } };
    await operator.send("POST", "/v1/merchants", { body: { id, name: "Told", terms } });
    const { body } = await operator.send("POST", `/v1/merchants/${id}/clients`, { body: { name: "shop" } });
    return ApiClient.signIn(system.endpoints, body);
  }
  async function add(by: ApiClient, channel: string, address: string, ...kinds: string[]): Promise<void> {
    const body = { channel, address, kinds };
    expect((await by.send("POST", "/v1/merchants/me/contacts", { body })).statusCode).toBe(201);
    if (channel === "email") expect(await confirm(system.endpoints, address)).toBe(200);
  }
  const newsFor = (address: string, payment: string) =>
    arrivedFor(system.endpoints, address).filter((message) => message.includes(payment));
  /** What an address was told of a payment, once it was told so much. */
  const toldOf = (address: string, payment: string, count = 1): Promise<string[]> =>
    eventually(async () => {
      const messages = newsFor(address, payment);
      return messages.length >= count ? messages : undefined;
    });

  beforeAll(async () => {
    const operator = await ApiClient.signIn(system.endpoints, system.endpoints.operator);
    first = await onboard(operator, "mer_first");
    second = await onboard(operator, "mer_second");
    // Before their first payments: that a merchant has no contacts is remembered for a while.
    await add(first, "email", accounts, "captured", "refunded");
    await add(first, "sms", phone, "declined");
    await add(second, "email", books, "captured", "declined");
  });

  test("of their own payments, of the kinds that they asked for, once each", async () => {
    const written = { reference: "for Zoe", description: "for Zoe", metadata: { to: "Zoe" } };
    const { body: paid } = await first.payWithCard(approved, { amount: 12_34, ...written });
    const { body: refused } = await first.payWithCard(declined, { amount: 56_78 });
    const { body: theirs } = await second.payWithCard(approved);
    const path = `/v1/payments/${paid.id}/refunds`;
    await first.send("POST", path, { body: {}, headers: { "idempotency-key": newKey() } });

    const [captured = "", refunded = "", ...more] = await toldOf(accounts, paid.id, 2);
    expect(captured).toContain("Subject: Payment captured: 12.34 USD\r\n");
    expect(refunded).toContain("Subject: Payment refunded: 12.34 USD\r\n");
    expect(more).toEqual([]);
    expect(/Zoe|4242/.test(captured + refunded)).toBe(false);
    expect(await toldOf(phone, refused.id)).toEqual([
      `To: ${phone}\n\nTallystick> mer_first: payment ${refused.id} declined (do_not_honor), 56.78 USD\n`,
    ]);
    expect(await toldOf(books, theirs.id)).toHaveLength(1);
    const astray = [
      ...newsFor(accounts, refused.id),
      ...newsFor(accounts, theirs.id),
      ...newsFor(phone, paid.id),
      ...newsFor(books, paid.id),
      ...newsFor(books, refused.id),
    ];
    expect(astray).toEqual([]);
  });

  test.each<[string, FaultRule]>([
    [
      "every record comes twice",
      { service: "kinesis", caller: "Relay", action: "PutRecords", count: 9, fault: { kind: "duplicate" } },
    ],
    ["SNS throttles", { service: "sns", caller: "Notify", fault: { kind: "throttle" } }],
    ["SNS's answer is lost", { service: "sns", caller: "Notify", fault: { kind: "lose_reply" } }],
    [
      "the claim's answer is lost",
      { service: "dynamodb", caller: "Notify", action: "PutItem", fault: { kind: "lose_reply" } },
    ],
  ])("once when %s", async (_what, rule) => {
    const fault = system.faults.inject(rule);
    const { body: paid } = await first.payWithCard(approved);
    await toldOf(accounts, paid.id);
    // What comes again comes before what comes later.
    const { body: later } = await first.payWithCard(approved);
    await toldOf(accounts, later.id);
    expect(fault.hits).toBeGreaterThan(0);
    expect(newsFor(accounts, paid.id)).toHaveLength(1);
  });

  test("not at all without contacts, which costs no write and no message", async () => {
    const { body: paid } = await demo.payWithCard(approved);
    await eventsOf(paid.id, 3);
    const { body: later } = await first.payWithCard(approved);
    await toldOf(accounts, later.id);
    const doneFor = (payment: string) =>
      system.calls
        .ofPayment(payment)
        .filter(({ caller, action }) => caller === "Notify" && !action.startsWith("Get"))
        .map(({ action }) => action)
        .toSorted();
    expect(doneFor(later.id)).toEqual(["Publish", "PutItem"]);
    expect(doneFor(paid.id)).toEqual([]);
  });
});

/** The visibility timeout of the dead letters, and then some. */
const againMs = 240_000;

test(
  "one record among 100 that no schema knows goes to the dead letters, and holds up none of the others",
  async () => {
    const StreamName = "tallystick-local-payment-events";
    const data = (n: number) =>
      n === 37
        ? JSON.stringify({ ...exampleEvent(), type: "payment.exploded" })
        : // Of a payment that is none: what is told of it must not spoil what is proved of the others.
          JSON.stringify(exampleEvent({ version: n + 1, book: "mer_poisoned" as never }));
    await told.kinesis.send(
      new PutRecordsCommand({
        StreamName,
        Records: Array.from({ length: 100 }, (_, n) => ({
          PartitionKey: exampleEvent().data.id,
          Data: Buffer.from(data(n)),
        })),
      }),
    );
    const sequences = await eventually(async () => {
      const applied = (await told.applied()).filter(({ book }) => book === "mer_poisoned");
      return applied.length >= 99 ? applied.map(({ sequence }) => sequence) : undefined;
    });
    expect(sequences.toSorted((a, b) => a - b)).toEqual(
      Array.from({ length: 100 }, (_, n) => n + 1).filter((sequence) => sequence !== 38),
    );
    const operator = await ApiClient.signIn(system.endpoints, system.endpoints.operator);
    // Who keeps it may be throttled while others read the shard: then its message comes again after three minutes.
    const letter = await eventually(async () => {
      const { body } = await operator.get("/v1/ops/dead-letters");
      return body.data[0];
    }, againMs);
    expect(letter).toMatchObject({ kind: "record", payment: exampleEvent().data.id });
    const { body: shown } = await operator.get(`/v1/ops/dead-letters/${letter.id}`);
    const { data: given } = shown.content.record.kinesis;
    expect(JSON.parse(Buffer.from(given, "base64").toString())).toMatchObject({ type: "payment.exploded" });
  },
  againMs + 60_000,
);
