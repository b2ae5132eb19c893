import { describe, expect, test } from "vitest";
import {
  authorizerEvent,
  type EventContext,
  pathOf,
  proxyEvent,
  queryParametersOf,
  rawQueryOf,
} from "./event.ts";
import type { Header, HttpRequest } from "./http-message.ts";

const context: EventContext = {
  requestId: "JKJaXmPLvHcESHA=",
  timeEpochMs: Date.UTC(2026, 2, 2, 9, 3, 58, 390),
  accountId: "123456789012",
  apiId: "a1b2c3",
  stage: "$default",
  stageVariables: {},
  routeKey: "POST /v1/payments/{id}/capture",
  pathParameters: new Map([["id", "pay_1"]]),
  traceRoot: "1-69a55a2e-0123456789abcdef01234567",
};

function requestOf(target: string, headers: readonly Header[] = [], body: string | Buffer = ""): HttpRequest {
  return {
    method: "POST",
    target,
    httpVersion: "1.1",
    headers: [["Host", "api.tallystick.test:8787"], ...headers],
    sourceIp: "127.0.0.1",
    body: Buffer.from(body),
  };
}

test("a whole request becomes the event of payload format 2.0", () => {
  const request = requestOf(
    "/v1/payments/pay_1/capture?expand=fees&expand=legs&note=a%20b",
    [
      ["Content-Type", "application/json"],
      ["Content-Length", "14"],
      ["User-Agent", "curl/8"],
      ["Cookie", "a=1; b=2"],
      ["Idempotency-Key", "one"],
      ["idempotency-key", "two"],
    ],
    '{"amount":100}',
  );
  expect(proxyEvent(request, context, { lambda: { merchant: "mer_demo" } })).toEqual({
    version: "2.0",
    routeKey: "POST /v1/payments/{id}/capture",
    rawPath: "/v1/payments/pay_1/capture",
    rawQueryString: "expand=fees&expand=legs&note=a%20b",
    cookies: ["a=1", "b=2"],
    headers: {
      host: "api.tallystick.test:8787",
      "content-type": "application/json",
      "content-length": "14",
      "user-agent": "curl/8",
      "idempotency-key": "one,two",
      "x-amzn-trace-id": "Root=1-69a55a2e-0123456789abcdef01234567",
      "x-forwarded-for": "127.0.0.1",
      "x-forwarded-port": "8787",
      "x-forwarded-proto": "http",
    },
    queryStringParameters: { expand: "fees,legs", note: "a b" },
    pathParameters: { id: "pay_1" },
    requestContext: {
      accountId: "123456789012",
      apiId: "a1b2c3",
      authorizer: { lambda: { merchant: "mer_demo" } },
      domainName: "api.tallystick.test",
      domainPrefix: "api",
      http: {
        method: "POST",
        path: "/v1/payments/pay_1/capture",
        protocol: "HTTP/1.1",
        sourceIp: "127.0.0.1",
        userAgent: "curl/8",
      },
      requestId: "JKJaXmPLvHcESHA=",
      routeKey: "POST /v1/payments/{id}/capture",
      stage: "$default",
      time: "02/Mar/2026:09:03:58 +0000",
      timeEpoch: 1_772_442_238_390,
    },
    body: '{"amount":100}',
    isBase64Encoded: false,
  });
});

test("what a request does not have is left out of its event", () => {
  const event = proxyEvent(requestOf("/"), { ...context, routeKey: "$default", pathParameters: new Map() });
  expect(Object.keys(event).sort()).toEqual([
    "headers",
    "isBase64Encoded",
    "rawPath",
    "rawQueryString",
    "requestContext",
    "routeKey",
    "version",
  ]);
  expect(event).toMatchObject({ rawQueryString: "", isBase64Encoded: false });
  expect(event.requestContext).not.toHaveProperty("authorizer");
});

test("an authorizer that returned no context leaves null, and the stage's variables are passed on", () => {
  const event = proxyEvent(requestOf("/"), { ...context, stageVariables: { epoch: "3" } }, { lambda: null });
  expect(event.requestContext.authorizer).toEqual({ lambda: null });
  expect(event.stageVariables).toEqual({ epoch: "3" });
});

