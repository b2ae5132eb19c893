import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type ApiAnswer, ApiClient, newKey } from "#tests/support/api-client.ts";
import { startTestSystem, type TestSystem } from "#tests/support/local-system.ts";

/** What the ledger refuses, each with the name of its answer. */

let system: TestSystem;
let demo: ApiClient;
let other: ApiClient;

beforeAll(async () => {
  system = await startTestSystem();
  demo = await ApiClient.signIn(system.endpoints, system.endpoints.merchants.demo);
  other = await ApiClient.signIn(system.endpoints, system.endpoints.merchants.other);
  for (const [id, currency] of [
    ["acc_a", "USD"],
    ["acc_b", "USD"],
    ["acc_euro", "EUR"],
  ])
    await open({ id, currency });
  await other.send("POST", "/v1/ledger/accounts", {
    body: { id: "acc_theirs", name: "Theirs", currency: "USD", normal_side: "credit" },
  });
});
afterAll(() => system.stop());

const key = () => ({ "idempotency-key": newKey() });
const open = (more: object) =>
  demo.send("POST", "/v1/ledger/accounts", {
    body: { name: "An account", currency: "USD", normal_side: "credit", ...more },
  });
const post = (path: string, body: unknown, headers: Record<string, string> = key(), client = demo) =>
  client.send("POST", path, { body, headers });
const legs = (amount: unknown = 5, from = "acc_a", to = "acc_b") => [
  { account: from, side: "debit", amount },
  { account: to, side: "credit", amount },
];
const entry = (more: object = {}) => ({ state: "posted", legs: legs(), ...more });

/** What a refusal says: its code, and for each field the pointer and the code. */
const saying = ({ statusCode, headers, body }: ApiAnswer) => {
  expect(headers.get("content-type")).toBe("application/problem+json");
  return [
    statusCode,
    body.code,
    ...(body.errors ?? []).map(
      (error: { pointer?: string; parameter?: string; code: string }) =>
        `${error.pointer ?? error.parameter} ${error.code}`,
    ),
  ];
};
const invalid = (...fields: string[]) => [422, "invalid_request", ...fields];

describe("an entry", () => {
  // biome-ignore format: a table is read in rows
  test.each<[string, object, string]>([
    ["from an account to itself",           { legs: legs(5, "acc_a", "acc_a") },                          "/legs/1/account account_on_both_sides"],
    ["to an account in another currency",   { legs: legs(5, "acc_a", "acc_euro") },                       "/legs/1/account account_currency_differs"],
    ["to sales in another currency",        { legs: legs(5, "acc_a", "acc_sales_eur") },                  "/legs/1/account account_currency_differs"],
    ["to another merchant's account",       { legs: legs(5, "acc_a", "acc_theirs") },                     "/legs/1/account account_not_found"],
    ["to an account that is not there",     { legs: legs(5, "acc_a", "acc_nobody") },                     "/legs/1/account account_not_found"],
    ["to a system account",                 { legs: legs(5, "acc_a", "mer_demo:2110:USD") },              "/legs/1/account account_not_found"],
    ["to a card number",                    { legs: legs(5, "acc_a", "acc_4242424242424242") },           "/legs/1/account account_not_found"],
    ["that does not balance",               { legs: [...legs(5), { account: "acc_sales_usd", side: "credit", amount: 1 }] }, "/legs unbalanced"],
    ["of one leg",                          { legs: legs().slice(1) },                                    "/legs too_few_legs"],
    ["of forty-one legs",                   { legs: Array.from({ length: 41 }, () => legs()[0]) },        "/legs too_many_legs"],
    ["of 150 legs on as many accounts",     { legs: Array.from({ length: 150 }, (_, n) => ({ ...legs()[0], account: `acc_${n}` })) }, "/legs too_many_legs"],
    ["of 201 legs",                         { legs: Array.from({ length: 201 }, () => legs()[0]) },       "/legs too_big"],
    ["with an account twice on a side",     { legs: [...legs(5), ...legs(5, "acc_a", "acc_sales_usd")] }, "/legs/2 account_repeated"],
    ["posted, that is to expire",           { expires_in_seconds: 60 },                                   "/expires_in_seconds not_allowed"],
    ["that expires at once",                { state: "pending", expires_in_seconds: 0 },                  "/expires_in_seconds too_small"],
    ["in a state that it cannot have",      { state: "voided" },                                          "/state not_allowed"],
    ["effective on no day",                 { effective_at: "2026-02-30T00:00:00Z" },                     "/effective_at wrong_format"],
    ["effective in no time zone",           { effective_at: "2026-02-01T00:00:00" },                      "/effective_at wrong_format"],
    ["with an unknown property",            { memo: "x" },                                                "/memo unknown_property"],
    ["under a payment's id",                { id: "je_pay_1" },                                           "/id wrong_format"],
    ["under an id with a dot",              { id: "je_1.post" },                                          "/id wrong_format"],
    ["under a card number",                 { id: "je_4242424242424242" },                                "/id wrong_format"],
    ["with a card number in its notes",     { metadata: { card: "4242 4242 4242 4242" } },                "/metadata/card card_number"],
  ])("%s is refused with 422", async (_what, more, field) => {
    expect(saying(await post("/v1/ledger/entries", entry(more)))).toEqual(invalid(field));
  });

  test.each(["0", "-1", "-0", "1.5", '"100"', "1e3", "9007199254740993", "null", "1000000000000001"])(
    "of %s is refused with 422",
    async (amount) => {
      const body = JSON.stringify(entry()).replaceAll('"amount":5', `"amount":${amount}`);
      const [statusCode, code, field] = saying(await post("/v1/ledger/entries", body));
      expect([statusCode, code, String(field).split(" ")[0]]).toEqual([...invalid("/legs/0/amount")]);
    },
  );

  test.each([
    ["null", "null", " wrong_type"],
    ["an array", "[]", " wrong_type"],
    ["__proto__", '{"__proto__":{}}', "/__proto__ unknown_property"],
  ])("that is %s is refused with 422", async (_what, body, field) => {
    expect(saying(await post("/v1/ledger/entries", body))).toEqual(invalid(field));
  });

  test.each([
    ["half an object", "{"],
    ["nothing", " "],
    ["a key twice", '{"state":"posted","state":"pending"}'],
  ])("that is %s is refused with 400", async (_what, body) => {
    expect(saying(await post("/v1/ledger/entries", body))).toEqual([400, "malformed_json"]);
  });
});

