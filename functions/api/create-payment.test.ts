import { beforeEach, describe, expect, test, vi } from "vitest";
import type { Created } from "#adapters/dynamodb/payment-store.ts";
import type { SagaEnd } from "#adapters/stepfunctions/payment-saga.ts";
import type { CardToken, CardTokenId } from "#core/cards/token.ts";
import type { Book } from "#core/ledger/account.ts";
import type { Merchant } from "#core/merchants/merchant.ts";
import { evolve } from "#core/payments/evolve.ts";
import { paymentIdOf } from "#core/payments/ids.ts";
import type { Payment } from "#core/payments/payment.ts";
import { exampleAuthorization, minute, noon } from "#tests/support/examples.ts";
import { apiRequest, jsonRequest, merchantVerdict, problemFrom } from "#tests/support/requests.ts";
import { createPayments } from "./create-payment.ts";
import type { Answer } from "./http/answer.ts";
import type { ApiRequest } from "./http/request.ts";

// The logger then writes to this process's console. It looks when it is made.
vi.hoisted(() => {
  process.env["POWERTOOLS_DEV"] = "true";
});

const merchant: Merchant = {
  id: "mer_demo" as Book,
  name: "Demo",
  terms: {
    USD: { fees: { basisPoints: 290, fixed: 30n }, paymentMax: 500_000n },
    EUR: { fees: { basisPoints: 140, fixed: 25n }, paymentMax: 10n ** 15n },
  },
};

const token = "tok_0123456789abcdefghjkmnpqrs";
const card = { id: token as CardTokenId, brand: "visa", last4: "4242" } as CardToken;

const body = {
  amount: 100_00,
  currency: "USD",
  method: { type: "card", token },
  reference: "order-1001",
  metadata: { basket: "b-7" },
};

const captured = (payment: Payment): Payment =>
  evolve(
    evolve(payment, { type: "authorized", authorization: exampleAuthorization }, noon),
    { type: "captured", authorization: exampleAuthorization, amount: payment.total.amount },
    noon,
  );

/** The world around one endpoint. Each test replaces what it is about. */
function world() {
  const calls: string[] = [];
  const created: Payment[] = [];
  return {
    calls,
    created,
    waits: [] as number[],
    cardOf: (id: string): CardToken | undefined => (id === token ? card : undefined),
    insert: (_payment: Payment): Created => ({ kind: "created" }),
    stored: undefined as Payment | undefined,
    sagaEnd: (payment: Payment): SagaEnd => ({ kind: "ended", payment: captured(payment) }),
    start: async (_payment: Payment): Promise<void> => undefined,
  };
}

let its: ReturnType<typeof world>;
beforeEach(() => {
  its = world();
  vi.spyOn(console, "warn").mockImplementation(() => its.calls.push("warn"));
  return () => vi.restoreAllMocks();
});

const create = createPayments({
  random: (bytes) => new Uint8Array(bytes),
  merchants: { merchant: async (id) => (id === merchant.id ? merchant : undefined) },
  cards: { describe: async (_book, id) => its.cardOf(id) },
  payments: {
    create: async (payment) => {
      its.calls.push("insert");
      its.created.push(payment);
      return its.insert(payment);
    },
    get: async () => its.stored,
  },
  saga: {
    run: async (payment, waitMs) => {
      its.calls.push("run");
      its.waits.push(waitMs);
      return its.sagaEnd(payment);
    },
    start: async (payment) => {
      its.calls.push("start");
      await its.start(payment);
    },
  },
  idempotency: { once: (_key, _remainingMs, act) => act() },
  now: () => noon,
});

const send = (sent: object, headers: Record<string, string> = {}, remainingMs = 29_000): Promise<Answer> =>
  create(jsonRequest(JSON.stringify(sent), { "idempotency-key": "k-1", ...headers }), () => remainingMs);

const bodyOf = (answer: Answer) => JSON.parse(answer.json);
const errorsOf = async (sent: object) => {
  const problem = await problemFrom(send(sent));
  expect(problem).toMatchObject({ code: "invalid_request", statusCode: 422 });
  return problem.details.errors?.map(({ pointer, code }) => `${pointer} ${code}`);
};

