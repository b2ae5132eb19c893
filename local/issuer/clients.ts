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
  readonly name: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** Whole scopes, as tokens carry them: `tallystick/payments.read`. */
  readonly scopes: readonly string[];
}

/** A client that every local cloud has. */
export interface SeededClient extends Client {
  readonly name: ClientName;
}

/** A client that was registered while the local cloud ran, as `CreateUserPoolClient` made it. */
export interface CreatedClient extends Client {
  /** Epoch milliseconds. */
  readonly createdAt: number;
}

const clientFile = z.object({
  clients: z.partialRecord(
    z.enum(Object.keys(clientKinds) as ClientName[]),
    z.object({ client_id: z.string(), client_secret: z.string() }),
  ),
  created: z
    .array(
      z.object({
        name: z.string(),
        client_id: z.string(),
        client_secret: z.string(),
        scopes: z.array(z.string()),
        created_at: z.int(),
      }),
    )
    .default([]),
});
type Stored = z.output<typeof clientFile>;

/** Cognito's quota of app clients per user pool, unless AWS raised it. */
const clientsMax = 1_000;

/** The clients of the user pool, with their secrets, in `.local/clients.json`. */
export class PoolClients {
  readonly #file: StateFile<Stored>;
  readonly #stored: Stored;
  readonly seeded: readonly SeededClient[];
  readonly #created: CreatedClient[];

  /**
   * The secrets of a seeded client that is new are made and written.
   * @throws Refusal when the file is damaged.
   */
  constructor(path: string, scopes: readonly string[]) {
    this.#file = new StateFile(path, clientFile);
    this.#stored = this.#file.read() ?? { clients: {}, created: [] };
    const names = Object.keys(clientKinds) as ClientName[];
    const grew = names.some((name) => this.#stored.clients[name] === undefined);
    this.seeded = names.map((name) => {
      const entry = this.#stored.clients[name] ?? newCredentials();
      this.#stored.clients[name] = entry;
      const allowed = scopes.filter((scope) => mayHave(clientKinds[name], scope));
      return { name, clientId: entry.client_id, clientSecret: entry.client_secret, scopes: allowed };
    });
    this.#created = this.#stored.created.map(createdOf);
    if (grew) this.#file.write(this.#stored);
  }

  /** As they are now: whoever asks later sees those that were created meanwhile. */
  get all(): readonly Client[] {
    return [...this.seeded, ...this.#created];
  }

  findCreated(clientId: string): CreatedClient | undefined {
    return this.#created.find((client) => client.clientId === clientId);
  }

  /** @returns undefined when the pool is full. The client is on disk before anyone is told its secret. */
  create(name: string, scopes: readonly string[], at: number): CreatedClient | undefined {
    if (this.all.length >= clientsMax) return undefined;
    const entry = { name, ...newCredentials(), scopes: [...scopes], created_at: at };
    this.#stored.created.push(entry);
    this.#file.write(this.#stored);
    const client = createdOf(entry);
    this.#created.push(client);
    return client;
  }
}

const createdOf = (entry: Stored["created"][number]): CreatedClient => ({
  name: entry.name,
  clientId: entry.client_id,
  clientSecret: entry.client_secret,
  scopes: entry.scopes,
  createdAt: entry.created_at,
});

const newCredentials = () => ({
  client_id: cognitoClientId(),
  client_secret: randomBytes(32).toString("base64url"),
});

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
