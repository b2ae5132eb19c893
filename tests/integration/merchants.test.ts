import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type ApiAnswer, ApiClient, newKey } from "#tests/support/api-client.ts";
import { eventually } from "#tests/support/eventually.ts";
import { startTestSystem, type TestSystem } from "#tests/support/local-system.ts";
import { arrivedFor, confirm } from "#tests/support/mailbox.ts";

const usd = { basis_points: 500, fixed: 7, payment_max: 100_000 };
const profile = { id: "mer_new", name: "New Books", terms: { USD: usd } };
const visa = { number: "4242424242424242" };

let stateDirectory: string;
let system: TestSystem;
let operator: ApiClient;
let operator2: ApiClient;
let demo: ApiClient;
let credentials: { readonly client_id: string; readonly client_secret: string };
let merchant: ApiClient;

async function start(): Promise<void> {
  system = await startTestSystem({ stateDirectory });
  const { endpoints } = system;
  operator = await ApiClient.signIn(endpoints, endpoints.operator);
  operator2 = await ApiClient.signIn(endpoints, endpoints.operator2);
  demo = await ApiClient.signIn(endpoints, endpoints.merchants.demo);
}

beforeAll(async () => {
  stateDirectory = mkdtempSync(join(tmpdir(), "tallystick-merchants-"));
  await start();
  expect((await onboard(profile)).statusCode).toBe(201);
  const made = await addClient("mer_new", { name: "shop 1" });
  credentials = made.body;
  merchant = await ApiClient.signIn(system.endpoints, credentials);
});
afterAll(async () => {
  await system?.stop();
  rmSync(stateDirectory, { recursive: true, force: true });
});

const onboard = (body: object, headers: Record<string, string> = {}, by = operator): Promise<ApiAnswer> =>
  by.send("POST", "/v1/merchants", { body, headers });
const change = (id: string, body: object, tag?: string | null, by = operator): Promise<ApiAnswer> =>
  by.send("PATCH", `/v1/merchants/${id}`, { body, headers: tag ? { "if-match": tag } : {} });
const addClient = (id: string, body: object, by = operator): Promise<ApiAnswer> =>
  by.send("POST", `/v1/merchants/${id}/clients`, { body });
const told = ({ statusCode, body }: ApiAnswer): unknown[] => [
  statusCode,
  body.errors?.[0]?.code ?? body.code ?? body.id,
];

describe("onboarding", () => {
  test("answers the merchant, and the same request again finds it", async () => {
    const again = await onboard(profile);
    expect(again.statusCode).toBe(200);
    expect(again.headers.get("etag")).toBe('"1"');
    expect(again.body).toEqual({ ...profile, object: "merchant", version: 1 });
    expect((await operator2.get("/v1/merchants/mer_new")).body).toEqual(again.body);
  });

  test.each([
    ["name", { ...profile, name: "Old Books" }],
    ["terms", { ...profile, terms: { USD: { ...usd, fixed: 8 } } }],
  ])("another %s under its id is refused", async (_what, body) => {
    expect(told(await onboard(body))).toEqual([409, "merchant_exists"]);
  });

  test("without an id, the Idempotency-Key makes one: the same key finds the same merchant", async () => {
    const key = { "idempotency-key": newKey() };
    const nameless = { name: "Nameless", terms: {} };
    const first = await onboard(nameless, key);
    expect(first.body.id).toMatch(/^mer_[a-z0-9]{26}$/);
    expect(told(await onboard(nameless, key))).toEqual([200, first.body.id]);
    expect(told(await onboard(nameless))).toEqual([400, "idempotency_key_missing"]);
  });

  test.each([
    ["too_small", { basis_points: -1 }],
    ["too_big", { basis_points: 10_001 }],
    ["wrong_type", { basis_points: 1.5 }],
    ["too_small", { fixed: -1 }],
    ["wrong_type", { fixed: "7" }],
    ["too_small", { payment_max: 0 }],
    ["too_big", { payment_max: 10 ** 15 + 1 }],
    ["unknown_property", { refund_max: 1 }],
  ])("terms are refused as %s: %j", async (code, part) => {
    expect(told(await onboard({ ...profile, terms: { USD: { ...usd, ...part } } }))).toEqual([422, code]);
  });

  test.each([
    ["unknown_property", { ...profile, limit: 1 }],
    ["wrong_format", { ...profile, id: "mer_Capital" }],
    ["wrong_format", { ...profile, id: "me" }],
    ["reserved", { ...profile, id: "mer_operator" }],
    ["currency_unknown", { ...profile, terms: { XXX: usd } }],
    ["currency_unknown", { ...profile, terms: { usd } }],
    ["too_small", { ...profile, name: "" }],
    ["wrong_type", { id: "mer_new", name: "New" }],
  ])("a body is refused as %s: %j", async (code, body) => {
    expect(told(await onboard(body))).toEqual([422, code]);
  });

  test("the edges of the terms are taken", async () => {
    const edges = {
      EUR: { basis_points: 0, fixed: 0, payment_max: 1 },
      USD: { basis_points: 10_000, fixed: 10 ** 15, payment_max: 10 ** 15 },
    };
    const answer = await onboard({ id: "mer_edges", name: "Edges", terms: edges });
    expect(answer.statusCode).toBe(201);
    expect(answer.body.terms).toEqual(edges);
  });
});

