import { type DynamoDbEngine, dynamoDbEngine } from "./dynamodb/engine.ts";
import { ExpiredItems } from "./dynamodb/expired-items.ts";
import { Expiry } from "./dynamodb/expiry.ts";
import { startDynamoDb } from "./dynamodb/server.ts";
import { dropTables, ensureTables, type TablePlan } from "./dynamodb/tables.ts";
import type { Child } from "./process/child.ts";
import { type Sandbox, type SandboxOptions, startSandbox } from "./sandbox.ts";

export interface RunningDynamoDb {
  readonly endpoint: string;
  readonly engine: DynamoDbEngine;
  readonly expired: ExpiredItems;
  /** Undefined when it is not ours. */
  readonly child: Child | undefined;
}

export interface DynamoDbOptions {
  readonly databaseFile: string;
  /** Where it is kept what the time to live deleted. */
  readonly expiredFile: string;
  /** A DynamoDB that runs already, instead of one on the file. */
  readonly endpoint: string | undefined;
  readonly region?: string;
  readonly tables: readonly TablePlan[];
  /** Drop what the tables hold. */
  readonly fresh: boolean;
  readonly warn: (line: string) => void;
}

/** DynamoDB with the tables of the plan. @throws Refusal when it cannot be had. */
export async function runDynamoDb(
  { databaseFile, expiredFile, endpoint: given, region, tables, fresh, warn }: DynamoDbOptions,
  started: AsyncDisposableStack,
): Promise<RunningDynamoDb> {
  const { endpoint, child } =
    given === undefined ? await startDynamoDb(databaseFile) : { endpoint: given, child: undefined };
  started.defer(() => child?.stop());
  const engine = dynamoDbEngine(endpoint, region);
  started.defer(() => engine.stop());
  if (fresh) await dropTables(engine, tables);
  await ensureTables(engine, tables);
  const expired = new ExpiredItems(expiredFile, Date.now);
  started.defer(() => expired.close());
  started.defer(new Expiry(engine, tables, expired).start(warn));
  return { endpoint, engine, expired, child };
}

export interface SandboxesOptions extends Pick<SandboxOptions, "latencyMs" | "stateDirectory"> {
  readonly names: readonly string[];
  readonly costBpOf: (name: string) => number;
  readonly compileCacheDirectory: string;
}

/** The sandbox acquirers. @throws Refusal when one does not come up. */
export function runSandboxes(
  { names, costBpOf, compileCacheDirectory, ...options }: SandboxesOptions,
  started: AsyncDisposableStack,
): Promise<readonly Sandbox[]> {
  const startOne = async (name: string): Promise<Sandbox> => {
    const env = { NODE_COMPILE_CACHE: compileCacheDirectory };
    const sandbox = await startSandbox({ ...options, name, costBp: costBpOf(name), env });
    started.defer(() => sandbox.child.stop());
    return sandbox;
  };
  return together(...names.map(startOne));
}

/** All of them, and no failure before each has come to its end: what started is then known, and can be stopped. */
export async function together<T extends readonly unknown[]>(
  ...promises: { readonly [Index in keyof T]: Promise<T[Index]> }
): Promise<T> {
  const results = await Promise.allSettled(promises);
  for (const result of results) if (result.status === "rejected") throw result.reason;
  return Promise.all(promises) as Promise<T>;
}
