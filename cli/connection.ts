import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { DynamoDBClientConfig } from "@aws-sdk/client-dynamodb";
import { z } from "zod";
import { Refusal } from "./refusal.ts";

/** Where a Tallystick is, and who calls it. */
export interface Connection {
  /** Base URL of the HTTP API. */
  readonly api: string;
  readonly tokenUrl: string;
  readonly clientId: string;
  readonly clientSecret: string;
}

const client = z.object({ client_id: z.string(), client_secret: z.string() });
const endpoints = z.object({
  api: z.url(),
  token_url: z.url(),
  postgres: z.url().optional(),
  operator: client,
  merchants: z.record(z.string(), client),
  aws: z.object({
    endpoint: z.url(),
    region: z.string(),
    access_key_id: z.string(),
    secret_access_key: z.string(),
  }),
});

/** Where a stage's tables are, and who reads them. */
export interface StoreConnection {
  readonly client: DynamoDBClientConfig;
  /** What stands before the name of a table: `tallystick-local-`. */
  readonly tablePrefix: string;
  /** Brings into archive and lake what AWS would bring within minutes. On this machine only. */
  readonly deliverNow?: () => Promise<void>;
}

/** Variables that name another Tallystick than the one on this machine: all four, or none. */
const variables = {
  api: "TALLYSTICK_API",
  tokenUrl: "TALLYSTICK_TOKEN_URL",
  clientId: "TALLYSTICK_CLIENT_ID",
  clientSecret: "TALLYSTICK_CLIENT_SECRET",
} as const;

/**
 * The system that the environment names, or the one that runs on this machine, as an operator.
 * @throws Refusal when there is neither.
 */
export function operatorConnection(stateDirectory: string, environment = process.env): Connection {
  const named = Object.values(variables).filter((name) => environment[name] !== undefined);
  if (named.length === 0) return localConnection(stateDirectory, "operator");
  const missing = Object.values(variables).filter((name) => environment[name] === undefined);
  if (missing.length > 0) throw new Refusal(`${named.join(", ")} is set: set ${missing.join(", ")} too`);
  const value = (name: string): string => environment[name] ?? "";
  return {
    api: value(variables.api),
    tokenUrl: value(variables.tokenUrl),
    clientId: value(variables.clientId),
    clientSecret: value(variables.clientSecret),
  };
}

/** The system on this machine, as one of its demo clients. @throws Refusal when none runs. */
export function localConnection(stateDirectory: string, who: "operator" | "demo" | "other"): Connection {
  const { api, token_url: tokenUrl, operator, merchants } = readEndpoints(stateDirectory);
  const credentials = who === "operator" ? operator : merchants[who];
  if (credentials === undefined) throw new Refusal(`the local system has no client of ${who}`);
  return { api, tokenUrl, clientId: credentials.client_id, clientSecret: credentials.client_secret };
}

const localStage = "local";

/**
 * The tables of a stage on AWS, as whoever the SDK finds (AWS_PROFILE, AWS_REGION …), or those of the system on this
 * machine. @throws Refusal when none runs, or nothing says in which region the stage is.
 */
export function storeConnection(stateDirectory: string, stage = localStage): StoreConnection {
  const tablePrefix = `tallystick-${stage}-`;
  if (stage !== localStage) {
    const { AWS_REGION: region, AWS_PROFILE: profile } = process.env;
    if (region === undefined && profile === undefined)
      throw new Refusal(`set AWS_REGION to the region of ${stage}, and AWS_PROFILE to who may reach it`);
    return { client: {}, tablePrefix };
  }
  const { aws } = readEndpoints(stateDirectory);
  const { endpoint, region, access_key_id: accessKeyId, secret_access_key: secretAccessKey } = aws;
  const deliverNow = async (): Promise<void> => {
    const answer = await fetch(new URL("/_deliver", endpoint), { method: "POST" });
    if (!answer.ok) throw new Refusal(`the local system delivered nothing: ${await answer.text()}`);
  };
  return {
    client: { endpoint, region, credentials: { accessKeyId, secretAccessKey } },
    tablePrefix,
    deliverNow,
  };
}

/**
 * The books: those that the environment names, or those of the system on this machine.
 * @param stage whose books they are to be: those of another than this machine's have to be named
 * @throws Refusal when there are none
 */
export function booksUrl(stateDirectory: string, stage = localStage, environment = process.env): string {
  if (stage !== localStage && environment["BOOKS_URL"] === undefined)
    throw new Refusal(`set BOOKS_URL to the books of ${stage}`);
  const url = environment["BOOKS_URL"] ?? readEndpoints(stateDirectory).postgres;
  if (url === undefined) throw new Refusal("the system here has no books: set BOOKS_URL to others");
  return url;
}

/** Where the AWS services of the system on this machine are. @throws Refusal when none runs. */
export const awsEndpointOf = (stateDirectory: string): string => readEndpoints(stateDirectory).aws.endpoint;

function readEndpoints(stateDirectory: string): z.output<typeof endpoints> {
  const path = join(stateDirectory, "endpoints.json");
  try {
    return endpoints.parse(JSON.parse(readFileSync(path, "utf8")));
  } catch (error) {
    throw new Refusal(
      `no Tallystick runs here (${path} is not there): start it with \`npm start\`, or set ${Object.values(variables).join(", ")}`,
      { cause: error },
    );
  }
}
