import type { Context } from "aws-lambda";
import { Problem } from "#functions/api/http/problem.ts";
import type { ApiRequest, GatewayEvent } from "#functions/api/http/request.ts";
import type { Verdict } from "#functions/verdict.ts";

/** What the authorizer says of the demo merchant's client. */
export const merchantVerdict = {
  verdict: "accepted",
  client_id: "client-demo",
  scope: "tallystick/payments.read tallystick/payments.write",
  merchant: "mer_demo",
} as const satisfies Verdict;

/** A request of the demo merchant, as handlers see it. */
export function apiRequest(request: Partial<ApiRequest> = {}): ApiRequest {
  return {
    id: "req-1",
    method: "POST",
    path: "/v1/payments",
    parameters: {},
    query: {},
    headers: {},
    body: "",
    verdict: merchantVerdict,
    ...request,
  };
}

/** A request with a JSON body, given as text: most tests are about how it is spelled. */
export const jsonRequest = (body: string, headers: Readonly<Record<string, string>> = {}): ApiRequest =>
  apiRequest({ headers: { "content-type": "application/json", ...headers }, body });

interface GatewayRequest {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly isBase64Encoded?: boolean;
  /** `nobody`: the gateway passes no authorizer context, as when the route has none. */
  readonly verdict?: Partial<Verdict> | "nobody";
}

/** The event of the gateway's proxy integration, payload format 2.0. Only what the API reads. */
export function gatewayEvent(request: GatewayRequest = {}): GatewayEvent {
  const {
    method = "GET",
    path = "/v1/payments",
    headers = {},
    query = {},
    verdict = merchantVerdict,
  } = request;
  const event = {
    version: "2.0",
    routeKey: "ANY /v1/payments",
    rawPath: path,
    rawQueryString: "",
    headers,
    queryStringParameters: query,
    requestContext: {
      requestId: "req-1",
      http: { method, path, protocol: "HTTP/1.1", sourceIp: "192.0.2.1", userAgent: "test" },
      ...(verdict === "nobody" ? {} : { authorizer: { lambda: verdict } }),
    },
    ...(request.body === undefined ? {} : { body: request.body }),
    isBase64Encoded: request.isBase64Encoded ?? false,
  };
  return event as unknown as GatewayEvent;
}

/** A Lambda context with `remainingMs` left on a clock that stands still. */
export const lambdaContext = (remainingMs = 29_000): Context =>
  ({ awsRequestId: "inv-1", getRemainingTimeInMillis: () => remainingMs }) as Context;

/** The problem that `act` throws. @throws Error when it throws nothing, or something else. */
export function problemOf(act: () => unknown): Problem {
  try {
    act();
  } catch (thrown) {
    if (thrown instanceof Problem) return thrown;
    throw thrown;
  }
  throw new Error("nothing was refused");
}

/** As `problemOf`, for what ends later. */
export async function problemFrom(act: Promise<unknown>): Promise<Problem> {
  const thrown: unknown = await act.then(
    () => new Error("nothing was refused"),
    (reason: unknown) => reason,
  );
  if (thrown instanceof Problem) return thrown;
  throw thrown;
}
