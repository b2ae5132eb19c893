import type { APIGatewayProxyEventV2, APIGatewayRequestAuthorizerEventV2 } from "aws-lambda";
import { type HttpRequest, headerOf } from "./http-message.ts";

type RequestContext = APIGatewayProxyEventV2["requestContext"];
type Event = Omit<APIGatewayProxyEventV2, "requestContext"> & {
  readonly requestContext: RequestContext & { authorizer?: { lambda: unknown } };
};
type AuthorizerEvent = Omit<APIGatewayRequestAuthorizerEventV2, "pathParameters" | "queryStringParameters"> &
  Pick<APIGatewayProxyEventV2, "pathParameters" | "queryStringParameters">;

/** Of the request, what the gateway itself knows. */
export interface EventContext {
  readonly requestId: string;
  /** Epoch milliseconds of the request's arrival. */
  readonly timeEpochMs: number;
  readonly accountId: string;
  readonly apiId: string;
  readonly stage: string;
  readonly stageVariables: Readonly<Record<string, string>>;
  readonly routeKey: string;
  readonly pathParameters: ReadonlyMap<string, string>;
  /** Root of the trace that a request without one begins. */
  readonly traceRoot: string;
}

/** They are between two neighbours of a connection only; the gateway ends them. */
const hopHeaders: ReadonlySet<string> = new Set([
  "connection",
  "expect",
  "keep-alive",
  "proxy-connection",
  "transfer-encoding",
  "upgrade",
]);
const textTypes: ReadonlySet<string> = new Set([
  "application/javascript",
  "application/json",
  "application/xml",
]);
const monthNames = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/**
 * The event of a Lambda proxy integration, payload format 2.0. What a request does not have is left out, as AWS
 * leaves it out; only `rawQueryString` is always there.
 * `authorizerContext` is what the Lambda authorizer returned; undefined when the route has none.
 */
export function proxyEvent(
  request: HttpRequest,
  context: EventContext,
  authorizerContext?: { readonly lambda: unknown },
): Event {
  const isText = isTextBody(headerOf(request, "content-type"));
  const shared = sharedEvent(request, context);
  return {
    ...shared,
    requestContext: {
      ...shared.requestContext,
      ...(authorizerContext !== undefined && { authorizer: { lambda: authorizerContext.lambda } }),
    },
    ...(request.body.length > 0 && { body: request.body.toString(isText ? "utf8" : "base64") }),
    isBase64Encoded: request.body.length > 0 && !isText,
  };
}

/** The event of a REQUEST authorizer, payload format 2.0: no authorizer ever sees a body. */
export function authorizerEvent(
  request: HttpRequest,
  context: EventContext,
  authorizer: { readonly routeArn: string; readonly identitySource: readonly string[] },
): AuthorizerEvent {
  return {
    type: "REQUEST",
    routeArn: authorizer.routeArn,
    identitySource: [...authorizer.identitySource],
    cookies: [],
    ...sharedEvent(request, context),
  };
}

/** Path of a request target, decoded: API Gateway decodes a path before it matches and passes it on. */
export function pathOf(target: string): string {
  const [path = "/"] = originForm(target).split("?", 1);
  return decoded(path);
}

/** Query of a request target as the client wrote it, without the question mark. */
export function rawQueryOf(target: string): string {
  const form = originForm(target);
  const mark = form.indexOf("?");
  return mark < 0 ? "" : form.slice(mark + 1);
}

/** Duplicates are joined by a comma; a parameter without a value is empty text. */
export function queryParametersOf(rawQuery: string): ReadonlyMap<string, string> {
  const parameters = new Map<string, string>();
  for (const pair of rawQuery.split("&")) {
    if (pair === "") continue;
    const equals = pair.indexOf("=");
    const name = decoded((equals < 0 ? pair : pair.slice(0, equals)).replaceAll("+", " "));
    const value = equals < 0 ? "" : decoded(pair.slice(equals + 1).replaceAll("+", " "));
    const earlier = parameters.get(name);
    parameters.set(name, earlier === undefined ? value : `${earlier},${value}`);
  }
  return parameters;
}

