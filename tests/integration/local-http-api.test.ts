import { type IncomingHttpHeaders, type RequestOptions, request } from "node:http";
import { connect } from "node:net";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { RefuseSender } from "#local/delivery/courier.ts";
import { ifInvokable } from "#local/http-api/admission.ts";
import { apiOf } from "#local/http-api/api-definition.ts";
import { behindEdge, edgeRules } from "#local/http-api/edge.ts";
import { type AccessRecord, HttpApiGateway } from "#local/http-api/gateway.ts";
import { type HttpApiServer, serveHttpApi } from "#local/http-api/server.ts";
import { messageOf } from "#local/iam/denial.ts";
import { Guard } from "#local/iam/guard.ts";
import { LambdaService } from "#local/lambda/service.ts";
import { httpApiPlan as plan } from "#tests/support/http-api-plan.ts";

const taskRoot = fileURLToPath(new URL("../..", import.meta.url));
const guard = new Guard(plan);
const refuse: RefuseSender = (...asked) => {
  const denial = guard.refuseDelivery(...asked);
  return denial && messageOf(denial);
};
let lambda: LambdaService;
let edge: HttpApiServer;
let bare: HttpApiServer;
const records: AccessRecord[] = [];
const warnings: string[] = [];

beforeAll(async () => {
  lambda = new LambdaService({ plan, taskRoot, environmentOf: () => ({}), log: () => undefined });
  const gateway = new HttpApiGateway({
    api: apiOf(plan),
    invoke: ifInvokable(refuse, (arn, payload, options) => lambda.invoke(arn, payload, options)),
    clock: Date.now,
    accessLog: (record) => records.push(record),
    warn: (line) => warnings.push(line),
  });
  const warn = (line: string) => warnings.push(line);
  edge = await serveHttpApi({ layer: behindEdge(gateway, edgeRules), port: 0, warn });
  bare = await serveHttpApi({ layer: gateway, port: 0, warn });
});

afterAll(async () => {
  await edge.stop(0);
  await bare.stop(0);
  await lambda.stop();
});

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly bytes: Buffer;
  readonly json: () => Record<string, unknown> & { requestContext: Record<string, unknown> };
}

