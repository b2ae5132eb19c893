import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import {
  DeleteObjectCommand,
  GetObjectCommand,
  type GetObjectCommandInput,
  GetObjectLockConfigurationCommand,
  GetObjectRetentionCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  PutObjectCommand,
  type PutObjectCommandInput,
  PutObjectLegalHoldCommand,
  PutObjectRetentionCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Bucket } from "#local/s3/bucket.ts";
import { bucketPlansOf } from "#local/s3/bucket-plan.ts";
import { S3Engine } from "#local/s3/engine.ts";
import { type EngineDoor, openEngineDoor } from "#tests/support/engine-door.ts";
import { planOf, resource } from "#tests/support/handmade-plan.ts";

const start = Date.UTC(2030, 0, 1);
const dayMs = 24 * 3_600_000;
const plans = bucketPlansOf(
  planOf([
    resource("aws:s3/bucketV2:BucketV2", "Audit", { bucket: "audit", objectLockEnabled: true }),
    resource("aws:s3/bucketObjectLockConfigurationV2:BucketObjectLockConfigurationV2", "AuditLock", {
      bucket: "audit",
      rule: { defaultRetention: { mode: "COMPLIANCE", days: 10 } },
    }),
    resource("aws:s3/bucket:Bucket", "Plain", { bucket: "plain" }),
  ]),
);

let directory: string;
let now: number;
let engine: S3Engine;
let door: EngineDoor;
let s3: S3Client;

async function open(): Promise<void> {
  const clock = () => now;
  engine = new S3Engine(
    plans.map((plan) => new Bucket(plan, directory, clock)),
    clock,
  );
  door = await openEngineDoor(engine);
  s3 = new S3Client(door.client);
}
async function close(): Promise<void> {
  s3.destroy();
  engine.stop();
  await door.stop();
}
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "tallystick-s3-"));
  now = start;
  await open();
});
afterEach(async () => {
  await close();
  expect(door.warnings).toEqual([]);
  rmSync(directory, { recursive: true });
});

const put = (Bucket: string, Key: string, Body: string, more: Partial<PutObjectCommandInput> = {}) =>
  s3.send(new PutObjectCommand({ Bucket, Key, Body, ...more }));
async function read(Bucket: string, Key: string, more: Partial<GetObjectCommandInput> = {}) {
  const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key, ...more }));
  return Body?.transformToString();
}
const remove = (Key: string, VersionId?: string, BypassGovernanceRetention?: boolean) =>
  s3.send(new DeleteObjectCommand({ Bucket: "audit", Key, VersionId, BypassGovernanceRetention }));
const denied = { name: "AccessDenied", $metadata: { httpStatusCode: 403 } };

