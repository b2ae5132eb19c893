import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { prove } from "#cli/prove.ts";
import { type ApiAnswer, ApiClient, newKey } from "#tests/support/api-client.ts";
import { counted } from "#tests/support/folds.ts";
import { invoke } from "#tests/support/functions.ts";
import { startTestSystem, storeOf, type TestSystem } from "#tests/support/local-system.ts";

/** A merchant's own accounts and the balances of its books, on the whole system. */

let system: TestSystem;
let demo: ApiClient;
let names = 0;

beforeAll(async () => {
  system = await startTestSystem();
  demo = await ApiClient.signIn(system.endpoints, system.endpoints.merchants.demo);
});
afterAll(() => system.stop());

const post = (path: string, body: unknown, key = newKey(), client = demo): Promise<ApiAnswer> =>
  client.send("POST", path, { body, headers: { "idempotency-key": key } });

const transfer = (from: string, to: string, amount: number) => [
  { account: from, side: "debit", amount },
  { account: to, side: "credit", amount },
];

/** A float that money comes from, and a wallet that cannot be overdrawn. */
async function wallet(funds = 0): Promise<{ float: string; wallet: string }> {
  names += 1;
  const [float, id] = [`acc_float_${names}`, `acc_wallet_${names}`];
  await post("/v1/ledger/accounts", { id: float, name: "Float", currency: "USD", normal_side: "debit" });
  await post("/v1/ledger/accounts", {
    id,
    name: "Wallet",
    currency: "USD",
    normal_side: "credit",
    min_available: 0,
  });
  if (funds > 0) await post("/v1/ledger/entries", { state: "posted", legs: transfer(float, id, funds) });
  return { float, wallet: id };
}

const balanceOf = async (id: string, query = "") =>
  (await demo.get(`/v1/ledger/accounts/${id}/balance${query}`)).body;

describe("an account", () => {
  const body = { name: "Gift cards", currency: "EUR", normal_side: "credit", max_balance: 50_000 };

  test("is opened under an id of the merchant's, once, and shown as it was opened", async () => {
    const id = `acc_${newKey()}`;
    const opened = await post("/v1/ledger/accounts", { id, ...body });
    expect([opened.statusCode, opened.headers.get("location")]).toEqual([201, `/v1/ledger/accounts/${id}`]);
    const { result, ...shown } = opened.body;
    expect(shown).toEqual({
      id,
      object: "ledger_account",
      name: "Gift cards",
      currency: "EUR",
      normal_side: "credit",
      min_available: null,
      max_balance: 50_000,
      state: "open",
      metadata: {},
      created_at: expect.any(String),
    });
    const again = await post("/v1/ledger/accounts", { id, ...body });
    expect([again.statusCode, again.body.result]).toEqual([200, "exists"]);
    const other = await post("/v1/ledger/accounts", { id, ...body, currency: "USD" });
    expect([other.statusCode, other.body.code]).toEqual([409, "exists_with_different_currency"]);
    expect((await demo.get(`/v1/ledger/accounts/${id}`)).body).toEqual(shown);
    expect((await demo.get("/v1/ledger/accounts?limit=1")).body.data).toEqual([shown]);
  });

  test("without an id gets one, the same for the same key", async () => {
    const key = newKey();
    const first = await post("/v1/ledger/accounts", body, key);
    const second = await post("/v1/ledger/accounts", body, key);
    const reused = await post("/v1/ledger/accounts", { ...body, name: "Another" }, key);
    expect([first.body.result, second.body.result]).toEqual(["created", "exists"]);
    expect(second.body.id).toBe(first.body.id);
    expect([reused.statusCode, reused.body.code]).toEqual([422, "idempotency_key_reused"]);
  });

  test("is frozen, opened and closed, from the version that was read", async () => {
    const { wallet: id, float } = await wallet(10);
    const path = `/v1/ledger/accounts/${id}`;
    const change = (state: string, tag?: string) =>
      demo.send("PATCH", path, { body: { state }, ...(tag && { headers: { "if-match": tag } }) });
    const tag = (await demo.get(path)).headers.get("etag") ?? "";
    expect((await change("frozen", tag)).body.state).toBe("frozen");
    expect((await change("open", tag)).statusCode).toBe(412);
    const refused = await post("/v1/ledger/entries", { state: "posted", legs: transfer(id, float, 1) });
    expect([refused.statusCode, refused.body.code]).toEqual([409, "account_frozen"]);
    expect((await change("open")).body.state).toBe("open");
    expect((await change("closed")).body.code).toBe("account_not_empty");
    await post("/v1/ledger/entries", { state: "posted", legs: transfer(id, float, 10) });
    expect((await change("closed")).body.state).toBe("closed");
    expect((await change("open")).body.code).toBe("account_closed");
  });
});

