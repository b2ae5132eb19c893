import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectVersionsCommand,
  PutObjectCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type GuardedCloud, openGuardedCloudIn } from "#tests/support/guarded-cloud.ts";
import { resource, roleArnOf, roleResource } from "#tests/support/handmade-plan.ts";

const keyArn = "arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-3333-4444-555555555555";
const from = "arn:aws:s3:::landing";
const to = "arn:aws:s3:::archive";
const copying = {
  source: ["s3:GetReplicationConfiguration", "s3:ListBucket"],
  version: ["s3:GetObjectVersionForReplication", "s3:GetObjectVersionAcl", "s3:GetObjectVersionTagging"],
  target: ["s3:ReplicateObject"],
  key: ["kms:Decrypt", "kms:GenerateDataKey"],
};
type Grants = typeof copying;

function copierRole(grants: Grants, bucketsOfKey: readonly string[]) {
  const allow = (Action: readonly string[], Resource: string, Condition?: object) => ({
    ...{ Effect: "Allow", Action, Resource },
    ...(Condition !== undefined && { Condition }),
  });
  const Statement = [
    allow(grants.source, from),
    allow(grants.version, `${from}/*`),
    allow(grants.target, `${to}/*`),
    allow(grants.key, keyArn, {
      StringEquals: {
        "kms:ViaService": "s3.eu-west-1.amazonaws.com",
        "kms:EncryptionContext:aws:s3:arn": bucketsOfKey,
      },
    }),
  ].filter(({ Action }) => Action.length > 0);
  const role = roleResource("copier");
  const policy = JSON.stringify({ Version: "2012-10-17", Statement });
  return { ...role, inputs: { ...role.inputs, inlinePolicies: [{ name: "inline", policy }] } };
}

const sealed = (name: string, bucket: string) =>
  resource("aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration", name, {
    bucket,
    rules: [{ bucketKeyEnabled: true, applyServerSideEncryptionByDefault: { kmsMasterKeyId: keyArn } }],
  });
const versioned = (name: string, bucket: string) =>
  resource("aws:s3/bucketVersioning:BucketVersioning", name, {
    ...{ bucket, versioningConfiguration: { status: "Enabled" } },
  });

let directory: string;
let cloud: GuardedCloud;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "tallystick-replication-"));
});
afterEach(async () => {
  await cloud?.stop();
  rmSync(directory, { recursive: true });
});

async function open(grants: Partial<Grants> = {}, bucketsOfKey: readonly string[] = [from, to]) {
  cloud = await openGuardedCloudIn(
    directory,
    resource("aws:s3/bucket:Bucket", "Landing", { bucket: "landing" }),
    resource("aws:s3/bucket:Bucket", "Archive", { bucket: "archive", objectLockEnabled: true }),
    versioned("LandingVersioning", "landing"),
    versioned("ArchiveVersioning", "archive"),
    resource("aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration", "ArchiveLock", {
      ...{ bucket: "archive", rule: { defaultRetention: { mode: "COMPLIANCE", days: 1 } } },
    }),
    sealed("LandingEncryption", "landing"),
    sealed("ArchiveEncryption", "archive"),
    {
      ...resource("aws:kms/key:Key", "Key", { keyUsage: "ENCRYPT_DECRYPT" }),
      outputs: { keyId: keyArn.split("/")[1], arn: keyArn },
    },
    copierRole({ ...copying, ...grants }, bucketsOfKey),
    resource("aws:s3/bucketReplicationConfig:BucketReplicationConfig", "Copy", {
      bucket: "landing",
      role: roleArnOf("copier"),
      rules: [
        {
          ...{ id: "archive", status: "Enabled", filter: { prefix: "events/" } },
          deleteMarkerReplication: { status: "Disabled" },
          destination: { bucket: to },
        },
      ],
    }),
  );
}

const s3 = () => new S3Client(cloud.as());
const put = (Key: string, Body: string) =>
  s3().send(new PutObjectCommand({ Bucket: "landing", Key, Body, Metadata: { by: "firehose" } }));