describe("an object", () => {
  test.each(["root.json", "2030/01/ä ü+&?#%.json", "a//b", "it's (1)!*"])(
    "%j is read as it was written",
    async (key) => {
      await put("plain", key, "{}", { ContentType: "application/json", Metadata: { root: "abc" } });
      const { Body, ...answer } = await s3.send(new GetObjectCommand({ Bucket: "plain", Key: key }));
      expect(await Body?.transformToString()).toBe("{}");
      expect(answer).toMatchObject({
        ContentType: "application/json",
        Metadata: { root: "abc" },
        ContentLength: 2,
        LastModified: new Date(start),
        ETag: '"99914b932bd37a50b983c5e7c90ae93b"',
      });
      expect(answer.VersionId).toBeUndefined();
    },
  );

  test("may be a stream, cut into chunks with its digest behind them", async () => {
    const text = "x".repeat(200_000);
    await put("plain", "stream", text, {
      Body: Readable.from([text.slice(0, 70_000), text.slice(70_000)]),
      ContentLength: text.length,
    } as object);
    expect(await read("plain", "stream")).toBe(text);
  });

  test("tells its size and no more to a HEAD, and a part to a range", async () => {
    await put("plain", "k", "0123456789");
    const head = await s3.send(new HeadObjectCommand({ Bucket: "plain", Key: "k" }));
    expect(head.ContentLength).toBe(10);
    expect(await read("plain", "k", { Range: "bytes=2-4" })).toBe("234");
    expect(await read("plain", "k", { Range: "bytes=-3" })).toBe("789");
    await expect(read("plain", "k", { Range: "bytes=10-" })).rejects.toMatchObject({ name: "InvalidRange" });
  });

  test("with a wrong digest is not taken", async () => {
    const sent = put("plain", "k", "body", { ChecksumCRC32: "AAAAAA==" });
    await expect(sent).rejects.toMatchObject({ name: "BadDigest" });
    await expect(read("plain", "k")).rejects.toMatchObject({ name: "NoSuchKey" });
  });

  test("is written once under If-None-Match, and changed under If-Match by whoever saw it last", async () => {
    const first = await put("plain", "k", "1", { IfNoneMatch: "*" });
    await expect(put("plain", "k", "2", { IfNoneMatch: "*" })).rejects.toMatchObject({
      name: "PreconditionFailed",
      $metadata: { httpStatusCode: 412 },
    });
    await put("plain", "k", "2", { IfMatch: first.ETag });
    await expect(put("plain", "k", "3", { IfMatch: first.ETag })).rejects.toMatchObject({
      name: "PreconditionFailed",
    });
    expect(await read("plain", "k")).toBe("2");
  });

  test("without versions leaves no file behind when it is written over or deleted", async () => {
    await put("plain", "k", "1");
    await put("plain", "k", "2");
    const blobs = () => readdirSync(join(directory, "plain", "blobs")).length;
    expect(blobs()).toBe(1);
    await s3.send(new DeleteObjectCommand({ Bucket: "plain", Key: "k" }));
    expect(blobs()).toBe(0);
  });
});

describe("versions", () => {
  test("stay when the object is written over and deleted", async () => {
    const first = await put("audit", "k", "1");
    const second = await put("audit", "k", "2");
    await remove("k");
    await expect(read("audit", "k")).rejects.toMatchObject({ name: "NoSuchKey" });
    expect(await read("audit", "k", { VersionId: first.VersionId })).toBe("1");
    const { Versions, DeleteMarkers } = await s3.send(new ListObjectVersionsCommand({ Bucket: "audit" }));
    expect(Versions?.map(({ VersionId, IsLatest }) => [VersionId, IsLatest])).toEqual([
      [second.VersionId, false],
      [first.VersionId, false],
    ]);
    expect(DeleteMarkers?.map(({ IsLatest }) => IsLatest)).toEqual([true]);
    await remove("k", DeleteMarkers?.[0]?.VersionId);
    expect(await read("audit", "k")).toBe("2");
  });

  test("are listed page by page", async () => {
    for (let n = 0; n < 5; n += 1) await put("audit", n < 3 ? "a" : "b", String(n));
    const ids: (string | undefined)[] = [];
    let markers: { KeyMarker?: string | undefined; VersionIdMarker?: string | undefined } = {};
    for (let page = 0; page < 3; page += 1) {
      const listed = await s3.send(
        new ListObjectVersionsCommand({ Bucket: "audit", MaxKeys: 2, ...markers }),
      );
      ids.push(...(listed.Versions ?? []).map(({ VersionId }) => VersionId));
      expect(listed.IsTruncated).toBe(page < 2);
      markers = { KeyMarker: listed.NextKeyMarker, VersionIdMarker: listed.NextVersionIdMarker };
    }
    expect(new Set(ids).size).toBe(5);
  });
});

