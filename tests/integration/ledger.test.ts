import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type ApiAnswer, ApiClient, newKey } from "#tests/support/api-client.ts";
import { eventually } from "#tests/support/eventually.ts";
import { counted } from "#tests/support/folds.ts";
import { startTestSystem, type TestSystem } from "#tests/support/local-system.ts";

let system: TestSystem;
let demo: ApiClient;
let other: ApiClient;

beforeAll(async () => {
  system = await startTestSystem();
  demo = await ApiClient.signIn(system.endpoints, system.endpoints.merchants.demo);
  other = await ApiClient.signIn(system.endpoints, system.endpoints.merchants.other);
  await open("acc_cash", { normal_side: "debit" });
  await open("acc_ana", { min_available: 0 });
  await open("acc_ben", { min_available: 0 });
  await open("acc_euro", { currency: "EUR" });
});
afterAll(() => system?.stop());

const send = (
  path: string,
  body: object,
  headers: Record<string, string> = {},
  by = demo,
): Promise<ApiAnswer> =>
  by.send("POST", path, { body, headers: { "idempotency-key": newKey(), ...headers } });
const open = (id: string, more: object = {}) =>
  send("/v1/ledger/accounts", { id, name: id, currency: "USD", normal_side: "credit", ...more });
const move = (from: string, to: string, amount: number, more: object = {}) =>
  send("/v1/ledger/entries", {
    state: "posted",
    legs: [
      { account: from, side: "debit", amount },
      { account: to, side: "credit", amount },
    ],
    ...more,
  });
const availableIn = async (account: string): Promise<number> =>
  (await demo.get(`/v1/ledger/accounts/${account}/balance`)).body.available;
const told = ({ statusCode, body }: ApiAnswer): unknown[] => [
  statusCode,
  body.errors?.[0]?.code ?? body.code ?? body.result ?? body.state,
];

describe("an account", () => {
  test("is opened once: the same request finds it, another under its id is refused", async () => {
    const first = await open("acc_once", { name: "Once", min_available: -500 });
    expect(first.statusCode).toBe(201);
    expect(first.body).toMatchObject({
      id: "acc_once",
      state: "open",
      min_available: -500,
      max_balance: null,
    });
    expect((await open("acc_once", { name: "Once", min_available: -500 })).statusCode).toBe(200);
    expect(told(await open("acc_once", { name: "Twice" }))).toEqual([
      409,
      "exists_with_different_min_available",
    ]);
  });

  test("gets an id when it has none, and is on the list", async () => {
    const { body } = await send("/v1/ledger/accounts", {
      name: "Tips",
      currency: "USD",
      normal_side: "credit",
    });
    expect(body.id).toMatch(/^acc_/);
    const listed = await demo.get("/v1/ledger/accounts?limit=100");
    expect(listed.body.data.map(({ id }: { id: string }) => id)).toContain(body.id);
    expect((await other.get(`/v1/ledger/accounts/${body.id}`)).statusCode).toBe(404);
  });

  test("that is frozen takes nothing, and is opened again; one with money is not closed", async () => {
    await open("acc_ice");
    await demo.send("PATCH", "/v1/ledger/accounts/acc_ice", { body: { state: "frozen" } });
    expect(told(await move("acc_cash", "acc_ice", 5))).toEqual([409, "account_frozen"]);
    await demo.send("PATCH", "/v1/ledger/accounts/acc_ice", { body: { state: "open" } });
    expect((await move("acc_cash", "acc_ice", 5)).statusCode).toBe(201);
    const closed = await demo.send("PATCH", "/v1/ledger/accounts/acc_ice", { body: { state: "closed" } });
    expect(told(closed)).toEqual([409, "account_not_empty"]);
  });
});

describe("an entry", () => {
  test("moves money, and its accounts say so", async () => {
    const before = await availableIn("acc_ana");
    const entry = await move("acc_cash", "acc_ana", 100_00, { id: "top-up-1", metadata: { shift: "early" } });
    expect(entry.statusCode).toBe(201);
    expect(entry.body).toMatchObject({
      id: "top-up-1",
      state: "posted",
      result: "created",
      metadata: { shift: "early" },
    });
    expect((await availableIn("acc_ana")) - before).toBe(100_00);
    expect((await demo.get("/v1/ledger/entries/top-up-1")).body).toMatchObject({
      id: "top-up-1",
      state: "posted",
    });
    const entries = await demo.get("/v1/ledger/accounts/acc_ana/entries");
    expect(entries.body.data[0]).toMatchObject({ id: "top-up-1" });
    expect((await other.get("/v1/ledger/entries/top-up-1")).statusCode).toBe(404);
  });

  test("is the same for ever under its id, and no other", async () => {
    await move("acc_cash", "acc_ben", 7_00, { id: "once" });
    expect(told(await move("acc_cash", "acc_ben", 7_00, { id: "once" }))).toEqual([200, "exists"]);
    const different = await move("acc_cash", "acc_ben", 8_00, { id: "once" });
    expect(told(different)).toEqual([409, "exists_with_different_legs"]);
  });

  test("that an account does not have the money for is refused, and stays refused when the money has come", async () => {
    await open("acc_poor", { min_available: 0 });
    const refused = await move("acc_poor", "acc_ben", 1_00, { id: "too-early" });
    expect(told(refused)).toEqual([422, "below_min_available"]);
    await move("acc_cash", "acc_poor", 5_00);
    expect(told(await move("acc_poor", "acc_ben", 1_00, { id: "too-early" }))).toEqual([
      422,
      "below_min_available",
    ]);
    expect((await move("acc_poor", "acc_ben", 1_00, { id: "in-time" })).statusCode).toBe(201);
  });

  test("is reversed once", async () => {
    const before = await availableIn("acc_ben");
    await move("acc_cash", "acc_ben", 3_00, { id: "mistake" });
    const reversed = await send("/v1/ledger/entries/mistake/reverse", {});
    expect(reversed.body).toMatchObject({ id: "mistake.reversal.1", reverses: "mistake", result: "created" });
    expect(told(await send("/v1/ledger/entries/mistake/reverse", {}))).toEqual([200, "exists"]);
    expect(await availableIn("acc_ben")).toBe(before);
  });
});

