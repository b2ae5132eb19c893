import { randomUUID } from "node:crypto";
import { createReadStream, openSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { pipeline, Readable } from "node:stream";
import { close, listen } from "../process/http-server.ts";
import { admit } from "./admission.ts";
import { errorAnswer, jsonAnswer } from "./answers.ts";
import { type CallLog, namesIn, traceRootOf } from "./call-log.ts";
import type { CredentialRegistry } from "./credentials.ts";
import { Dispatcher, type DispatcherOptions, type Outcome } from "./dispatcher.ts";
import { type AwsAnswer, bytesOfAnswer, type Engine, type FilePart } from "./engine.ts";
import { broughtNothing } from "./looks.ts";

/** DynamoDB's BatchWriteItem, the largest request of any service here. */
const requestBytesMax = 16 * 1024 * 1024;
/** Longer than the SDK keeps an idle socket, so that the door never closes one that a client is about to use. */
const idleSocketMsMax = 120_000;
const stopMsMax = 2_000;
/** Where a person on this machine asks for the call log. No AWS service has such a path. */
const callsPath = "/_calls";
/** Where they ask what AWS would have billed since the start. */
const usagePath = "/_usage";

/** `warn` is told of what nobody answers, what IAM denies, and of an engine that threw. One line each. */
export interface DoorOptions extends DispatcherOptions {
  readonly credentials: CredentialRegistry;
  readonly log: CallLog;
  /** 0 picks a free one. */
  readonly port: number;
  /** Shorter names for resources in the log, for people. */
  readonly nameOf?: (resource: string) => string;
}

/** The one endpoint of every AWS call (`AWS_ENDPOINT_URL`), on loopback only. */
export interface Door {
  readonly url: string;
  /** Adds the engine that answers a service. */
  serve(engine: Engine): void;
  /** Adds what a person on this machine may have done by a POST to this path, and is answered by. */
  control(path: string, act: () => Promise<object>): void;
  stop(): Promise<void>;
}

/** @throws Error with code `EADDRINUSE` when the port is taken. */
export async function openDoor(options: DoorOptions): Promise<Door> {
  const desk = new Desk(options);
  const server = createServer((request, response) => {
    desk.answer(request, response).catch((thrown: unknown) => {
      if (!request.destroyed) options.warn(`the door failed: ${String(thrown)}`);
      response.destroy();
    });
  });
  server.keepAliveTimeout = idleSocketMsMax;
  const port = await listen(server, options.port);
  return {
    url: `http://127.0.0.1:${port}`,
    serve: (engine) => desk.serve(engine),
    control: (path, act) => desk.control(path, act),
    stop: () => close(server, stopMsMax),
  };
}

/** Admits calls, hands them on, and writes them down. */
class Desk {
  readonly #options: DoorOptions;
  readonly #dispatcher: Dispatcher;
  readonly #controls = new Map<string, () => Promise<object>>();
  #arrived = 0;

  constructor(options: DoorOptions) {
    this.#options = options;
    this.#dispatcher = new Dispatcher(options);
  }

  serve(engine: Engine): void {
    this.#dispatcher.serve(engine);
  }

  control(path: string, act: () => Promise<object>): void {
    this.#controls.set(path, act);
  }

  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { credentials, log, nameOf = (resource) => resource } = this.#options;
    const { method = "", url: path = "" } = request;
    const body = await readBody(request);
    if (body === undefined) return send(response, errorAnswer("RequestEntityTooLargeException", "", 413));
    if (path.startsWith(callsPath)) return send(response, callsAnswer(log, path));
    if (path === usagePath) return send(response, jsonAnswer({ usage: this.#options.meter?.totals() ?? [] }));
    const act = method === "POST" ? this.#controls.get(path) : undefined;
    if (act !== undefined) return send(response, await controlled(act));
    this.#arrived += 1;
    const arrival = { at: Date.now(), sequence: this.#arrived };
    const startedMs = performance.now();

    const call = { method, path, headers: plainHeaders(request), body };
    const admission = admit(credentials, call);
    const outcome: Outcome =
      "refusal" in admission
        ? { answer: admission.refusal }
        : await this.#dispatcher.dispatch({ ...call, ...admission, signal: abortedWith(response) });
    if (outcome.answer === undefined) response.destroy();
    else send(response, outcome.answer);

    if (broughtNothing(admission, outcome)) return log.addLook();
    const { resources, payments } = namesIn(body);
    log.add({
      ...arrival,
      service: admission.service,
      action: admission.action,
      caller: admission.caller?.name ?? "unknown",
      durationMs: performance.now() - startedMs,
      requestBytes: body.length,
      ...facts(outcome),
      trace: traceRootOf(call.headers["x-amzn-trace-id"]),
      resources: resources.map(nameOf),
      payments,
    });
  }
}

/** What the log keeps of an outcome. */
function facts({ answer, denied, fault }: Outcome) {
  return {
    responseBytes: answer === undefined ? 0 : bytesOfAnswer(answer),
    statusCode: answer?.statusCode ?? 0,
    error: answer !== undefined && answer.statusCode >= 400 ? exceptionName(answer) : undefined,
    ...(denied !== undefined && { denied }),
    ...(fault !== undefined && { fault }),
  };
}

async function controlled(act: () => Promise<object>): Promise<AwsAnswer> {
  try {
    return jsonAnswer(await act());
  } catch (thrown) {
    return errorAnswer("InternalFailure", String(thrown), 500);
  }
}

/** `?payment=pay_…`, `?trace=1-…`, or nothing for every call that is remembered. */
function callsAnswer(log: CallLog, path: string): AwsAnswer {
  const query = new URL(path, "http://door").searchParams;
  const payment = query.get("payment");
  const trace = query.get("trace");
  const calls = payment ? log.ofPayment(payment) : trace ? log.ofTrace(trace) : log.recent();
  return {
    statusCode: 200,
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ calls, looks: log.looks }),
  };
}

/** @returns undefined when the body is larger than any AWS request may be. */
async function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > requestBytesMax) return undefined;
    chunks.push(chunk);
  }
  return chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks, bytes);
}

function plainHeaders(request: IncomingMessage): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(request.headers)) {
    if (value !== undefined) headers[name] = typeof value === "string" ? value : value.join(",");
  }
  return headers;
}

function abortedWith(response: ServerResponse): AbortSignal {
  const controller = new AbortController();
  response.once("close", () => {
    if (!response.writableEnded) controller.abort();
  });
  return controller.signal;
}

function send(response: ServerResponse, answer: AwsAnswer): void {
  const file = answer.file === undefined || response.req.method === "HEAD" ? undefined : opened(answer.file);
  response.writeHead(answer.statusCode, {
    "x-amzn-requestid": randomUUID(),
    "content-length": bytesOfAnswer(answer),
    ...answer.headers,
  });
  if (file === undefined) response.end(answer.body);
  // A reader that leaves, or a file that cannot be read, ends the connection: what came is then seen to be short.
  else pipeline(file, response, () => undefined);
}

/** Opened at once: the object may be deleted while it is read. */
const opened = ({ path, start, bytes }: FilePart): Readable =>
  bytes === 0
    ? Readable.from([])
    : createReadStream(path, { fd: openSync(path, "r"), start, end: start + bytes - 1 });

/** Engines that forward have the name in the body only. Errors are rare and small, so parsing them costs nothing. */
function exceptionName(answer: AwsAnswer): string | undefined {
  const header = answer.headers["x-amzn-errortype"];
  if (header !== undefined) return header;
  return /"__type":\s*"(?:[^"#]*#)?([^"]+)"/.exec(answer.body.toString())?.[1];
}
