import { afterAll, beforeAll, expect, test } from "vitest";
import type { Unit, UsageLine } from "#local/door/meter.ts";
import { ApiClient } from "#tests/support/api-client.ts";
import { eventually } from "#tests/support/eventually.ts";
import { counted } from "#tests/support/folds.ts";
import { startTestSystem, type TestSystem } from "#tests/support/local-system.ts";

const account = "123456789012";
const saga = `arn:aws:states:eu-west-1:${account}:stateMachine:tallystick-local-payment`;

let system: TestSystem;
let demo: ApiClient;
let token: string;

beforeAll(async () => {
  system = await startTestSystem();
  demo = await ApiClient.signIn(system.endpoints, system.endpoints.merchants.demo);
  token = (await demo.tokenize({ number: "4242424242424242" })).body.id;
  // The first one also fills what each environment remembers: the merchant, the data key.
  await demo.pay({ method: { type: "card", token } });
});
afterAll(() => system.stop());

let traces = 0;
/** What one card payment uses, whatever else goes on. */
async function usageOfPayment(written: object = {}): Promise<readonly UsageLine[]> {
  traces += 1;
  const trace = `1-00000001-${String(traces).padStart(24, "0")}`;
  const asked = { method: { type: "card", token }, ...written };
  const payment = await demo.pay(asked, { "x-amzn-trace-id": `Root=${trace}` });
  expect(payment.body.state).toBe("captured");
  return system.meter.ofTrace(trace);
}

/** Lines of one unit as `caller action resource`, with their quantities. */
const of = (lines: readonly UsageLine[], unit: Unit): Record<string, number> =>
  Object.fromEntries(
    lines
      .filter((line) => line.unit === unit)
      .map(({ caller, action, resource, quantity }) => [
        `${caller} ${action} ${resource.replace("tallystick-local-", "")}`,
        quantity,
      ]),
  );
const sum = (quantities: Record<string, number>): number =>
  Object.values(quantities).reduce((total, each) => total + each, 0);

test("a card payment that is captured costs twelve write units, each with its reason", async () => {
  const writes = of(await usageOfPayment(), "write_units");
  expect(writes).toEqual({
    "PaymentsApi PutItem idempotency": 1,
    "PaymentsApi UpdateItem idempotency": 1,
    "PaymentsApi PutItem payments": 1,
    "PaymentsApi PutItem payments/by_time": 1,
    // Two items each, and each item twice: a transaction prepares and commits.
    "PostTask TransactWriteItems payments": 2,
    "PostTask TransactWriteItems ledger": 2,
    "SettleTask TransactWriteItems payments": 2,
    "SettleTask TransactWriteItems ledger": 2,
  });
  expect(sum(writes)).toBe(12);
});

test("what people write on it costs nothing more: its key is in the item that is written anyway", async () => {
  const written = {
    reference: "order-1001",
    description: "Two coffees",
    metadata: { basket: "b-7", shop: "12" },
  };
  const writes = of(await usageOfPayment(written), "write_units");
  expect(sum(writes)).toBe(12);
});

test("it reads the token's public part and its card, no key once they are remembered", async () => {
  const usage = await usageOfPayment();
  expect(of(usage, "read_units")).toEqual({
    "PaymentsApi GetItem vault": 1,
    "AuthorizeTask GetItem vault": 1,
  });
  expect(usage.filter(({ service }) => service === "kms")).toEqual([]);
});

test("it is one Express execution of 64 MB, billed by 100 ms, and five invocations billed by the millisecond", async () => {
  const usage = await usageOfPayment();
  const states = usage.filter(({ service, unit }) => service === "states" && !unit.startsWith("bytes"));
  expect(states).toEqual([
    expect.objectContaining({ unit: "requests", resource: saga, quantity: 1 }),
    expect.objectContaining({ unit: "mb_ms", resource: saga }),
  ]);
  expect((states[1]?.quantity ?? 0) % (64 * 100)).toBe(0);
  const lambda = usage.filter(({ service }) => service === "lambda");
  expect(
    lambda.filter(({ unit }) => unit === "requests").map(({ caller, quantity }) => [caller, quantity]),
  ).toEqual([
    ["BearerAuthorizer", 1],
    ["AuthorizeTask", 1],
    ["PostTask", 1],
    ["SettleTask", 1],
    ["PaymentsApi", 1],
  ]);
  for (const { quantity } of lambda.filter(({ unit }) => unit === "mb_ms")) expect(quantity % 512).toBe(0);
});

