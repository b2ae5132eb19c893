import { PutRecordsCommand } from "@aws-sdk/client-kinesis";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { FaultRule } from "#local/door/faults.ts";
import { ApiClient, newKey } from "#tests/support/api-client.ts";
import { committedPlan } from "#tests/support/committed-plan.ts";
import { eventually } from "#tests/support/eventually.ts";
import { exampleEvent } from "#tests/support/example-events.ts";
import { impatient } from "#tests/support/impatient.ts";
import { startTestSystem, type TestSystem } from "#tests/support/local-system.ts";
import { Told } from "#tests/support/told.ts";

const approved = { number: "4242424242424242" };
const declined = { number: "4000000000000002" };

let system: TestSystem;
let demo: ApiClient;
let other: ApiClient;
let operator: ApiClient;
let told: Told;

beforeAll(async () => {
  system = await startTestSystem({ plan: impatient(committedPlan()) });
  const { merchants } = system.endpoints;
  demo = await ApiClient.signIn(system.endpoints, merchants.demo);
  other = await ApiClient.signIn(system.endpoints, merchants.other);
  operator = await ApiClient.signIn(system.endpoints, system.endpoints.operator);
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

/** Items of a payment and of what lies beside it. */
const isOf =
  (payment: string) =>
  ({ pk, payment: of }: Record<string, { readonly S?: string }>): boolean =>
    pk?.S === `mer_demo#${payment}` || of?.S === payment;

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

describe("what people wrote on a payment", () => {
  const text = { reference: "jane-1001", description: "Two tickets for Jane Doe", metadata: { to: "Jane" } };
  const texts = ["Jane", "jane"];
  const post = (client: ApiClient, path: string, body: unknown = {}) =>
    client.send("POST", path, { body, headers: { "idempotency-key": newKey() } });
  const hold = (id: string, action: string) =>
    post(operator, `/v1/ops/payments/${id}/legal-hold`, { action, reason: "case 4711" });
  /** Each event of it as bytes: what is on the stream, and so in archive, lake and warehouse; and the table of events. */
  const keptOf = async (id: string) =>
    [...(await told.published()), ...(await told.applied())]
      .filter(({ data }) => data.id === id)
      .map((event) => JSON.stringify(event));

  test("is shown to its merchant, and is in nothing that was published", async () => {
    const { body: payment } = await demo.payWithCard(approved, text);
    const events = await eventsOf(payment.id, 3);
    for (const { data } of events) expect(data).toMatchObject(text);
    const { body } = await demo.get(`/v1/events/${events[0]?.id}`);
    expect(body).toEqual(events[0]);
    const { body: timeline } = await operator.get(
      `/v1/ops/payments/${payment.id}/timeline?merchant=mer_demo`,
    );
    expect(timeline.data[0]).toMatchObject({ what: "payment.created", texts: text });
    const kept = await keptOf(payment.id);
    expect(kept.length).toBeGreaterThanOrEqual(6);
    for (const event of kept) for (const word of texts) expect(event).not.toContain(word);
  });

  test("is kept while a legal hold stands, and then erased wherever it was told", async () => {
    const { body: card } = await demo.tokenize(approved);
    const asked = { method: { type: "card", token: card.id }, ...text, return_url: "https://shop.test/jane" };
    const { body: payment } = await demo.pay(asked);
    await post(demo, `/v1/payments/${payment.id}/refunds`, { amount: 100, reason: "Jane is ill" });
    const { body: before } = await demo.get(`/v1/payments/${payment.id}`);

    expect((await hold(payment.id, "place")).body).toMatchObject({ stands: true });
    const refused = await post(demo, `/v1/payments/${payment.id}/redact`);
    expect([refused.statusCode, refused.body.code]).toEqual([409, "legal_hold"]);
    expect((await hold(payment.id, "place")).body.code).toBe("already_held");
    expect((await demo.get(`/v1/payments/${payment.id}`)).body).toEqual(before);
    expect((await hold(payment.id, "lift")).body).toMatchObject({ stands: false });

    const redacted = await post(demo, `/v1/payments/${payment.id}/redact`);
    expect(redacted.statusCode).toBe(200);
    const none = { reference: null, description: null, metadata: {} };
    const { version, state, amount_refunded, updated_at } = redacted.body;
    expect(redacted.body).toEqual({ ...before, ...none, version, updated_at, redacted_at: updated_at });
    expect([version, state, amount_refunded]).toEqual([before.version + 1, "captured", 100]);
    const again = await post(demo, `/v1/payments/${payment.id}/redact`);
    expect([again.statusCode, again.body]).toEqual([200, redacted.body]);

    const events = await eventsOf(payment.id, version);
    expect(events.at(-1)).toMatchObject({ type: "payment.redacted", sequence: version });
    for (const { data } of events) expect(data).toMatchObject(none);
    const { body: timeline } = await operator.get(
      `/v1/ops/payments/${payment.id}/timeline?merchant=mer_demo`,
    );
    const kinds = Map.groupBy(timeline.data, ({ kind }: { kind: string }) => kind);
    expect(kinds.get("event")?.[0]).toMatchObject({ what: "payment.created", texts: "erased" });
    expect(kinds.get("operator")).toMatchObject([
      { what: expect.stringMatching(/ places a legal hold: case 4711$/) },
      { what: expect.stringMatching(/ lifts a legal hold: case 4711$/) },
    ]);
    const stored = (await told.items("payments")).filter(isOf(payment.id));
    // The payment, its refund, and that somebody wanted it kept.
    expect(stored).toHaveLength(3);
    const kept = [...(await keptOf(payment.id)), ...stored.map((item) => JSON.stringify(item))];
    for (const each of kept) for (const word of [...texts, "text_key"]) expect(each).not.toContain(word);
  });

  test("is not asked for when the same request comes again, long after its answer was forgotten", async () => {
    const { body: card } = await demo.tokenize(approved);
    const asked = { method: { type: "card", token: card.id }, ...text };
    const headers = { "idempotency-key": newKey() };
    const { body: payment } = await demo.pay(asked, headers);
    await post(demo, `/v1/payments/${payment.id}/redact`);
    await told.forgetAnswers();
    const again = await demo.pay(asked, headers);
    expect(again.headers.get("idempotent-replayed")).toBe("true");
    expect(again.body).toMatchObject({ id: payment.id, reference: null });
    await told.forgetAnswers();
    expect((await demo.pay({ ...asked, amount: 1 }, headers)).body.code).toBe("idempotency_key_reused");
  });

  test("stays while the payment goes on, and is another merchant's never", async () => {
    const { body: payment } = await demo.payWithCard(approved, { ...text, capture: "manual" });
    const refused = await post(demo, `/v1/payments/${payment.id}/redact`);
    expect([refused.statusCode, refused.body.code]).toEqual([409, "wrong_state"]);
    expect((await post(other, `/v1/payments/${payment.id}/redact`)).statusCode).toBe(404);
    expect((await hold(payment.id, "lift")).body.code).toBe("not_held");
    expect((await post(demo, `/v1/ops/payments/${payment.id}/legal-hold`)).statusCode).toBe(403);
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
