import * as http from "node:http";
import * as https from "node:https";
import type { AwsAnswer, AwsCall } from "../door/engine.ts";

/** Emulators serve few calls at a time, so more sockets than this would only queue there instead of here. */
const socketsMax = 64;
/** Headers of one hop; each side writes its own. */
const ofOneHop = new Set([
  "connection",
  "content-length",
  "date",
  "expect",
  "host",
  "keep-alive",
  "server",
  "transfer-encoding",
]);

export type HopCall = Pick<AwsCall, "method" | "path" | "headers" | "body"> & {
  readonly signal?: AbortSignal;
};

/** One server that speaks an AWS protocol, and the sockets to it. */
export interface Hop {
  /** As `host` stands in the request. */
  readonly host: string;
  /** Bodies go through untouched, in both directions. @throws Error when nothing answers, or the caller has left. */
  send(call: HopCall): Promise<AwsAnswer>;
  stop(): void;
}

export function hopTo(endpoint: string): Hop {
  const { protocol, hostname, port, host } = new URL(endpoint);
  const { Agent, request } = protocol === "https:" ? https : http;
  const agent = new Agent({ keepAlive: true, maxSockets: socketsMax });

  function send({ method, path, headers, body, signal }: HopCall): Promise<AwsAnswer> {
    return new Promise((resolve, reject) => {
      const sent = { ...endToEnd(headers), host, "content-length": body.length };
      const outgoing = request(
        { hostname, port, method, path, agent, headers: sent, ...(signal && { signal }) },
        (response) => {
          const chunks: Buffer[] = [];
          const kept = endToEnd(response.headers);
          // A HEAD tells the length of what it does not send.
          const length = method === "HEAD" ? response.headers["content-length"] : undefined;
          response.on("data", (chunk: Buffer) => chunks.push(chunk));
          response.on("error", reject);
          response.on("end", () =>
            resolve({
              statusCode: response.statusCode ?? 502,
              headers: { ...kept, ...(length !== undefined && { "content-length": length }) },
              body: Buffer.concat(chunks),
            }),
          );
        },
      );
      outgoing.on("error", reject);
      outgoing.end(body);
    });
  }
  return { host, send, stop: () => agent.destroy() };
}

function endToEnd(headers: Readonly<Record<string, string | string[] | undefined>>): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (typeof value === "string" && !ofOneHop.has(name)) kept[name] = value;
  }
  return kept;
}