test.each([
  "/v1/ledger/entries",
  "/v1/ledger/batches",
  "/v1/ledger/entries/je_1/post",
  "/v1/ledger/entries/je_1/void",
  "/v1/ledger/entries/je_1/reverse",
])("%s without an Idempotency-Key, or with two, is refused with 400", async (path) => {
  const body = path.endsWith("entries") ? entry() : path.endsWith("batches") ? { entries: [entry()] } : {};
  expect(saying(await post(path, body, {}))).toEqual([400, "idempotency_key_missing"]);
  const two = { "idempotency-key": "a, b" };
  expect(saying(await post(path, body, two))).toEqual([400, "idempotency_key_malformed"]);
});

test("a key that was used for another entry is refused with 422", async () => {
  const headers = key();
  await post("/v1/ledger/entries", entry(), headers);
  const another = await post("/v1/ledger/entries", entry({ legs: legs(6) }), headers);
  expect(saying(another)).toEqual([422, "idempotency_key_reused"]);
});

describe("an account", () => {
  test.each([
    ["under a reserved id", { id: "acc_sales_usd" }, "/id reserved"],
    ["under a system account's id", { id: "mer_demo:2110:USD" }, "/id wrong_format"],
    ["under a card number", { id: "acc_4242424242424242" }, "/id wrong_format"],
    ["without a name", { name: "" }, "/name too_small"],
    ["in no currency", { currency: "XXX" }, "/currency currency_unknown"],
    ["in lower case", { currency: "usd" }, "/currency currency_unknown"],
    ["in a homoglyph", { currency: "UЅD" }, "/currency currency_unknown"],
    ["without a side", { normal_side: "left" }, "/normal_side not_allowed"],
    ["with a limit over all amounts", { max_balance: 1_000_000_000_000_001 }, "/max_balance too_big"],
    ["with an unknown property", { overdraft: 5 }, "/overdraft unknown_property"],
  ])("%s is refused with 422", async (_what, more, field) => {
    expect(saying(await open(more))).toEqual(invalid(field));
  });

  test.each([
    ["PATCH", "/v1/ledger/accounts/acc_a", { state: "deleted" }, invalid("/state not_allowed")],
    ["PATCH", "/v1/ledger/accounts/acc_nobody", { state: "frozen" }, [404, "not_found"]],
    ["DELETE", "/v1/ledger/accounts/acc_a", undefined, [405, "method_not_allowed"]],
    ["PUT", "/v1/ledger/entries", undefined, [405, "method_not_allowed"]],
  ])("%s %s with %j is refused", async (method, path, body, refusal) => {
    const options = body === undefined ? {} : { body };
    expect(saying(await demo.send(method, path, options))).toEqual(refusal);
  });
});