describe("a hold", () => {
  const hold = async (amount: number, more: object = {}): Promise<string> => {
    await move("acc_cash", "acc_ana", amount);
    return (await move("acc_ana", "acc_ben", amount, { state: "pending", ...more })).body.id;
  };

  test("sets money aside; a part of it is posted, once, and the rest released", async () => {
    const before = await availableIn("acc_ana");
    const id = await hold(10_00);
    expect(await availableIn("acc_ana")).toBe(before);
    const posted = await send(`/v1/ledger/entries/${id}/post`, { amount: 6_00 });
    expect(posted.body).toMatchObject({ state: "posted", result: "created" });
    expect(await availableIn("acc_ana")).toBe(before + 4_00);
    expect(told(await send(`/v1/ledger/entries/${id}/post`, { amount: 6_00 }))).toEqual([200, "exists"]);
    expect(told(await send(`/v1/ledger/entries/${id}/post`, { amount: 5_00 }))).toEqual([
      409,
      "hold_already_posted",
    ]);
    expect(told(await send(`/v1/ledger/entries/${id}/void`, {}))).toEqual([409, "hold_already_posted"]);
  });

  test("is not posted for more than is held, nor after its time, and can be released", async () => {
    const id = await hold(10_00);
    expect(told(await send(`/v1/ledger/entries/${id}/post`, { amount: 10_01 }))).toEqual([
      422,
      "exceeds_hold",
    ]);
    expect((await send(`/v1/ledger/entries/${id}/void`, {})).body.state).toBe("voided");
    const short = await hold(1_00, { expires_in_seconds: 1 });
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    expect(told(await send(`/v1/ledger/entries/${short}/post`, {}))).toEqual([409, "hold_expired"]);
  });

  test("is none that was posted", async () => {
    const { body } = await move("acc_cash", "acc_ana", 1);
    expect(told(await send(`/v1/ledger/entries/${body.id}/post`, {}))).toEqual([409, "not_a_hold"]);
  });
});

test("a balance of old is what was recorded until then", async () => {
  await open("acc_old");
  await move("acc_cash", "acc_old", 5_00);
  await new Promise((resolve) => setTimeout(resolve, 20));
  const then = new Date().toISOString();
  await new Promise((resolve) => setTimeout(resolve, 20));
  await move("acc_cash", "acc_old", 7_00);
  const old = await demo.get(`/v1/ledger/accounts/acc_old/balance?as_of=${then}`);
  expect(old.body).toMatchObject({ available: 5_00, as_of: then });
  expect(await availableIn("acc_old")).toBe(12_00);
});

describe("a wallet", () => {
  const pay = (account: string, amount: number) => demo.pay({ amount, method: { type: "account", account } });

  test("pays what it has, and is paid back", async () => {
    await open("acc_wallet", { min_available: 0 });
    await move("acc_cash", "acc_wallet", 20_00);
    const { body: payment } = await pay("acc_wallet", 15_00);
    expect(payment).toMatchObject({ state: "captured", amount_captured: 15_00, method: { type: "account" } });
    expect(await availableIn("acc_wallet")).toBe(5_00);
    const refund = await send(`/v1/payments/${payment.id}/refunds`, { amount: 10_00 });
    expect(refund.body).toMatchObject({ state: "succeeded", amount: 10_00 });
    expect(await availableIn("acc_wallet")).toBe(15_00);
    // The sales are folded from the journal, a moment later.
    await eventually(async () => ((await availableIn("acc_sales_usd")) === 5_00 ? true : undefined));
    const entries = await demo.get("/v1/ledger/accounts/acc_sales_usd/entries");
    expect(entries.body.data).toHaveLength(2);
  });

  test("does not pay what it does not have, nor from nowhere", async () => {
    await open("acc_empty", { min_available: 0 });
    expect((await pay("acc_empty", 1)).body).toMatchObject({
      state: "failed",
      failure: { code: "below_min_available" },
    });
    expect((await pay("acc_nowhere", 1)).body).toMatchObject({
      state: "failed",
      failure: { code: "account_not_found" },
    });
  });

  test("of which sixteen payments are asked at once never falls below nothing", async () => {
    await open("acc_busy", { min_available: 0 });
    await move("acc_cash", "acc_busy", 5_00);
    const states = (await Promise.all(Array.from({ length: 16 }, () => pay("acc_busy", 1_00)))).map(
      ({ body }) => body.state,
    );
    expect(states.filter((state) => state === "captured")).toHaveLength(5);
    expect(await availableIn("acc_busy")).toBe(0);
  });
});

test("the books balance after all of it", async () => {
  await counted(system.endpoints);
  const { body } = await demo.get("/v1/ledger/trial-balance?currency=USD");
  expect(body.debits).toBeGreaterThan(0);
  expect(body).toMatchObject({ balanced: true, debits: body.credits });
});