describe("an entry", () => {
  test("is recorded once under its id, and says at a repetition that it exists, or which field differs", async () => {
    const { float, wallet: id } = await wallet();
    const entry = { id: `je_${newKey()}`, state: "posted", legs: transfer(float, id, 500) };
    const first = await post("/v1/ledger/entries", entry);
    expect([first.statusCode, first.body.result]).toEqual([201, "created"]);
    const second = await post("/v1/ledger/entries", entry);
    expect([second.statusCode, second.body]).toEqual([200, { ...first.body, result: "exists" }]);
    const third = await post("/v1/ledger/entries", { ...entry, legs: transfer(float, id, 501) });
    expect([third.statusCode, third.body.code]).toEqual([409, "exists_with_different_legs"]);
    expect((await balanceOf(id)).posted).toEqual({ debits: 0, credits: 500 });
    const { result, ...shown } = first.body;
    expect((await demo.get(`/v1/ledger/entries/${entry.id}`)).body).toEqual(shown);
  });

  test("is replayed by its key to the byte", async () => {
    const { float, wallet: id } = await wallet();
    const key = newKey();
    const body = { state: "posted", legs: transfer(float, id, 5) };
    const first = await post("/v1/ledger/entries", body, key);
    const second = await post("/v1/ledger/entries", body, key);
    expect([second.statusCode, second.text, second.headers.get("idempotent-replayed")]).toEqual([
      201,
      first.text,
      "true",
    ]);
    expect((await balanceOf(id)).version).toBe(1);
  });

  test("that the books refuse stays refused, whatever comes in, also under another key", async () => {
    const { float, wallet: id } = await wallet(100);
    const entry = { id: `je_${newKey()}`, state: "posted", legs: transfer(id, float, 101) };
    const key = newKey();
    const refused = await post("/v1/ledger/entries", entry, key);
    expect([refused.statusCode, refused.body.code]).toEqual([422, "below_min_available"]);
    await post("/v1/ledger/entries", { state: "posted", legs: transfer(float, id, 1_000) });
    const replayed = await post("/v1/ledger/entries", entry, key);
    expect([replayed.statusCode, replayed.text, replayed.headers.get("content-type")]).toEqual([
      422,
      refused.text,
      "application/problem+json",
    ]);
    expect((await post("/v1/ledger/entries", entry)).body.code).toBe("below_min_available");
    expect((await demo.get(`/v1/ledger/entries/${entry.id}`)).body).toMatchObject({
      state: "failed",
      failure: { code: "below_min_available" },
    });
  });

  test("is undone once, by its linked opposite", async () => {
    const { float, wallet: id } = await wallet();
    const { body } = await post("/v1/ledger/entries", { state: "posted", legs: transfer(float, id, 70) });
    const undone = await post(`/v1/ledger/entries/${body.id}/reverse`, {});
    expect([undone.statusCode, undone.body.reverses, undone.body.legs]).toEqual([
      201,
      body.id,
      transfer(id, float, 70)
        .map((leg) => ({ ...leg, currency: "USD" }))
        .toReversed(),
    ]);
    const again = await post(`/v1/ledger/entries/${body.id}/reverse`, {});
    expect([again.statusCode, again.body.id, again.body.result]).toEqual([200, undone.body.id, "exists"]);
    const twice = await post(`/v1/ledger/entries/${undone.body.id}/reverse`, {});
    expect([twice.statusCode, twice.body.code]).toEqual([409, "entry_is_a_correction"]);
    expect(await balanceOf(id)).toMatchObject({ posted: { debits: 70, credits: 70 }, available: 0 });
  });

  test("of a payment is shown, and can be neither undone nor released", async () => {
    const payment = await demo.payWithCard({ number: "4242424242424242" }, { capture: "manual" });
    const id = `je_${payment.body.id}.authorize.1`;
    expect((await demo.get(`/v1/ledger/entries/${id}`)).body).toMatchObject({ state: "pending" });
    for (const action of ["post", "void", "reverse"]) {
      const answer = await post(`/v1/ledger/entries/${id}/${action}`, {});
      expect([action, answer.statusCode, answer.body.code]).toEqual([action, 409, "entry_of_a_payment"]);
    }
  });
});

