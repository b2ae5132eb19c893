import { describe, expect, test } from "vitest";
import { gatewayEvent, lambdaContext, problemOf } from "#tests/support/requests.ts";
import { found } from "./answer.ts";
import { apiHandler } from "./handler.ts";
import { originCheckOf } from "./origin.ts";

const [current, previous, older] = ["c", "p", "o"].map((letter) => letter.repeat(48)) as [
  string,
  string,
  string,
];
const sending = (secret: string) => ({ "x-origin-secret": secret });
const passes = (check: ReturnType<typeof originCheckOf>, headers: Record<string, string>) => {
  check(headers);
  return true;
};

describe("behind an edge", () => {
  const check = originCheckOf(`${current},${previous}`);

  test.each([
    ["the secret that the edge sends now", current],
    ["the one before it, while the edge learns the new one", previous],
  ])("%s lets a request in", (_name, secret) => {
    expect(passes(check, sending(secret))).toBe(true);
  });

  test.each([
    ["no secret", {}],
    ["an empty one", sending("")],
    ["one that was replaced twice", sending(older)],
    ["a part of one", sending(current.slice(1))],
    ["more than one", sending(`${current},${previous}`)],
    ["one twice, as the gateway joins headers", sending(`${current},${current}`)],
    ["one in other letters", sending(current.toUpperCase())],
    ["the secret under another name", { "x-origin": current }],
  ])("%s is refused with 403", (_name, headers) => {
    const problem = problemOf(() => check(headers));
    expect(problem).toMatchObject({ code: "edge_bypassed", statusCode: 403 });
    expect(problem.toBody("req-1")).not.toContain(current);
  });
});

test("behind an edge whose secret never changed yet, there is one", () => {
  const check = originCheckOf(current);
  expect(passes(check, sending(current))).toBe(true);
  expect(problemOf(() => check(sending(previous))).code).toBe("edge_bypassed");
});

test("without an edge there is nothing to prove", () => {
  expect(passes(originCheckOf(undefined), {})).toBe(true);
});

test.each([
  ["empty", ""],
  ["a short secret", "hunter2"],
  ["an empty one beside it", `${current},`],
  ["three", [current, previous, older].join(",")],
])("a variable that is %s stops the function at its start", (_name, variable) => {
  expect(() => originCheckOf(variable)).toThrow("ORIGIN_SECRETS");
});

describe("a handler", () => {
  const handler = apiHandler(
    { "/v1/payments": { GET: async () => found({ id: "pay_1" }) } },
    originCheckOf(current),
  );

  test("answers what came through the edge", async () => {
    const result = await handler(gatewayEvent({ headers: sending(current) }), lambdaContext());
    expect(result.statusCode).toBe(200);
  });

  test.each(["/v1/payments", "/v1/coffee"])(
    "tells nothing of %s to who went around the edge",
    async (path) => {
      const result = await handler(gatewayEvent({ path }), lambdaContext());
      expect(result).toMatchObject({
        statusCode: 403,
        headers: { "content-type": "application/problem+json" },
      });
      expect(JSON.parse(result.body ?? "")).toMatchObject({ code: "edge_bypassed", request_id: "req-1" });
    },
  );
});
