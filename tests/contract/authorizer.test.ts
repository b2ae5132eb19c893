import { createHmac, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { APIGatewayRequestAuthorizerEventV2 } from "aws-lambda";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { MerchantRegister } from "#adapters/dynamodb/merchant-register.ts";
import { close, listen } from "#local/process/http-server.ts";
import { demo } from "#tests/support/examples.ts";
import { startTables, type TestTables } from "#tests/support/tables.ts";

// The logger then writes to this process's console. It looks when it is made.
vi.hoisted(() => {
  process.env["POWERTOOLS_DEV"] = "true";
});

const keyPair = () => generateKeyPairSync("rsa", { modulusLength: 2048 });
const ours = keyPair();
const theirs = keyPair();
const keyId = "key-1";

let tables: TestTables;
let jwks: Server;
let issuer: string;

beforeAll(async () => {
  tables = await startTables();
  jwks = createServer((_request, response) => {
    const key = { ...ours.publicKey.export({ format: "jwk" }), kid: keyId, alg: "RS256", use: "sig" };
    response.end(JSON.stringify({ keys: [key] }));
  });
  issuer = `http://127.0.0.1:${await listen(jwks, 0)}`;
  const register = new MerchantRegister(tables.client, "merchants");
  await register.link("client-demo", { kind: "merchant", merchant: demo });
  await register.link("client-ops", { kind: "operator", operator: "operator" });
  vi.spyOn(console, "error").mockImplementation(() => undefined);
});
afterAll(async () => {
  await close(jwks, 100);
  await tables.stop();
});

/** The authorizer as a cold environment loads it. */
async function loadAuthorizer(variables: Readonly<Record<string, string>> = {}) {
  const environment = {
    AWS_ENDPOINT_URL_DYNAMODB: tables.endpoint,
    AWS_REGION: "eu-west-1",
    AWS_ACCESS_KEY_ID: "test",
    AWS_SECRET_ACCESS_KEY: "test",
    MERCHANTS_TABLE: "merchants",
    TOKEN_ISSUER: issuer,
    ...variables,
  };
  for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
  vi.resetModules();
  const { handler } = await import("#functions/authorizer/bearer.ts");
  return async (authorization: string | undefined) => {
    const headers = authorization === undefined ? {} : { authorization };
    const result = await handler({ headers } as APIGatewayRequestAuthorizerEventV2);
    // It never refuses by itself: the gateway's answer to that could not be shaped.
    expect(result.isAuthorized).toBe(true);
    return result.context;
  };
}

const seconds = () => Math.floor(Date.now() / 1_000);
const base64 = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");

/** Claims of an access token as Cognito makes it. */
const claims = (change: object = {}) => ({
  iss: issuer,
  sub: "client-demo",
  client_id: "client-demo",
  token_use: "access",
  scope: "tallystick/payments.read tallystick/payments.write",
  iat: seconds() - 60,
  exp: seconds() + 3_600,
  ...change,
});

function tokenOf(payload: object, header: object = {}, key: KeyObject = ours.privateKey): string {
  const signed = `${base64({ alg: "RS256", kid: keyId, ...header })}.${base64(payload)}`;
  return `${signed}.${sign("RSA-SHA256", Buffer.from(signed), key).toString("base64url")}`;
}

const bearer = (token: string) => `Bearer ${token}`;

describe("a token of a client that somebody holds", () => {
  test("is a merchant's, with its scopes", async () => {
    const judge = await loadAuthorizer();
    expect(await judge(bearer(tokenOf(claims())))).toEqual({
      verdict: "accepted",
      client_id: "client-demo",
      scope: "tallystick/payments.read tallystick/payments.write",
      merchant: "mer_demo",
    });
  });

  test("is an operator's", async () => {
    const judge = await loadAuthorizer();
    const token = tokenOf(claims({ client_id: "client-ops", scope: "tallystick/ops.read" }));
    expect(await judge(bearer(token))).toEqual({
      verdict: "accepted",
      client_id: "client-ops",
      scope: "tallystick/ops.read",
      operator: "operator",
    });
  });

  test.each(["bearer", "BEARER", "Bearer  "])("may be announced as %j", async (scheme) => {
    const judge = await loadAuthorizer();
    expect(await judge(`${scheme} ${tokenOf(claims())}`)).toMatchObject({ verdict: "accepted" });
  });

  test("without any scope has none", async () => {
    const judge = await loadAuthorizer();
    expect(await judge(bearer(tokenOf(claims({ scope: undefined }))))).toMatchObject({ scope: "" });
  });
});

test("a token of a client that nobody holds is told apart", async () => {
  const judge = await loadAuthorizer();
  const strangers = ["client-gone", undefined, "constructor", "mer_demo"];
  for (const client_id of strangers)
    expect(await judge(bearer(tokenOf(claims({ client_id }))))).toEqual({ verdict: "client_unknown" });
});

test("no token is told apart from a bad one", async () => {
  const judge = await loadAuthorizer();
  expect(await judge(undefined)).toEqual({ verdict: "token_missing" });
});

test("a token that has expired is told apart from a bad one", async () => {
  const judge = await loadAuthorizer();
  expect(await judge(bearer(tokenOf(claims({ exp: seconds() - 1 }))))).toEqual({ verdict: "token_expired" });
});

describe("what is no token of ours is invalid", () => {
  const unsigned = (payload: object) => `${base64({ alg: "none", kid: keyId })}.${base64(payload)}.`;
  const publicKeyAsSecret = (payload: object) => {
    const signed = `${base64({ alg: "HS256", kid: keyId })}.${base64(payload)}`;
    const secret = ours.publicKey.export({ format: "pem", type: "spki" });
    return `${signed}.${createHmac("sha256", secret).update(signed).digest("base64url")}`;
  };
  const withOtherClaims = (token: string) => {
    const [header, , signature] = token.split(".");
    return `${header}.${base64(claims({ client_id: "client-ops" }))}.${signature}`;
  };

  test.each<[string, () => string]>([
    ["an empty header", () => ""],
    ["a scheme without token", () => "Bearer"],
    ["another scheme", () => "Basic Y2xpZW50OnNlY3JldA=="],
    ["a token without scheme", () => tokenOf(claims())],
    ["two tokens", () => `${bearer(tokenOf(claims()))}, ${bearer(tokenOf(claims()))}`],
    ["something that is no token", () => bearer("a.b.c")],
    ["no signature and alg none", () => bearer(unsigned(claims()))],
    ["a signature and alg none", () => bearer(tokenOf(claims(), { alg: "none" }))],
    ["a signature made with our public key as secret", () => bearer(publicKeyAsSecret(claims()))],
    [
      "a signature by another key under our key's name",
      () => bearer(tokenOf(claims(), {}, theirs.privateKey)),
    ],
    ["a signature of other claims", () => bearer(withOtherClaims(tokenOf(claims())))],
    ["a key that nobody has", () => bearer(tokenOf(claims(), { kid: "key-2" }))],
    ["no key at all", () => bearer(tokenOf(claims(), { kid: undefined }))],
    ["another issuer", () => bearer(tokenOf(claims({ iss: "https://cognito.example/pool" })))],
    ["no issuer", () => bearer(tokenOf(claims({ iss: undefined })))],
    ["an ID token", () => bearer(tokenOf(claims({ token_use: "id", aud: "client-demo" })))],
    ["a token without use", () => bearer(tokenOf(claims({ token_use: undefined })))],
    ["a token that is not valid yet", () => bearer(tokenOf(claims({ nbf: seconds() + 600 })))],
  ])("%s", async (_name, header) => {
    const judge = await loadAuthorizer();
    expect(await judge(header())).toEqual({ verdict: "token_invalid" });
  });
});

describe("of two issuers", () => {
  // The first does not answer: its region is lost.
  const lost = "http://127.0.0.1:1";

  test("each one's tokens count", async () => {
    const judge = await loadAuthorizer({ TOKEN_ISSUER: `${lost},${issuer}` });
    expect(await judge(bearer(tokenOf(claims())))).toMatchObject({
      verdict: "accepted",
      merchant: "mer_demo",
    });
  });

  test("a third one's do not, nor do tokens without one", async () => {
    const judge = await loadAuthorizer({ TOKEN_ISSUER: `${lost},${issuer}` });
    for (const iss of ["https://cognito.example/pool", undefined])
      expect(await judge(bearer(tokenOf(claims({ iss }))))).toEqual({ verdict: "token_invalid" });
  });
});

describe("a token that cannot be judged says nothing about its caller", () => {
  test("because the issuer does not answer", async () => {
    const nowhere = "http://127.0.0.1:1";
    const judge = await loadAuthorizer({ TOKEN_ISSUER: nowhere });
    expect(await judge(bearer(tokenOf(claims({ iss: nowhere }))))).toEqual({ verdict: "unavailable" });
  });

  test("because the clients cannot be read", async () => {
    const judge = await loadAuthorizer({ MERCHANTS_TABLE: "a-table-that-is-not-there" });
    expect(await judge(bearer(tokenOf(claims())))).toEqual({ verdict: "unavailable" });
  });
});