test("merchants are listed page by page", async () => {
  await onboard({ id: "mer_a", name: "A", terms: {} });
  const ids: string[] = [];
  let cursor = "";
  do {
    const { body } = await operator.get(`/v1/merchants?limit=2${cursor}`);
    expect(body.data.length).toBeLessThanOrEqual(2);
    ids.push(...body.data.map(({ id }: { id: string }) => id));
    cursor = body.next_cursor === null ? "" : `&cursor=${body.next_cursor}`;
  } while (cursor !== "");
  expect(ids).toEqual(ids.toSorted());
  expect(ids).toEqual(expect.arrayContaining(["mer_a", "mer_demo", "mer_new", "mer_other"]));
  expect(new Set(ids).size).toBe(ids.length);
});

describe("a client of the new merchant", () => {
  test("is told its secret, which no log has, and may do everything but operations", async () => {
    const { statusCode, headers, body } = await addClient("mer_new", { name: "shop 2" });
    expect([statusCode, headers.get("cache-control")]).toEqual([201, "no-store"]);
    expect(body).toEqual({
      object: "client",
      merchant: "mer_new",
      name: "shop 2",
      client_id: expect.stringMatching(/^[a-z0-9]{26}$/),
      client_secret: expect.any(String),
      scopes: [
        "tallystick/payments.read",
        "tallystick/payments.write",
        "tallystick/card_tokens.write",
        "tallystick/ledger.read",
        "tallystick/ledger.write",
      ],
    });
    expect(system.functionLog.join("\n")).not.toContain(body.client_secret);
  });

  test("pays by card, and the fee follows the merchant's schedule", async () => {
    const paid = await merchant.payWithCard(visa, { amount: 10_000 });
    expect(paid.body).toMatchObject({ state: "captured", amount_captured: 10_000 });
    // 5 % and 7 cents of 100.00 are 5.07.
    const balances = await eventually(async () => {
      const { body } = await merchant.get("/v1/balances");
      return body.data[0].pending === 0 ? undefined : body;
    });
    expect(balances).toMatchObject({
      merchant: "mer_new",
      data: [{ currency: "USD", pending: 10_000 - 507, available: 0, reserve: 0 }],
    });
  });

  test("cannot pay more than its terms allow, nor in another currency", async () => {
    const refusals = [
      await merchant.payWithCard(visa, { amount: 100_001 }),
      await merchant.payWithCard(visa, { currency: "EUR" }),
    ];
    expect(refusals.map(told)).toEqual([
      [422, "amount_over_limit"],
      [422, "currency_not_enabled"],
    ]);
  });

  test("sees its own profile and payments, and nobody else's", async () => {
    const { body } = await merchant.get("/v1/merchants/me");
    expect(body).toMatchObject({ id: "mer_new", name: "New Books" });
    const theirs = await demo.payWithCard(visa);
    expect(told(await merchant.get(`/v1/payments/${theirs.body.id}`))).toEqual([404, "not_found"]);
    expect((await demo.get("/v1/merchants/me")).body.id).toBe("mer_demo");
  });

  test("is refused with 403 where operators onboard", async () => {
    const answers = [
      await onboard({ ...profile, id: "mer_mine" }, {}, merchant),
      await merchant.get("/v1/merchants"),
      await merchant.get("/v1/merchants/mer_new"),
      await merchant.get("/v1/merchants/mer_demo"),
      await change("mer_new", { terms: { USD: { ...usd, basis_points: 0 } } }, "*", merchant),
      await addClient("mer_new", { name: "mine" }, merchant),
    ];
    expect(answers.map(told)).toEqual(answers.map(() => [403, "scope_missing"]));
    expect(told(await operator.get("/v1/merchants/me"))).toEqual([403, "not_for_operators"]);
  });

  test("is refused for a merchant that is not there, or under a name that Cognito does not take", async () => {
    expect(told(await addClient("mer_nobody", { name: "x" }))).toEqual([404, "not_found"]);
    expect(told(await addClient("mer_new", { name: "a/b" }))).toEqual([422, "wrong_format"]);
  });
});

