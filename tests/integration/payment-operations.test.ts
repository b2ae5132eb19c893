import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type ApiAnswer, ApiClient, newKey } from "#tests/support/api-client.ts";
import { counted } from "#tests/support/folds.ts";
import { startTestSystem, type TestSystem } from "#tests/support/local-system.ts";

let system: TestSystem;
let demo: ApiClient;

beforeAll(async () => {
  system = await startTestSystem();
  demo = await ApiClient.signIn(system.endpoints, system.endpoints.merchants.demo);
});
afterAll(() => system?.stop());

const good = { number: "4242424242424242" };

const act = (path: string, body: object = {}, headers: Record<string, string> = {}): Promise<ApiAnswer> =>
  demo.send("POST", path, { body, headers: { "idempotency-key": newKey(), ...headers } });
const authorize = async (amount = 50_00): Promise<string> =>
  (await demo.payWithCard(good, { amount, capture: "manual" })).body.id;
const capture = async (amount = 50_00): Promise<string> => (await demo.payWithCard(good, { amount })).body.id;

const told = ({ statusCode, body }: ApiAnswer): unknown[] => [statusCode, body.code ?? body.state];

describe("a capture", () => {
  test("takes all that was authorized, or less of it, once", async () => {
    const [whole, part] = [await authorize(), await authorize()];
    expect((await act(`/v1/payments/${whole}/capture`)).body).toMatchObject({
      state: "captured",
      amount_captured: 50_00,
    });
    const partly = await act(`/v1/payments/${part}/capture`, { amount: 20_00 });
    expect(partly.body).toMatchObject({ state: "captured", amount_captured: 20_00, amount: 50_00 });
    expect(told(await act(`/v1/payments/${part}/capture`, { amount: 10_00 }))).toEqual([409, "wrong_state"]);
  });

  test("is replayed under its key, to the byte", async () => {
    const id = await authorize();
    const key = { "idempotency-key": newKey() };
    const first = await act(`/v1/payments/${id}/capture`, { amount: 20_00 }, key);
    const again = await act(`/v1/payments/${id}/capture`, { amount: 20_00 }, key);
    expect(again.text).toBe(first.text);
    expect(again.headers.get("idempotent-replayed")).toBe("true");
    expect(told(await act(`/v1/payments/${id}/capture`, { amount: 21_00 }, key))).toEqual([
      422,
      "idempotency_key_reused",
    ]);
  });

  test.each([
    ["more than was authorized", { amount: 50_01 }, 422, "invalid_request"],
    ["nothing", { amount: 0 }, 422, "invalid_request"],
    ["what is no number", { amount: "1" }, 422, "invalid_request"],
    ["what nobody asked for", { tip: 1 }, 422, "invalid_request"],
  ])("of %s is refused", async (_what, body, statusCode, code) => {
    expect(told(await act(`/v1/payments/${await authorize()}/capture`, body))).toEqual([statusCode, code]);
  });

  test("that the acquirer refuses cancels the payment, and releases what was held", async () => {
    const { body } = await demo.payWithCard({ number: "4000000000005068" }, { capture: "manual" });
    expect((await act(`/v1/payments/${body.id}/capture`)).body).toMatchObject({
      state: "canceled",
      cancellation: { code: "operation_refused" },
    });
  });

  test("wants the version that the caller has seen, when the caller says which", async () => {
    const id = await authorize();
    expect(told(await act(`/v1/payments/${id}/capture`, {}, { "if-match": '"1"' }))).toEqual([
      412,
      "precondition_failed",
    ]);
    expect(told(await act(`/v1/payments/${id}/capture`, {}, { "if-match": '"2"' }))).toEqual([
      200,
      "captured",
    ]);
  });
});

