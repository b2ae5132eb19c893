import { randomUUID } from "node:crypto";
import type { Endpoints } from "#local/endpoints.ts";

export interface ApiAnswer {
  readonly statusCode: number;
  readonly headers: Headers;
  /** As it was sent: replays are compared to the byte. */
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into bodies of every shape, and a wrong guess fails them.
  readonly body: any;
}

export interface Card {
  readonly number: string;
  readonly cvc?: string;
}

/**
 * A new Idempotency-Key on each call, also across test files. A UUID: tests use it as a reference too, and a process id
 * beside a time reads as a card number now and then.
 */
export const newKey = (): string => `test-${randomUUID()}`;

/** A caller of the HTTP API, as a merchant's server would be one. */
export class ApiClient {
  readonly #endpoints: Endpoints;
  readonly #token: string | undefined;

  private constructor(endpoints: Endpoints, token: string | undefined) {
    this.#endpoints = endpoints;
    this.#token = token;
  }

  static anonymous = (endpoints: Endpoints): ApiClient => new ApiClient(endpoints, undefined);

  static withToken = (endpoints: Endpoints, token: string): ApiClient => new ApiClient(endpoints, token);

  /** Signs in by client credentials. `scope` narrows what the token is good for. */
  static async signIn(
    endpoints: Endpoints,
    { client_id, client_secret }: { readonly client_id: string; readonly client_secret: string },
    scope?: string,
  ): Promise<ApiClient> {
    const response = await fetch(endpoints.token_url, {
      method: "POST",
      headers: { authorization: `Basic ${Buffer.from(`${client_id}:${client_secret}`).toString("base64")}` },
      body: new URLSearchParams({
        grant_type: "client_credentials",
        ...(scope === undefined ? {} : { scope }),
      }),
    });
    const { access_token: token } = (await response.json()) as { access_token: string };
    return new ApiClient(endpoints, token);
  }

  /** The Authorization header that this client sends. */
  get authorization(): string {
    return this.#token === undefined ? "" : `Bearer ${this.#token}`;
  }

  async send(
    method: string,
    path: string,
    { body, headers = {} }: { readonly body?: unknown; readonly headers?: Record<string, string> } = {},
  ): Promise<ApiAnswer> {
    const response = await fetch(this.#endpoints.api + path, {
      method,
      headers: {
        ...(this.#token === undefined ? {} : { authorization: this.authorization }),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    return {
      statusCode: response.status,
      headers: response.headers,
      text,
      body: text === "" ? undefined : JSON.parse(text),
    };
  }

  get = (path: string): Promise<ApiAnswer> => this.send("GET", path);

  tokenize = ({ number, cvc = "123" }: Card): Promise<ApiAnswer> =>
    this.send("POST", "/v1/card-tokens", { body: { number, exp_month: 12, exp_year: 2040, cvc } });

  /** Creates a payment of 12.34 USD, unless told otherwise, under a new key. */
  pay(payment: Record<string, unknown>, headers: Record<string, string> = {}): Promise<ApiAnswer> {
    return this.send("POST", "/v1/payments", {
      body: { amount: 12_34, currency: "USD", ...payment },
      headers: { "idempotency-key": newKey(), ...headers },
    });
  }

  /** Tokenizes the card and pays with it. */
  async payWithCard(
    card: Card,
    payment: Record<string, unknown> = {},
    headers?: Record<string, string>,
  ): Promise<ApiAnswer> {
    const token = await this.tokenize(card);
    return this.pay({ method: { type: "card", token: token.body.id }, ...payment }, headers);
  }
}
