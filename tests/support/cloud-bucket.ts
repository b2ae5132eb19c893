import { randomUUID } from "node:crypto";
import {
  DeleteObjectCommand,
  GetObjectCommand,
  type GetObjectCommandInput,
  PutObjectCommand,
  type PutObjectCommandInput,
  S3Client,
} from "@aws-sdk/client-s3";
import type { PlanResource } from "#local/plan/plan.ts";
import { type Cloud, openCloud } from "./cloud.ts";
import type { Subject } from "./contract.ts";
import { planOf } from "./handmade-plan.ts";

/** One bucket, and what tests do with its objects. */
export interface TestBucket extends Cloud {
  readonly s3: S3Client;
  readonly bucket: string;
  put(key: string, body: string, more?: Partial<PutObjectCommandInput>): ReturnType<typeof putObject>;
  read(key: string, more?: Partial<GetObjectCommandInput>): Promise<string | undefined>;
  remove(key: string, versionId?: string, bypass?: boolean): Promise<unknown>;
}

/**
 * Opens a plan's bucket for one test: what is locked in another emulator stays there, under a name that nobody uses
 * again.
 */
export const openBucket =
  (resourcesOf: (bucket: string) => readonly PlanResource[]) =>
  async (subject: Subject): Promise<TestBucket> => {
    const bucket = `contract-${randomUUID()}`;
    const cloud = await openCloud(planOf(resourcesOf(bucket)), subject);
    const s3 = new S3Client(cloud.client);
    return {
      ...cloud,
      s3,
      bucket,
      put: (Key, Body, more) => putObject(s3, { Bucket: bucket, Key, Body, ...more }),
      read: async (Key, more) => {
        const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key, ...more }));
        return Body?.transformToString();
      },
      remove: (Key, VersionId, BypassGovernanceRetention) =>
        s3.send(new DeleteObjectCommand({ Bucket: bucket, Key, VersionId, BypassGovernanceRetention })),
      stop: async () => {
        s3.destroy();
        await cloud.stop();
      },
    };
  };

const putObject = (s3: S3Client, input: PutObjectCommandInput) => s3.send(new PutObjectCommand(input));