describe("what is another merchant's", () => {
  test("is not found, whether it exists or not", async () => {
    const { body } = await post("/v1/ledger/entries", entry({ id: `je_${newKey()}` }));
    for (const path of [
      "/v1/ledger/accounts/acc_a",
      "/v1/ledger/accounts/acc_a/balance",
      "/v1/ledger/accounts/acc_a/entries",
      `/v1/ledger/entries/${body.id}`,
      "/v1/ledger/entries/je_nothing",
      "/v1/ledger/accounts/mer_demo:2110:USD",
    ])
      expect([path, (await other.get(path)).statusCode]).toEqual([path, 404]);
    const undone = await post(`/v1/ledger/entries/${body.id}/reverse`, {}, key(), other);
    expect(saying(undone)).toEqual([404, "not_found"]);
  });

  test("may have the same id, and the same key, on its own", async () => {
    const id = `acc_${newKey()}`;
    const body = { id, name: "Mine", currency: "USD", normal_side: "credit" };
    const headers = key();
    for (const client of [demo, other])
      expect((await client.send("POST", "/v1/ledger/accounts", { body, headers })).statusCode).toBe(201);
  });
});

describe("a batch", () => {
  test.each([
    ["of nothing", [], "/entries too_small"],
    ["of 26 entries", Array.from({ length: 26 }, () => entry()), "/entries too_big"],
    [
      "of more than a transaction",
      Array.from({ length: 4 }, () => entry({ legs: Array.from({ length: 30 }, () => legs()[0]) })),
      "/entries too_big",
    ],
    ["with an id twice", [entry({ id: "je_x" }), entry({ id: "je_x" })], "/entries id_repeated"],
    [
      "with a flaw in its second entry",
      [entry(), entry({ legs: legs(5, "acc_a", "acc_a") })],
      "/entries/1/legs/1/account account_on_both_sides",
    ],
  ])("%s is refused with 422", async (_what, entries, field) => {
    expect(saying(await post("/v1/ledger/batches", { entries }))).toEqual(invalid(field));
  });
});

describe("a hold", () => {
  test.each([
    ["for more than it holds", { amount: 101 }, "/amount exceeds_hold"],
    ["for an amount and legs", { amount: 1, legs: legs(1) }, "/amount not_allowed"],
    ["for legs that it does not hold", { legs: legs(1, "acc_a", "acc_sales_usd") }, "/legs exceeds_hold"],
    ["for nothing", { amount: 0 }, "/amount too_small"],
  ])("posted %s is refused with 422", async (_what, body, field) => {
    const held = await post("/v1/ledger/entries", entry({ state: "pending", legs: legs(100) }));
    expect(saying(await post(`/v1/ledger/entries/${held.body.id}/post`, body))).toEqual(invalid(field));
  });

  test("that was never one is refused with 409, and so is undoing what was never posted", async () => {
    const posted = await post("/v1/ledger/entries", entry());
    expect(saying(await post(`/v1/ledger/entries/${posted.body.id}/post`, {}))).toEqual([409, "not_a_hold"]);
    const held = await post("/v1/ledger/entries", entry({ state: "pending" }));
    const undone = await post(`/v1/ledger/entries/${held.body.id}/reverse`, {});
    expect(saying(undone)).toEqual([409, "entry_not_posted"]);
  });
});

test.each([
  ["/v1/ledger/accounts?limit=1000000", "limit wrong_format"],
  ["/v1/ledger/accounts?cursor=Zm9yZ2Vk", "cursor wrong_format"],
  ["/v1/ledger/accounts/acc_a/entries?page=2", "page unknown_parameter"],
  ["/v1/ledger/accounts/acc_a/balance?as_of=yesterday", "as_of wrong_format"],
  ["/v1/ledger/accounts/acc_a/balance?by=creation", "by wrong_format"],
])("%s is refused with 400", async (path, parameter) => {
  expect(saying(await demo.get(path))).toEqual([400, "malformed_query", parameter]);
});

describe("a token", () => {
  test("that may read and not write opens nothing and posts nothing", async () => {
    const reader = await ApiClient.signIn(
      system.endpoints,
      system.endpoints.merchants.demo,
      "tallystick/ledger.read",
    );
    for (const [path, body] of [
      ["/v1/ledger/accounts", { name: "x", currency: "USD", normal_side: "credit" }],
      ["/v1/ledger/entries", entry()],
      ["/v1/ledger/batches", { entries: [entry()] }],
    ] as const)
      expect(saying(await post(path, body, key(), reader))).toEqual([403, "scope_missing"]);
    expect((await reader.get("/v1/ledger/accounts/acc_a/balance")).statusCode).toBe(200);
  });

  test("of an operator posts nothing", async () => {
    const operator = await ApiClient.signIn(system.endpoints, system.endpoints.operator);
    const answer = await post("/v1/ledger/entries", entry(), key(), operator);
    expect(answer.statusCode).toBe(403);
  });
});