describe("a cancellation", () => {
  test("releases what was authorized, once", async () => {
    const id = await authorize();
    expect((await act(`/v1/payments/${id}/cancel`)).body).toMatchObject({
      state: "canceled",
      cancellation: { code: "requested_by_merchant" },
    });
    expect(told(await act(`/v1/payments/${id}/cancel`))).toEqual([409, "wrong_state"]);
    expect(told(await act(`/v1/payments/${id}/capture`))).toEqual([409, "wrong_state"]);
  });

  test("of a captured payment is refused", async () => {
    expect(told(await act(`/v1/payments/${await capture()}/cancel`))).toEqual([409, "wrong_state"]);
  });
});

describe("a refund", () => {
  test("gives back a part, another, and then the rest, and no more", async () => {
    const id = await capture();
    const first = await act(`/v1/payments/${id}/refunds`, { amount: 10_00, reason: "cold coffee" });
    expect(first.statusCode).toBe(201);
    expect(first.body).toMatchObject({
      payment: id,
      amount: 10_00,
      currency: "USD",
      state: "succeeded",
      reason: "cold coffee",
    });
    expect((await act(`/v1/payments/${id}/refunds`, { amount: 15_00 })).body.state).toBe("succeeded");
    expect((await act(`/v1/payments/${id}/refunds`)).body).toMatchObject({
      state: "succeeded",
      amount: 25_00,
    });
    expect((await demo.get(`/v1/payments/${id}`)).body).toMatchObject({
      state: "captured",
      amount_refunded: 50_00,
    });
    expect(told(await act(`/v1/payments/${id}/refunds`, { amount: 1 }))).toEqual([422, "invalid_request"]);
  });

  test("is one refund under its key, and can be looked up", async () => {
    const id = await capture();
    const key = { "idempotency-key": newKey() };
    const first = await act(`/v1/payments/${id}/refunds`, { amount: 10_00 }, key);
    expect((await act(`/v1/payments/${id}/refunds`, { amount: 10_00 }, key)).text).toBe(first.text);
    expect((await demo.get(`/v1/refunds/${first.body.id}`)).body).toEqual(first.body);
    expect((await demo.get(`/v1/payments/${id}`)).body.amount_refunded).toBe(10_00);
    const other = await ApiClient.signIn(system.endpoints, system.endpoints.merchants.other);
    expect((await other.get(`/v1/refunds/${first.body.id}`)).statusCode).toBe(404);
  });

  test("of what was not captured is refused", async () => {
    expect(told(await act(`/v1/payments/${await authorize()}/refunds`))).toEqual([409, "wrong_state"]);
  });

  test("of which eight are asked at once gives back no more than was captured", async () => {
    const id = await capture();
    const asked = Array.from({ length: 8 }, () => act(`/v1/payments/${id}/refunds`, { amount: 20_00 }));
    const answers = (await Promise.all(asked)).map(({ statusCode }) => statusCode);
    expect(answers.filter((statusCode) => statusCode === 201).length).toBeGreaterThanOrEqual(1);
    expect(answers.every((statusCode) => [201, 409, 422].includes(statusCode))).toBe(true);
    const { body } = await demo.get(`/v1/payments/${id}`);
    const given = answers.filter((statusCode) => statusCode === 201).length * 20_00;
    expect(body.amount_refunded).toBe(given);
    expect(given).toBeLessThanOrEqual(50_00);
  });
});

test("another merchant's payment is not there, whatever is asked of it", async () => {
  const id = await authorize();
  const other = await ApiClient.signIn(system.endpoints, system.endpoints.merchants.other);
  for (const operation of ["capture", "cancel", "refunds"]) {
    const headers = { "idempotency-key": newKey() };
    const { statusCode } = await other.send("POST", `/v1/payments/${id}/${operation}`, { body: {}, headers });
    expect([operation, statusCode]).toEqual([operation, 404]);
  }
});

test("the books balance after all of it", async () => {
  await counted(system.endpoints);
  const { body } = await demo.get("/v1/ledger/trial-balance?currency=USD");
  expect(body.debits).toBeGreaterThan(0);
  expect(body).toMatchObject({ balanced: true, debits: body.credits });
});
