import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { close, listen } from "../process/http-server.ts";
import type { SandboxAcquirer } from "./acquirer.ts";
import { Deliveries } from "./deliveries.ts";
import { type Answer, readBody, refuse, send } from "./http.ts";
import { Notifier } from "./notifier.ts";
import { answerOf, inquiry, parseOperation } from "./operations-api.ts";
import { portalPage, takeEvidence } from "./portal-api.ts";
import { SandboxApi } from "./sandbox-api.ts";
import { threeDs } from "./three-ds.ts";

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
  readonly notifications?: NotificationOptions;
  /** How the server waits. Tests pass one that needs no time. */
  readonly wait?: (ms: number) => Promise<void>;
}

export interface NotificationOptions {
  /** Where to; `PUT /sandbox/notify-url` says it later. */
  readonly url?: string;
  /** What signs them. Default: `sandbox-notify-<name>`. */
  readonly secret?: string;
  /** The client is told before it is answered. */
  readonly first?: boolean;
}

export interface RunningServer {
  readonly url: string;
  stop(): Promise<void>;
}

/** @throws Error with code `EADDRINUSE` when the port is taken. */
export async function startServer(acquirer: SandboxAcquirer, options: ServerOptions): Promise<RunningServer> {
  const { url, secret = `sandbox-notify-${acquirer.name}` } = options.notifications ?? {};
  const notifier = new Notifier({ acquirer, secret, url, clock: Date.now });
  const deliveries = new Deliveries(acquirer, Date.now);
  const front = new Front(acquirer, notifier, deliveries, options);
  const server = createServer((request, response) => {
    front
      .handle(request, response)
      .catch(() => response.destroy())
      // Whatever was asked may have left something to be decided, or to be told.
      .finally(() => notifier.wake());
  });
  limit(server);
  const port = await listen(server, options.port).catch((thrown: unknown) => {
    // Nobody else may tell of this acquirer's news.
    notifier.stop();
    deliveries.stop();
    throw thrown;
  });
  front.baseUrl = `http://127.0.0.1:${port}`;
  return {
    url: front.baseUrl,
    stop: () => {
      notifier.stop();
      deliveries.stop();
      return close(server, stopMsMax);
    },
  };
}

function limit(server: Server): void {
  server.maxConnections = connectionsMax;
  server.requestTimeout = requestReadMsMax;
  server.headersTimeout = requestReadMsMax;
  server.keepAliveTimeout = idleSocketMsMax;
}

class Front {
  readonly #acquirer: SandboxAcquirer;
  readonly #notifier: Notifier;
  readonly #sandbox: SandboxApi;
  readonly #options: ServerOptions;
  /** Where customers find the pages. */
  baseUrl = "";

  constructor(acquirer: SandboxAcquirer, notifier: Notifier, deliveries: Deliveries, options: ServerOptions) {
    this.#acquirer = acquirer;
    this.#notifier = notifier;
    this.#sandbox = new SandboxApi(acquirer, notifier, deliveries);
    this.#options = options;
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const raw = await readBody(request);
    const path = (request.url ?? "/").split("?")[0] ?? "/";
    const { method = "GET", headers } = request;
    if (path === "/health") return send(response, this.#health());
    const isPublic = path.startsWith("/3ds/");
    if (!isPublic && !this.#mayAsk(headers.authorization)) return send(response, refuse("unauthorized"));
    if (raw === undefined) return send(response, refuse("too_large"));
    if (isPublic) return send(response, threeDs(this.#acquirer, { method, path, raw }));
    if (path.startsWith("/sandbox/")) return send(response, await this.#sandbox.answer(method, path, raw));
    if (method === "GET") return send(response, this.#read(path));
    if (method === "POST") return this.#operate(request, response, path, raw);
    send(response, refuse("unknown_route"));
  }

  #read(path: string): Answer {
    return portalPage(this.#acquirer, path) ?? inquiry(this.#acquirer, path, this.baseUrl);
  }

  async #operate(
    request: IncomingMessage,
    response: ServerResponse,
    path: string,
    raw: string,
  ): Promise<void> {
    const key = request.headers["idempotency-key"];
    const taken = takeEvidence(this.#acquirer, path, key, raw);
    if (taken !== undefined) return send(response, taken);
    const { latencyMs, wait = sleep, notifications } = this.#options;
    const parsed = parseOperation(path, key, raw);
    if ("statusCode" in parsed) return send(response, parsed);
    // From here on the request is executed whether or not its caller still waits.
    const waitMs = latencyMs + this.#acquirer.thinksMs(parsed);
    if (waitMs > 0) await wait(waitMs);
    const reply = this.#acquirer.execute(parsed);
    if (notifications?.first === true) await this.#notifier.flush();
    if (reply.kind === "silence") keepSilent(response);
    else send(response, answerOf(parsed, reply, this.baseUrl));
  }

  #mayAsk(authorization: string | undefined): boolean {
    const { apiKey } = this.#options;
    return apiKey === undefined || authorization === `Bearer ${apiKey}`;
  }

  #health() {
    return { statusCode: 200, body: { name: this.#acquirer.name, ...this.#acquirer.counts() } };
  }
}

function keepSilent(response: ServerResponse): void {
  const cut = setTimeout(() => response.destroy(), silenceMsMax).unref();
  response.once("close", () => clearTimeout(cut));
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
