import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import type { Identity } from "./certificate.ts";

/** One whole HTTP request, as it came over the wire. */
interface RawRequest {
  readonly text: string;
  /** 1 for the first request that the server received, over all connections. */
  readonly ordinal: number;
  /** The value of `Idempotency-Key`. */
  readonly key: string;
}

export type RawHandler = (socket: Socket, request: RawRequest) => void;

/** A server without manners: what it does with a request is up to the test. */
export interface RawServer extends AsyncDisposable {
  readonly port: number;
  readonly requests: readonly RawRequest[];
  /** Connections that were accepted, TLS handshakes not included. */
  connections(): number;
}

export interface RawServerOptions {
  readonly onRequest?: RawHandler;
  readonly onConnection?: (socket: Socket) => void;
  /** Speaks TLS when given. */
  readonly identity?: Identity;
}

export async function startRawServer(options: RawServerOptions): Promise<RawServer> {
  const sockets = new Set<Socket>();
  const requests: RawRequest[] = [];
  const serve = (socket: Socket) => {
    // Peers that vanish are what these tests are about.
    socket.on("error", () => socket.destroy());
    readRequests(socket, (text) => {
      const key = /^idempotency-key: (.*)\r$/im.exec(text)?.[1] ?? "";
      const request: RawRequest = { text, key, ordinal: requests.length + 1 };
      requests.push(request);
      options.onRequest?.(socket, request);
    });
  };
  const server: Server =
    options.identity === undefined ? createTcpServer(serve) : createTlsServer(options.identity, serve);
  let connections = 0;
  server.on("tlsClientError", () => undefined);
  server.on("connection", (socket: Socket) => {
    connections += 1;
    sockets.add(socket);
    options.onConnection?.(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    requests,
    connections: () => connections,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

/** Hands over each request once its body is whole. */
function readRequests(socket: Socket, onRequest: (text: string) => void): void {
  let received = "";
  socket.on("data", (chunk: Buffer) => {
    received += chunk.toString("latin1");
    const headEnd = received.indexOf("\r\n\r\n");
    const length = Number(/content-length: (\d+)/i.exec(received)?.[1] ?? 0);
    const end = headEnd + 4 + length;
    if (headEnd < 0 || received.length < end) return;
    const text = received.slice(0, end);
    received = received.slice(end);
    onRequest(text);
  });
}

/** An HTTP answer as text. A string goes out as it is, anything else as JSON. */
export function httpAnswer(statusCode: number, body: unknown, headers: readonly string[] = []): string {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const lines = [
    `HTTP/1.1 ${statusCode} Whatever`,
    "Content-Type: application/json",
    `Content-Length: ${Buffer.byteLength(text)}`,
    ...headers,
  ];
  return `${lines.join("\r\n")}\r\n\r\n${text}`;
}
