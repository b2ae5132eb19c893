import { mkdtempSync, rmSync, statSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { JwtVerifier } from "aws-jwt-verify";
import { SimpleJwksCache } from "aws-jwt-verify/jwk";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type ClientName, PoolClients, type SeededClient } from "#local/issuer/clients.ts";
import { type Issuer, startIssuer } from "#local/issuer/issuer.ts";
import { close, listen } from "#local/process/http-server.ts";

const poolId = "eu-west-1_tallystick";
const scopes = ["payments.read", "payments.write", "ledger.read", "ops.read", "ops.write"].map(
  (scope) => `tallystick/${scope}`,
);

let directory: string;
let clients: PoolClients;
let warnings: string[];
let issuer: Issuer;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "tallystick-issuer-"));
  warnings = [];
  issuer = await start();
});
afterEach(async () => {
  await issuer.stop();
  rmSync(directory, { recursive: true });
});

function start(): Promise<Issuer> {
  clients = new PoolClients(join(directory, "clients.json"), scopes);
  const statePath = join(directory, "issuer.json");
  return startIssuer({ statePath, poolId, clients, warn: (line) => warnings.push(line) });
}

function client(name: ClientName): SeededClient {
  const found = clients.seeded.find((candidate) => candidate.name === name);
  if (found === undefined) throw new Error(`no client ${name}`);
  return found;
}

async function askToken(
  { clientId, clientSecret }: Pick<SeededClient, "clientId" | "clientSecret">,
  scope?: string,
) {
  const response = await fetch(issuer.tokenUrl, {
    method: "POST",
    headers: { authorization: `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString("base64")}` },
    body: new URLSearchParams({ grant_type: "client_credentials", ...(scope && { scope }) }),
  });
  return { statusCode: response.status, body: (await response.json()) as Record<string, unknown> };
}

/** As the authorizer does, with a fetcher of its own: the one that the library brings speaks HTTPS only. */
const verify = (token: unknown) =>
  JwtVerifier.create(
    { issuer: issuer.url, audience: null, jwksUri: `${issuer.url}/.well-known/jwks.json` },
    {
      jwksCache: new SimpleJwksCache({ fetcher: { fetch: async (uri) => (await fetch(uri)).arrayBuffer() } }),
    },
  ).verify(String(token));

test("a merchant's token carries Cognito's claims, and aws-jwt-verify accepts it", async () => {
  const { statusCode, body } = await askToken(client("demo"));
  expect(statusCode).toBe(200);
  expect(body).toEqual({ access_token: expect.any(String), token_type: "Bearer", expires_in: 3_600 });
  const claims = await verify(body["access_token"]);
  const { clientId } = client("demo");
  expect(claims).toEqual({
    sub: clientId,
    token_use: "access",
    scope: "tallystick/payments.read tallystick/payments.write tallystick/ledger.read",
    auth_time: claims.iat,
    iss: issuer.url,
    exp: Number(claims.iat) + 3_600,
    iat: expect.any(Number),
    version: 2,
    jti: expect.any(String),
    client_id: clientId,
  });
});

test("an operator's token has every reading scope and the operations, no other", async () => {
  const { body } = await askToken(client("operator"));
  const claims = await verify(body["access_token"]);
  expect(claims["scope"]).toBe(
    "tallystick/payments.read tallystick/ledger.read tallystick/ops.read tallystick/ops.write",
  );
});

test("a wrong secret answers 401 and no token", async () => {
  const answer = await askToken({ ...client("demo"), clientSecret: "guess" });
  expect(answer).toEqual({ statusCode: 401, body: { error: "invalid_client" } });
});

test("a scope beyond the client's answers 400 and no token", async () => {
  const answer = await askToken(client("demo"), "tallystick/ops.write");
  expect(answer).toEqual({ statusCode: 400, body: { error: "invalid_scope" } });
});

test.each(["password", "authorization_code", "refresh_token", "magic"])(
  "the grant %s is refused: only machines sign in",
  async (grant_type) => {
    const { clientId: client_id, clientSecret: client_secret } = client("demo");
    const body = new URLSearchParams({ grant_type, client_id, client_secret, username: "x", code: "x" });
    const response = await fetch(issuer.tokenUrl, { method: "POST", body });
    expect(response.status).toBe(400);
    expect(await response.json()).not.toHaveProperty("access_token");
  },
);

test("tokens and secrets survive a restart, in files that only their owner can read", async () => {
  const { body } = await askToken(client("demo"));
  const { clientSecret } = client("demo");
  await issuer.stop();
  issuer = await start();
  expect(client("demo").clientSecret).toBe(clientSecret);
  expect(await verify(body["access_token"])).toMatchObject({ client_id: client("demo").clientId });
  expect(warnings).toEqual([]);
  for (const file of ["clients.json", "issuer.json"]) {
    expect(statSync(join(directory, file)).mode & 0o777, file).toBe(0o600);
  }
});

test("when its port is taken it takes another, and says what that means", async () => {
  const port = Number(new URL(issuer.url).port);
  await issuer.stop();
  const squatter: Server = createServer();
  await listen(squatter, port);
  issuer = await start();
  expect(issuer.url).not.toContain(`:${port}/`);
  expect(warnings).toEqual([
    `port ${port} of the token issuer is taken: tokens from before this start are no longer valid`,
  ]);
  await close(squatter, 100);
});