describe("Object Lock", () => {
  test("keeps a version for the bucket's days, from everyone", async () => {
    const { VersionId } = await put("audit", "root", "1");
    for (const bypass of [undefined, true])
      await expect(remove("root", VersionId, bypass)).rejects.toMatchObject(denied);
    const { Retention } = await s3.send(new GetObjectRetentionCommand({ Bucket: "audit", Key: "root" }));
    expect(Retention).toEqual({ Mode: "COMPLIANCE", RetainUntilDate: new Date(start + 10 * dayMs) });
    now += 10 * dayMs;
    await remove("root", VersionId);
    await expect(read("audit", "root")).rejects.toMatchObject({ name: "NoSuchKey" });
  });

  test("may be lengthened, and neither shortened nor weakened", async () => {
    await put("audit", "root", "1");
    const retain = (days: number, Mode: "COMPLIANCE" | "GOVERNANCE" = "COMPLIANCE") =>
      s3.send(
        new PutObjectRetentionCommand({
          Bucket: "audit",
          Key: "root",
          Retention: { Mode, RetainUntilDate: new Date(start + days * dayMs) },
          BypassGovernanceRetention: true,
        }),
      );
    await expect(retain(9)).rejects.toMatchObject(denied);
    await expect(retain(20, "GOVERNANCE")).rejects.toMatchObject(denied);
    await retain(20);
    now += 19 * dayMs;
    const { VersionId } = await s3.send(new HeadObjectCommand({ Bucket: "audit", Key: "root" }));
    await expect(remove("root", VersionId)).rejects.toMatchObject(denied);
  });

  test("under governance gives way to one who says so", async () => {
    const { VersionId } = await put("audit", "k", "1", {
      ObjectLockMode: "GOVERNANCE",
      ObjectLockRetainUntilDate: new Date(start + dayMs),
    });
    await expect(remove("k", VersionId)).rejects.toMatchObject(denied);
    await remove("k", VersionId, true);
  });

  test("by a legal hold lasts until it is lifted", async () => {
    const { VersionId } = await put("audit", "k", "1", {
      ObjectLockLegalHoldStatus: "ON",
      ObjectLockMode: "GOVERNANCE",
      ObjectLockRetainUntilDate: new Date(start + dayMs),
    });
    now += 2 * dayMs;
    await expect(remove("k", VersionId, true)).rejects.toMatchObject(denied);
    await s3.send(new PutObjectLegalHoldCommand({ Bucket: "audit", Key: "k", LegalHold: { Status: "OFF" } }));
    await remove("k", VersionId);
  });

  test("is not to be had in a bucket without it", async () => {
    const sent = put("plain", "k", "1", { ObjectLockLegalHoldStatus: "ON" });
    await expect(sent).rejects.toMatchObject({ name: "InvalidRequest" });
    await expect(s3.send(new GetObjectLockConfigurationCommand({ Bucket: "plain" }))).rejects.toMatchObject({
      name: "ObjectLockConfigurationNotFoundError",
    });
    const { ObjectLockConfiguration } = await s3.send(
      new GetObjectLockConfigurationCommand({ Bucket: "audit" }),
    );
    expect(ObjectLockConfiguration).toEqual({
      ObjectLockEnabled: "Enabled",
      Rule: { DefaultRetention: { Mode: "COMPLIANCE", Days: 10 } },
    });
  });
});

test("a listing goes page by page, by prefix, folders folded", async () => {
  for (const key of ["a/1", "a/2", "b/1", "c", "d", "ä"]) await put("plain", key, key);
  const keys: (string | undefined)[] = [];
  let ContinuationToken: string | undefined;
  do {
    const listed = await s3.send(
      new ListObjectsV2Command({ Bucket: "plain", MaxKeys: 2, ContinuationToken, Delimiter: "/" }),
    );
    keys.push(...(listed.CommonPrefixes ?? []).map(({ Prefix }) => Prefix));
    keys.push(...(listed.Contents ?? []).map(({ Key }) => Key));
    ContinuationToken = listed.NextContinuationToken;
  } while (ContinuationToken !== undefined);
  expect(keys).toEqual(["a/", "b/", "c", "d", "ä"]);
  const under = await s3.send(new ListObjectsV2Command({ Bucket: "plain", Prefix: "a/", StartAfter: "a/1" }));
  expect(under.Contents?.map(({ Key, Size }) => [Key, Size])).toEqual([["a/2", 3]]);
});

test("a restart loses no version and no lock", async () => {
  const first = await put("audit", "root", "1", { Metadata: { n: "1" } });
  await put("audit", "root", "2");
  await put("plain", "k", "v");
  await close();
  await open();
  expect([
    await read("audit", "root"),
    await read("audit", "root", { VersionId: first.VersionId }),
    await read("plain", "k"),
  ]).toEqual(["2", "1", "v"]);
  await expect(remove("root", first.VersionId)).rejects.toMatchObject(denied);
});

test("a bucket that the plan does not have does not exist", async () => {
  await expect(put("none", "k", "v")).rejects.toMatchObject({ name: "NoSuchBucket" });
});
