import { DynamoDBClient, ScanCommand } from "@aws-sdk/client-dynamodb";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { CallRecord } from "#local/door/call-log.ts";
import { ApiClient, newKey } from "#tests/support/api-client.ts";
import { counted } from "#tests/support/folds.ts";
import { startTestSystem, type TestSystem } from "#tests/support/local-system.ts";

const visa = { number: "4242424242424242" };
const amex = { number: "378282246310005", cvc: "1234" };

let system: TestSystem;
let demo: ApiClient;
let other: ApiClient;

beforeAll(async () => {
  system = await startTestSystem();
  demo = await ApiClient.signIn(system.endpoints, system.endpoints.merchants.demo);
  other = await ApiClient.signIn(system.endpoints, system.endpoints.merchants.other);
});
afterAll(() => system.stop());

/** What `act` answers, and the AWS calls that its request made, as `caller action`. */
async function withCalls<T>(
  act: () => Promise<T>,
): Promise<{ readonly answer: T; readonly calls: readonly string[] }> {
  const calls: CallRecord[] = [];
  const stop = system.calls.onCall((call) => calls.push(call));
  const answer = await act();
  stop();
  // Calls are told when they end, and one that starts another ends after it.
  const all = calls.toSorted((one, next) => one.sequence - next.sequence);
  // What consumes streams goes on meanwhile, under traces of its own.
  const trace = all.find(({ caller }) => caller.endsWith("Api"))?.trace;
  const begun = all.filter((call) => call.trace === trace);
  return { answer, calls: begun.map(({ caller, action }) => `${caller} ${action}`) };
}

describe("a card token", () => {
  test("shows the card's public part and nothing else", async () => {
    const token = await demo.tokenize(visa);
    expect(token.statusCode).toBe(201);
    expect(token.body).toEqual({
      id: expect.stringMatching(/^tok_/),
      object: "card_token",
      brand: "visa",
      bin: "424242",
      last4: "4242",
      exp_month: 12,
      exp_year: 2040,
      fingerprint: expect.any(String),
    });
  });

  test("has the same fingerprint each time at one merchant, and another one at another merchant", async () => {
    const [first, second, elsewhere] = await Promise.all([
      demo.tokenize(visa),
      demo.tokenize(visa),
      other.tokenize(visa),
    ]);
    expect(first.body.fingerprint).toBe(second.body.fingerprint);
    expect(first.body.id).not.toBe(second.body.id);
    expect(elsewhere.body.fingerprint).not.toBe(first.body.fingerprint);
  });

  test("of another merchant is not found", async () => {
    const token = await other.tokenize(visa);
    const payment = await demo.pay({ method: { type: "card", token: token.body.id } });
    expect([payment.statusCode, payment.body.errors]).toEqual([
      422,
      [{ pointer: "/method/token", code: "token_not_found", detail: expect.any(String) }],
    ]);
  });
});

describe("an approved payment", () => {
  test.each([
    ["visa", visa],
    ["mastercard", { number: "5555555555554444" }],
    ["amex", amex],
  ])("of a %s card is captured in one request", async (brand, card) => {
    const payment = await demo.payWithCard(card, { reference: "order-1", metadata: { basket: "b-7" } });
    expect(payment.statusCode).toBe(201);
    expect(payment.body).toEqual({
      id: expect.stringMatching(/^pay_/),
      object: "payment",
      amount: 12_34,
      currency: "USD",
      amount_captured: 12_34,
      amount_refunded: 0,
      state: "captured",
      method: { type: "card", brand, last4: card.number.slice(-4) },
      capture: "automatic",
      reference: "order-1",
      description: null,
      acquirer: "alpha",
      version: 3,
      created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      updated_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      metadata: { basket: "b-7" },
    });
    expect(payment.headers.get("location")).toBe(`/v1/payments/${payment.body.id}`);
  });

  test("can be read again, with its version as entity tag", async () => {
    const payment = await demo.payWithCard(visa);
    const read = await demo.get(`/v1/payments/${payment.body.id}`);
    expect([read.statusCode, read.headers.get("etag"), read.text]).toEqual([200, '"3"', payment.text]);
  });

  test("with manual capture stays authorized", async () => {
    const payment = await demo.payWithCard(visa, { capture: "manual" });
    expect(payment.body).toMatchObject({ state: "authorized", amount_captured: 0, version: 2 });
  });

  test("is at the end of this chain of calls, each once, and no other", async () => {
    const token = await demo.tokenize(visa);
    const pay = () => demo.pay({ method: { type: "card", token: token.body.id } });
    // The first one, or one that comes when half a minute is over, also fills what each environment remembers: the client,
    // the merchant, the data key.
    await expect
      .poll(async () => (await withCalls(pay)).calls, { timeout: 10_000 })
      .toEqual([
        "PaymentsApi PutItem", // take the idempotency key
        "PaymentsApi GetItem", // the token's public part
        "PaymentsApi PutItem", // insert the payment
        "PaymentsApi StartSyncExecution",
        "AuthorizeTask GetItem", // the card
        "PostTask TransactWriteItems", // hold
        "SettleTask TransactWriteItems", // capture
        "PaymentsApi UpdateItem", // keep the answer
      ]);
  });
});

