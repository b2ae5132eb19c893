import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

/** What Kubernetes asks. */
export interface Health {
  /** Of the port that it listens on. */
  readonly port: number;
  stop(): Promise<void>;
}

/**
 * Answers whether the process lives (`/live`: it answers at all) and takes work (`/ready`: 503 when it does not).
 * @param isReady asked each time
 */
export async function serveHealth(port: number, isReady: () => Promise<boolean>): Promise<Health> {
  const server = createServer((request, response) => {
    const answer = (statusCode: number, text: string): void => {
      response.writeHead(statusCode, { "content-type": "text/plain" }).end(`${text}\n`);
    };
    if (request.url === "/live") answer(200, "live");
    else if (request.url === "/ready")
      isReady().then(
        (ready) => answer(ready ? 200 : 503, ready ? "ready" : "not ready"),
        () => answer(503, "not ready"),
      );
    else answer(404, "only /live and /ready are here");
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, resolve);
  });
  return { port: (server.address() as AddressInfo).port, stop: () => closed(server) };
}

const closed = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
