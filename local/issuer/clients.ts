import { randomBytes, randomInt } from "node:crypto";
import { z } from "zod";
import { inputsOf, resourcesOf } from "../plan/load.ts";
import type { Plan } from "../plan/plan.ts";
import { StateFile } from "../process/state-file.ts";

/** Who a client of the local cloud is: a merchant's server, or an operator's. */
const clientKinds = {
  demo: "merchant",
  other: "merchant",
  operator: "operator",
  operator2: "operator",
} as const satisfies Record<string, "merchant" | "operator">;
export type ClientName = keyof typeof clientKinds;

export interface Client {
  readonly name: ClientName;
  readonly clientId: string;
  readonly clientSecret: string;
  /** Whole scopes, as tokens carry them: `tallystick/payments.read`. */
  readonly scopes: readonly string[];
}

const clientFile = z.object({
  clients: z.partialRecord(
    z.enum(Object.keys(clientKinds) as ClientName[]),
    z.object({ client_id: z.string(), client_secret: z.string() }),
  ),
});

/**
 * The clients with their secrets from `.local/clients.json`; the secrets of a new one are made and written there.
 * @throws Refusal when the file is damaged.
 */
export function loadClients(path: string, scopes: readonly string[]): readonly Client[] {
  const file = new StateFile(path, clientFile);
  const stored = { ...file.read()?.clients };
  let grew = false;
  const clients = (Object.keys(clientKinds) as ClientName[]).map((name): Client => {
    let entry = stored[name];
    if (entry === undefined) {
      entry = { client_id: cognitoClientId(), client_secret: randomBytes(32).toString("base64url") };
      stored[name] = entry;
      grew = true;
    }
    return {
      name,
      clientId: entry.client_id,
      clientSecret: entry.client_secret,
      scopes: scopes.filter((scope) => mayHave(clientKinds[name], scope)),
    };
  });
  if (grew) file.write({ clients: stored });
  return clients;
}

const resourceServerInputs = z.object({
  identifier: z.string(),
  scopes: z.array(z.object({ scopeName: z.string() })).default([]),
});

/** Every scope that the plan's resource servers define. */
export function scopesOf(plan: Plan): readonly string[] {
  return resourcesOf(plan, "aws:cognito/resourceServer:ResourceServer").flatMap((resource) => {
    const { identifier, scopes } = inputsOf(resource, resourceServerInputs);
    return scopes.map(({ scopeName }) => `${identifier}/${scopeName}`);
  });
}

/** Merchants do everything but operations. Operators read everything, and act through operations only. */
function mayHave(kind: "merchant" | "operator", scope: string): boolean {
  const operations = /\/ops\./.test(scope);
  return kind === "merchant" ? !operations : operations || scope.endsWith(".read");
}

/** 26 lower-case letters and digits, as Cognito makes them. */
function cognitoClientId(): string {
  const alphabet = "0123456789abcdefghijklmnopqrstuvwxyz";
  return Array.from({ length: 26 }, () => alphabet.charAt(randomInt(alphabet.length))).join("");
}