const copied = () => cloud.engines.buckets?.replicated();
const statusOf = async (Bucket: string, Key = "events/a", VersionId?: string) =>
  (await s3().send(new HeadObjectCommand({ Bucket, Key, VersionId }))).ReplicationStatus;

async function versionsIn(Bucket: string): Promise<readonly (string | undefined)[]> {
  const { Versions = [] } = await s3().send(new ListObjectVersionsCommand({ Bucket }));
  return Versions.map(({ Key, VersionId }) => `${Key} ${VersionId}`);
}

test("what is put comes into the other bucket by the same version, with its metadata, and under that bucket's lock", async () => {
  await open();
  const first = await put("events/a", "1");
  const second = await put("events/a", "2");
  const other = await put("other/b", "3");
  await copied();
  expect(await versionsIn("archive")).toEqual([
    `events/a ${second.VersionId}`,
    `events/a ${first.VersionId}`,
  ]);
  expect(await statusOf("landing")).toBe("COMPLETED");
  expect(await statusOf("landing", "other/b", other.VersionId)).toBeUndefined();
  const named = { Bucket: "archive", Key: "events/a", VersionId: first.VersionId };
  const replica = await s3().send(new GetObjectCommand(named));
  const source = await s3().send(new HeadObjectCommand({ ...named, Bucket: "landing" }));
  expect(await replica.Body?.transformToString()).toBe("1");
  expect([replica.ReplicationStatus, replica.Metadata]).toEqual(["REPLICA", { by: "firehose" }]);
  expect(replica.LastModified).toEqual(source.LastModified);
  expect(replica.ObjectLockMode).toBe("COMPLIANCE");
  await expect(s3().send(new DeleteObjectCommand(named))).rejects.toThrow("protected by object lock");
});

test("what is deleted stays in the copy", async () => {
  await open();
  const { VersionId } = await put("events/a", "1");
  await copied();
  await s3().send(new DeleteObjectCommand({ Bucket: "landing", Key: "events/a" }));
  await s3().send(new DeleteObjectCommand({ Bucket: "landing", Key: "events/a", VersionId }));
  await copied();
  expect(await statusOf("archive")).toBe("REPLICA");
});

test.each<[string, Partial<Grants>, (readonly string[])?]>([
  ["s3:ReplicateObject", { target: [] }],
  ["s3:GetObjectVersionForReplication", { version: copying.version.slice(1) }],
  ["s3:GetReplicationConfiguration", { source: ["s3:ListBucket"] }],
  ["kms:Decrypt", {}, [to]],
  ["kms:GenerateDataKey", {}, [from]],
])("without %s nothing is copied, and the source says so", async (missing, grants, bucketsOfKey) => {
  await open(grants, bucketsOfKey);
  await put("events/a", "1");
  await copied();
  expect(await statusOf("landing")).toBe("FAILED");
  expect(await versionsIn("archive")).toEqual([]);
  expect(cloud.log.recent().find(({ action }) => action === "ReplicateObject")?.denied).toContain(missing);
  expect(cloud.warnings.at(-1)).toContain("S3 does not copy events/a to archive");
});

test("what was not copied when the process ended is copied by the next one, and what was is once there", async () => {
  await open();
  const first = await put("events/a", "1");
  await copied();
  // The copy is made, and nobody hears of it; then S3 is away for both.
  cloud.faults.inject({ action: "ReplicateObject", count: 3, fault: { kind: "lose_reply" } });
  const second = await put("events/a", "2");
  await copied();
  expect(await statusOf("landing")).toBe("PENDING");
  cloud.faults.inject({ action: "ReplicateObject", count: 6, fault: { kind: "close" } });
  const third = await put("events/b", "3");
  await copied();
  expect(await versionsIn("archive")).not.toContain(`events/b ${third.VersionId}`);
  await cloud.stop();
  await open();
  await copied();
  expect(await versionsIn("archive")).toEqual([
    `events/a ${second.VersionId}`,
    `events/a ${first.VersionId}`,
    `events/b ${third.VersionId}`,
  ]);
  expect([await statusOf("landing"), await statusOf("landing", "events/b")]).toEqual([
    "COMPLETED",
    "COMPLETED",
  ]);
});