describe("a change", () => {
  test("of two operators who have read the same version one is taken, the other is 412", async () => {
    await onboard({ id: "mer_raced", name: "Raced", terms: { USD: usd } });
    const [mine, theirs] = [
      await operator.get("/v1/merchants/mer_raced"),
      await operator2.get("/v1/merchants/mer_raced"),
    ];
    const cheaper = { ...usd, basis_points: 100 };
    const taken = await change("mer_raced", { terms: { USD: cheaper } }, mine.headers.get("etag"));
    expect([taken.statusCode, taken.headers.get("etag"), taken.body.terms]).toEqual([
      200,
      '"2"',
      { USD: cheaper },
    ]);
    const refused = await change("mer_raced", { name: "Renamed" }, theirs.headers.get("etag"), operator2);
    expect(told(refused)).toEqual([412, "precondition_failed"]);
    expect((await operator2.get("/v1/merchants/mer_raced")).body).toEqual(taken.body);
  });

  test("at the same moment leaves one winner, though all have seen the version that stands", async () => {
    await onboard({ id: "mer_rush", name: "Rush", terms: {} });
    const names = ["A", "B", "C", "D", "E"];
    const answers = await Promise.all(names.map((name) => change("mer_rush", { name }, '"1"')));
    expect(answers.map(({ statusCode }) => statusCode).toSorted()).toEqual([200, 412, 412, 412, 412]);
    const { body } = await operator.get("/v1/merchants/mer_rush");
    expect(body).toMatchObject({ version: 2, name: answers.find((a) => a.statusCode === 200)?.body.name });
  });

  test("leaves out nothing that it does not name, and takes away what is null", async () => {
    const eur = { basis_points: 1, fixed: 2, payment_max: 3 };
    await onboard({ id: "mer_parts", name: "Parts", terms: { USD: usd } });
    const added = await change("mer_parts", { terms: { EUR: eur } }, '"1"');
    expect(added.body).toMatchObject({ name: "Parts", terms: { EUR: eur, USD: usd }, version: 2 });
    const removed = await change("mer_parts", { terms: { USD: null } }, '"2"');
    expect(removed.body.terms).toEqual({ EUR: eur });
    expect((await change("mer_parts", { name: "Parts" }, '"3"')).body.version).toBe(3);
  });

  test("must say what it has seen", async () => {
    expect(told(await change("mer_new", { name: "Unseen" }))).toEqual([428, "precondition_missing"]);
  });

  test.each([
    ["too_big", { terms: { USD: { ...usd, basis_points: 10_001 } } }],
    ["unknown_property", { id: "mer_other" }],
  ])("is refused as %s: %j", async (code, body) => {
    expect(told(await change("mer_new", body, '"1"'))).toEqual([422, code]);
  });
});

