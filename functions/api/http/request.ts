import { isUtf8 } from "node:buffer";
import type { APIGatewayProxyEventV2WithLambdaAuthorizer } from "aws-lambda";
import { absurd } from "#core/kernel/invariant.ts";
import type { Book } from "#core/ledger/account.ts";
import { type RefusedVerdict, type Scope, scopePrefix, type Verdict } from "#functions/verdict.ts";
import { Problem, unavailable } from "./problem.ts";

export type GatewayEvent = APIGatewayProxyEventV2WithLambdaAuthorizer<Partial<Verdict> | undefined>;

/** A request as handlers see it: the gateway's envelope is taken off once. */
export interface ApiRequest {
  readonly id: string;
  readonly method: string;
  readonly path: string;
  /** Named parts of the matched route. */
  readonly parameters: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  /** Names in lower case; repeated headers are joined by commas, as the gateway does. */
  readonly headers: Readonly<Record<string, string>>;
  /** Undefined when the bytes are not UTF-8. Only who reads the body refuses that: a wrong route is still a 404. */
  readonly body: string | undefined;
  readonly verdict: Partial<Verdict> | undefined;
}

export function requestOf(event: GatewayEvent): ApiRequest {
  const { body = "", isBase64Encoded } = event;
  return {
    id: event.requestContext.requestId,
    method: event.requestContext.http.method,
    path: event.rawPath,
    parameters: {},
    query: onlyDefined(event.queryStringParameters),
    headers: onlyDefined(event.headers),
    body: isBase64Encoded ? decodeUtf8(body) : body,
    verdict: event.requestContext.authorizer?.lambda,
  };
}

/** Whose request this is. */
export type ApiCaller =
  | { readonly kind: "merchant"; readonly merchant: Book; readonly clientId: string }
  | { readonly kind: "operator"; readonly operator: string; readonly clientId: string };

/**
 * Who calls, if it may. Fails closed: a context without a verdict is a request that nobody checked.
 * @throws Problem 401 or 403.
 */
export function requireCaller(request: ApiRequest, ...anyOf: readonly Scope[]): ApiCaller {
  const { verdict } = request;
  if (verdict?.verdict !== "accepted") throw refusalOf(verdict?.verdict ?? "token_missing");
  const granted = new Set((verdict.scope ?? "").split(" "));
  if (!anyOf.some((scope) => granted.has(scopePrefix + scope))) {
    const scopes = anyOf.map((scope) => scopePrefix + scope).join(" ");
    throw new Problem("scope_missing", {
      detail: `The token needs one of: ${scopes}.`,
      headers: { "www-authenticate": `Bearer error="insufficient_scope", scope="${scopes}"` },
    });
  }
  const clientId = verdict.client_id ?? "";
  if ("merchant" in verdict && verdict.merchant)
    return { kind: "merchant", merchant: verdict.merchant as Book, clientId };
  if ("operator" in verdict && verdict.operator)
    return { kind: "operator", operator: verdict.operator, clientId };
  throw new Problem("client_unknown");
}

/** The merchant that calls. @throws Problem 401 or 403. */
export function requireMerchant(request: ApiRequest, ...anyOf: readonly Scope[]): Book {
  const caller = requireCaller(request, ...anyOf);
  if (caller.kind !== "merchant") throw new Problem("not_for_operators");
  return caller.merchant;
}

/** The operator that calls. @throws Problem 401 or 403. */
export function requireOperator(request: ApiRequest, ...anyOf: readonly Scope[]): string {
  const caller = requireCaller(request, ...anyOf);
  if (caller.kind !== "operator") throw new Problem("operators_only");
  return caller.operator;
}

function refusalOf(verdict: RefusedVerdict): Problem {
  switch (verdict) {
    // RFC 6750: without credentials the challenge says no more than the scheme.
    case "token_missing":
      return new Problem(verdict, { headers: { "www-authenticate": "Bearer" } });
    case "token_invalid":
    case "token_expired":
      return new Problem(verdict, { headers: { "www-authenticate": 'Bearer error="invalid_token"' } });
    case "client_unknown":
      return new Problem(verdict);
    case "unavailable":
      return unavailable();
    default:
      return absurd(verdict);
  }
}

function decodeUtf8(base64: string): string | undefined {
  const bytes = Buffer.from(base64, "base64");
  return isUtf8(bytes) ? bytes.toString() : undefined;
}

const onlyDefined = (map: Readonly<Record<string, string | undefined>> | undefined): Record<string, string> =>
  Object.fromEntries(
    Object.entries(map ?? {}).filter((pair): pair is [string, string] => pair[1] !== undefined),
  );
