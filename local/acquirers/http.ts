import type { IncomingMessage, ServerResponse } from "node:http";

const requestBytesMax = 64 * 1024;

export interface Answer {
  readonly statusCode: number;
  /** A text needs its content type among the headers; an object is sent as JSON. */
  readonly body: Readonly<Record<string, unknown>> | string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What this server refuses before its acquirer sees it, or because of what it is asked for. Nothing was executed. */
const refusals = {
  malformed: 400,
  unauthorized: 401,
  unknown_route: 404,
  unknown_operation: 404,
  unknown_reference: 404,
  unknown_dispute: 404,
  unknown_file: 404,
  not_pending: 409,
  not_disputable: 409,
  not_open: 409,
  not_closed: 409,
  forgotten: 410,
  too_large: 413,
  key_reused: 422,
  not_accepted: 503,
} as const;

export const refuse = (error: keyof typeof refusals, key?: string): Answer => ({
  statusCode: refusals[error],
  body: { error, ...(key === undefined ? {} : { key }) },
});

export function send(response: ServerResponse, { statusCode, body, headers }: Answer): void {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  response.writeHead(statusCode, {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(text),
    ...headers,
  });
  response.end(text);
}

/** @returns undefined when the body is too large; the rest of it is read and dropped, so that the answer arrives. */
export async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes <= requestBytesMax) chunks.push(chunk);
  }
  return bytes <= requestBytesMax ? Buffer.concat(chunks).toString("utf8") : undefined;
}

export function parseJson(raw: string): unknown {
  try {
    return JSON.parse(raw);
  } catch {
    return undefined;
  }
}

export function decode(segment: string | undefined): string | undefined {
  try {
    return segment === undefined ? undefined : decodeURIComponent(segment);
  } catch {
    return undefined;
  }
}
