import type { APIGatewayProxyStructuredResultV2 } from "aws-lambda";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { StoreContention, StoreUnavailable, WriterFenced } from "#adapters/dynamodb/errors.ts";
import { KeysUnavailable } from "#adapters/kms/errors.ts";
import { gatewayEvent, lambdaContext } from "#tests/support/requests.ts";
import { found } from "./answer.ts";
import { apiHandler } from "./handler.ts";
import { invalidField, Problem } from "./problem.ts";
import type { ApiRequest } from "./request.ts";

// The logger then writes to this process's console, where a test can read it. It looks when it is made.
vi.hoisted(() => {
  process.env["POWERTOOLS_DEV"] = "true";
});

const logged: string[] = [];
beforeEach(() => {
  logged.length = 0;
  vi.spyOn(console, "error").mockImplementation((line: string) => logged.push(line));
  return () => vi.restoreAllMocks();
});

type Endpoint = (request: ApiRequest, remainingMs: () => number) => Promise<ReturnType<typeof found>>;

async function answerOf(
  endpoint: Endpoint,
  event = gatewayEvent(),
): Promise<APIGatewayProxyStructuredResultV2> {
  return apiHandler({ "/v1/payments": { GET: endpoint } })(event, lambdaContext());
}

const failing =
  (thrown: unknown): Endpoint =>
  () =>
    Promise.reject(thrown);
const bodyOf = (result: APIGatewayProxyStructuredResultV2) => JSON.parse(result.body ?? "");

describe("an answer", () => {
  test("is JSON with the request's id and its own headers", async () => {
    const result = await answerOf(async () => found({ id: "pay_1" }, { etag: '"3"' }));
    expect(result).toEqual({
      statusCode: 200,
      headers: { "content-type": "application/json", "request-id": "req-1", etag: '"3"' },
      body: '{"id":"pay_1"}',
    });
  });

  test("to a browser is a page, with the request's id and its own headers", async () => {
    const page = async () => ({
      statusCode: 200,
      headers: { "cache-control": "no-store" },
      html: "<p>Hi</p>",
    });
    const handler = apiHandler({ "/v1/payments": { GET: { page } } });
    expect(await handler(gatewayEvent(), lambdaContext())).toEqual({
      statusCode: 200,
      headers: {
        "content-type": "text/html; charset=utf-8",
        "request-id": "req-1",
        "cache-control": "no-store",
      },
      body: "<p>Hi</p>",
    });
  });

  test("is given by an endpoint that knows how long the function may still run", async () => {
    const result = await answerOf(async (_request, remainingMs) => found({ remaining: remainingMs() }));
    expect(bodyOf(result)).toEqual({ remaining: 29_000 });
  });
});

describe("a problem", () => {
  test("is problem+json with its own status code and headers, and is not an error of ours", async () => {
    const refusal = new Problem("idempotency_in_flight", { headers: { "retry-after": "1" } });
    const result = await answerOf(failing(refusal));
    expect(result).toMatchObject({
      statusCode: 409,
      headers: {
        "content-type": "application/problem+json",
        "request-id": "req-1",
        "retry-after": "1",
      },
    });
    expect(bodyOf(result)).toMatchObject({ status: 409, code: "idempotency_in_flight", request_id: "req-1" });
    expect(logged).toEqual([]);
  });

  test("names the fields that are wrong", async () => {
    const result = await answerOf(failing(invalidField("/amount", "too_small", "Too small.")));
    expect(bodyOf(result).errors).toEqual([{ pointer: "/amount", code: "too_small", detail: "Too small." }]);
  });

  test.each([
    ["404 for a path", { path: "/v1/coffee" }, 404],
    ["405 for a method", { method: "DELETE" }, 405],
    ["406 for what it cannot write", { headers: { accept: "application/xml" } }, 406],
  ])("is given before an endpoint is: %s", async (_name, request, statusCode) => {
    const result = await answerOf(failing(new Error("unreachable")), gatewayEvent(request));
    expect(result).toMatchObject({
      statusCode,
      headers: { "content-type": "application/problem+json", "request-id": "req-1" },
    });
  });

  test("of the route is not hidden by bytes that are no UTF-8", async () => {
    const junk = { body: Buffer.from([0xff, 0xfe]).toString("base64"), isBase64Encoded: true };
    const result = await answerOf(failing(new Error("unreachable")), gatewayEvent({ path: "/v2", ...junk }));
    expect(result.statusCode).toBe(404);
  });
});

describe("when a part of the system does not answer", () => {
  test.each([
    ["a table", new StoreUnavailable("TimeoutError: 10.0.0.7:8000 did not answer")],
    ["a table under contention", new StoreContention("6 tries met another transaction")],
    ["the region, which another has taken over from", new WriterFenced("epoch 2 wrote it")],
    ["a key", new KeysUnavailable("KMSInvalidStateException: arn:aws:kms:eu-west-1:1:key/1")],
  ])("%s, the caller may try again: 503 with Retry-After", async (_name, error) => {
    const result = await answerOf(failing(error));
    expect(result).toMatchObject({ statusCode: 503, headers: { "retry-after": "1" } });
    expect(bodyOf(result)).toEqual({
      type: "about:blank",
      title: "A part of the system does not answer",
      status: 503,
      code: "unavailable",
      detail: "Send the same request again, with the same Idempotency-Key.",
      request_id: "req-1",
    });
    expect(logged.join()).toContain(error.message);
  });
});

describe("when something breaks that nobody foresaw", () => {
  const secret = "password=hunter2 at 10.0.0.7";

  test.each([
    ["an error", new TypeError(secret)],
    ["an error with a status code of its own", Object.assign(new Error(secret), { statusCode: 418 })],
    ["a cause inside", new Error("outer", { cause: new Error(secret) })],
    ["a text", secret],
    ["an object", { message: secret, statusCode: 200, body: secret }],
  ])("the answer is a 500 that tells nothing: %s", async (_name, thrown) => {
    const result = await answerOf(failing(thrown));
    expect(result.statusCode).toBe(500);
    expect(bodyOf(result)).toEqual({
      type: "about:blank",
      title: "Something broke on our side",
      status: 500,
      code: "internal_error",
      detail:
        "Whether anything was done is not known. Send the same request again, with the same Idempotency-Key.",
      request_id: "req-1",
    });
    expect(JSON.stringify(result)).not.toContain("hunter2");
  });

  test("the log tells it, under the id that the caller was given", async () => {
    await answerOf(failing(new TypeError(secret)));
    expect(logged).toHaveLength(1);
    expect(JSON.parse(logged[0] ?? "")).toMatchObject({
      message: "request failed",
      request_id: "req-1",
      error: { name: "TypeError", message: secret },
    });
  });
});
