import { request } from "node:http";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type ApiAnswer, ApiClient, newKey } from "#tests/support/api-client.ts";
import { counted } from "#tests/support/folds.ts";
import { startTestSystem, type TestSystem } from "#tests/support/local-system.ts";

let system: TestSystem;
let demo: ApiClient;
let token: string;

beforeAll(async () => {
  system = await startTestSystem();
  demo = await ApiClient.signIn(system.endpoints, system.endpoints.merchants.demo);
  token = (await demo.tokenize({ number: "4242424242424242" })).body.id;
});
afterAll(() => system.stop());

const key = () => ({ "idempotency-key": newKey() });
const validBody = () => ({ amount: 10_00, currency: "USD", method: { type: "card", token } });
/** A valid payment's body as text, with one part written in another way. */
const bodyWith = (part: string, otherwise: string) => JSON.stringify(validBody()).replace(part, otherwise);

const post = (body: unknown, headers: Record<string, string> = key()) =>
  demo.send("POST", "/v1/payments", { body, headers });

/** What a refusal says: its code, and for each field the pointer and the code. */
function saying({ statusCode, headers, body }: ApiAnswer) {
  expect(headers.get("content-type")).toBe("application/problem+json");
  expect(body.request_id).toMatch(/.+/);
  expect(body.status).toBe(statusCode);
  return [
    statusCode,
    body.code,
    ...(body.errors ?? []).map(
      (error: { pointer: string; code: string }) => `${error.pointer} ${error.code}`,
    ),
  ];
}