describe("whether a body is text is told by its content type alone", () => {
  test.each([
    ["application/json", false],
    ["application/json; charset=utf-8", false],
    ["Application/JSON", false],
    ["text/csv", false],
    ["application/xml", false],
    ["application/javascript", false],
    ["application/x-www-form-urlencoded", true],
    ["application/problem+json", true],
    ["multipart/form-data; boundary=x", true],
    ["application/octet-stream", true],
    [undefined, true],
  ])("%s: base64 is %s", (contentType, isBase64Encoded) => {
    const headers: Header[] = contentType === undefined ? [] : [["content-type", contentType]];
    const event = proxyEvent(requestOf("/", headers, "{}"), context);
    expect(event).toMatchObject({ isBase64Encoded, body: isBase64Encoded ? "e30=" : "{}" });
  });

  test("bytes of a binary body survive, and a byte order mark stays in a text one", () => {
    const bytes = Buffer.from([0, 0xff, 0x89, 0x0a]);
    const binary = proxyEvent(requestOf("/", [["content-type", "image/png"]], bytes), context);
    expect(Buffer.from(binary.body ?? "", "base64")).toEqual(bytes);
    const text = proxyEvent(requestOf("/", [["content-type", "application/json"]], "\uFEFF{}"), context);
    expect(text.body).toBe("\uFEFF{}");
  });
});

describe("paths and queries", () => {
  test.each([
    ["/v1/payments?limit=1", "/v1/payments"],
    ["/caf%C3%A9%20a", "/café a"],
    ["/bad%zzpath", "/bad%zzpath"],
    ["http://api.test/v1/x?y=1", "/v1/x"],
    ["http://api.test", "/"],
    ["*", "/"],
  ])("the path of %s is %s", (target, path) => {
    expect(pathOf(target)).toBe(path);
  });

  test.each([
    ["/a?b=%20&c", "b=%20&c"],
    ["/a?", ""],
    ["/a", ""],
    ["/a?b=?", "b=?"],
  ])("the raw query of %s is %j", (target, query) => {
    expect(rawQueryOf(target)).toBe(query);
  });

  test.each([
    ["a=1&a=2&b", { a: "1,2", b: "" }],
    ["a+b=c+d", { "a b": "c d" }],
    ["a=%zz&&=x", { a: "%zz", "": "x" }],
    ["a=b=c", { a: "b=c" }],
  ])("the parameters of %j are %j", (query, parameters) => {
    expect(Object.fromEntries(queryParametersOf(query))).toEqual(parameters);
  });

  test("no name can reach the prototype of the event", () => {
    const event = proxyEvent(requestOf("/?__proto__=x", [["__proto__", "y"]]), context);
    const parsed = JSON.parse(JSON.stringify(event));
    expect(Object.hasOwn(parsed.queryStringParameters, "__proto__")).toBe(true);
    expect(Object.hasOwn(parsed.headers, "__proto__")).toBe(true);
  });
});

test("headers of the connection end at the gateway, and the client's own address is appended", () => {
  const { headers } = proxyEvent(
    requestOf("/", [
      ["Connection", "keep-alive"],
      ["Transfer-Encoding", "chunked"],
      ["X-Forwarded-For", "203.0.113.7"],
      ["X-Amzn-Trace-Id", "Root=1-aaaaaaaa-bbbbbbbbbbbbbbbbbbbbbbbb"],
    ]),
    context,
  );
  expect(headers).toEqual({
    host: "api.tallystick.test:8787",
    "content-length": "0",
    "x-forwarded-for": "203.0.113.7, 127.0.0.1",
    "x-forwarded-port": "8787",
    "x-forwarded-proto": "http",
    "x-amzn-trace-id": "Root=1-aaaaaaaa-bbbbbbbbbbbbbbbbbbbbbbbb",
  });
});

test("an authorizer sees the request without its body", () => {
  const event = authorizerEvent(
    requestOf("/v1/payments?a=1", [["authorization", "Bearer x"]], "{}"),
    context,
    {
      routeArn: "arn:aws:execute-api:eu-west-1:123456789012:a1b2c3/$default/POST/v1/payments",
      identitySource: ["Bearer x"],
    },
  );
  expect(event).toMatchObject({
    version: "2.0",
    type: "REQUEST",
    routeArn: "arn:aws:execute-api:eu-west-1:123456789012:a1b2c3/$default/POST/v1/payments",
    identitySource: ["Bearer x"],
    cookies: [],
    rawPath: "/v1/payments",
    queryStringParameters: { a: "1" },
  });
  expect(event.headers?.["authorization"]).toBe("Bearer x");
  expect(event).not.toHaveProperty("body");
  expect(event).not.toHaveProperty("isBase64Encoded");
});