describe("a hold", () => {
  const hold = async (more: object = {}) => {
    const { float, wallet: id } = await wallet(300);
    const body = { state: "pending", legs: transfer(id, float, 200), ...more };
    const held = await post("/v1/ledger/entries", body);
    return { wallet: id, path: `/v1/ledger/entries/${held.body.id}`, held };
  };

  test("sets money aside, is posted for less, and releases the rest", async () => {
    const { wallet: id, path, held } = await hold({ expires_in_seconds: 600 });
    expect(held.body).toMatchObject({ state: "pending", expires_at: expect.any(String) });
    expect(await balanceOf(id)).toMatchObject({ available: 100, pending: { debits: 200 } });
    const posted = await post(`${path}/post`, { amount: 150 });
    expect([posted.statusCode, posted.body.state, posted.body.resolution.kind]).toEqual([
      200,
      "posted",
      "posted",
    ]);
    expect(await balanceOf(id)).toMatchObject({
      available: 150,
      pending: { debits: 0 },
      posted: { debits: 150 },
    });
    expect((await post(`${path}/post`, { amount: 150 })).body.result).toBe("exists");
    for (const [action, body] of [
      ["post", { amount: 149 }],
      ["void", {}],
    ] as const) {
      const answer = await post(`${path}/${action}`, body);
      expect([answer.statusCode, answer.body.code]).toEqual([409, "hold_already_posted"]);
    }
  });

  test("is released by a void, and ends there", async () => {
    const { wallet: id, path } = await hold();
    expect((await post(`${path}/void`, {})).body).toMatchObject({ state: "voided", result: "created" });
    expect((await post(`${path}/void`, {})).body.result).toBe("exists");
    expect((await post(`${path}/post`, {})).body.code).toBe("hold_already_voided");
    expect(await balanceOf(id)).toMatchObject({ available: 300, pending: { debits: 0 } });
  });

  test("past its time is not posted though nothing has swept it, and its money is free", async () => {
    const { wallet: id, path } = await hold({ expires_in_seconds: 1 });
    await expect.poll(async () => (await demo.get(path)).body.state, { timeout: 10_000 }).toBe("expired");
    expect((await post(`${path}/post`, {})).body.code).toBe("hold_expired");
    expect(await balanceOf(id)).toMatchObject({ available: 300, pending: { debits: 0 } });
    expect((await post(`${path}/post`, {})).body.code).toBe("hold_already_expired");
    expect((await post(`${path}/void`, {})).body).toMatchObject({ state: "expired", result: "exists" });
  });
});