describe("a payment that is not approved", () => {
  test.each([
    ["4000000000000002", "do_not_honor", "use_another_method"],
    ["4000000000009995", "insufficient_funds", "use_another_method"],
    ["4000000000009987", "lost_card", "do_not_retry"],
    ["4000000000009979", "stolen_card", "do_not_retry"],
    ["4000000000000069", "expired_card", "use_another_method"],
    ["4000000000000127", "incorrect_cvc", "use_another_method"],
    ["4000000000000119", "processing_error", "retry_later"],
  ])("card %s is declined as %s, with the advice %s", async (number, code, advice) => {
    const payment = await demo.payWithCard({ number });
    expect([payment.statusCode, payment.body.state, payment.body.decline]).toEqual([
      201,
      "declined",
      { code, advice },
    ]);
  });

  test("goes to the secondary acquirer when the primary certainly did nothing", async () => {
    const payment = await demo.payWithCard({ number: "4000000000005043" });
    expect(payment.body).toMatchObject({ state: "captured", acquirer: "beta" });
  });

  test("goes to review, and to no other acquirer, when the primary commits and then answers 500", async () => {
    const payment = await demo.payWithCard({ number: "4000000000005027" });
    expect([payment.statusCode, payment.body.state]).toEqual([201, "in_review"]);
  });

  test("is canceled, its hold released, when the acquirer refuses the capture", async () => {
    await counted(system.endpoints);
    const before = await demo.get("/v1/ledger/trial-balance?currency=EUR");
    const payment = await demo.payWithCard({ number: "4000000000005068" }, { currency: "EUR" });
    expect(payment.body).toMatchObject({
      state: "canceled",
      cancellation: { code: "operation_refused" },
      amount_captured: 0,
    });
    await counted(system.endpoints);
    const after = await demo.get("/v1/ledger/trial-balance?currency=EUR");
    expect([after.body.debits, after.body.credits]).toEqual([before.body.debits, before.body.credits]);
  });

  test("answers 202 when the caller waits one second for an acquirer that takes three, and is captured later", async () => {
    const payment = await demo.payWithCard({ number: "4000000000005035" }, {}, { prefer: "wait=1" });
    expect([payment.statusCode, payment.body.state]).toEqual([202, "processing"]);
    await expect
      .poll(async () => (await demo.get(payment.headers.get("location") ?? "")).body.state, {
        timeout: 10_000,
      })
      .toBe("captured");
  });
});

describe("an Idempotency-Key", () => {
  test("replays the same answer, to the byte", async () => {
    const token = await demo.tokenize(visa);
    const headers = { "idempotency-key": newKey() };
    const pay = () => demo.pay({ method: { type: "card", token: token.body.id } }, headers);
    const first = await pay();
    const second = await pay();
    expect([second.statusCode, second.text]).toEqual([first.statusCode, first.text]);
    expect([first.headers.get("idempotent-replayed"), second.headers.get("idempotent-replayed")]).toEqual([
      null,
      "true",
    ]);
    await expect.poll(async () => (await withCalls(pay)).calls).toEqual(["PaymentsApi PutItem"]);
  });

  test("used for another request is a 422, and the first answer stays", async () => {
    const token = await demo.tokenize(visa);
    const headers = { "idempotency-key": newKey() };
    const pay = (amount: number) =>
      demo.pay({ amount, method: { type: "card", token: token.body.id } }, headers);
    const first = await pay(10_00);
    expect((await pay(10_01)).body.code).toBe("idempotency_key_reused");
    expect((await pay(10_00)).text).toBe(first.text);
  });

  test("of another merchant is another key", async () => {
    const headers = { "idempotency-key": newKey() };
    const mine = await demo.payWithCard(visa, {}, headers);
    const theirs = await other.payWithCard(visa, {}, headers);
    expect([mine.statusCode, theirs.statusCode]).toEqual([201, 201]);
    expect(theirs.body.id).not.toBe(mine.body.id);
  });

  test("sent 32 times at once makes one payment: each answer is that payment or a 409", async () => {
    const token = await demo.tokenize(visa);
    const headers = { "idempotency-key": newKey() };
    const answers = await Promise.all(
      Array.from({ length: 32 }, () =>
        demo.pay({ amount: 77_77, method: { type: "card", token: token.body.id } }, headers),
      ),
    );
    const made = answers.filter((answer) => answer.statusCode === 201);
    const inFlight = answers.filter((answer) => answer.statusCode === 409);
    expect(made.length + inFlight.length).toBe(32);
    expect(made.length).toBeGreaterThanOrEqual(1);
    expect(new Set(made.map((answer) => answer.text)).size).toBe(1);
    expect(inFlight.every((answer) => answer.headers.get("retry-after") !== null)).toBe(true);
    const listed = await demo.get("/v1/payments?limit=100");
    expect(listed.body.data.filter((payment: { amount: number }) => payment.amount === 77_77)).toHaveLength(
      1,
    );
  });
});