/** Sends bytes that fetch would not send. */
function sendRaw(
  headers: Record<string, string>,
  body: Buffer,
): Promise<{ readonly statusCode: number; readonly body: { code?: string } }> {
  const authorized = demo.authorization;
  return new Promise((resolve, reject) => {
    const outgoing = request(
      `${system.endpoints.api}/v1/payments`,
      { method: "POST", headers: { authorization: authorized, ...headers } },
      (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("end", () =>
          resolve({
            statusCode: response.statusCode ?? 0,
            body: JSON.parse(Buffer.concat(chunks).toString() || "{}"),
          }),
        );
      },
    );
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}

describe("what is not JSON", () => {
  test.each([
    ["half an object", "{"],
    ["nothing", " "],
    ["a byte-order mark", "\uFEFF{}"],
    ["a comment", "{} // done"],
    ["a trailing comma", '{"amount":1,}'],
    ["a key twice", '{"amount":1,"amount":2}'],
    ["the same key twice, once escaped", '{"amount":1,"\\u0061mount":2}'],
    ["21 levels", `${'{"a":'.repeat(21)}1${"}".repeat(21)}`],
  ])("is refused with 400: %s", async (_what, body) => {
    expect(saying(await post(body))).toEqual([400, "malformed_json"]);
  });

  test("is refused with 400: bytes that are not UTF-8", async () => {
    const body = Buffer.concat([Buffer.from('{"reference":"'), Buffer.from([0xff, 0xfe]), Buffer.from('"}')]);
    const answer = await sendRaw({ "content-type": "application/json", ...key() }, body);
    expect([answer.statusCode, answer.body.code]).toEqual([400, "malformed_json"]);
  });
});

describe("an Idempotency-Key", () => {
  test.each([
    ["is missing", {}, "idempotency_key_missing"],
    ["is empty", { "idempotency-key": "" }, "idempotency_key_missing"],
    ["comes twice", { "idempotency-key": "a, b" }, "idempotency_key_malformed"],
    ["has 256 characters", { "idempotency-key": "k".repeat(256) }, "idempotency_key_malformed"],
    ["has a tab inside", { "idempotency-key": "a\tb" }, "idempotency_key_malformed"],
  ])("that %s is refused with 400", async (_what, headers, code) => {
    expect(saying(await post(validBody(), headers))).toEqual([400, code]);
  });

  test("may be quoted: it is the same key as without quotes", async () => {
    const bare = newKey();
    const first = await post(validBody(), { "idempotency-key": bare });
    const second = await post(validBody(), { "idempotency-key": `"${bare}"` });
    expect([first.statusCode, second.headers.get("idempotent-replayed"), second.text]).toEqual([
      201,
      "true",
      first.text,
    ]);
  });
});

describe("an amount", () => {
  test.each(["0", "-1", "-0", "1.5", '"100"', "1e3", "9007199254740993", "null", "1000000000000001", "1.0"])(
    "of %s is refused with 422",
    async (amount) => {
      const [statusCode, code, field] = saying(await post(bodyWith('"amount":1000', `"amount":${amount}`)));
      expect([statusCode, code, String(field).split(" ")[0]]).toEqual([422, "invalid_request", "/amount"]);
    },
  );

  test("over the merchant's limit is refused with 422", async () => {
    expect(saying(await post({ ...validBody(), amount: 10_000_001 }))).toEqual([
      422,
      "invalid_request",
      "/amount amount_over_limit",
    ]);
  });
});

describe("a currency", () => {
  test.each([
    ["XXX", "currency_unknown"],
    ["usd", "currency_unknown"],
    ["UЅD", "currency_unknown"],
    ["CHF", "currency_not_enabled"],
  ])("of %s is refused with 422", async (currency, code) => {
    expect(saying(await post({ ...validBody(), currency }))).toEqual([
      422,
      "invalid_request",
      `/currency ${code}`,
    ]);
  });
});

describe("a shape", () => {
  test.each([
    ["null", "null", " wrong_type"],
    ["an array", "[]", " wrong_type"],
    [
      "an unknown property",
      '{"amount":1000,"currency":"USD","method":{"type":"card","token":"tok_00000000000000000000000000"},"tip":1}',
      "/tip unknown_property",
    ],
    ["__proto__", '{"__proto__":{"amount":1}}', "/__proto__ unknown_property"],
  ])("that is %s is refused with 422", async (_what, body, field) => {
    expect(saying(await post(body))).toEqual([422, "invalid_request", field]);
  });

  test.each([
    ["NUL", "a\u0000b", "forbidden_character"],
    ["a lone surrogate", "a\ud800b", "forbidden_character"],
    ["a bidirectional override", "a\u202eb", "forbidden_character"],
    ["a zero-width space", "a\u200bb", "forbidden_character"],
    ["129 characters", "x".repeat(129), "too_big"],
    ["a card number", "paid by 4242 4242 4242 4242", "card_number"],
  ])("with a reference that holds %s is refused with 422", async (_what, reference, code) => {
    expect(saying(await post({ ...validBody(), reference }))).toEqual([
      422,
      "invalid_request",
      `/reference ${code}`,
    ]);
  });

  test("with 51 metadata keys is refused with 422", async () => {
    const metadata = Object.fromEntries(Array.from({ length: 51 }, (_, n) => [`k${n}`, "v"]));
    expect(saying(await post({ ...validBody(), metadata }))).toEqual([
      422,
      "invalid_request",
      "/metadata too_many",
    ]);
  });
});

describe("a card", () => {
  const tokenize = (card: object) => demo.send("POST", "/v1/card-tokens", { body: card });
  const good = { number: "4242424242424242", exp_month: 12, exp_year: 2040, cvc: "123" };

  test.each([
    ["mistyped", { ...good, number: "4242424242424241" }, "/number number_checksum"],
    ["with spaces", { ...good, number: "4242 4242 4242 4242" }, "/number number_malformed"],
    ["expired", { ...good, exp_year: 2020 }, "/exp_year year_past"],
    ["of month 13", { ...good, exp_month: 13 }, "/exp_month month_out_of_range"],
    ["with a code of two digits", { ...good, cvc: "12" }, "/cvc cvc_malformed"],
    ["with an unknown property", { ...good, pin: "1234" }, "/pin unknown_property"],
  ])("that is %s is refused with 422, and the answer does not repeat it", async (_what, card, field) => {
    const answer = await tokenize(card);
    expect(saying(answer)).toEqual([422, "invalid_request", field]);
    expect(answer.text).not.toContain(card.number);
  });

  test("under a key that was used for another card is refused with 422", async () => {
    const headers = key();
    const first = await demo.send("POST", "/v1/card-tokens", { body: good, headers });
    const again = await demo.send("POST", "/v1/card-tokens", { body: { ...good, cvc: "999" }, headers });
    const another = await demo.send("POST", "/v1/card-tokens", {
      body: { ...good, number: "5555555555554444" },
      headers,
    });
    expect([again.headers.get("idempotent-replayed"), again.text]).toEqual(["true", first.text]);
    expect(saying(another)).toEqual([422, "idempotency_key_reused"]);
  });
});

describe("a request", () => {
  test.each([
    ["GET", "/v2/payments", 404, "not_found"],
    ["GET", "/v1/payments/pay_nothing", 404, "not_found"],
    ["GET", "/v1/payments/pay_00000000000000000000000000", 404, "not_found"],
    ["DELETE", "/v1/payments", 405, "method_not_allowed"],
    ["PUT", "/v1/card-tokens", 405, "method_not_allowed"],
    ["GET", "/v1/payments?limit=1000000", 400, "malformed_query"],
    ["GET", "/v1/payments?limit=0", 400, "malformed_query"],
    ["GET", "/v1/payments?cursor=Zm9yZ2Vk", 400, "malformed_query"],
    ["GET", "/v1/payments?page=2", 400, "malformed_query"],
    ["GET", "/v1/ledger/trial-balance", 400, "malformed_query"],
    ["GET", "/v1/ledger/trial-balance?currency=usd", 400, "malformed_query"],
  ])("%s %s is refused with %i", async (method, path, statusCode, code) => {
    const answer = await demo.send(method, path);
    expect([answer.statusCode, answer.body.code]).toEqual([statusCode, code]);
  });

  test.each([
    ["that accepts XML only", { accept: "application/xml" }, 406, "not_acceptable"],
    ["in text/plain", { "content-type": "text/plain" }, 415, "unsupported_media_type"],
    ["that says it is compressed", { "content-encoding": "gzip" }, 415, "unsupported_media_type"],
    ["with wait=60", { prefer: "wait=60" }, 400, "malformed_header"],
  ])("%s is refused", async (_what, headers, statusCode, code) => {
    const answer = await post(validBody(), { ...key(), ...headers });
    expect(saying(answer)).toEqual([statusCode, code]);
  });

  test("that is a gzip bomb is refused with 415 without being unpacked", async () => {
    const bomb = gzipSync(Buffer.alloc(10_000_000));
    const answer = await sendRaw(
      { "content-type": "application/json", "content-encoding": "gzip", ...key() },
      bomb,
    );
    expect([answer.statusCode, answer.body.code]).toEqual([415, "unsupported_media_type"]);
  });

  test("over 32 KB is refused with 413", async () => {
    const answer = await post({ ...validBody(), description: "x".repeat(33_000) });
    expect([answer.statusCode, answer.body.code]).toEqual([413, "body_too_large"]);
  });

  test("with huge headers is refused with 431", async () => {
    const answer = await demo.send("GET", "/v1/payments", { headers: { "x-filler": "x".repeat(11_000) } });
    expect(answer.statusCode).toBe(431);
  });
});

describe("a caller", () => {
  const get = (client: ApiClient) => client.get("/v1/payments");
  const unsigned = (claims: object) => {
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
    return `${part({ alg: "none", typ: "JWT" })}.${part(claims)}.AA`;
  };

  test("without a token is refused with 401 and a challenge", async () => {
    const answer = await get(ApiClient.anonymous(system.endpoints));
    expect(saying(answer)).toEqual([401, "token_missing"]);
    expect(answer.headers.get("www-authenticate")).toBe("Bearer");
  });

  test.each([
    ["that is no JWT", "hello"],
    ["with alg none", unsigned({ iss: "x", client_id: "x", token_use: "access" })],
    ["of another issuer", unsigned({ iss: "https://example.com", token_use: "access" })],
  ])("with a token %s is refused with 401", async (_what, forged) => {
    const answer = await get(ApiClient.withToken(system.endpoints, forged));
    expect(saying(answer)).toEqual([401, "token_invalid"]);
  });

  test("whose token was changed by one character is refused with 401", async () => {
    const [head = "", claims = "", signature = ""] = demo.authorization.replace("Bearer ", "").split(".");
    const changed = `${head}.${claims}.${signature.startsWith("A") ? "B" : "A"}${signature.slice(1)}`;
    expect(saying(await get(ApiClient.withToken(system.endpoints, changed)))).toEqual([401, "token_invalid"]);
  });

  test("whose token lacks the scope is refused with 403, which names it", async () => {
    const reader = await ApiClient.signIn(
      system.endpoints,
      system.endpoints.merchants.demo,
      "tallystick/payments.read",
    );
    const answer = await reader.pay({ method: { type: "card", token } });
    expect(saying(answer)).toEqual([403, "scope_missing"]);
    expect(answer.body.detail).toContain("tallystick/payments.write");
  });

  test("who is an operator cannot pay", async () => {
    const operator = await ApiClient.signIn(system.endpoints, system.endpoints.operator);
    const answer = await operator.pay({ method: { type: "card", token } });
    expect(answer.statusCode).toBe(403);
  });
});

test("refused requests leave the books and the list of payments as they were", async () => {
  await counted(system.endpoints);
  const before = await demo.get("/v1/ledger/trial-balance?currency=USD");
  const listed = await demo.get("/v1/payments?limit=100");
  await post(bodyWith('"amount":1000', '"amount":0'));
  await post(validBody(), {});
  await counted(system.endpoints);
  const after = await demo.get("/v1/ledger/trial-balance?currency=USD");
  expect([after.body.debits, after.body.credits]).toEqual([before.body.debits, before.body.credits]);
  expect((await demo.get("/v1/payments?limit=100")).text).toBe(listed.text);
});