describe("a payment that is created", () => {
  test("is answered with its outcome: 201, where it is, and its version as entity tag", async () => {
    const answer = await send(body);
    const id = paymentIdOf({ book: merchant.id, route: "POST /v1/payments", idempotencyKey: "k-1" });
    expect(answer).toMatchObject({
      statusCode: 201,
      headers: { location: `/v1/payments/${id}`, etag: '"3"' },
    });
    expect(bodyOf(answer)).toMatchObject({ id, state: "captured", amount_captured: 100_00 });
    expect(its.calls).toEqual(["insert", "run"]);
  });

  test("carries what was agreed", async () => {
    const returnUrl = "https://shop.example/done?cart=7";
    await send({ ...body, capture: "manual", description: "Two coffees", return_url: returnUrl });
    expect(its.created).toMatchObject([
      {
        book: "mer_demo",
        total: { amount: 100_00n, currency: "USD" },
        capture: "manual",
        method: { type: "card", token, brand: "visa", last4: "4242" },
        fees: { basisPoints: 290, fixed: 30n },
        reference: "order-1001",
        description: "Two coffees",
        returnUrl,
        metadata: { basket: "b-7" },
        createdAt: noon,
        version: 1,
        state: "processing",
      },
    ]);
  });

  test("has an id of its own for each key and each merchant, and the same for the same", async () => {
    await send(body);
    await send(body);
    await send(body, { "idempotency-key": "k-2" });
    const [first, again, other] = its.created.map((payment) => payment.id);
    expect(again).toBe(first);
    expect(other).not.toBe(first);
  });

  test("has a fingerprint of its business fields", async () => {
    await send(body);
    await send({ ...body, capture: "automatic" });
    await send({ ...body, amount: 100_01 });
    const [first, spelledOut, other] = its.created.map((payment) => payment.fingerprint);
    expect(spelledOut).toBe(first);
    expect(other).not.toBe(first);
  });
});

describe("the outcome is waited for", () => {
  test.each([
    ["10 seconds by default", {}, 29_000, 10_000],
    ["as long as the caller prefers", { prefer: "wait=25" }, 29_000, 25_000],
    ["never longer than the function lives, less the time to answer", { prefer: "wait=25" }, 20_000, 18_000],
    ["not at all when there is no time left", {}, 1_000, 1],
  ])("%s", async (_name, headers: Record<string, string>, remainingMs, waitMs) => {
    await send(body, headers, remainingMs);
    expect(its.waits).toEqual([waitMs]);
  });

  test("not when the caller prefers not to: 202 and the saga is started", async () => {
    const answer = await send(body, { prefer: "respond-async" });
    expect(answer).toMatchObject({ statusCode: 202, headers: { etag: '"1"' } });
    expect(answer.headers?.["location"]).toMatch(/^\/v1\/payments\/pay_/);
    expect(bodyOf(answer)).toMatchObject({ state: "processing" });
    expect(its.calls).toEqual(["insert", "start"]);
  });
});

describe("once the payment exists there is an answer, whatever happens to its saga", () => {
  test("202 when its end is not known", async () => {
    its.sagaEnd = () => ({ kind: "unknown", reason: "TimeoutError" });
    const answer = await send(body);
    expect(answer.statusCode).toBe(202);
    expect(bodyOf(answer)).toMatchObject({ state: "processing", version: 1 });
    expect(its.calls).toEqual(["insert", "run", "warn"]);
  });

  test("202 when it could not be started", async () => {
    its.start = () => Promise.reject(new Error("StepFunctions is down"));
    const answer = await send(body, { prefer: "respond-async" });
    expect(answer.statusCode).toBe(202);
    expect(its.calls).toEqual(["insert", "start", "warn"]);
  });

  test("201 when it ended in review, or with a decline: these are outcomes", async () => {
    its.sagaEnd = (payment) => ({
      kind: "ended",
      payment: evolve(payment, { type: "declined", acquirer: "alpha", code: "do_not_honor" }, noon),
    });
    const answer = await send(body);
    expect(answer.statusCode).toBe(201);
    expect(bodyOf(answer)).toMatchObject({
      state: "declined",
      decline: { code: "do_not_honor", advice: "use_another_method" },
    });
  });
});