function sharedEvent(request: HttpRequest, context: EventContext) {
  const path = pathOf(request.target);
  const rawQueryString = rawQueryOf(request.target);
  const query = queryParametersOf(rawQueryString);
  const cookies = cookiesOf(request);
  const headers = headersOf(request, context.traceRoot);
  const domainName = (headers.get("host") ?? "localhost").replace(/:\d+$/, "");
  return {
    version: "2.0",
    routeKey: context.routeKey,
    rawPath: path,
    rawQueryString,
    ...(cookies.length > 0 && { cookies }),
    headers: Object.fromEntries(headers),
    ...(query.size > 0 && { queryStringParameters: Object.fromEntries(query) }),
    requestContext: {
      accountId: context.accountId,
      apiId: context.apiId,
      domainName,
      domainPrefix: domainName.split(".", 1)[0] ?? domainName,
      http: {
        method: request.method,
        path,
        protocol: `HTTP/${request.httpVersion}`,
        sourceIp: request.sourceIp,
        userAgent: headers.get("user-agent") ?? "",
      },
      requestId: context.requestId,
      routeKey: context.routeKey,
      stage: context.stage,
      time: accessLogTime(context.timeEpochMs),
      timeEpoch: context.timeEpochMs,
    },
    ...(context.pathParameters.size > 0 && { pathParameters: Object.fromEntries(context.pathParameters) }),
    ...(Object.keys(context.stageVariables).length > 0 && { stageVariables: context.stageVariables }),
  };
}

/** Lower-case names, duplicates joined by a comma. Cookies travel apart. */
function headersOf(request: HttpRequest, traceRoot: string): ReadonlyMap<string, string> {
  const headers = new Map<string, string>();
  for (const [name, value] of request.headers) {
    const key = name.toLowerCase();
    if (key === "cookie" || hopHeaders.has(key)) continue;
    const earlier = headers.get(key);
    headers.set(key, earlier === undefined ? value : `${earlier},${value}`);
  }
  const forwarded = headers.get("x-forwarded-for");
  headers.set(
    "x-forwarded-for",
    forwarded === undefined ? request.sourceIp : `${forwarded}, ${request.sourceIp}`,
  );
  headers.set("x-forwarded-proto", "http");
  headers.set("x-forwarded-port", /:(\d+)$/.exec(headers.get("host") ?? "")?.[1] ?? "80");
  if (!headers.has("x-amzn-trace-id")) headers.set("x-amzn-trace-id", `Root=${traceRoot}`);
  if (!headers.has("content-length")) headers.set("content-length", String(request.body.length));
  return headers;
}

function cookiesOf(request: HttpRequest): string[] {
  return request.headers
    .filter(([name]) => name.toLowerCase() === "cookie")
    .flatMap(([, value]) => value.split(";"))
    .map((cookie) => cookie.trim())
    .filter((cookie) => cookie !== "");
}

/** AWS documents no list; observed on it: these types are text, and all others, none included, are base64. */
function isTextBody(contentType: string | undefined): boolean {
  const type = (contentType ?? "").split(";", 1)[0]?.trim().toLowerCase() ?? "";
  return type.startsWith("text/") || textTypes.has(type);
}

/** `12/Mar/2020:19:03:58 +0000`. */
function accessLogTime(timeEpochMs: number): string {
  const at = new Date(timeEpochMs);
  const day = String(at.getUTCDate()).padStart(2, "0");
  return `${day}/${monthNames[at.getUTCMonth()]}/${at.getUTCFullYear()}:${at.toISOString().slice(11, 19)} +0000`;
}

/** A target may be a whole URL (a proxy's form) or `*` (OPTIONS of the server). */
function originForm(target: string): string {
  if (target.startsWith("/")) return target;
  const rest = /^https?:\/\/[^/?]*(.*)$/i.exec(target)?.[1] ?? "";
  return rest.startsWith("/") ? rest : `/${rest}`;
}

/** Text that is no valid encoding stays as it is. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