/** What works behind the answer, in no request's name: it is told apart by who called. */
const outbox = ["Relay", "RecordEvents"];
/** All that works so. */
const behind = [...outbox, "JournalRelay", "Folder"];
const ofOutbox = (lines: readonly UsageLine[]) => lines.filter(({ caller }) => outbox.includes(caller));

/** Pays, and waits until what this and all earlier payments left to do is done: three events of each are there. */
async function payUntilTold(): Promise<void> {
  await demo.pay({ method: { type: "card", token } });
  // Payments lie on several shards: that the last one is told says nothing of those before it.
  const { body: all } = await demo.get("/v1/payments?limit=100");
  for (const { id } of all.data) {
    await eventually(async () => {
      const { body } = await demo.get(`/v1/payments/${id}/events`);
      return body.data.length === 3 ? true : undefined;
    });
  }
  // A write is counted when it is answered: a few milliseconds after others can read it.
  let units = -1;
  await eventually(async () => {
    const before = units;
    units = sum(of(ofOutbox(system.meter.totals()), "write_units"));
    return units === before ? true : undefined;
  });
}

test("behind its answer each of its three events costs two write units: the event, and its place in the list", async () => {
  await payUntilTold();
  system.meter.reset();
  await payUntilTold();
  expect(of(ofOutbox(system.meter.totals()), "write_units")).toEqual({
    "RecordEvents BatchWriteItem events": 3,
    "RecordEvents BatchWriteItem events/by_time": 3,
  });
  expect(of(ofOutbox(system.meter.totals()), "read_units")).toEqual({});
});

test("behind its answer it is put on the stream, and one look at it is asked for", async () => {
  const since = Date.now();
  await payUntilTold();
  const calls = system.calls.recent().filter(({ caller, at }) => outbox.includes(caller) && at >= since);
  const count = (action: string) => calls.filter((call) => call.action === action).length;
  expect(count("SendMessageBatch")).toBe(1);
  // Its three changes come together, or one by one as they are committed.
  for (const action of ["PutRecords", "BatchWriteItem"]) {
    expect(count(action)).toBeGreaterThanOrEqual(1);
    expect(count(action)).toBeLessThanOrEqual(3);
  }
  expect(calls).toHaveLength(count("SendMessageBatch") + count("PutRecords") + count("BatchWriteItem"));
});

test("its two records of the journal are put on the stream too, and cost no write unit", async () => {
  await payUntilTold();
  await counted(system.endpoints);
  const relayed = () => system.calls.recent().filter(({ caller }) => caller === "JournalRelay").length;
  await eventually(async () => (relayed() > 0 ? true : undefined));
  const lines = system.meter.totals().filter(({ caller }) => caller === "JournalRelay");
  expect(of(lines, "write_units")).toEqual({});
  expect(of(lines, "read_units")).toEqual({});
});

test("the totals are the sum over requests, and what works behind them", async () => {
  await payUntilTold();
  system.meter.reset();
  const [one, other] = [await usageOfPayment(), await usageOfPayment()];
  const writes = (lines: readonly UsageLine[]) => sum(of(lines, "write_units"));
  const inRequests = system.meter.totals().filter(({ caller }) => !behind.includes(caller));
  expect(writes(inRequests)).toBe(writes(one) + writes(other));
});

test("its balances cost the folder one write unit for what comes together of its two records", async () => {
  await counted(system.endpoints);
  system.meter.reset();
  for (let n = 0; n < 10; n += 1) {
    await usageOfPayment();
    await counted(system.endpoints);
  }
  const folder = system.meter.totals().filter(({ caller }) => caller === "Folder");
  const units = sum(of(folder, "write_units"));
  expect(units).toBeGreaterThanOrEqual(10);
  expect(units).toBeLessThanOrEqual(20);
  expect(new Set(Object.keys(of(folder, "write_units")))).toEqual(new Set(["Folder PutItem ledger"]));
});