/** The payment that a request makes, before any saga. */
async function draftOf(sent: object): Promise<{ readonly payment: Payment }> {
  await send(sent);
  const [payment] = its.created;
  if (payment === undefined) throw new Error("nothing was inserted");
  its.calls.length = 0;
  return { payment };
}

describe("a payment that exists already", () => {
  const existing = (change: (payment: Payment) => Payment) => {
    its.insert = (payment) => ({ kind: "exists", payment: change(payment) });
  };
  const earlier = (payment: Payment): Payment => ({
    ...payment,
    createdAt: noon - minute,
    updatedAt: noon - minute,
  });

  test("is shown as it stands now, as a replay, and runs no saga", async () => {
    existing((payment) => captured(earlier(payment)));
    const answer = await send(body);
    expect(answer).toMatchObject({
      statusCode: 201,
      headers: { "idempotent-replayed": "true", etag: '"3"' },
    });
    expect(bodyOf(answer)).toMatchObject({ state: "captured" });
    expect(its.calls).toEqual(["insert"]);
  });

  test("and has no outcome yet is a 202", async () => {
    existing(earlier);
    expect(await send(body)).toMatchObject({ statusCode: 202, headers: { "idempotent-replayed": "true" } });
  });

  test("is shown also when the merchant's terms would refuse it by now", async () => {
    its.stored = captured(earlier((await draftOf(body)).payment));
    its.cardOf = () => undefined;
    const answer = await send(body);
    expect(answer).toMatchObject({ statusCode: 201, headers: { "idempotent-replayed": "true" } });
    expect(its.calls).toEqual([]);
  });

  test("for another request is a key that was used before: 422", async () => {
    existing((payment) => ({ ...earlier(payment), fingerprint: "another" }));
    expect(await problemFrom(send(body))).toMatchObject({ code: "idempotency_key_reused", statusCode: 422 });
  });
});

