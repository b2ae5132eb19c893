import { Agent, request } from "node:http";
import type { AwsAnswer, AwsCall, Engine } from "../door/engine.ts";

/** dynoxide serves one write at a time, so more sockets than this would only queue there instead of here. */
const socketsMax = 64;
/** Headers of one hop, and those that this hop writes itself. */
const ownHeaders = new Set([
  "host",
  "connection",
  "content-length",
  "authorization",
  "expect",
  "transfer-encoding",
]);
/**
 * Emulators want a scope and check no signature. It must be the same for everyone: DynamoDB Local keeps a database
 * per access key, and each function has its own.
 */
const authorization =
  "AWS4-HMAC-SHA256 Credential=tallystick/20260101/local/dynamodb/aws4_request, SignedHeaders=host;x-amz-date, Signature=0";

export interface DynamoDbEngine extends Engine {
  /** Calls an action from inside this process. @throws DynamoDbFailure when DynamoDB refuses it. */
  call(action: string, input: unknown): Promise<unknown>;
  stop(): void;
}

/** DynamoDB refused a call that the local cloud made itself. */
export class DynamoDbFailure extends Error {
  override readonly name = "DynamoDbFailure";
  /** Name of AWS's exception, without its namespace. */
  readonly exception: string;
  constructor(exception: string, message: string) {
    super(`${exception}: ${message}`);
    this.exception = exception;
  }
}

/** Forwards calls, bodies untouched in both directions, to a server that speaks DynamoDB. */
export function dynamoDbEngine(endpoint: string): DynamoDbEngine {
  const { hostname, port } = new URL(endpoint);
  const agent = new Agent({ keepAlive: true, maxSockets: socketsMax });

  function forward(
    headers: Record<string, string | number>,
    body: Buffer,
    signal?: AbortSignal,
  ): Promise<AwsAnswer> {
    return new Promise((resolve, reject) => {
      const options = {
        hostname,
        port,
        method: "POST",
        path: "/",
        agent,
        headers,
        ...(signal && { signal }),
      };
      const outgoing = request(options, (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("error", reject);
        response.on("end", () =>
          resolve({
            statusCode: response.statusCode ?? 502,
            headers: answerHeaders(response.headers),
            body: Buffer.concat(chunks),
          }),
        );
      });
      outgoing.on("error", reject);
      outgoing.end(body);
    });
  }

  return {
    service: "dynamodb",
    handle: ({ headers, body, signal }: AwsCall) => {
      const kept = Object.fromEntries(Object.entries(headers).filter(([name]) => !ownHeaders.has(name)));
      return forward({ ...kept, authorization, "content-length": body.length }, body, signal);
    },
    async call(action, input) {
      const body = Buffer.from(JSON.stringify(input));
      const headers = {
        authorization,
        "content-length": body.length,
        "content-type": "application/x-amz-json-1.0",
        "x-amz-date": "20260101T000000Z",
        "x-amz-target": `DynamoDB_20120810.${action}`,
      };
      const answer = await forward(headers, body);
      const output = JSON.parse(answer.body.toString());
      if (answer.statusCode === 200) return output;
      throw new DynamoDbFailure(String(output.__type).replace(/^.*#/, ""), String(output.message));
    },
    stop: () => agent.destroy(),
  };
}

function answerHeaders(headers: NodeJS.Dict<string | string[]>): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (typeof value === "string" && (name.startsWith("x-amz") || name === "content-type"))
      kept[name] = value;
  }
  return kept;
}
