import { z } from "zod";
import type { Connection } from "./connection.ts";
import { NoAnswer, Refusal, Unreachable } from "./refusal.ts";

/** The API itself gives up after 30 s, and says so. */
const requestMsMax = 35_000;
/** A token that ends within this time is not used for another request. */
const tokenReserveMs = 30_000;

const tokenAnswer = z.object({ access_token: z.string(), expires_in: z.number() });
const problem = z.object({
  title: z.string(),
  code: z.string(),
  detail: z.string().optional(),
  errors: z.array(z.object({ detail: z.string() }).loose()).optional(),
  request_id: z.string().optional(),
});

export interface ApiReply {
  readonly statusCode: number;
  readonly headers: Headers;
  readonly body: unknown;
}

/** The HTTP API, as one client. */
export class Api {
  readonly #connection: Connection;
  #token: { readonly value: string; readonly until: number } | undefined;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** @throws Refusal for every answer that is not a success, with the problem's own words. */
  async call(method: "GET" | "POST", path: string, body?: unknown): Promise<unknown> {
    const reply = await this.send(method, path, body);
    if (reply.statusCode < 300) return reply.body;
    throw new Refusal(explain(reply));
  }

  /** @throws Unreachable when nothing answers, NoAnswer when that took too long. */
  async send(
    method: "GET" | "POST" | "PATCH",
    path: string,
    body?: unknown,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<ApiReply> {
    const authorization = `Bearer ${await this.#accessToken()}`;
    const response = await reach(`${this.#connection.api}${path}`, {
      method,
      headers: {
        authorization,
        ...(body !== undefined && { "content-type": "application/json" }),
        ...headers,
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    return { statusCode: response.status, headers: response.headers, body: parsed(await response.text()) };
  }

  async #accessToken(): Promise<string> {
    if (this.#token !== undefined && this.#token.until > Date.now()) return this.#token.value;
    const { tokenUrl, clientId, clientSecret } = this.#connection;
    const response = await reach(tokenUrl, {
      method: "POST",
      headers: { authorization: `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString("base64")}` },
      body: new URLSearchParams({ grant_type: "client_credentials" }),
    });
    const answer = tokenAnswer.safeParse(parsed(await response.text()));
    if (!response.ok || !answer.success)
      throw new Refusal(`${tokenUrl} gives client ${clientId} no token (HTTP ${response.status})`);
    const { access_token: value, expires_in: seconds } = answer.data;
    this.#token = { value, until: Date.now() + seconds * 1_000 - tokenReserveMs };
    return value;
  }
}

/** What a refused request is told, in one line. */
export function explain({ statusCode, body }: ApiReply): string {
  const { data } = problem.safeParse(body);
  if (data === undefined) return `HTTP ${statusCode}`;
  const details = [data.detail, ...(data.errors ?? []).map(({ detail }) => detail)].filter(Boolean);
  return `${statusCode} ${data.code}: ${[data.title, ...details].join(". ")}`;
}

async function reach(url: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, { ...init, signal: AbortSignal.timeout(requestMsMax) });
  } catch (error) {
    if (error instanceof DOMException && error.name === "TimeoutError")
      throw new NoAnswer(`${new URL(url).origin} does not answer within ${requestMsMax / 1_000} s`);
    throw new Unreachable(`nothing answers at ${new URL(url).origin}: is it running?`, { cause: error });
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