describe("whom a merchant wants to be told", () => {
  const contacts = "/v1/merchants/me/contacts";
  const add = (body: object, by = merchant): Promise<ApiAnswer> => by.send("POST", contacts, { body });
  const email = (address: string, ...kinds: string[]) => ({ channel: "email", address, kinds });

  test("waits for its reader, and the same address again is the same contact", async () => {
    const added = await add(email("accounts@New.example", "declined", "captured"));
    expect([added.statusCode, added.headers.get("etag")]).toEqual([201, '"1"']);
    expect(added.body).toEqual({
      id: expect.stringMatching(/^con_[0-9a-z]{26}$/),
      object: "contact",
      channel: "email",
      address: "accounts@new.example",
      kinds: ["captured", "declined"],
      state: "pending",
      version: 1,
      created_at: expect.any(String),
    });
    const path = `${contacts}/${added.body.id}`;
    expect(added.headers.get("location")).toBe(path);
    const again = await add(email("accounts@new.example", "captured", "declined"));
    expect(told(again)).toEqual([200, added.body.id]);
    expect(await confirm(system.endpoints, "accounts@new.example")).toBe(200);
    const { body: confirmed } = await merchant.get(path);
    expect(confirmed).toEqual({ ...added.body, state: "confirmed" });
    expect((await merchant.get(contacts)).body).toEqual({
      object: "list",
      data: [confirmed],
      next_cursor: null,
    });
    for (const method of ["GET", "DELETE"])
      expect(told(await demo.send(method, path))).toEqual([404, "not_found"]);
    const phone = await add({ channel: "sms", address: "+4915112345678", kinds: ["declined"] });
    expect(phone.body).toMatchObject({ address: "+4915112345678", state: "confirmed" });
  });

  test("is changed by whoever saw it last", async () => {
    const { body } = await add(email("changes@new.example", "captured"));
    const path = `${contacts}/${body.id}`;
    const patch = (kinds: string[], tag?: string): Promise<ApiAnswer> =>
      merchant.send("PATCH", path, { body: { kinds }, headers: tag ? { "if-match": tag } : {} });
    expect(told(await patch(["failed"]))).toEqual([428, "precondition_missing"]);
    const changed = await patch(["failed", "expired"], '"1"');
    expect([changed.statusCode, changed.headers.get("etag"), changed.body.kinds]).toEqual([
      200,
      '"2"',
      ["failed", "expired"],
    ]);
    expect(told(await patch(["failed"], '"1"'))).toEqual([412, "precondition_failed"]);
    expect(told(await add(email("changes@new.example", "captured")))).toEqual([409, "contact_exists"]);
    const stale = await merchant.send("DELETE", path, { headers: { "if-match": '"1"' } });
    expect(told(stale)).toEqual([412, "precondition_failed"]);
    const removed = await merchant.send("DELETE", path, { headers: { "if-match": '"2"' } });
    expect([removed.statusCode, removed.body]).toEqual([
      200,
      { id: body.id, object: "contact", deleted: true },
    ]);
    expect(told(await merchant.get(path))).toEqual([404, "not_found"]);
  });

  test("of one address two merchants may both be told, until both have removed it", async () => {
    const shared = "accountant@example.com";
    const ours = await add(email(shared, "captured"));
    await confirm(system.endpoints, shared);
    const theirs = await add(email(shared, "captured"), demo);
    expect(theirs.body.state).toBe("confirmed");
    await merchant.send("DELETE", `${contacts}/${ours.body.id}`);
    expect((await demo.get(`${contacts}/${theirs.body.id}`)).body.state).toBe("confirmed");
    await demo.send("DELETE", `${contacts}/${theirs.body.id}`);
    expect((await add(email(shared, "captured"))).body.state).toBe("pending");
  });

  test("is at most ten", async () => {
    await onboard({ id: "mer_crowd", name: "Crowd", terms: {} });
    const crowded = await addClient("mer_crowd", { name: "crowd" });
    const by = await ApiClient.signIn(system.endpoints, crowded.body);
    const address = (n: number) => email(`n${n}@crowd.example`, "failed");
    const answers = await Promise.all(Array.from({ length: 3 }, (_, n) => add(address(n), by)));
    for (let n = 3; n < 10; n += 1) answers.push(await add(address(n), by));
    expect(answers.map(({ statusCode }) => statusCode)).toEqual(Array(10).fill(201));
    expect(told(await add(address(10), by))).toEqual([409, "too_many_contacts"]);
    expect((await by.get(contacts)).body.data).toHaveLength(10);
  });

  test.each([
    ["/address", "wrong_format", email("nobody", "captured")],
    ["/address", "wrong_format", { channel: "sms", address: "015112345678", kinds: ["captured"] }],
    ["/address", "card_number", email("4242424242424242@example.com", "captured")],
    ["/address", "wrong_type", { channel: "email", kinds: ["captured"] }],
    ["/channel", "not_allowed", { channel: "fax", address: "+4915112345678", kinds: ["captured"] }],
    ["/kinds", "too_small", email("a@example.com")],
    ["/kinds/0", "not_allowed", email("a@example.com", "payment.captured")],
    ["/kinds", "wrong_type", { channel: "email", address: "a@example.com", kinds: "captured" }],
    ["/name", "unknown_property", { ...email("a@example.com", "captured"), name: "A" }],
  ])("is refused at %s as %s: %j", async (pointer, code, body) => {
    const { statusCode, body: problem } = await add(body);
    expect([statusCode, problem.errors]).toEqual([422, [expect.objectContaining({ pointer, code })]]);
  });

  test("is kept by merchants themselves, with the scopes of payments", async () => {
    const reader = await ApiClient.signIn(system.endpoints, credentials, "tallystick/payments.read");
    expect((await reader.get(contacts)).statusCode).toBe(200);
    expect(told(await add(email("a@example.com", "captured"), reader))).toEqual([403, "scope_missing"]);
    expect(told(await add(email("a@example.com", "captured"), operator))).toEqual([403, "scope_missing"]);
    expect(told(await merchant.get(`${contacts}?limit=1`))).toEqual([400, "unknown_parameter"]);
    expect(told(await merchant.send("PUT", contacts))).toEqual([405, "method_not_allowed"]);
  });
});

test("after a restart the client still signs in, what operators changed still stands, and contacts are told", async () => {
  const before = await operator.get("/v1/merchants/mer_demo");
  const renamed = await change("mer_demo", { name: "Demo Tea" }, before.headers.get("etag"));
  expect(renamed.statusCode).toBe(200);
  await system.stop();
  await start();
  expect((await operator.get("/v1/merchants/mer_demo")).body).toEqual(renamed.body);
  const again = await ApiClient.signIn(system.endpoints, credentials);
  expect((await again.get("/v1/merchants/me")).body.id).toBe("mer_new");
  const { body: paid } = await again.payWithCard(visa);
  await eventually(async () =>
    arrivedFor(system.endpoints, "accounts@new.example").find((mail) => mail.includes(paid.id)),
  );
});