describe("tenants", () => {
  test("do not see each other's payments", async () => {
    const payment = await demo.payWithCard(visa);
    const read = await other.get(`/v1/payments/${payment.body.id}`);
    expect([read.statusCode, read.body.code]).toEqual([404, "not_found"]);
    const listed = await other.get("/v1/payments?limit=100");
    expect(listed.body.data.map((listedPayment: { id: string }) => listedPayment.id)).not.toContain(
      payment.body.id,
    );
  });

  test("see their payments newest first, page by page", async () => {
    const made: string[] = [];
    for (let n = 0; n < 5; n += 1) made.unshift((await other.payWithCard(visa)).body.id);
    const first = await other.get("/v1/payments?limit=3");
    const second = await other.get(`/v1/payments?limit=3&cursor=${first.body.next_cursor}`);
    const seen = [...first.body.data, ...second.body.data].map((payment: { id: string }) => payment.id);
    expect(seen.slice(0, 5)).toEqual(made);
    const foreign = await demo.get(`/v1/payments?cursor=${first.body.next_cursor}`);
    expect([foreign.statusCode, foreign.body.code]).toEqual([400, "malformed_query"]);
  });
});

describe("the books", () => {
  test("balance for each merchant, and for an operator over all of them", async () => {
    await demo.payWithCard(visa, { amount: 100_00 });
    await other.payWithCard(visa, { amount: 50_00 });
    const operator = await ApiClient.signIn(system.endpoints, system.endpoints.operator);
    await counted(system.endpoints, "mer_demo", "mer_other");
    const path = "/v1/ledger/trial-balance?currency=USD";
    const [mine, theirs, all] = await Promise.all([demo.get(path), other.get(path), operator.get(path)]);
    for (const { body } of [mine, theirs, all]) {
      expect(body).toMatchObject({ currency: "USD", balanced: true, as_of: expect.any(String) });
      expect(body.debits).toBe(body.credits);
    }
    expect(all.body.debits).toBe(mine.body.debits + theirs.body.debits);
  });

  test("of another merchant are not found, but an operator may read them", async () => {
    const path = "/v1/ledger/trial-balance?currency=USD&merchant=mer_other";
    const operator = await ApiClient.signIn(system.endpoints, system.endpoints.operator2);
    expect((await demo.get(path)).statusCode).toBe(404);
    expect((await operator.get(path)).statusCode).toBe(200);
  });
});

test("no table and no log ever holds a card number or a code", async () => {
  await demo.payWithCard({ number: "4000000000005027" });
  const client = new DynamoDBClient({
    endpoint: system.endpoints.dynamodb,
    region: "eu-west-1",
    credentials: { accessKeyId: "test", secretAccessKey: "test" },
  });
  const tables = ["payments", "ledger", "idempotency", "vault", "merchants"];
  const stored = await Promise.all(
    tables.map(async (name) => {
      const { Items = [] } = await client.send(new ScanCommand({ TableName: `tallystick-local-${name}` }));
      return JSON.stringify(Items, (_key, value) =>
        value instanceof Uint8Array ? Buffer.from(value).toString("latin1") : value,
      );
    }),
  );
  client.destroy();
  const everything = [...stored, ...system.functionLog].join("\n");
  expect(everything).toContain("in_review");
  for (const secret of ["4000000000005027", "4242424242424242", "378282246310005", "5555555555554444"]) {
    expect(everything).not.toContain(secret);
    expect(everything).not.toContain(Buffer.from(secret).toString("base64").slice(0, 20));
  }
});
