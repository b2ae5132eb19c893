import { z } from "zod";
import type { ClientName, SeededClient } from "./issuer/clients.ts";
import { StateFile } from "./process/state-file.ts";

const credentials = z.object({ client_id: z.string(), client_secret: z.string() });

const endpointsSchema = z.object({
  /** The HTTP API. */
  api: z.url(),
  /** The `iss` of the tokens; their keys are under it. */
  issuer: z.url(),
  token_url: z.url(),
  /** The sandbox acquirers, in the order in which the plan names them. */
  acquirers: z.array(z.url()),
  /** DynamoDB itself, for tools that look into tables: no permissions, no log. */
  dynamodb: z.url(),
  /** The plan's database, with its owner's password; when the plan has one. */
  postgres: z.url().exactOptional(),
  /** The plan's cache; when it has one. */
  cache: z.url().exactOptional(),
  merchants: z.object({ demo: credentials, other: credentials }),
  operator: credentials,
  operator2: credentials,
  /** What an AWS client of a person on this machine needs. */
  aws: z.object({
    endpoint: z.url(),
    region: z.string(),
    access_key_id: z.string(),
    secret_access_key: z.string(),
  }),
  pid: z.int(),
});

/** Every address and demo credential of a running local cloud. It holds secrets: only its owner may read it. */
export type Endpoints = z.output<typeof endpointsSchema>;

/** The file that tells them, `.local/endpoints.json`. */
export function endpointsFile(path: string): StateFile<Endpoints> {
  return new StateFile(path, endpointsSchema);
}

/** What those sign in with who are there from the start. */
export function credentialsOf(
  clients: readonly SeededClient[],
): Pick<Endpoints, "merchants" | "operator" | "operator2"> {
  const of = (name: ClientName) => {
    const client = clients.find((candidate) => candidate.name === name);
    return { client_id: client?.clientId ?? "", client_secret: client?.clientSecret ?? "" };
  };
  return {
    merchants: { demo: of("demo"), other: of("other") },
    operator: of("operator"),
    operator2: of("operator2"),
  };
}
