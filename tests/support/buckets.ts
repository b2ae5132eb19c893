import { S3Client, type S3ClientConfig } from "@aws-sdk/client-s3";
import { afterEach, beforeEach, expect } from "vitest";
import type { PlanResource } from "#local/plan/plan.ts";
import { Bucket } from "#local/s3/bucket.ts";
import { bucketPlansOf } from "#local/s3/bucket-plan.ts";
import { S3Engine } from "#local/s3/engine.ts";
import { openEngineDoor } from "./engine-door.ts";
import { stateDirectory } from "./engine-state.ts";
import { planOf, resource } from "./handmade-plan.ts";

/** What a test's bucket is. */
interface Wanted {
  readonly versioned?: boolean;
  readonly objectLockEnabled?: boolean;
  /** In days, under COMPLIANCE. */
  readonly retentionDays?: number;
  /** Inputs of its notification configuration. */
  readonly notification?: Readonly<Record<string, unknown>>;
}

export interface RunningBuckets {
  readonly s3: S3Client;
  /** What a client takes to reach them. */
  readonly client: S3ClientConfig;
  readonly engine: S3Engine;
  readonly directory: string;
  /** Moves the clock on, which begins on 1 January 2030. */
  pass(ms: number): void;
  /** The same buckets in a new process, so to say. The old ones are of no use any more. */
  restart(): Promise<RunningBuckets>;
}

/** The local S3 with buckets of these names, anew for each test of the file. */
export function buckets(wanted: Readonly<Record<string, Wanted>>): () => RunningBuckets {
  const plans = bucketPlansOf(
    planOf(Object.entries(wanted).flatMap(([name, each]) => resourcesOf(name, each))),
  );
  let current: (RunningBuckets & { stop(): Promise<void> }) | undefined;
  let now = 0;

  async function open(directory: string): Promise<RunningBuckets> {
    const clock = () => now;
    const engine = new S3Engine(
      plans.map((plan) => new Bucket(plan, directory, clock)),
      clock,
    );
    const door = await openEngineDoor(engine);
    const s3 = new S3Client(door.client);
    const stop = async (): Promise<void> => {
      s3.destroy();
      engine.stop();
      await door.stop();
      expect(door.warnings).toEqual([]);
    };
    const restart = async (): Promise<RunningBuckets> => {
      await stop();
      return open(directory);
    };
    const pass = (ms: number): void => {
      now += ms;
    };
    current = { s3, client: door.client, engine, directory, pass, restart, stop };
    return current;
  }

  beforeEach(async () => {
    now = Date.UTC(2030, 0, 1);
    await open(stateDirectory("buckets"));
  });
  afterEach(() => current?.stop());
  return () => {
    if (current === undefined) throw new Error("no bucket is open");
    return current;
  };
}

function resourcesOf(bucket: string, wanted: Wanted): readonly PlanResource[] {
  const { versioned, objectLockEnabled = false, retentionDays, notification } = wanted;
  const resources = [resource("aws:s3/bucket:Bucket", bucket, { bucket, objectLockEnabled })];
  if (versioned === true) {
    const versioningConfiguration = { status: "Enabled" };
    const type = "aws:s3/bucketVersioning:BucketVersioning";
    resources.push(resource(type, `${bucket}Versions`, { bucket, versioningConfiguration }));
  }
  if (retentionDays !== undefined) {
    const rule = { defaultRetention: { mode: "COMPLIANCE", days: retentionDays } };
    const type = "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration";
    resources.push(resource(type, `${bucket}Lock`, { bucket, rule }));
  }
  if (notification !== undefined) {
    const type = "aws:s3/bucketNotification:BucketNotification";
    resources.push(resource(type, `${bucket}Notification`, { bucket, ...notification }));
  }
  return resources;
}
