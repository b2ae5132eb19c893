import { afterAll, beforeAll, expect, test } from "vitest";
import { ApiClient } from "#tests/support/api-client.ts";
import { eventually } from "#tests/support/eventually.ts";
import { startTestSystem, type TestSystem } from "#tests/support/local-system.ts";

let system: TestSystem;
let demo: ApiClient;

beforeAll(async () => {
  system = await startTestSystem();
  demo = await ApiClient.signIn(system.endpoints, system.endpoints.merchants.demo);
});
afterAll(() => system?.stop());

interface Event {
  readonly id: string;
  readonly type: string;
  readonly sequence: number;
  readonly data: { readonly id: string; readonly state: string; readonly version: number };
}

/** The events of a payment, once there are so many. */
const eventsOf = (payment: string, count: number): Promise<readonly Event[]> =>
  eventually(async () => {
    const { statusCode, body } = await demo.get(`/v1/payments/${payment}/events`);
    return statusCode === 200 && body.data.length >= count ? body.data : undefined;
  });

test("each change of a payment is an event, in order and without a gap", async () => {
  const { body: payment } = await demo.payWithCard({ number: "4242424242424242" });
  const events = await eventsOf(payment.id, 3);
  expect(events.map(({ type, sequence }) => [type, sequence])).toEqual([
    ["payment.created", 1],
    ["payment.authorized", 2],
    ["payment.captured", 3],
  ]);
  for (const { data, sequence } of events) expect(data).toMatchObject({ id: payment.id, version: sequence });
  expect(events.at(-1)?.data).toEqual(payment);
});

test("a decline is one too, and a merchant's list shows the newest first", async () => {
  const { body: payment } = await demo.payWithCard({ number: "4000000000000002" });
  await eventsOf(payment.id, 2);
  const { body } = await demo.get("/v1/events?limit=2");
  expect(body.data.map(({ type, data }: Event) => [type, data.id])).toEqual([
    ["payment.declined", payment.id],
    ["payment.created", payment.id],
  ]);
  const next = await demo.get(`/v1/events?limit=2&cursor=${body.next_cursor}`);
  expect(next.body.data[0].type).toBe("payment.captured");
});

test("another merchant sees none of them", async () => {
  const { body: payment } = await demo.payWithCard({ number: "4242424242424242" });
  await eventsOf(payment.id, 3);
  const other = await ApiClient.signIn(system.endpoints, system.endpoints.merchants.other);
  expect((await other.get(`/v1/payments/${payment.id}/events`)).statusCode).toBe(404);
  expect((await other.get("/v1/events")).body.data).toEqual([]);
});
