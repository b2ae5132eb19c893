import { describe, expect, test } from "vitest";
import type { Verdict } from "#functions/verdict.ts";
import { apiRequest, gatewayEvent, merchantVerdict, problemOf } from "#tests/support/requests.ts";
import { requestOf, requireCaller, requireMerchant } from "./request.ts";

describe("the gateway's event is read", () => {
  test("without its envelope", () => {
    const event = gatewayEvent({
      method: "POST",
      path: "/v1/payments",
      headers: { "idempotency-key": "k-1" },
      query: { limit: "5" },
      body: '{"amount":100}',
    });
    expect(requestOf(event)).toEqual({
      id: "req-1",
      method: "POST",
      path: "/v1/payments",
      parameters: {},
      query: { limit: "5" },
      headers: { "idempotency-key": "k-1" },
      body: '{"amount":100}',
      verdict: merchantVerdict,
    });
  });

  test("when it has neither body nor query", () => {
    const { body: _body, queryStringParameters: _query, ...bare } = gatewayEvent();
    expect(requestOf(bare)).toMatchObject({ body: "", query: {} });
  });

  const bytes = (...octets: number[]) =>
    requestOf(gatewayEvent({ body: Buffer.from(octets).toString("base64"), isBase64Encoded: true })).body;

  test.each([
    ["ASCII", [0x7b, 0x7d], "{}"],
    ["three bytes for one character", [0xe2, 0x98, 0x95], "☕"],
    ["a byte-order mark, which stays for the JSON reader to refuse", [0xef, 0xbb, 0xbf, 0x7b], "\uFEFF{"],
  ])("when its body is base64: %s", (_name, octets, text) => {
    expect(bytes(...octets)).toBe(text);
  });

  test.each([
    ["a byte that UTF-8 does not have", [0x7b, 0xff, 0x7d]],
    ["a character that is cut off", [0xe2, 0x98]],
    ["an overlong NUL", [0xc0, 0x80]],
    ["a surrogate", [0xed, 0xa0, 0x80]],
    ["gzip", [0x1f, 0x8b, 0x08, 0x00]],
  ])("as no text at all when its bytes are no UTF-8: %s", (_name, octets) => {
    expect(bytes(...octets)).toBeUndefined();
  });
});

describe("whoever was not accepted is refused", () => {
  const refusal = (verdict: Partial<Verdict> | undefined) =>
    problemOf(() => requireCaller(apiRequest({ verdict }), "payments.read"));

  test.each([
    ["no authorizer context", undefined, "token_missing", 401, "Bearer"],
    ["an empty context", {}, "token_missing", 401, "Bearer"],
    ["a missing token", { verdict: "token_missing" }, "token_missing", 401, "Bearer"],
    ["a bad token", { verdict: "token_invalid" }, "token_invalid", 401, 'Bearer error="invalid_token"'],
    ["an old token", { verdict: "token_expired" }, "token_expired", 401, 'Bearer error="invalid_token"'],
    ["a client that nobody holds", { verdict: "client_unknown" }, "client_unknown", 403, undefined],
  ] as const)("%s", (_name, verdict, code, statusCode, challenge) => {
    const problem = refusal(verdict);
    expect(problem).toMatchObject({ code, statusCode });
    expect(problem.details.headers?.["www-authenticate"]).toBe(challenge);
  });

  test("with 503 when the authorizer could not find out", () => {
    expect(refusal({ verdict: "unavailable" })).toMatchObject({
      statusCode: 503,
      details: { headers: { "retry-after": "1" } },
    });
  });

  test("also when the context has a merchant and scopes but no verdict", () => {
    const { verdict: _verdict, ...unjudged } = merchantVerdict;
    expect(refusal(unjudged).code).toBe("token_missing");
  });

  test.each([
    [
      "a verdict of another version",
      { verdict: "approved", merchant: "mer_demo", scope: "tallystick/payments.read" },
    ],
    ["a verdict that objects inherit", { verdict: "constructor" }],
  ])("whatever is thrown for %s", (_name, verdict) => {
    const request = apiRequest({ verdict: verdict as unknown as Verdict });
    expect(() => requireCaller(request, "payments.read")).toThrow();
  });

  test.each([
    ["nobody", {}],
    ["an empty merchant", { merchant: "" }],
    ["an empty operator", { operator: "" }],
  ])("when the verdict names %s", (_name, owner) => {
    const { merchant: _merchant, ...accepted } = merchantVerdict;
    expect(refusal({ ...accepted, ...owner } as Partial<Verdict>)).toMatchObject({
      code: "client_unknown",
      statusCode: 403,
    });
  });
});

describe("scopes", () => {
  const withScope = (scope: string) => apiRequest({ verdict: { ...merchantVerdict, scope } });

  test.each(["tallystick/payments.read", "openid tallystick/payments.read", "tallystick/payments.write"])(
    "%j may read payments, which takes payments.read or payments.write",
    (scope) => {
      expect(requireCaller(withScope(scope), "payments.read", "payments.write")).toEqual({
        kind: "merchant",
        merchant: "mer_demo",
        clientId: "client-demo",
      });
    },
  );

  test.each([
    "",
    "payments.read",
    "tallystick/payments",
    "tallystick/payments.reader",
    "other/payments.read",
    "tallystick/ledger.read",
    "tallystick/payments.read,tallystick/payments.write",
    "TALLYSTICK/payments.read",
  ])("%j may not", (scope) => {
    const problem = problemOf(() => requireCaller(withScope(scope), "payments.read", "payments.write"));
    expect(problem).toMatchObject({ code: "scope_missing", statusCode: 403 });
    expect(problem.details.headers).toEqual({
      "www-authenticate":
        'Bearer error="insufficient_scope", scope="tallystick/payments.read tallystick/payments.write"',
    });
  });

  test("of which a route names none let nobody in", () => {
    expect(problemOf(() => requireCaller(withScope("tallystick/payments.read"))).code).toBe("scope_missing");
  });

  test("that are missing from the verdict are none", () => {
    const { scope: _scope, ...scopeless } = merchantVerdict;
    const request = apiRequest({ verdict: scopeless });
    expect(problemOf(() => requireCaller(request, "payments.read")).code).toBe("scope_missing");
  });
});

describe("an operator", () => {
  const operator = apiRequest({
    verdict: {
      verdict: "accepted",
      client_id: "client-ops",
      scope: "tallystick/ops.read tallystick/payments.write",
      operator: "operator",
    },
  });

  test("is known where operators may call", () => {
    expect(requireCaller(operator, "ops.read")).toEqual({
      kind: "operator",
      operator: "operator",
      clientId: "client-ops",
    });
  });

  test("is refused where only a merchant may, whatever scopes it has", () => {
    expect(problemOf(() => requireMerchant(operator, "payments.write"))).toMatchObject({
      code: "not_for_operators",
      statusCode: 403,
    });
  });
});

test("a merchant is the book that everything it touches starts with", () => {
  expect(requireMerchant(apiRequest(), "payments.write")).toBe("mer_demo");
});
