import { createServer } from "node:http";
import { onTestFinished } from "vitest";
import { close, listen } from "#local/process/http-server.ts";

export interface ReceivedNotification {
  readonly path: string;
  readonly signature: string | undefined;
  readonly rawBody: string;
  /** Epoch milliseconds. */
  readonly at: number;
}

/** Where an acquirer's notifications arrive. `answer` says the HTTP status code of each; default 204. */
export async function startReceiver(
  answer: (received: ReceivedNotification, nth: number) => number = () => 204,
) {
  const received: ReceivedNotification[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const notification = {
        path: request.url ?? "",
        signature: request.headers["acquirer-signature"]?.toString(),
        rawBody: Buffer.concat(chunks).toString("utf8"),
        at: Date.now(),
      };
      received.push(notification);
      response.writeHead(answer(notification, received.length)).end();
    });
  });
  const url = `http://127.0.0.1:${await listen(server, 0)}/hook`;
  const stop = () => close(server, 0);
  onTestFinished(stop);
  return { url, received };
}
