import type { PlanResource } from "#local/plan/plan.ts";
import { functionArn, functionResource, opensFunction, planOf, resource } from "./handmade-plan.ts";

const functions = {
  Echo: functionResource("Echo", "http-functions.echo"),
  Shape: functionResource("Shape", "http-functions.shape"),
  Fallback: functionResource("Fallback", "http-functions.fallback"),
  Authorize: functionResource("Authorize", "http-functions.authorize"),
  Off: functionResource("Off", "http-functions.echo", { reservedConcurrentExecutions: 0 }),
  Strict: functionResource("Strict", "http-functions.echo"),
};

/** Its own integration for each route: as SST renders them. */
function routeTo(
  name: keyof typeof functions,
  routeKey: string,
  settings: { readonly authorizer?: string; readonly timeoutMilliseconds?: number } = {},
): readonly PlanResource[] {
  const integration = `integration of ${routeKey}`;
  return [
    resource("aws:apigatewayv2/integration:Integration", integration, {
      apiId: "Api",
      integrationType: "AWS_PROXY",
      integrationUri: functionArn(name),
      payloadFormatVersion: "2.0",
      timeoutMilliseconds: settings.timeoutMilliseconds,
    }),
    resource("aws:apigatewayv2/route:Route", routeKey, {
      apiId: "Api",
      routeKey,
      target: `integrations/${integration}`,
      ...(settings.authorizer !== undefined && {
        ...{ authorizationType: "CUSTOM", authorizerId: settings.authorizer },
      }),
    }),
  ];
}

const apiArn = "arn:aws:execute-api:eu-west-1:123456789012:Api";
const authorizer = (name: string, functionName: string) =>
  resource("aws:apigatewayv2/authorizer:Authorizer", name, {
    apiId: "Api",
    name: name.toLowerCase(),
    authorizerType: "REQUEST",
    authorizerUri: `arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/${functionArn(functionName)}/invocations`,
    authorizerPayloadFormatVersion: "2.0",
    enableSimpleResponses: true,
    authorizerResultTtlInSeconds: 0,
  });

/**
 * An API with a route for each thing that a gateway can meet: authorizers that allow, refuse and break, functions that are
 * off, slow or not opened to it, a throttled route, and one for all that no route knows.
 */
export const httpApiPlan = planOf([
  ...Object.values(functions),
  ...["Echo", "Shape", "Fallback", "Authorize", "Off"].map((name) =>
    opensFunction(name, "apigateway", `${apiArn}/*`),
  ),
  opensFunction("Strict", "apigateway", `${apiArn}/*/GET/v1/strict/*`),
  resource("aws:apigatewayv2/api:Api", "Api", { name: "test-api", protocolType: "HTTP" }),
  resource("aws:apigatewayv2/stage:Stage", "Stage", {
    apiId: "Api",
    name: "$default",
    routeSettings: [{ routeKey: "GET /v1/throttled", throttlingBurstLimit: 2, throttlingRateLimit: 0.001 }],
  }),
  authorizer("Bearer", "Authorize"),
  authorizer("Barred", "Strict"),
  ...routeTo("Echo", "ANY /v1/echo/{proxy+}"),
  ...routeTo("Echo", "POST /v1/payments/{id}/capture", { authorizer: "Bearer" }),
  ...routeTo("Shape", "GET /v1/shape"),
  ...routeTo("Shape", "HEAD /v1/shape"),
  ...routeTo("Shape", "GET /v1/slow", { timeoutMilliseconds: 100 }),
  ...routeTo("Off", "GET /v1/off"),
  ...routeTo("Echo", "GET /v1/throttled"),
  ...routeTo("Strict", "ANY /v1/strict/{id}"),
  ...routeTo("Echo", "GET /v1/guarded", { authorizer: "Barred" }),
  ...routeTo("Fallback", "$default"),
]);
