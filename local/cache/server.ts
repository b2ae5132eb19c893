import { createServer, type Socket } from "node:net";
import { loopback } from "../process/http-server.ts";
import { run } from "./commands.ts";
import { encode, ProtocolError, RequestReader } from "./resp.ts";
import { CacheStore } from "./store.ts";

const connectionsMax = 1_000;

/** A running cache. */
export interface Cache {
  /** `redis://127.0.0.1:<port>`. */
  readonly url: string;
  stop(): Promise<void>;
}

/** Serves a Valkey on loopback, with the commands that Tallystick uses and no others. `clock`: epoch milliseconds. */
export async function startCache(clock: () => number): Promise<Cache> {
  const store = new CacheStore(clock);
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.setNoDelay(true);
    socket.once("close", () => sockets.delete(socket));
    // A client that breaks off needs no answer.
    socket.on("error", () => socket.destroy());
    converse(socket, store, clock);
  });
  server.maxConnections = connectionsMax;
  const port = await new Promise<number>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, loopback, () => {
      const address = server.address();
      if (typeof address === "object" && address !== null) resolve(address.port);
    });
  });
  return {
    url: `redis://${loopback}:${port}`,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

function converse(socket: Socket, store: CacheStore, clock: () => number): void {
  const reader = new RequestReader();
  socket.on("data", (chunk: Buffer) => {
    const replies: Buffer[] = [];
    let ends = false;
    try {
      for (const request of reader.push(chunk)) {
        replies.push(encode(run(request, store, clock())));
        ends ||= request[0]?.toString("latin1").toUpperCase() === "QUIT";
      }
    } catch (thrown) {
      if (!(thrown instanceof ProtocolError)) throw thrown;
      replies.push(encode({ error: `ERR Protocol error: ${thrown.message}` }));
      ends = true;
    }
    // One write for all that arrived together: pipelines are answered as they were sent.
    if (ends) socket.end(Buffer.concat(replies));
    else socket.write(Buffer.concat(replies));
  });
}
