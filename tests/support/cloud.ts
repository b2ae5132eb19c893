import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "vitest";
import { tablePlansOf } from "#local/dynamodb/tables.ts";
import { runEngines } from "#local/engines.ts";
import type { Plan } from "#local/plan/plan.ts";
import { remoteServices } from "#local/remote/endpoints.ts";
import { findRemotes, type Remotes } from "#local/remote/remotes.ts";
import { type RunningDynamoDb, runDynamoDb } from "#local/services.ts";
import { statePaths } from "#local/state.ts";
import type { Subject } from "./contract.ts";
import { type EngineDoor, openEngineDoor } from "./engine-door.ts";

/** What an emulator's clock may be behind ours. */
const clocksApartMsMax = 100;

/** The services of a plan behind a door: our engines with a clock of their own, or another emulator. */
export interface Cloud extends Pick<EngineDoor, "client" | "log" | "warnings"> {
  /** Where our engines keep what they have. */
  readonly directory: string;
  readonly dynamoDb: () => RunningDynamoDb;
  /** Epoch milliseconds, as the services have it. */
  now(): number;
  /** Time goes by: at once with our engines, and really with another emulator. */
  pass(ms: number): Promise<void>;
  /** Of our engines: the state stays. */
  restart(): Promise<void>;
  /** Fails when anything was warned of that the test did not take out of `warnings`. */
  stop(): Promise<void>;
}

/** @throws Refusal when the other emulator lacks a service of the plan. */
export async function openCloud(plan: Plan, { endpoint }: Subject): Promise<Cloud> {
  const directory = mkdtempSync(join(tmpdir(), "tallystick-cloud-"));
  const { door, client, credentialsOf, log, warnings, stop: close } = await openEngineDoor();
  const warn = (line: string): void => void warnings.push(line);
  const remotes: Remotes =
    endpoint === undefined
      ? new Map()
      : await findRemotes({ plan, endpoints: { of: everyServiceAt(endpoint) }, fresh: true, warn });
  let now = Date.UTC(2030, 0, 1);
  const clock = endpoint === undefined ? () => now : Date.now;
  let running: AsyncDisposableStack;
  let dynamoDb: RunningDynamoDb | undefined;

  async function start(fresh: boolean): Promise<void> {
    running = new AsyncDisposableStack();
    const paths = statePaths(directory);
    await runEngines({ plan, paths, door, credentialsOf, remotes, clock, warn }, running);
    const tables = tablePlansOf(plan);
    if (tables.length === 0) return;
    dynamoDb = await runDynamoDb(
      { databaseFile: paths.dynamodb, expiredFile: paths.expired, endpoint, tables, fresh, warn },
      running,
    );
    door.serve(dynamoDb.engine);
  }

  await start(true);
  return {
    client,
    log,
    warnings,
    directory,
    dynamoDb: () => dynamoDb ?? expect.fail("the plan has no tables"),
    now: clock,
    pass: async (ms) => {
      if (endpoint === undefined) now += ms;
      else await sleep(ms + clocksApartMsMax);
    },
    restart: async () => {
      await running.disposeAsync();
      await start(false);
    },
    stop: async () => {
      await running.disposeAsync();
      await close();
      rmSync(directory, { recursive: true });
      expect(warnings).toEqual([]);
    },
  };
}

const everyServiceAt = (endpoint: string) =>
  Object.fromEntries(remoteServices.map((service) => [service, endpoint]));
