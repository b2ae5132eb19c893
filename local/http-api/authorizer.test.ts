import { expect, test } from "vitest";
import type { InvokeResult } from "../lambda/service.ts";
import { RequestAuthorizer } from "./authorizer.ts";
import type { EventContext } from "./event.ts";
import type { HttpRequest } from "./http-message.ts";

const routeArn = "arn:aws:execute-api:eu-west-1:123456789012:api/$default/GET/v1/payments";

function requestOf(token: string | undefined): HttpRequest {
  return {
    method: "GET",
    target: "/v1/payments?tenant=a",
    httpVersion: "1.1",
    headers: token === undefined ? [] : [["Authorization", token]],
    sourceIp: "127.0.0.1",
    body: Buffer.alloc(0),
  };
}

function contextAt(timeEpochMs: number): EventContext {
  return {
    requestId: "r",
    timeEpochMs,
    accountId: "123456789012",
    apiId: "api",
    stage: "$default",
    stageVariables: {},
    routeKey: "GET /v1/payments",
    pathParameters: new Map(),
    traceRoot: "1-69a55a2e-0123456789abcdef01234567",
  };
}

/** An authorizer over a function that answers what it is given, and counts its invocations. */
function authorizerOf(
  results: readonly InvokeResult[],
  settings: { readonly identitySources?: readonly string[]; readonly ttlSeconds?: number } = {},
) {
  let invocations = 0;
  const authorizer = new RequestAuthorizer(
    { id: "bearer", name: "bearer", functionArn: "arn", identitySources: [], ttlSeconds: 0, ...settings },
    async () => {
      invocations += 1;
      return results[invocations - 1] ?? expect.fail("invoked once too often");
    },
  );
  return { authorizer, invocations: () => invocations };
}

const admits: InvokeResult = { payload: '{"isAuthorized":true,"context":{"merchant":"mer_demo"}}' };
const refuses: InvokeResult = { payload: '{"isAuthorized":false}' };
const throwing: InvokeResult = { payload: '{"errorMessage":"boom"}', functionError: "Unhandled" };

test.each([
  ["a context", admits, { kind: "admitted", context: { merchant: "mer_demo" } }],
  ["no context", { payload: '{"isAuthorized":true}' }, { kind: "admitted", context: null }],
  ["a refusal", refuses, { kind: "forbidden" }],
  ["a throw", throwing, { kind: "failed" }],
  [
    "a throw of Unauthorized",
    { payload: '{"errorMessage":"Unauthorized"}', functionError: "Unhandled" },
    { kind: "unauthorized" },
  ],
  ["an answer in another form", { payload: '{"allowed":true}' }, { kind: "failed" }],
  ["a verdict that is no boolean", { payload: '{"isAuthorized":"true"}' }, { kind: "failed" }],
] as const)("%s decides", async (_what, result, decision) => {
  const { authorizer } = authorizerOf([result]);
  expect(await authorizer.decide(requestOf("Bearer a"), contextAt(0), routeArn)).toEqual(decision);
});

test("without an identity source every request is asked about, also one without a token", async () => {
  const { authorizer, invocations } = authorizerOf([admits, refuses]);
  expect(await authorizer.decide(requestOf(undefined), contextAt(0), routeArn)).toMatchObject({
    kind: "admitted",
  });
  expect(await authorizer.decide(requestOf(undefined), contextAt(1), routeArn)).toMatchObject({
    kind: "forbidden",
  });
  expect(invocations()).toBe(2);
});

test("a request without one of the identity sources is refused unasked", async () => {
  const { authorizer, invocations } = authorizerOf([], {
    identitySources: ["$request.querystring.tenant", "$request.header.authorization"],
  });
  expect(await authorizer.decide(requestOf(undefined), contextAt(0), routeArn)).toEqual({
    kind: "unauthorized",
  });
  expect(invocations()).toBe(0);
});

test("a decision is kept for its time to live, by the identity alone, and a failure is not", async () => {
  const { authorizer, invocations } = authorizerOf([throwing, admits, refuses, refuses], {
    identitySources: ["$request.header.Authorization"],
    ttlSeconds: 60,
  });
  const decide = async (token: string, atMs: number) =>
    (await authorizer.decide(requestOf(token), contextAt(atMs), routeArn)).kind;
  expect(await decide("Bearer a", 0)).toBe("failed");
  expect(await decide("Bearer a", 1)).toBe("admitted");
  expect(await decide("Bearer a", 60_000)).toBe("admitted");
  expect(await decide("Bearer b", 60_000)).toBe("forbidden");
  expect(await decide("Bearer a", 60_001)).toBe("forbidden");
  expect(invocations()).toBe(4);
});
