import { absurd } from "#core/kernel/invariant.ts";
import type { OperationRequest, Reply, SandboxAcquirer } from "./acquirer.ts";
import { type Answer, decode, parseJson, refuse } from "./http.ts";
import { amountBody, authorizationBody, operationKeyPattern, reversalBody, voidBody } from "./protocol.ts";
import type { Operation } from "./records.ts";
import { pagePathOf } from "./three-ds.ts";
import { wireOf } from "./wire.ts";

type Parse = (key: string, body: unknown, reference: string) => OperationRequest | undefined;

const parseAuthorization: Parse = (key, body) => {
  const { data } = authorizationBody.safeParse(body);
  return data && { operation: "authorize", key, body: data };
};
const parseAmount =
  (operation: "capture" | "refund"): Parse =>
  (key, body, reference) => {
    const { data } = amountBody.safeParse(body);
    return data && { operation, key, reference, amount: data.amount };
  };
const parseVoid: Parse = (key, body, reference) =>
  voidBody.safeParse(body).success ? { operation: "void", key, reference } : undefined;
const parseReversal: Parse = (key, body) => {
  const keyOfOperation = reversalBody.safeParse(body).data?.key_of_operation;
  // What is under way under this very key is the reversal.
  if (keyOfOperation === undefined || keyOfOperation === key) return undefined;
  return { operation: "reversal", key, keyOfOperation };
};

const routes: readonly (readonly [path: RegExp, parse: Parse])[] = [
  [/^\/v1\/authorizations$/, parseAuthorization],
  [/^\/v1\/authorizations\/([^/]{1,400})\/captures$/, parseAmount("capture")],
  [/^\/v1\/authorizations\/([^/]{1,400})\/refunds$/, parseAmount("refund")],
  [/^\/v1\/authorizations\/([^/]{1,400})\/voids$/, parseVoid],
  [/^\/v1\/reversals$/, parseReversal],
];
const inquiryPath = /^\/v1\/operations\/([^/]{1,800})$/;

/** A POST that asks for an operation, or the answer that it gets instead of one. */
export function parseOperation(path: string, key: unknown, raw: string): OperationRequest | Answer {
  const route = routes.find(([pattern]) => pattern.test(path));
  if (route === undefined) return refuse("unknown_route");
  const [pattern, parse] = route;
  if (typeof key !== "string" || !operationKeyPattern.test(key)) return refuse("malformed");
  const reference = decode(pattern.exec(path)?.[1] ?? "");
  const operation = reference === undefined ? undefined : parse(key, parseJson(raw), reference);
  return operation ?? refuse("malformed", key);
}

/** `baseUrl`: where customers find this server's pages. */
export function answerOf(
  request: OperationRequest,
  reply: Exclude<Reply, { kind: "silence" }>,
  baseUrl: string,
): Answer {
  switch (reply.kind) {
    case "answer":
      return {
        statusCode: request.operation === "authorize" ? 201 : 200,
        body: resultOf(reply.operation, baseUrl),
        ...(reply.replayed && { headers: { "idempotent-replayed": "true" } }),
      };
    case "server_error":
      return { statusCode: 500, body: { error: "internal" } };
    case "not_accepted":
    case "key_reused":
      return refuse(reply.kind, request.key);
    default:
      return absurd(reply);
  }
}

export function inquiry(acquirer: SandboxAcquirer, path: string, baseUrl: string): Answer {
  const key = decode(inquiryPath.exec(path)?.[1]);
  if (key === undefined) return refuse("unknown_route");
  const operation = acquirer.inquire(key);
  if (operation === undefined) return refuse("unknown_operation", key);
  return {
    statusCode: 200,
    body: { operation: operation.operation, ...resultOf(operation, baseUrl) },
  };
}

const resultOf = (operation: Operation, baseUrl: string): Readonly<Record<string, unknown>> => ({
  ...wireOf(operation),
  ...(operation.needsCustomer === true && { redirect_url: `${baseUrl}${pagePathOf(operation.reference)}` }),
});
