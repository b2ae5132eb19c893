import {
  createServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
  STATUS_CODES,
} from "node:http";
import type { Duplex } from "node:stream";
import { close, listen } from "../process/http-server.ts";
import { Refusal } from "../process/refusal.ts";
import type { Header, HttpAnswer, HttpLayer, RequestHead } from "./http-message.ts";

/** CloudFront reads no longer head than this. */
const headBytesMax = 32 * 1024;
/** A client that sends a request more slowly is cut. */
const requestMsMax = 60_000;
/** Longer than the clients that we know keep an idle socket, so that none is closed under a request. */
const idleSocketMsMax = 65_000;
const stopMsDefault = 5_000;

interface HttpApiServerOptions {
  readonly layer: HttpLayer;
  /** 0 picks a free one. */
  readonly port: number;
  /** Told of a connection or an answer that failed in a way that no client can be told. One line each. */
  readonly warn: (line: string) => void;
}

export interface HttpApiServer {
  readonly url: string;
  readonly port: number;
  /** Takes no new connection, and waits `graceMs` for the requests under way. */
  stop(graceMs?: number): Promise<void>;
}

/**
 * Serves a layer on loopback.
 * @throws Refusal when the port is taken.
 */
export async function serveHttpApi(options: HttpApiServerOptions): Promise<HttpApiServer> {
  const { layer, warn } = options;
  const server = createServer(
    { maxHeaderSize: headBytesMax, requestTimeout: requestMsMax },
    (request, response) => {
      answerTo(layer, request)
        .then((answer) => {
          // A server that ends waits for its connections: the client is told not to keep this one.
          if (!server.listening) response.setHeader("connection", "close");
          send(response, answer);
        })
        .catch((thrown: unknown) => {
          // A client that left, also in the middle of its body, explains the throw.
          if (request.complete && !response.destroyed) warn(`the HTTP API failed: ${String(thrown)}`);
          response.destroy();
        });
    },
  );
  server.keepAliveTimeout = idleSocketMsMax;
  server.on("clientError", (thrown: NodeJS.ErrnoException, socket) =>
    refuseConnection(layer, thrown, socket),
  );
  const port = await listenOn(server, options.port);
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    stop: (graceMs = stopMsDefault) => close(server, graceMs),
  };
}

async function listenOn(server: Server, port: number): Promise<number> {
  try {
    return await listen(server, port);
  } catch (thrown) {
    const { code } = thrown as NodeJS.ErrnoException;
    if (code === "EADDRINUSE") {
      throw new Refusal(
        `port ${port} is taken: end what listens there, or set PORT to another one (PORT=0 picks a free one)`,
        { cause: thrown },
      );
    }
    throw new Refusal(`cannot listen on port ${port} (${code}): set PORT to another one`, { cause: thrown });
  }
}

async function answerTo(layer: HttpLayer, request: IncomingMessage): Promise<HttpAnswer> {
  const head = headOf(request);
  const refused = layer.refuseHead(head);
  if (refused !== undefined) return refused;
  const body = await readBody(request, layer.bodyBytesMax);
  return body === undefined ? layer.bodyTooLarge() : layer.answer({ ...head, body });
}

function headOf(request: IncomingMessage): RequestHead {
  const headers: Header[] = [];
  const { rawHeaders } = request;
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    headers.push([rawHeaders[index] ?? "", rawHeaders[index + 1] ?? ""]);
  }
  return {
    method: request.method ?? "",
    target: request.url ?? "/",
    httpVersion: request.httpVersion,
    headers,
    sourceIp: (request.socket.remoteAddress ?? "").replace(/^::ffff:/, ""),
  };
}

/** @returns undefined when the body is longer; what is left of it then, Node reads and drops. */
async function readBody(request: IncomingMessage, bytesMax: number): Promise<Buffer | undefined> {
  if (Number(request.headers["content-length"] ?? 0) > bytesMax) return undefined;
  const chunks: Buffer[] = [];
  let bytes = 0;
  return new Promise((resolve, reject) => {
    const onData = (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= bytesMax) {
        chunks.push(chunk);
        return;
      }
      request.off("data", onData);
      request.resume();
      resolve(undefined);
    };
    request.on("data", onData);
    request.once("end", () => resolve(chunks.length === 1 ? chunks[0] : Buffer.concat(chunks)));
    request.once("error", reject);
    request.once("close", () => reject(new Error("the client left before its request was whole")));
  });
}

function send(response: ServerResponse, answer: HttpAnswer): void {
  response.statusCode = answer.statusCode;
  for (const [name, value] of answer.headers) response.appendHeader(name, value);
  const body = typeof answer.body === "string" ? Buffer.from(answer.body) : answer.body;
  // These two have no body by definition, and no length of one.
  if (answer.statusCode !== 204 && answer.statusCode !== 304)
    response.setHeader("content-length", body.length);
  response.end(body);
}

/** What Node could not read as a request: there is no response object, so the answer is written by hand. */
function refuseConnection(layer: HttpLayer, thrown: NodeJS.ErrnoException, socket: Duplex): void {
  if (thrown.code === "ECONNRESET" || !socket.writable) {
    socket.destroy();
    return;
  }
  const answer: HttpAnswer =
    thrown.code === "HPE_HEADER_OVERFLOW"
      ? layer.headersTooLarge()
      : { statusCode: thrown.code === "ERR_HTTP_REQUEST_TIMEOUT" ? 408 : 400, headers: [], body: "" };
  const lines = [
    `HTTP/1.1 ${answer.statusCode} ${STATUS_CODES[answer.statusCode]}`,
    ...answer.headers.map(([name, value]) => `${name}: ${value}`),
    `content-length: ${Buffer.byteLength(answer.body)}`,
    "connection: close",
  ];
  socket.end(`${lines.join("\r\n")}\r\n\r\n${answer.body}`);
}