/** One request over a connection of its own, so that its head is exactly what the test says. */
function call(
  path: string,
  options: RequestOptions & { readonly body?: string | Buffer; readonly server?: HttpApiServer } = {},
): Promise<Answer> {
  const { body, server = edge, ...rest } = options;
  return new Promise((resolve, reject) => {
    const sent = request(`${server.url}/`, { agent: false, ...rest, path }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("end", () => {
        const bytes = Buffer.concat(chunks);
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          bytes,
          json: () => JSON.parse(bytes.toString()),
        });
      });
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

const json = { "content-type": "application/json" };

test("a request reaches its function as an event of format 2.0, and the answer carries the request's id", async () => {
  const answer = await call("/v1/echo/a/b?limit=2&limit=3", {
    method: "POST",
    headers: { ...json, cookie: "a=1; b=2" },
    body: '{"amount":1}',
  });
  expect(answer.status).toBe(200);
  const event = answer.json();
  expect(event).toMatchObject({
    version: "2.0",
    routeKey: "ANY /v1/echo/{proxy+}",
    rawPath: "/v1/echo/a/b",
    rawQueryString: "limit=2&limit=3",
    queryStringParameters: { limit: "2,3" },
    pathParameters: { proxy: "a/b" },
    cookies: ["a=1", "b=2"],
    body: '{"amount":1}',
    isBase64Encoded: false,
    requestContext: {
      apiId: "Api",
      stage: "$default",
      domainName: "127.0.0.1",
      http: { method: "POST", path: "/v1/echo/a/b", protocol: "HTTP/1.1", sourceIp: "127.0.0.1" },
    },
  });
  expect(answer.headers["apigw-requestid"]).toBe(event.requestContext["requestId"]);
  expect(records.at(-1)).toMatchObject({
    routeKey: "ANY /v1/echo/{proxy+}",
    statusCode: 200,
    path: "/v1/echo/a/b",
  });
});

test("duplicate headers reach the function joined by a comma", async () => {
  const event = (
    await call("/v1/echo/x", {
      headers: ["Host", "api.test", "Idempotency-Key", "one", "idempotency-key", "two"],
    })
  ).json();
  expect(event["headers"]).toMatchObject({ "idempotency-key": "one,two" });
});

test("a binary body arrives byte for byte", async () => {
  const body = Buffer.from([0, 1, 0xfe, 0xff, 0x0d, 0x0a]);
  const event = (
    await call("/v1/echo/x", { method: "PUT", headers: { "content-type": "application/octet-stream" }, body })
  ).json();
  expect(event["isBase64Encoded"]).toBe(true);
  expect(Buffer.from(String(event["body"]), "base64")).toEqual(body);
});

test("a body sent in chunks arrives whole, with its length", async () => {
  const event = (
    await call("/v1/echo/x", {
      method: "POST",
      headers: { ...json, "transfer-encoding": "chunked" },
      body: '{"a":"é"}',
    })
  ).json();
  expect(event["body"]).toBe('{"a":"é"}');
  expect(event["headers"]).toMatchObject({ "content-length": "10" });
  expect(event["headers"]).not.toHaveProperty("transfer-encoding");
});

test("what the authorizer returned reaches the handler, and it saw no body", async () => {
  const answer = await call("/v1/payments/pay_1/capture", {
    method: "POST",
    headers: { ...json, authorization: "Bearer good" },
    body: "{}",
  });
  expect(answer.json().requestContext["authorizer"]).toEqual({
    lambda: {
      token: "Bearer good",
      routeArn: "arn:aws:execute-api:eu-west-1:123456789012:Api/$default/POST/v1/payments/{id}/capture",
      hasBody: false,
      scopes: ["payments:write"],
      depth: 2,
    },
  });
});

test("an authorizer without an identity source is asked about a request without a token too", async () => {
  const answer = await call("/v1/payments/pay_1/capture", { method: "POST" });
  expect(answer.json().requestContext["authorizer"]).toMatchObject({ lambda: { token: "" } });
});

test.each([
  ["Bearer refused", 403, "Forbidden"],
  ["Bearer unauthorized", 401, "Unauthorized"],
  ["Bearer broken", 500, "Internal Server Error"],
  ["Bearer malformed", 500, "Internal Server Error"],
])("an authorizer on %s makes the gateway answer %i", async (authorization, status, message) => {
  const answer = await call("/v1/payments/pay_1/capture", { method: "POST", headers: { authorization } });
  expect({ status: answer.status, body: answer.json() }).toEqual({ status, body: { message } });
  expect(answer.headers["content-type"]).toBe("application/json");
  expect(answer.headers["apigw-requestid"]).toMatch(/^[\w-]{15}=$/);
});

test.each([
  ["GET", "/v1/nothing", "GET"],
  ["DELETE", "/v1/shape", "DELETE"],
  ["OPTIONS", "/v1/shape", "OPTIONS"],
  ["POST", "/v1/payments/pay_1", "POST"],
])("%s %s, which no route knows, goes to $default", async (method, path, seen) => {
  const answer = await call(path, { method });
  expect(answer.status).toBe(404);
  expect(answer.headers["content-type"]).toBe("application/problem+json");
  expect(answer.json()).toEqual({ code: "not_found", routeKey: "$default", method: seen });
});

test("HEAD is answered with the headers of a body and without the body", async () => {
  const answer = await call("/v1/shape?of=text", { method: "HEAD" });
  expect(answer.status).toBe(200);
  expect(answer.headers["content-length"]).toBe("5");
  expect(answer.bytes.length).toBe(0);
});

test("OPTIONS on a route for any method reaches its function", async () => {
  const answer = await call("/v1/echo/x", { method: "OPTIONS" });
  expect(answer.json().requestContext["http"]).toMatchObject({ method: "OPTIONS" });
});

test("a function's answer may be inferred, plain, empty or binary, with cookies", async () => {
  const inferred = await call("/v1/shape?of=inferred");
  expect([inferred.status, inferred.headers["content-type"], inferred.bytes.toString()]).toEqual([
    200,
    "application/json",
    '{"hello":"world"}',
  ]);
  expect((await call("/v1/shape?of=text")).headers["content-type"]).toBe("text/plain; charset=utf-8");
  const empty = await call("/v1/shape?of=empty");
  expect([empty.status, empty.headers["content-length"], empty.bytes.length]).toEqual([204, undefined, 0]);
  expect((await call("/v1/shape?of=binary")).bytes).toEqual(Buffer.from([0x89, 0x50, 0x00, 0xff]));
  const cookies = await call("/v1/shape?of=cookies");
  expect(cookies.headers).toMatchObject({
    "set-cookie": ["a=1; Path=/", "b=2"],
    "x-number": "7",
    "x-flag": "true",
  });
});

test.each(["object-body", "status-text", "split-header", "throw"])(
  "a function that answers %s makes the gateway answer 500",
  async (of) => {
    const answer = await call(`/v1/shape?of=${of}`);
    expect(answer.status).toBe(500);
    expect(answer.json()).toEqual({ message: "Internal Server Error" });
    expect(answer.headers).not.toHaveProperty("x-injected");
    expect(warnings.at(-1)).toContain(String(answer.headers["apigw-requestid"]));
  },
);

test("a function slower than its integration makes the gateway answer 503", async () => {
  await call("/v1/shape");
  const answer = await call("/v1/slow?of=slow");
  expect([answer.status, answer.bytes.toString()]).toEqual([503, '{"message":"Service Unavailable"}']);
});

test("a throttled function makes the gateway answer 503, and a throttled route 429", async () => {
  const off = await call("/v1/off");
  expect([off.status, off.bytes.toString()]).toEqual([503, '{"message":"Service Unavailable"}']);
  const statuses: number[] = [];
  for (let index = 0; index < 3; index += 1) statuses.push((await call("/v1/throttled")).status);
  expect(statuses).toEqual([200, 200, 429]);
});

test.each([
  ["with a length", {}],
  ["in chunks", { "transfer-encoding": "chunked" }],
])("the edge blocks a body over 32 KB %s, and lets 32 KB through", async (_how, headers) => {
  const most = JSON.stringify("x".repeat(32 * 1024 - 2));
  const through = await call("/v1/echo/x", { method: "POST", headers: { ...json, ...headers }, body: most });
  expect(through.status).toBe(200);
  const blocked = await call("/v1/echo/x", {
    method: "POST",
    headers: { ...json, ...headers },
    body: `${most} `,
  });
  expect([blocked.status, blocked.headers["content-type"]]).toEqual([413, "application/json"]);
  expect(blocked.json()).toMatchObject({ status: 413, code: "body_too_large" });
});

test.each([8_500, 20_000, 60_000])("the edge blocks %i bytes of headers", async (bytes) => {
  const answer = await call("/v1/echo/x", { headers: { "x-large": "y".repeat(bytes) } });
  expect([answer.status, answer.headers["content-type"]]).toEqual([431, "application/json"]);
  expect(answer.json()).toMatchObject({ status: 431, code: "headers_too_large" });
});

test("the gateway alone refuses 10,240 bytes of headers and 10 MB of body in its own words", async () => {
  const headers = await call("/v1/echo/x", { server: bare, headers: { "x-large": "y".repeat(10_240) } });
  expect([headers.status, headers.bytes.toString()]).toEqual([
    431,
    '{"message":"Request Header Fields Too Large"}',
  ]);
  const body = await call("/v1/echo/x", {
    server: bare,
    method: "POST",
    headers: json,
    body: Buffer.alloc(10 * 1024 * 1024 + 1, 0x20),
  });
  expect([body.status, body.bytes.toString()]).toEqual([413, '{"message":"Request Entity Too Large"}']);
});

test("a body that fits the gateway but not its function is an internal error", async () => {
  const body = JSON.stringify("x".repeat(7 * 1024 * 1024));
  const answer = await call("/v1/echo/x", { server: bare, method: "POST", headers: json, body });
  expect(answer.status).toBe(500);
  expect(warnings.at(-1)).toContain("RequestEntityTooLargeException");
});

test("a client that leaves in the middle of its body disturbs nobody", async () => {
  const warned = warnings.length;
  await new Promise<void>((resolve) => {
    const socket = connect(edge.port, "127.0.0.1", () => {
      socket.write("POST /v1/echo/x HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\nhalf");
      setTimeout(() => socket.destroy(), 50);
    });
    socket.on("close", () => resolve());
  });
  expect((await call("/v1/shape?of=text")).status).toBe(200);
  expect(warnings.length).toBe(warned);
});

test("thirty-two requests at once each get their own answer", async () => {
  const labels = Array.from({ length: 32 }, (_, index) => `r${index}`);
  const answers = await Promise.all(labels.map((label) => call(`/v1/echo/${label}`)));
  expect(answers.map((answer) => answer.json()["pathParameters"])).toEqual(
    labels.map((proxy) => ({ proxy })),
  );
});

test("a function is invoked for the routes that its policy names, and other requests get 500", async () => {
  expect((await call("/v1/strict/a")).status).toBe(200);
  const denied = await call("/v1/strict/a", { method: "DELETE" });
  expect([denied.status, denied.json()]).toEqual([500, { message: "Internal Server Error" }]);
  expect(warnings.at(-1)).toContain(
    "apigateway.amazonaws.com is not authorized to perform: lambda:InvokeFunction",
  );
});

test("an authorizer that does not let API Gateway in fails its routes", async () => {
  const denied = await call("/v1/guarded");
  expect([denied.status, denied.json()]).toEqual([500, { message: "Internal Server Error" }]);
});
