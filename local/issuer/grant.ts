import { createHash, timingSafeEqual } from "node:crypto";
import type { Client } from "./clients.ts";

/** A token request, as far as it decides what is granted. */
export interface TokenRequest {
  readonly authorization: string | undefined;
  readonly body: Readonly<Record<string, unknown>>;
}

export type Grant =
  | { readonly granted: true; readonly client: Client; readonly scopes: readonly string[] }
  | { readonly granted: false; readonly statusCode: 400 | 401; readonly error: string };

/** What RFC 6749 and Cognito answer to a request for a client-credentials token. */
export function grantOf(clients: readonly Client[], { authorization, body }: TokenRequest): Grant {
  const presented = basicCredentials(authorization) ?? bodyCredentials(body);
  const client = clients.find(({ clientId }) => clientId === presented?.id);
  if (client === undefined || presented === undefined || !equal(presented.secret, client.clientSecret)) {
    return { granted: false, statusCode: 401, error: "invalid_client" };
  }
  if (body["grant_type"] !== "client_credentials") {
    return { granted: false, statusCode: 400, error: "unauthorized_client" };
  }
  const { scope } = body;
  const asked = typeof scope === "string" ? scope.split(" ").filter((name) => name !== "") : [];
  if (!asked.every((name) => client.scopes.includes(name))) {
    return { granted: false, statusCode: 400, error: "invalid_scope" };
  }
  return { granted: true, client, scopes: asked.length > 0 ? asked : client.scopes };
}

interface Presented {
  readonly id: string;
  readonly secret: string;
}

function basicCredentials(authorization: string | undefined): Presented | undefined {
  const encoded = /^Basic\s+([A-Za-z0-9+/=]+)$/i.exec(authorization ?? "")?.[1];
  if (encoded === undefined) return undefined;
  const text = Buffer.from(encoded, "base64").toString("utf8");
  const colon = text.indexOf(":");
  return colon === -1 ? undefined : { id: text.slice(0, colon), secret: text.slice(colon + 1) };
}

function bodyCredentials({
  client_id: id,
  client_secret: secret,
}: TokenRequest["body"]): Presented | undefined {
  return typeof id === "string" && typeof secret === "string" ? { id, secret } : undefined;
}

function equal(a: string, b: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
