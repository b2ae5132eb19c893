import type { FunctionName } from "./functions.ts";
import { createFunction } from "./lambda.ts";
import { physicalName } from "./naming.ts";
import type { Parts } from "./parts.ts";
import type { StageSettings } from "./settings.ts";

/**
 * Each prefix leads to one function. `ANY`, not the verbs that exist: API Gateway's own answer to another verb is a 404 of a form
 * that cannot be changed, and the function's is the right 405. The prefix takes two routes, for `{proxy+}` matches
 * only what is below it.
 */
const prefixes: readonly Prefix[] = [
  {
    path: "/v1/payments",
    route: "Payments",
    serves: "PaymentsApi",
    also: [{ path: "/v1/refunds/{id}", route: "RefundsBelow" }],
  },
  { path: "/v1/disputes", route: "Disputes", serves: "DisputesApi" },
  { path: "/v1/card-tokens", route: "CardTokens", serves: "CardTokensApi" },
  {
    path: "/v1/ledger",
    route: "Ledger",
    serves: "LedgerApi",
    also: [{ path: "/v1/balances", route: "Balances" }],
  },
  {
    path: "/v1/events",
    route: "Events",
    serves: "EventsApi",
    // More particular than the prefix of the payments, so that it goes before it.
    also: [{ path: "/v1/payments/{id}/events", route: "PaymentEventsList" }],
  },
  // Acquirers sign what they send, and the links by which they send customers back are signed by us: no tokens.
  {
    path: "/v1/acquirers",
    route: "Acquirers",
    serves: "AcquirersApi",
    open: true,
    also: [{ path: "/v1/payments/{id}/return", route: "PaymentReturn" }],
  },
  { path: "/v1/merchants", route: "Merchants", serves: "MerchantsApi" },
  { path: "/v1/ops", route: "Ops", serves: "OpsApi" },
  // More particular than the prefix of the operators: what writes is not what reads.
  {
    path: "/v1/ops/payments/{id}/resolve",
    route: "ResolvePayments",
    serves: "ReviewsApi",
    also: [
      { path: "/v1/ops/refunds/{id}/resolve", route: "ResolveRefunds" },
      { path: "/v1/ops/payments/{id}/legal-hold", route: "LegalHolds" },
    ],
  },
];

interface Prefix {
  readonly path: string;
  readonly route: string;
  readonly serves: FunctionName;
  /** No authorizer: the function itself finds out who calls. */
  readonly open?: true;
  /** Single paths under the prefix of another function. */
  readonly also?: readonly { readonly path: string; readonly route: string }[];
}

/** Routes, not paths: a caller can write anything into a path, also a card number. (SST would log the path.) */
const accessLogFields = {
  requestId: "$context.requestId",
  requestTime: "$context.requestTime",
  sourceIp: "$context.identity.sourceIp",
  // Who it was, as the authorizer found out; "-" on open routes and where nobody was let in.
  clientId: "$context.authorizer.client_id",
  routeKey: "$context.routeKey",
  httpMethod: "$context.httpMethod",
  statusCode: "$context.status",
  responseLatencyMs: "$context.responseLatency",
  integrationLatencyMs: "$context.integrationLatency",
  integrationError: "$context.integrationErrorMessage",
  authorizerError: "$context.authorizer.error",
};

/** The HTTP API, without its routes: the functions behind them come later, and some are told where it is. */
export function createApi(settings: StageSettings): sst.aws.ApiGatewayV2 {
  return new sst.aws.ApiGatewayV2("Api", {
    // Callers are servers. Browsers will get an origin list of their own when a browser may call.
    cors: false,
    accessLog: { retention: "1 year" },
    transform: {
      api: (api) => {
        api.name = physicalName("Api");
        // SST passes an empty configuration for `cors: false`.
        delete api.corsConfiguration;
        // Where there is an edge, its name is the only one.
        if (settings.edge !== undefined) api.disableExecuteApiEndpoint = true;
        return undefined;
      },
      logGroup: (logGroup) => {
        logGroup.name = `/aws/vendedlogs/apis/${physicalName("Api")}`;
        return undefined;
      },
      stage: (stage) => {
        stage.accessLogSettings = $util.output(stage.accessLogSettings).apply((settings) => ({
          destinationArn: settings?.destinationArn ?? "",
          format: JSON.stringify(accessLogFields),
        }));
        stage.defaultRouteSettings = {
          throttlingRateLimit: settings.throttle.requestsPerSecond,
          throttlingBurstLimit: settings.throttle.burst,
        };
        return undefined;
      },
    },
  });
}

/**
 * The functions of the API, its authorizer, and which request goes to which.
 * @returns the functions that answer.
 */
export function createRoutes(http: sst.aws.ApiGatewayV2, parts: Parts): sst.aws.Function[] {
  const authorizer = http.addAuthorizer({
    name: "Bearer",
    lambda: {
      function: functionArn(createFunction("BearerAuthorizer", parts)),
      // With an identity source, API Gateway would itself answer 401 when the header is missing; and it would
      // cache verdicts by that header alone.
      identitySources: [],
      ttl: "0 seconds",
      payload: "2.0",
      response: "simple",
    },
    transform: {
      authorizer: (args) => {
        args.name = physicalName("Bearer");
        return undefined;
      },
    },
  });
  const functions: sst.aws.Function[] = [];
  const serving = (name: FunctionName): $util.Output<sst.aws.FunctionArn> => {
    const fn = createFunction(name, parts);
    functions.push(fn);
    return functionArn(fn);
  };
  for (const { path, route, serves, open, also = [] } of prefixes) {
    const handler = serving(serves);
    const auth = open ? {} : { auth: { lambda: authorizer.id } };
    http.route(`ANY ${path}`, handler, { name: route, ...auth });
    http.route(`ANY ${path}/{proxy+}`, handler, { name: `${route}Below`, ...auth });
    for (const single of also) http.route(`ANY ${single.path}`, handler, { name: single.route, ...auth });
  }
  http.route("$default", serving("FallbackApi"), { name: "Default" });
  return functions;
}

/** Routes take functions by ARN, so that several can lead to one function. */
function functionArn(fn: sst.aws.Function): $util.Output<sst.aws.FunctionArn> {
  return fn.arn.apply((arn) => arn as sst.aws.FunctionArn);
}