describe("a hold that nobody asks about any more", () => {
  test("is released by the sweep: its end is in the journal, its room on its account, and all of it can be proven", async () => {
    const { wallet: id } = await wallet(300);
    const held = await post("/v1/ledger/entries", {
      state: "pending",
      expires_in_seconds: 1,
      legs: transfer(id, "acc_sales_usd", 200),
    });
    const path = `/v1/ledger/entries/${held.body.id}`;
    await expect.poll(async () => (await demo.get(path)).body.state, { timeout: 10_000 }).toBe("expired");
    // Its money is set aside until somebody gives it back.
    expect((await demo.get(path)).body).not.toHaveProperty("resolution");
    expect(await balanceOf(id)).toMatchObject({ available: 100, pending: { debits: 200 } });

    await invoke(system.endpoints, "expire-holds");

    const ended = (await demo.get(path)).body;
    expect(ended).toMatchObject({ state: "expired", resolution: { kind: "expired" } });
    expect(await balanceOf(id)).toMatchObject({ available: 300, pending: { debits: 0 }, version: 3 });
    const asOf = async (by: string) =>
      (await balanceOf(id, `?as_of=${held.body.expires_at}&by=${by}`)).pending.debits;
    expect([await asOf("recorded_at"), await asOf("effective_at")]).toEqual([200, 0]);
    expect((await post(`${path}/post`, {})).body.code).toBe("hold_already_expired");
    await counted(system.endpoints);
    expect((await balanceOf("acc_sales_usd")).pending).toEqual({ debits: 0, credits: 0 });
    const lines: string[] = [];
    expect([await prove(storeOf(system.endpoints), (line) => lines.push(line)), lines]).toEqual([
      true,
      expect.arrayContaining([expect.stringMatching(/merchants' holds end with their time +\d+ +OK/)]),
    ]);
  });
});

describe("a batch", () => {
  test("is recorded whole or not at all, with an answer for each entry", async () => {
    const { float, wallet: id } = await wallet(100);
    const ids = [`je_${newKey()}`, `je_${newKey()}`];
    const entries = (second: number) => [
      { id: ids[0], state: "posted", legs: transfer(float, id, 10) },
      { id: ids[1], state: "posted", legs: transfer(id, float, second) },
    ];
    const refused = await post("/v1/ledger/batches", { entries: entries(5_000) });
    expect([refused.statusCode, refused.body.code, refused.body.errors]).toEqual([
      409,
      "batch_refused",
      [
        { pointer: "/entries/0", code: "linked_entry_failed", detail: expect.any(String) },
        { pointer: "/entries/1", code: "below_min_available", detail: expect.any(String) },
      ],
    ]);
    expect((await balanceOf(id)).version).toBe(1);
    ids[1] = `je_${newKey()}`;
    const recorded = await post("/v1/ledger/batches", { entries: entries(50) });
    expect(recorded.statusCode).toBe(201);
    expect(recorded.body.entries.map((entry: { id: string }) => entry.id)).toEqual(ids);
    expect((await post("/v1/ledger/batches", { entries: entries(50) })).body.result).toBe("exists");
    expect(await balanceOf(id)).toMatchObject({ available: 60, version: 3 });
  });
});

describe("a balance", () => {
  test("can be asked as of any moment, by when entries were recorded or by when they are effective", async () => {
    const { float, wallet: id } = await wallet();
    const recorded: string[] = [];
    for (const [amount, effective_at] of [
      [10, "2026-01-03T00:00:00Z"],
      [20, "2026-01-02T00:00:00+01:00"],
      [30, "2026-01-01T00:00:00Z"],
    ] as const) {
      const legs = transfer(float, id, amount);
      recorded.push(
        (await post("/v1/ledger/entries", { state: "posted", legs, effective_at })).body.recorded_at,
      );
    }
    const as = async (at: string | undefined, by: string) =>
      (await balanceOf(id, `?as_of=${at}&by=${by}`)).posted.credits;
    expect(await as(recorded[1], "recorded_at")).toBe(30);
    expect(await as("2025-12-31T00:00:00Z", "recorded_at")).toBe(0);
    expect(await as("2026-01-01T23:00:00Z", "effective_at")).toBe(50);
    expect(await balanceOf(id)).toMatchObject({ posted: { credits: 60 }, version: 3 });
  });

  test("of the sales account is there without opening it, and grows with what wallets pay", async () => {
    const { wallet: id } = await wallet(900);
    await counted(system.endpoints);
    const before = await balanceOf("acc_sales_usd");
    const paid = await demo.pay({ amount: 250, method: { type: "account", account: id } });
    expect(paid.body.state).toBe("captured");
    await counted(system.endpoints);
    const after = await balanceOf("acc_sales_usd");
    expect(after.available - before.available).toBe(250);
    const entry = `je_${paid.body.id}.transfer.1`;
    for (const account of [id, "acc_sales_usd"]) {
      const listed = await demo.get(`/v1/ledger/accounts/${account}/entries?limit=1`);
      expect(listed.body.data[0]).toMatchObject({ id: entry, state: "posted" });
    }
    expect((await balanceOf(id)).available).toBe(650);
  });

  test("lists an account's entries newest first, in pages whose cursor fits no other list", async () => {
    const { float, wallet: id } = await wallet();
    const made: string[] = [];
    for (const amount of [1, 2, 3])
      made.unshift(
        (await post("/v1/ledger/entries", { state: "posted", legs: transfer(float, id, amount) })).body.id,
      );
    const path = `/v1/ledger/accounts/${id}/entries`;
    const first = await demo.get(`${path}?limit=2`);
    const second = await demo.get(`${path}?limit=2&cursor=${first.body.next_cursor}`);
    const idsOf = ({ body }: ApiAnswer) => body.data.map((entry: { id: string }) => entry.id);
    expect([...idsOf(first), ...idsOf(second)]).toEqual(made);
    expect(second.body.next_cursor).toBeNull();
    const foreign = await demo.get(`/v1/ledger/accounts/${float}/entries?cursor=${first.body.next_cursor}`);
    expect([foreign.statusCode, foreign.body.code]).toEqual([400, "malformed_query"]);
  });
});

describe("a merchant's balances", () => {
  test("are what is pending, available and held in reserve, by currency; of another merchant for operators only", async () => {
    await counted(system.endpoints);
    const usdOf = ({ body }: ApiAnswer) =>
      body.data.find(({ currency }: { currency: string }) => currency === "USD");
    const before = usdOf(await demo.get("/v1/balances"));
    const paid = await demo.payWithCard({ number: "4242424242424242" }, { amount: 100_00 });
    await counted(system.endpoints);
    const after = await demo.get("/v1/balances");
    // 2.9 % and 0.30 are the fee.
    expect(usdOf(after)).toEqual({ ...before, pending: before.pending + 100_00 - 3_20 });
    expect(Date.parse(after.body.as_of)).toBeGreaterThanOrEqual(Date.parse(paid.body.created_at));
    const operator = await ApiClient.signIn(system.endpoints, system.endpoints.operator);
    const asked = await operator.get("/v1/balances?merchant=mer_demo");
    expect(usdOf(asked)).toEqual(usdOf(after));
    expect((await operator.get("/v1/balances")).body.errors).toMatchObject([{ parameter: "merchant" }]);
    expect((await demo.get("/v1/balances?merchant=mer_other")).statusCode).toBe(404);
  });
});

test("the folds and the accounts' own counters balance together with every payment", async () => {
  await counted(system.endpoints, "mer_demo", "mer_other");
  const { body } = await demo.get("/v1/ledger/trial-balance?currency=USD");
  expect(body).toMatchObject({ balanced: true, credits: body.debits });
});
