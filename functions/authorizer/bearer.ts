import { Logger } from "@aws-lambda-powertools/logger";
import { JwtVerifier } from "aws-jwt-verify";
import { CognitoJwtInvalidTokenUseError, JwtBaseError, JwtExpiredError } from "aws-jwt-verify/error";
import { SimpleJwksCache } from "aws-jwt-verify/jwk";
import type { JwtPayload } from "aws-jwt-verify/jwt-model";
import type {
  APIGatewayRequestAuthorizerEventV2,
  APIGatewaySimpleAuthorizerWithContextResult,
} from "aws-lambda";
import { createDynamoDb } from "#adapters/dynamodb/client.ts";
import { MerchantStore } from "#adapters/dynamodb/merchant-store.ts";
import { requiredVariable } from "#functions/environment.ts";
import type { Verdict } from "#functions/verdict.ts";

const merchants = new MerchantStore(createDynamoDb(), requiredVariable("MERCHANTS_TABLE"));

const logger = new Logger({ serviceName: "api" });

const keysTimeoutMs = 2_000;

/** The issuer's keys, fetched once per environment and again when a token names a new one. */
const keys = new SimpleJwksCache({
  fetcher: {
    fetch: async (uri) => {
      const response = await fetch(uri, { signal: AbortSignal.timeout(keysTimeoutMs) });
      if (!response.ok) throw new Error(`the issuer's keys: HTTP ${response.status}`);
      return response.arrayBuffer();
    },
  },
});

/** One, or several with commas between them: a second region takes the tokens of the first one too (ADR 45). */
const issuers = requiredVariable("TOKEN_ISSUER").split(",");

const tokens = JwtVerifier.create(
  issuers.map((issuer) => ({
    issuer,
    // Cognito's access tokens name the client in `client_id` and have no audience.
    audience: null,
    customJwtCheck: ({ payload }: { readonly payload: JwtPayload }) => {
      const use = payload["token_use"];
      if (use !== "access")
        throw new CognitoJwtInvalidTokenUseError("not an access token", String(use), "access");
    },
  })),
  { jwksCache: keys },
);

/** Says who calls. Always lets the request through: the handler refuses, with an answer that the API shapes. */
export const handler = async (
  event: APIGatewayRequestAuthorizerEventV2,
): Promise<APIGatewaySimpleAuthorizerWithContextResult<Verdict>> => ({
  isAuthorized: true,
  context: await judge(event.headers?.["authorization"]),
});

/** An authorizer that throws gives the gateway's own 500: what cannot be read is a verdict too. */
async function judge(header: string | undefined): Promise<Verdict> {
  try {
    return await verdictOn(header);
  } catch (error) {
    logger.error("a token could not be judged", { error: error as Error });
    return { verdict: "unavailable" };
  }
}

async function verdictOn(header: string | undefined): Promise<Verdict> {
  const token = /^Bearer +([\w-]+\.[\w-]+\.[\w-]+)$/i.exec(header?.trim() ?? "")?.[1];
  if (token === undefined) return { verdict: header === undefined ? "token_missing" : "token_invalid" };
  const claims = await verify(token);
  if (typeof claims === "string") return { verdict: claims };

  const client = await merchants.client(claims.client_id);
  if (client === undefined) return { verdict: "client_unknown" };
  const accepted = { verdict: "accepted", client_id: claims.client_id, scope: claims.scope } as const;
  return client.kind === "merchant"
    ? { ...accepted, merchant: client.merchant }
    : { ...accepted, operator: client.operator };
}

async function verify(
  token: string,
): Promise<{ readonly client_id: string; readonly scope: string } | "token_expired" | "token_invalid"> {
  try {
    const { client_id: clientId, scope } = await tokens.verify(token);
    return { client_id: String(clientId), scope: String(scope ?? "") };
  } catch (error) {
    if (error instanceof JwtExpiredError) return "token_expired";
    if (error instanceof JwtBaseError) return "token_invalid";
    // The keys were not to be had: that says nothing about the token.
    throw error;
  }
}
