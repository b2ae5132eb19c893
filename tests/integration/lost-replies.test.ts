import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { Fault, FaultRule } from "#local/door/faults.ts";
import { type ApiAnswer, ApiClient, newKey } from "#tests/support/api-client.ts";
import { counted } from "#tests/support/folds.ts";
import { startTestSystem, type TestSystem } from "#tests/support/local-system.ts";

const amount = 25_00;

let system: TestSystem;
let demo: ApiClient;
let token: string;
/** What one captured payment adds to each side of the books. */
let turnover: number;

beforeAll(async () => {
  system = await startTestSystem();
  demo = await ApiClient.signIn(system.endpoints, system.endpoints.merchants.demo);
  token = (await demo.tokenize({ number: "4242424242424242" })).body.id;
  const before = await debits();
  await pay(newKey());
  turnover = (await debits()) - before;
});
afterEach(() => system.faults.clear());
afterAll(() => system.stop());

const pay = (key: string, reference = key): Promise<ApiAnswer> =>
  demo.pay({ amount, reference, method: { type: "card", token } }, { "idempotency-key": key });

/** Of books that balance. */
async function debits(): Promise<number> {
  await counted(system.endpoints);
  const { body } = await demo.get("/v1/ledger/trial-balance?currency=USD");
  expect(body).toMatchObject({ balanced: true, credits: body.debits });
  return body.debits;
}

const paymentsOf = async (reference: string) => {
  const listed = await demo.get("/v1/payments?limit=100");
  return listed.body.data.filter((payment: { reference: string }) => payment.reference === reference);
};

/** The five writes of a card payment, in their order. */
const writes: Readonly<Record<string, Omit<FaultRule, "fault">>> = {
  "taking the key": { caller: "PaymentsApi", action: "PutItem" },
  "inserting the payment": { caller: "PaymentsApi", action: "PutItem", skip: 1 },
  "posting the hold": { caller: "PostTask", action: "TransactWriteItems" },
  "posting the capture": { caller: "SettleTask", action: "TransactWriteItems" },
  "keeping the answer": { caller: "PaymentsApi", action: "UpdateItem" },
};

/** A payment that met faults is captured, once, in the books and in the list, and its replay says the same. */
async function expectOnePayment(rules: readonly FaultRule[]): Promise<void> {
  const before = await debits();
  const injected = rules.map((rule) => system.faults.inject(rule));
  const key = newKey();
  const answer = await pay(key);
  expect([answer.statusCode, answer.body.state, answer.body.amount_captured]).toEqual([
    201,
    "captured",
    amount,
  ]);
  expect(injected.map(({ hits }) => hits)).toEqual(rules.map(({ count = 1 }) => count));
  system.faults.clear();
  expect((await pay(key)).text).toBe(answer.text);
  expect(await paymentsOf(key)).toHaveLength(1);
  expect((await debits()) - before).toBe(turnover);
}

describe.each(Object.entries(writes))("%s", (_write, rule) => {
  test.each<Fault>([{ kind: "lose_reply" }, { kind: "close" }, { kind: "duplicate" }, { kind: "throttle" }])(
    "hit by $kind is still one payment",
    (fault) => expectOnePayment([{ ...rule, fault }]),
  );
});

test.each(["posting the hold", "posting the capture"])(
  "%s, its reply lost on every try of the task, is found by the saga's next try",
  (write) => expectOnePayment([{ ...writes[write], count: 3, fault: { kind: "lose_reply" } }]),
);

test("the reply of every write lost once is still one payment", () =>
  expectOnePayment(Object.values(writes).map((rule) => ({ ...rule, fault: { kind: "lose_reply" } }))));

test.each(["posting the hold", "posting the capture"])(
  "%s waits for another transaction on its items",
  (write) => expectOnePayment([{ ...writes[write], count: 3, fault: { kind: "conflict" } }]),
);

test("a saga whose reply is lost ends without its caller, who is told where to look", async () => {
  const before = await debits();
  const key = newKey();
  system.faults.inject({ action: "StartSyncExecution", fault: { kind: "lose_reply" } });
  const answer = await pay(key);
  expect([answer.statusCode, answer.body.state]).toEqual([202, "processing"]);
  const { body } = await demo.get(answer.headers.get("location") ?? "");
  expect(body).toMatchObject({ state: "captured", amount_captured: amount });
  expect(await paymentsOf(key)).toHaveLength(1);
  expect((await debits()) - before).toBe(turnover);
});

test("a saga that is started twice posts and captures once", async () => {
  await expectOnePayment([{ action: "StartSyncExecution", fault: { kind: "duplicate" } }]);
});