describe("is refused with 422 before anything is inserted", () => {
  beforeEach(() => () => expect(its.calls).toEqual([]));

  test.each([
    ["no currency", { currency: undefined }, ["/currency wrong_type"]],
    ["a currency that is none", { currency: "XXX" }, ["/currency currency_unknown"]],
    ["lower case", { currency: "usd" }, ["/currency currency_unknown"]],
    ["a homoglyph: a Cyrillic S", { currency: "U\u0405D" }, ["/currency currency_unknown"]],
    ["white space", { currency: "USD " }, ["/currency currency_unknown"]],
    ["a name that objects inherit", { currency: "constructor" }, ["/currency currency_unknown"]],
    ["a currency that the merchant does not take", { currency: "JPY" }, ["/currency currency_not_enabled"]],
    ["more than the merchant may take", { amount: 500_001 }, ["/amount amount_over_limit"]],
    ["more than anyone may", { currency: "EUR", amount: 10 ** 15 + 1 }, ["/amount too_big"]],
    ["nothing", { amount: 0 }, ["/amount too_small"]],
    [
      "a token of another merchant",
      { method: { type: "card", token: token.replace("0", "1") } },
      ["/method/token token_not_found"],
    ],
    ["a token that is none", { method: { type: "card", token: "tok_1" } }, ["/method/token token_not_found"]],
    ["a bank as method", { method: { type: "bank", token } }, ["/method/type not_allowed"]],
    [
      "a token and an account at once",
      { method: { type: "account", account: "acc_1", token } },
      ["/method/token unknown_property"],
    ],
    [
      "a system account",
      { method: { type: "account", account: "mer_demo:2110:USD" } },
      ["/method/account account_not_found"],
    ],
    [
      "an account that is to pay later",
      { method: { type: "account", account: "acc_1" }, capture: "manual" },
      ["/capture capture_not_supported"],
    ],
    [
      "a page in the clear to return to",
      { return_url: "http://shop.example/done" },
      ["/return_url wrong_format"],
    ],
    ["no page to return to", { return_url: "done" }, ["/return_url wrong_format"]],
    ["nothing to return to", { return_url: "" }, ["/return_url too_small"]],
    ["a script to return to", { return_url: "javascript:alert(1)" }, ["/return_url wrong_format"]],
    [
      "a page to return to with a password",
      { return_url: "https://shop.example:x@evil.example/" },
      ["/return_url wrong_format"],
    ],
    [
      "a page to return to of 501 characters",
      { return_url: `https://shop.example/${"a".repeat(480)}` },
      ["/return_url too_big"],
    ],
    [
      "a page to return to with a line break",
      { return_url: "https://shop.example/\r\nset-cookie: a=b" },
      ["/return_url forbidden_character"],
    ],
    [
      "a card number in escapes in the page to return to",
      { return_url: "https://shop.example/?c=%34242%34242+4242+4242" },
      ["/return_url card_number"],
    ],
    ["another way to capture", { capture: "later" }, ["/capture not_allowed"]],
    ["a reference of 129 characters", { reference: "r".repeat(129) }, ["/reference too_big"]],
    ["a description of 501 characters", { description: "d".repeat(501) }, ["/description too_big"]],
    ["an unknown property", { tip: 5 }, ["/tip unknown_property"]],
    ["the merchant as property", { merchant: "mer_other" }, ["/merchant unknown_property"]],
  ])("%s", async (_name, change, errors) => {
    expect(await errorsOf({ ...body, ...change })).toEqual(errors);
  });

  test.each([
    ["currency", { currency: "4242424242424242" }],
    ["token", { method: { type: "card", token: "4242424242424242" } }],
    ["reference", { reference: "4242424242424242" }],
    ["description", { description: "card 4242-4242-4242-4242" }],
    ["metadata", { metadata: { card: "4242424242424242" } }],
    ["return_url", { return_url: "https://shop.example/4242424242424242" }],
  ])("a card number as %s, before a digest of it goes anywhere", async (_name, change) => {
    const once = vi.fn();
    const endpoint = createPayments({
      random: (bytes) => new Uint8Array(bytes),
      merchants: { merchant: async () => merchant },
      cards: { describe: async () => card },
      payments: { create: async () => ({ kind: "created" }), get: async () => undefined },
      saga: { run: async () => ({ kind: "unknown", reason: "unused" }), start: async () => undefined },
      idempotency: { once },
      now: () => noon,
    });
    const request = jsonRequest(JSON.stringify({ ...body, ...change }), { "idempotency-key": "k-1" });
    const problem = await problemFrom(endpoint(request, () => 29_000));
    expect(problem.statusCode).toBe(422);
    expect(problem.toBody("req-1")).not.toContain("4242");
    expect(once).not.toHaveBeenCalled();
  });
});

describe("what is wrong is told in this order", () => {
  const refusal = async (request: Partial<ApiRequest>) =>
    (await problemFrom(create(apiRequest(request), () => 29_000))).code;
  const wrong = { prefer: "wait=99", "content-type": "text/plain" };

  test("the caller, its scopes, the key, the preference, the media type, the JSON, the fields", async () => {
    const scopeless = { ...merchantVerdict, scope: "tallystick/payments.read" };
    expect(await refusal({ verdict: { verdict: "token_missing" }, headers: wrong })).toBe("token_missing");
    expect(await refusal({ verdict: scopeless, headers: wrong })).toBe("scope_missing");
    expect(await refusal({ headers: wrong })).toBe("idempotency_key_missing");
    const keyed = { ...wrong, "idempotency-key": "k-1" };
    expect(await refusal({ headers: keyed })).toBe("malformed_header");
    const patient = { ...keyed, prefer: "wait=9" };
    expect(await refusal({ headers: patient })).toBe("unsupported_media_type");
    const typed = { ...patient, "content-type": "application/json" };
    expect(await refusal({ headers: typed })).toBe("malformed_json");
    expect(await refusal({ headers: typed, body: "{}" })).toBe("invalid_request");
  });

  test("a merchant that was never onboarded is told so: 403", async () => {
    const verdict = { ...merchantVerdict, merchant: "mer_gone" };
    const request = { ...jsonRequest(JSON.stringify(body), { "idempotency-key": "k-1" }), verdict };
    expect(await problemFrom(create(request, () => 29_000))).toMatchObject({
      code: "client_unknown",
      statusCode: 403,
    });
  });
});
