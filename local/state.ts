import { rmSync } from "node:fs";
import { join } from "node:path";

/** What the local cloud keeps, by default under `.local/`. */
const files = {
  dynamodb: "dynamodb.sqlite",
  expired: "expired.jsonl",
  kms: "kms.json",
  stepfunctions: "stepfunctions.sqlite",
  clients: "clients.json",
  issuer: "issuer.json",
  acquirers: "acquirers",
  engines: "engines",
  postgres: "postgres",
  warehouse: "warehouse",
  events: "events.sqlite",
  checkpoints: "checkpoints.json",
  mail: "mail",
  endpoints: "endpoints.json",
} as const;

export type StatePaths = { readonly [File in keyof typeof files]: string };

export function statePaths(directory: string): StatePaths {
  const path = (file: keyof typeof files): string => join(directory, files[file]);
  return {
    dynamodb: path("dynamodb"),
    expired: path("expired"),
    kms: path("kms"),
    stepfunctions: path("stepfunctions"),
    clients: path("clients"),
    issuer: path("issuer"),
    acquirers: path("acquirers"),
    engines: path("engines"),
    postgres: path("postgres"),
    warehouse: path("warehouse"),
    events: path("events"),
    checkpoints: path("checkpoints"),
    mail: path("mail"),
    endpoints: path("endpoints"),
  };
}

/** Forgets everything. Only what this wrote is deleted, by name: the directory may be anyone's. */
export function wipe(paths: StatePaths): void {
  for (const path of Object.values(paths)) rmSync(path, { recursive: true, force: true });
  for (const database of [paths.dynamodb, paths.stepfunctions, paths.events]) {
    for (const companion of ["-wal", "-shm", "-journal"]) rmSync(database + companion, { force: true });
  }
}
