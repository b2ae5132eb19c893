import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CallLog } from "#local/door/call-log.ts";
import { CredentialRegistry } from "#local/door/credentials.ts";
import { openDoor } from "#local/door/door.ts";
import { Faults } from "#local/door/faults.ts";
import { type Engines, runEngines } from "#local/engines.ts";
import { Guard } from "#local/iam/guard.ts";
import { kmsEngine } from "#local/kms/engine.ts";
import { loadKeys } from "#local/kms/keys.ts";
import { keyPlansOf } from "#local/kms/plan.ts";
import type { PlanResource } from "#local/plan/plan.ts";
import { statePaths } from "#local/state.ts";
import { planOf, roleArnOf } from "./handmade-plan.ts";

/** The engines of a handmade plan behind a door that asks IAM about every call. */
export interface GuardedCloud {
  readonly log: CallLog;
  readonly faults: Faults;
  readonly engines: Engines;
  /** What the engines told, one line each. */
  readonly warnings: readonly string[];
  /** Options of an SDK client that signs as the role of this name, or as the operator. */
  as(role?: string): {
    readonly endpoint: string;
    readonly region: string;
    readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
    readonly maxAttempts: number;
  };
  stop(): Promise<void>;
}

export async function openGuardedCloud(...resources: readonly PlanResource[]): Promise<GuardedCloud> {
  const directory = mkdtempSync(join(tmpdir(), "tallystick-guarded-"));
  const cloud = await openGuardedCloudIn(directory, ...resources);
  return {
    ...cloud,
    stop: async () => {
      await cloud.stop();
      rmSync(directory, { recursive: true });
    },
  };
}

/** One whose state is in a directory, and stays there. */
export async function openGuardedCloudIn(
  directory: string,
  ...resources: readonly PlanResource[]
): Promise<GuardedCloud> {
  const plan = planOf(resources);
  const credentials = new CredentialRegistry();
  const log = new CallLog(1_000);
  const faults = new Faults();
  const warnings: string[] = [];
  const warn = (line: string): void => void warnings.push(line);
  const door = await openDoor({ credentials, log, faults, guard: new Guard(plan), warn, port: 0 });
  const running = new AsyncDisposableStack();
  const paths = statePaths(directory);
  door.serve(kmsEngine(loadKeys(paths.kms, keyPlansOf(plan), Date.now())));
  const credentialsOf = (roleArn: string) => credentials.issue(roleArn, roleArn);
  const engines = await runEngines({ plan, paths, door, credentialsOf, warn }, running);
  return {
    ...{ log, faults, engines, warnings },
    as: (role) => ({
      endpoint: door.url,
      region: plan.region,
      credentials: credentials.issue(
        role ?? "operator",
        role === undefined ? undefined : roleArnOf(role),
        role === undefined ? {} : { sessionName: role },
      ),
      maxAttempts: 1,
    }),
    stop: async () => {
      await running.disposeAsync();
      await door.stop();
    },
  };
}
