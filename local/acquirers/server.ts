import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { absurd } from "#core/kernel/invariant.ts";
import { close, listen } from "../process/http-server.ts";
import type { OperationRequest, Reply, SandboxAcquirer } from "./acquirer.ts";
import { amountBody, authorizationBody, operationKeyPattern, reversalBody, voidBody } from "./protocol.ts";
import { wireOf } from "./wire.ts";

const requestBytesMax = 16 * 1024;
const connectionsMax = 1_000;
const requestReadMsMax = 10_000;
/** Longer than clients keep idle sockets, so that this side never closes one that is about to be used. */
const idleSocketMsMax = 75_000;
/** A connection that gets no answer is cut after this long; every client has given up by then. */
const silenceMsMax = 120_000;
const stopMsMax = 200;

export interface ServerOptions {
  /** 0 picks a free one. */
  readonly port: number;
  /** What the acquirer adds to every request before it decides, in milliseconds: 0 … 60,000. */
  readonly latencyMs: number;
  /** Required as bearer token when given; else every caller is welcome. */
  readonly apiKey?: string;
  /** How the server waits. Tests pass one that needs no time. */
  readonly wait?: (ms: number) => Promise<void>;
}

export interface RunningServer {
  readonly url: string;
  stop(): Promise<void>;
}

interface Answer {
  readonly statusCode: number;
  readonly body: Readonly<Record<string, unknown>>;
  readonly replayed?: boolean;
}

/** What this server refuses before its acquirer sees it. Nothing was executed. */
const refusals = {
  malformed: 400,
  unauthorized: 401,
  unknown_route: 404,
  too_large: 413,
  key_reused: 422,
  not_accepted: 503,
} as const;

const refuse = (error: keyof typeof refusals, key?: string): Answer => ({
  statusCode: refusals[error],
  body: { error, ...(key === undefined ? {} : { key }) },
});

/** @throws Error with code `EADDRINUSE` when the port is taken. */
export async function startServer(acquirer: SandboxAcquirer, options: ServerOptions): Promise<RunningServer> {
  const server = createServer((request, response) => {
    handle(acquirer, options, request, response).catch(() => response.destroy());
  });
  limit(server);
  const port = await listen(server, options.port);
  return { url: `http://127.0.0.1:${port}`, stop: () => close(server, stopMsMax) };
}

function limit(server: Server): void {
  server.maxConnections = connectionsMax;
  server.requestTimeout = requestReadMsMax;
  server.headersTimeout = requestReadMsMax;
  server.keepAliveTimeout = idleSocketMsMax;
}

async function handle(
  acquirer: SandboxAcquirer,
  options: ServerOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const raw = await readBody(request);
  const path = (request.url ?? "/").split("?")[0] ?? "/";
  if (path === "/health") return send(response, health(acquirer));
  if (options.apiKey !== undefined && request.headers.authorization !== `Bearer ${options.apiKey}`) {
    return send(response, refuse("unauthorized"));
  }
  if (request.method === "GET") return send(response, inquiry(acquirer, path));
  if (raw === undefined) return send(response, refuse("too_large"));
  const parsed = parseOperation(request, path, raw);
  if ("statusCode" in parsed) return send(response, parsed);
  // From here on the request is executed whether or not its caller still waits.
  const waitMs = options.latencyMs + acquirer.thinksMs(parsed);
  if (waitMs > 0) await (options.wait ?? sleep)(waitMs);
  conclude(response, parsed, acquirer.execute(parsed));
}

function conclude(response: ServerResponse, request: OperationRequest, reply: Reply): void {
  if (reply.kind === "silence") {
    const cut = setTimeout(() => response.destroy(), silenceMsMax).unref();
    response.once("close", () => clearTimeout(cut));
  } else {
    send(response, answerOf(request, reply));
  }
}

function answerOf(request: OperationRequest, reply: Exclude<Reply, { kind: "silence" }>): Answer {
  switch (reply.kind) {
    case "answer": {
      const statusCode = reply.operation.operation === "authorize" ? 201 : 200;
      return { statusCode, body: wireOf(reply.operation), replayed: reply.replayed };
    }
    case "server_error":
      return { statusCode: 500, body: { error: "internal" } };
    case "not_accepted":
    case "key_reused":
      return refuse(reply.kind, request.key);
    default:
      return absurd(reply);
  }
}

const inquiryPath = /^\/v1\/operations\/([^/]{1,800})$/;

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

const operationRoutes: readonly (readonly [path: RegExp, parse: Parse])[] = [
  [/^\/v1\/authorizations$/, parseAuthorization],
  [/^\/v1\/authorizations\/([^/]{1,400})\/captures$/, parseAmount("capture")],
  [/^\/v1\/authorizations\/([^/]{1,400})\/refunds$/, parseAmount("refund")],
  [/^\/v1\/authorizations\/([^/]{1,400})\/voids$/, parseVoid],
  [/^\/v1\/reversals$/, parseReversal],
];

function parseOperation(request: IncomingMessage, path: string, raw: string): OperationRequest | Answer {
  const route = operationRoutes.find(([pattern]) => pattern.test(path));
  if (request.method !== "POST" || route === undefined) return refuse("unknown_route");
  const [pattern, parse] = route;
  const key = request.headers["idempotency-key"];
  if (typeof key !== "string" || !operationKeyPattern.test(key)) return refuse("malformed");
  const reference = decode(pattern.exec(path)?.[1] ?? "");
  const operation = reference === undefined ? undefined : parse(key, parseJson(raw), reference);
  return operation ?? refuse("malformed", key);
}

function inquiry(acquirer: SandboxAcquirer, path: string): Answer {
  const key = decode(inquiryPath.exec(path)?.[1]);
  if (key === undefined) return refuse("unknown_route");
  const operation = acquirer.inquire(key);
  if (operation === undefined) return { statusCode: 404, body: { error: "unknown_operation", key } };
  return { statusCode: 200, body: { operation: operation.operation, ...wireOf(operation) } };
}

const health = (acquirer: SandboxAcquirer): Answer => ({
  statusCode: 200,
  body: { name: acquirer.name, ...acquirer.counts() },
});

function send(response: ServerResponse, answer: Answer): void {
  const body = JSON.stringify(answer.body);
  response.writeHead(answer.statusCode, {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(body),
    ...(answer.replayed === true ? { "idempotent-replayed": "true" } : {}),
  });
  response.end(body);
}

/** @returns undefined when the body is too large; the rest of it is read and dropped, so that the answer arrives. */
async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes <= requestBytesMax) chunks.push(chunk);
  }
  return bytes <= requestBytesMax ? Buffer.concat(chunks).toString("utf8") : undefined;
}

function parseJson(raw: string): unknown {
  try {
    return JSON.parse(raw);
  } catch {
    return undefined;
  }
}

function decode(segment: string | undefined): string | undefined {
  try {
    return segment === undefined ? undefined : decodeURIComponent(segment);
  } catch {
    return undefined;
  }
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
