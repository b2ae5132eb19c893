import { expect, test } from "vitest";
import { functionArn, planOf, resource } from "#tests/support/handmade-plan.ts";
import type { PlanResource } from "../plan/plan.ts";
import { apiOf } from "./api-definition.ts";

const kinds = {
  api: "aws:apigatewayv2/api:Api",
  stage: "aws:apigatewayv2/stage:Stage",
  integration: "aws:apigatewayv2/integration:Integration",
  authorizer: "aws:apigatewayv2/authorizer:Authorizer",
  route: "aws:apigatewayv2/route:Route",
} as const;
type Kind = keyof typeof kinds;

const inputs: Readonly<Record<Kind, Readonly<Record<string, unknown>>>> = {
  api: { name: "tallystick-api", protocolType: "HTTP" },
  stage: { apiId: "api", name: "$default" },
  integration: {
    apiId: "api",
    integrationType: "AWS_PROXY",
    integrationUri: functionArn("Payments"),
    payloadFormatVersion: "2.0",
  },
  authorizer: {
    apiId: "api",
    name: "bearer",
    authorizerType: "REQUEST",
    authorizerUri: `arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/${functionArn("Payments")}/invocations`,
    authorizerPayloadFormatVersion: "2.0",
    enableSimpleResponses: true,
    authorizerResultTtlInSeconds: 0,
  },
  route: {
    apiId: "api",
    routeKey: "POST /v1/payments",
    target: "integrations/integration",
    authorizationType: "CUSTOM",
    authorizerId: "authorizer",
  },
};

/** The estate's API with some inputs changed; a kind whose change is undefined is left out. */
function apiWith(changes: Partial<Record<Kind, Readonly<Record<string, unknown>> | undefined>> = {}) {
  const resources: PlanResource[] = (Object.keys(kinds) as Kind[])
    .filter((kind) => !(kind in changes) || changes[kind] !== undefined)
    .map((kind) => resource(kinds[kind], kind, { ...inputs[kind], ...changes[kind] }));
  return () => apiOf(planOf(resources));
}

test("routes are read with their functions, authorizers and timeouts", () => {
  expect(apiWith()()).toEqual({
    apiId: "api",
    region: "eu-west-1",
    accountId: "123456789012",
    stage: "$default",
    stageVariables: {},
    routes: [
      {
        key: expect.objectContaining({ text: "POST /v1/payments" }),
        functionArn: functionArn("Payments"),
        timeoutMs: 30_000,
        authorizer: {
          id: "authorizer",
          name: "bearer",
          functionArn: functionArn("Payments"),
          identitySources: [],
          ttlSeconds: 0,
        },
        throttle: undefined,
      },
    ],
  });
});

test("a route's own throttling is before the stage's", () => {
  const api = apiWith({
    stage: {
      defaultRouteSettings: { throttlingRateLimit: 100, throttlingBurstLimit: 50 },
      routeSettings: [{ routeKey: "POST /v1/payments", throttlingRateLimit: 10 }],
    },
  })();
  expect(api.routes[0]?.throttle).toEqual({ ratePerSecond: 10, burst: 50 });
});

test.each([
  ["no API", { api: undefined }, /has 0 HTTP APIs/],
  ["a WebSocket API", { api: { protocolType: "WEBSOCKET" } }, /protocolType/],
  ["CORS in the gateway", { api: { corsConfiguration: { allowOrigins: ["*"] } } }, /answers CORS itself/],
  ["a stage under a path", { stage: { name: "live" } }, /only \$default is served/],
  ["no stage", { stage: undefined }, /no stage/],
  ["payload format 1.0", { integration: { payloadFormatVersion: "1.0" } }, /payloadFormatVersion/],
  ["an HTTP integration", { integration: { integrationType: "HTTP_PROXY" } }, /integrationType/],
  ["a JWT authorizer", { authorizer: { authorizerType: "JWT" } }, /JWT authorizers do not run here yet/],
  ["an authorizer with policies", { authorizer: { enableSimpleResponses: false } }, /IAM policies/],
  ["a cache without an identity", { authorizer: { authorizerResultTtlInSeconds: 60 } }, /no identity source/],
  [
    "an identity without a word on the cache",
    {
      authorizer: {
        identitySources: ["$request.header.Authorization"],
        authorizerResultTtlInSeconds: undefined,
      },
    },
    /authorizerResultTtlInSeconds/,
  ],
  ["an integration in a role's name", { integration: { credentialsArn: "arn" } }, /without a role/],
  ["an authorizer in a role's name", { authorizer: { authorizerCredentialsArn: "arn" } }, /without a role/],
  ["IAM authorization", { route: { authorizationType: "AWS_IAM" } }, /authorizationType/],
  ["a route for nothing", { route: { target: "integrations/gone" } }, /refers to gone/],
  ["a route authorized by nobody", { route: { authorizerId: undefined } }, /authorized by nobody/],
  ["a malformed route key", { route: { routeKey: "POST v1" } }, /has the key POST v1/],
] as const)("a plan with %s is refused at the start", (_what, changes, message) => {
  expect(apiWith(changes)).toThrow(message);
  expect(apiWith(changes)).toThrow(expect.objectContaining({ name: "Refusal" }));
});
