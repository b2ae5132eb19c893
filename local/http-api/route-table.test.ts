import { describe, expect, test } from "vitest";
import { parseRouteKey, RouteTable } from "./route-table.ts";

function tableOf(...keys: readonly string[]): RouteTable<string> {
  return new RouteTable(
    keys.map((text) => {
      const key = parseRouteKey(text);
      if (key === undefined) expect.fail(`${text} is no route key`);
      return { key, route: text };
    }),
  );
}

describe("AWS's own example of routes", () => {
  const table = tableOf(
    "$default",
    "ANY /{proxy+}",
    "GET /pets/{proxy+}",
    "GET /pets/dog/{id}",
    "GET /pets/dog/1",
  );
  test.each([
    ["GET", "/pets/dog/1", "GET /pets/dog/1", {}],
    ["GET", "/pets/dog/2", "GET /pets/dog/{id}", { id: "2" }],
    ["GET", "/pets/cat/1", "GET /pets/{proxy+}", { proxy: "cat/1" }],
    ["POST", "/test/5", "ANY /{proxy+}", { proxy: "test/5" }],
    ["POST", "/pets/dog/1", "ANY /{proxy+}", { proxy: "pets/dog/1" }],
    ["GET", "/", "$default", {}],
  ])("%s %s is taken by %s %s", (method, path, route, pathParameters) => {
    const match = table.match(method, path);
    expect(match?.route).toBe(route);
    expect(Object.fromEntries(match?.pathParameters ?? [])).toEqual(pathParameters);
  });
});

test("a method is before ANY, and a longer literal prefix before a shorter", () => {
  const table = tableOf(
    "ANY /v1/payments/{id}",
    "GET /v1/payments/{id}",
    "ANY /v1/{proxy+}",
    "ANY /v1/payments/{proxy+}",
  );
  expect(table.match("GET", "/v1/payments/pay_1")?.route).toBe("GET /v1/payments/{id}");
  expect(table.match("POST", "/v1/payments/pay_1")?.route).toBe("ANY /v1/payments/{id}");
  expect(table.match("POST", "/v1/payments/pay_1/capture")?.route).toBe("ANY /v1/payments/{proxy+}");
  expect(table.match("POST", "/v1/ledger")?.route).toBe("ANY /v1/{proxy+}");
});

test("a path that is known under another method only goes to $default, or nowhere", () => {
  expect(tableOf("POST /v1/payments", "$default").match("DELETE", "/v1/payments")?.route).toBe("$default");
  expect(tableOf("POST /v1/payments").match("DELETE", "/v1/payments")).toBeUndefined();
});

test("a trailing slash is another path, and no variable takes an empty segment", () => {
  const table = tableOf("GET /v1/payments", "GET /v1/payments/{id}", "GET /v1/refunds/{proxy+}", "$default");
  expect(table.match("GET", "/v1/payments")?.route).toBe("GET /v1/payments");
  expect(table.match("GET", "/v1/payments/")?.route).toBe("$default");
  expect(table.match("GET", "/v1/refunds/")?.route).toBe("$default");
  expect(table.match("GET", "/v1/refunds")?.route).toBe("$default");
});

test("paths match by case, and their order in the plan does not matter", () => {
  const forwards = tableOf("GET /a/{x}", "GET /a/b", "$default");
  const backwards = tableOf("$default", "GET /a/b", "GET /a/{x}");
  for (const table of [forwards, backwards]) {
    expect(table.match("GET", "/a/b")?.route).toBe("GET /a/b");
    expect(table.match("GET", "/a/B")?.route).toBe("GET /a/{x}");
    expect(table.match("GET", "/A/b")?.route).toBe("$default");
  }
});

test.each([
  "get /pets",
  "GET pets",
  "GET",
  "TRACE /pets",
  "GET /{a+}/b",
  "GET /{a",
  "GET /a}b",
  "GET /x{a}",
  "",
])("%j is no route key", (text) => {
  expect(parseRouteKey(text)).toBeUndefined();
});
