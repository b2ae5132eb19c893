import { generateKeyPair, randomUUID } from "node:crypto";
import { createServer, type Server } from "node:http";
import { promisify } from "node:util";
import type { TokenRequestIncomingMessage } from "oauth2-mock-server";
import { type MutableResponse, type MutableToken, OAuth2Issuer, OAuth2Service } from "oauth2-mock-server";
import { z } from "zod";
import { close, listen } from "../process/http-server.ts";
import { StateFile } from "../process/state-file.ts";
import type { PoolClients } from "./clients.ts";
import { type Grant, grantOf } from "./grant.ts";

const tokenSeconds = 3_600;
const stopMsMax = 500;

const issuerFile = z.object({
  /** Tokens name their issuer's URL, so they survive a restart only if the port does. */
  port: z.int().min(1).max(65_535),
  key: z.looseObject({ kty: z.literal("RSA"), kid: z.string(), alg: z.literal("RS256") }),
});

export interface IssuerOptions {
  /** `.local/issuer.json`: the port and the signing key of earlier runs. */
  readonly statePath: string;
  /** Cognito's user pool id: the path of the issuer URL. */
  readonly poolId: string;
  /** Asked at each request: clients may be registered while it runs. */
  readonly clients: Pick<PoolClients, "all">;
  readonly warn: (line: string) => void;
}

/** The stand-in of Cognito: client-credentials tokens with Cognito's claims, and the keys to verify them. */
export interface Issuer {
  /** The `iss` of its tokens; the keys are at `<url>/.well-known/jwks.json`. */
  readonly url: string;
  readonly tokenUrl: string;
  stop(): Promise<void>;
}

/** @throws Refusal when the state file is damaged. */
export async function startIssuer({ statePath, poolId, clients, warn }: IssuerOptions): Promise<Issuer> {
  const file = new StateFile(statePath, issuerFile);
  const stored = file.read();
  const key = stored?.key ?? (await newSigningKey());

  const issuer = new OAuth2Issuer();
  await issuer.keys.add(key);
  const service = new OAuth2Service(issuer, {
    wellKnownDocument: `/${poolId}/.well-known/openid-configuration`,
    jwks: `/${poolId}/.well-known/jwks.json`,
    token: "/oauth2/token",
  });
  grantLikeCognito(service, clients);

  const server = createServer(service.requestHandler);
  const port = await listenAgain(server, stored?.port);
  if (stored !== undefined && stored.port !== port) {
    warn(
      `port ${stored.port} of the token issuer is taken: tokens from before this start are no longer valid`,
    );
  }
  if (stored?.port !== port) file.write({ port, key });

  const origin = `http://127.0.0.1:${port}`;
  issuer.url = `${origin}/${poolId}`;
  return { url: issuer.url, tokenUrl: `${origin}/oauth2/token`, stop: () => close(server, stopMsMax) };
}

async function listenAgain(server: Server, port: number | undefined): Promise<number> {
  if (port !== undefined) {
    try {
      return await listen(server, port);
    } catch (thrown) {
      if ((thrown as NodeJS.ErrnoException).code !== "EADDRINUSE") throw thrown;
    }
  }
  return listen(server, 0);
}

/** The mock server grants anything to anyone; these two hooks grant what Cognito would. */
function grantLikeCognito(service: OAuth2Service, clients: IssuerOptions["clients"]): void {
  const grantFor = (request: TokenRequestIncomingMessage): Grant =>
    grantOf(clients.all, { authorization: request.headers.authorization, body: { ...request.body } });

  service.on("beforeTokenSigning", (token: MutableToken, request: TokenRequestIncomingMessage) => {
    const grant = grantFor(request);
    // A refused request's token is made and thrown away: the hook cannot stop it, the answer below can.
    if (!grant.granted) return;
    const { iss, iat } = token.payload;
    const { clientId } = grant.client;
    Object.assign(token.payload, {
      sub: clientId,
      token_use: "access",
      scope: grant.scopes.join(" "),
      auth_time: iat,
      iss,
      exp: iat + tokenSeconds,
      iat,
      version: 2,
      jti: randomUUID(),
      client_id: clientId,
      // Cognito's access tokens have neither.
      aud: undefined,
      nbf: undefined,
    });
  });

  service.on("beforeResponse", (response: MutableResponse, request: TokenRequestIncomingMessage) => {
    const grant = grantFor(request);
    response.statusCode = grant.granted ? 200 : grant.statusCode;
    if (!grant.granted) response.body = { error: grant.error };
    else if (response.body !== "") {
      response.body = {
        access_token: response.body["access_token"],
        expires_in: tokenSeconds,
        token_type: "Bearer",
      };
    }
  });
}

async function newSigningKey() {
  const { privateKey } = await promisify(generateKeyPair)("rsa", { modulusLength: 2_048 });
  const jwk = privateKey.export({ format: "jwk" });
  return issuerFile.shape.key.parse({ ...jwk, kid: randomUUID(), alg: "RS256", use: "sig" });
}
