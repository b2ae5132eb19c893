import { describe, expect, test } from "vitest";
import { apiRequest, problemFrom } from "#tests/support/requests.ts";
import { type Answer, found, type Page } from "./answer.ts";
import type { ApiRequest } from "./request.ts";
import { createRouter } from "./router.ts";

/** Answers with what it was called for. */
const echo =
  (name: string) =>
  async (request: ApiRequest, remainingMs: () => number): Promise<Answer> =>
    found({ name, parameters: request.parameters, remainingMs: remainingMs() });

const page: Page = { statusCode: 200, headers: {}, html: "<p>" };

const route = createRouter({
  "/v1/payments": { GET: echo("list"), POST: echo("create") },
  "/v1/payments/:id": { GET: echo("show") },
  "/v1/payments/:id/capture": { POST: echo("capture") },
  "/v1/ledger/accounts/:account/entries/:entry": { GET: echo("entry") },
  "/v1/payments/:id/return": { GET: { page: async () => page } },
});

const ask = (method: string, path: string, headers: Record<string, string> = {}) =>
  route(apiRequest({ method, path, headers }), () => 5_000);

describe("a request goes to the endpoint of its path and method", () => {
  test.each([
    ["GET", "/v1/payments", "list", {}],
    ["POST", "/v1/payments", "create", {}],
    ["GET", "/v1/payments/pay_1", "show", { id: "pay_1" }],
    ["POST", "/v1/payments/pay_1/capture", "capture", { id: "pay_1" }],
    ["GET", "/v1/ledger/accounts/a/entries/b", "entry", { account: "a", entry: "b" }],
    // No part is decoded here: an id that needed decoding is no id of ours.
    ["GET", "/v1/payments/pay_1%2Fcapture", "show", { id: "pay_1%2Fcapture" }],
    ["GET", "/v1/payments/%70ay_1", "show", { id: "%70ay_1" }],
    ["GET", "/v1/payments/%", "show", { id: "%" }],
    ["GET", "/v1/payments/..", "show", { id: ".." }],
    ["GET", "/v1/payments/:id", "show", { id: ":id" }],
    ["GET", "/v1/payments/__proto__", "show", { id: "__proto__" }],
  ])("%s %s", async (method, path, name, parameters) => {
    const { json } = (await ask(method, path)) as Answer;
    expect(JSON.parse(json)).toEqual({ name, parameters, remainingMs: 5_000 });
  });
});

describe("a path that nothing has is a 404", () => {
  test.each([
    "",
    "/",
    "/v1",
    "/v1/payments/",
    "/v1//payments",
    "//v1/payments",
    "/V1/payments",
    "/v1/Payments",
    "/v1/payments/pay_1/",
    "/v1/payments//capture",
    "/v1/payments/pay_1/captures",
    "/v1/payments/pay_1/capture/x",
    "/v1/payments?limit=1",
    "/v1%2Fpayments",
    "/v1/payment%73",
    "/v1/payments/../payments",
  ])("%j", async (path) => {
    expect(await problemFrom(ask("GET", path))).toMatchObject({ code: "not_found", statusCode: 404 });
  });

  test("whatever its method and its headers are", async () => {
    const problem = await problemFrom(ask("BREW", "/v1/coffee", { accept: "application/xml" }));
    expect(problem.statusCode).toBe(404);
  });
});

describe("a method that the path does not have is a 405 that names those it has", () => {
  test.each([
    ["DELETE", "/v1/payments", "GET, POST"],
    ["PUT", "/v1/payments", "GET, POST"],
    ["HEAD", "/v1/payments", "GET, POST"],
    ["OPTIONS", "/v1/payments/pay_1", "GET"],
    ["POST", "/v1/payments/pay_1", "GET"],
    ["GET", "/v1/payments/pay_1/capture", "POST"],
    ["get", "/v1/payments", "GET, POST"],
    ["constructor", "/v1/payments", "GET, POST"],
    ["toString", "/v1/payments", "GET, POST"],
    ["__proto__", "/v1/payments", "GET, POST"],
  ])("%s %s", async (method, path, allow) => {
    expect(await problemFrom(ask(method, path))).toMatchObject({
      code: "method_not_allowed",
      statusCode: 405,
      details: { headers: { allow } },
    });
  });
});

describe("Accept (RFC 9110, 12.5.1)", () => {
  test("may be missing", async () => {
    expect((await ask("GET", "/v1/payments")).statusCode).toBe(200);
  });

  test.each([
    "",
    "*/*",
    "application/json",
    "Application/JSON",
    "application/*",
    "application/json; charset=utf-8",
    "application/problem+json",
    "application/json, application/problem+json",
    "text/html, application/xhtml+xml, application/xml;q=0.9, */*;q=0.8",
    "application/json;q=0.1, application/xml",
    "application/json;q=0.001",
    "application/xml, application/json",
    "application/json, */*;q=0",
    "application/*, */*;q=0",
  ])("%j is answered", async (accept) => {
    expect((await ask("GET", "/v1/payments", { accept })).statusCode).toBe(200);
  });

  test.each([
    "application/xml",
    "text/html",
    "text/*",
    "application/xml, text/html",
    "application/jsonp",
    "application/vnd.api+json",
    "json",
    "*",
    "application/json;q=0",
    "application/json; q=0.000",
    "application/json;Q=0",
    "application/json;q=0, */*",
    "application/*;q=0, */*",
    "*/*;q=0",
    "application/json;q=0, application/xml",
  ])("%j is refused with 406", async (accept) => {
    expect(await problemFrom(ask("GET", "/v1/payments", { accept }))).toMatchObject({
      code: "not_acceptable",
      statusCode: 406,
    });
  });
});

test("a page is for browsers, whatever they accept", async () => {
  expect(await ask("GET", "/v1/payments/pay_1/return", { accept: "text/html" })).toBe(page);
});
