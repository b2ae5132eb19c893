import {
  GetObjectLockConfigurationCommand,
  GetObjectRetentionCommand,
  HeadObjectCommand,
  ListObjectVersionsCommand,
  PutObjectLegalHoldCommand,
  PutObjectRetentionCommand,
} from "@aws-sdk/client-s3";
import { expect } from "vitest";
import { openBucket } from "#tests/support/cloud-bucket.ts";
import { contract } from "#tests/support/contract.ts";
import { resource } from "#tests/support/handmade-plan.ts";

const dayMs = 24 * 3_600_000;
const denied = { name: "AccessDenied", $metadata: { httpStatusCode: 403 } };

const open = openBucket((bucket) => [
  resource("aws:s3/bucketV2:BucketV2", "Audit", { bucket, objectLockEnabled: true }),
  resource("aws:s3/bucketObjectLockConfigurationV2:BucketObjectLockConfigurationV2", "AuditLock", {
    bucket,
    rule: { defaultRetention: { mode: "COMPLIANCE", days: 10 } },
  }),
]);

await contract({ service: "S3", part: "versions", open }, ({ use, group, behaviour, ours }) => {
  group("versions", () => {
    behaviour("stay when the object is written over and deleted", async () => {
      const { s3, bucket, put, read, remove } = use();
      const first = await put("k", "1");
      const second = await put("k", "2");
      await remove("k");
      await expect(read("k")).rejects.toMatchObject({ name: "NoSuchKey" });
      expect(await read("k", { VersionId: first.VersionId })).toBe("1");
      const { Versions, DeleteMarkers } = await s3.send(new ListObjectVersionsCommand({ Bucket: bucket }));
      expect(Versions?.map(({ VersionId, IsLatest }) => [VersionId, IsLatest])).toEqual([
        [second.VersionId, false],
        [first.VersionId, false],
      ]);
      expect(DeleteMarkers?.map(({ IsLatest }) => IsLatest)).toEqual([true]);
      await remove("k", DeleteMarkers?.[0]?.VersionId);
      expect(await read("k")).toBe("2");
    });

    behaviour("are listed page by page", async () => {
      const { s3, bucket, put } = use();
      for (let n = 0; n < 5; n += 1) await put(n < 3 ? "a" : "b", String(n));
      const ids: (string | undefined)[] = [];
      let markers: { KeyMarker?: string | undefined; VersionIdMarker?: string | undefined } = {};
      for (let page = 0; page < 3; page += 1) {
        const asked = new ListObjectVersionsCommand({ Bucket: bucket, MaxKeys: 2, ...markers });
        const listed = await s3.send(asked);
        ids.push(...(listed.Versions ?? []).map(({ VersionId }) => VersionId));
        expect(listed.IsTruncated).toBe(page < 2);
        markers = { KeyMarker: listed.NextKeyMarker, VersionIdMarker: listed.NextVersionIdMarker };
      }
      expect(new Set(ids).size).toBe(5);
    });
  });

  group("Object Lock", () => {
    behaviour("keeps a version for the bucket's days, from everyone", async () => {
      const { s3, bucket, put, remove, now } = use();
      const { VersionId } = await put("root", "1");
      for (const bypass of [undefined, true])
        await expect(remove("root", VersionId, bypass)).rejects.toMatchObject(denied);
      const { Retention } = await s3.send(new GetObjectRetentionCommand({ Bucket: bucket, Key: "root" }));
      expect(Retention?.Mode).toBe("COMPLIANCE");
      const until = Retention?.RetainUntilDate?.getTime() ?? 0;
      expect(Math.abs(until - (now() + 10 * dayMs))).toBeLessThan(10_000);
    });

    ours("lets go of it after them", async () => {
      const { put, read, remove, pass } = use();
      const { VersionId } = await put("root", "1");
      await pass(10 * dayMs);
      await remove("root", VersionId);
      await expect(read("root")).rejects.toMatchObject({ name: "NoSuchKey" });
    });

    const retain = (days: number, Mode: "COMPLIANCE" | "GOVERNANCE" = "COMPLIANCE") => {
      const Retention = { Mode, RetainUntilDate: new Date(use().now() + days * dayMs) };
      const named = { Bucket: use().bucket, Key: "root", BypassGovernanceRetention: true };
      return use().s3.send(new PutObjectRetentionCommand({ ...named, Retention }));
    };

    behaviour("may be lengthened, and neither shortened nor weakened", async () => {
      await use().put("root", "1");
      await expect(retain(9)).rejects.toMatchObject(denied);
      await expect(retain(20, "GOVERNANCE")).rejects.toMatchObject(denied);
      await retain(20);
    });

    ours("that was lengthened holds for longer", async () => {
      const { s3, bucket, put, remove, pass } = use();
      await put("root", "1");
      await retain(20);
      await pass(19 * dayMs);
      const { VersionId } = await s3.send(new HeadObjectCommand({ Bucket: bucket, Key: "root" }));
      await expect(remove("root", VersionId)).rejects.toMatchObject(denied);
    });

    const governed = () => ({
      ObjectLockMode: "GOVERNANCE" as const,
      ObjectLockRetainUntilDate: new Date(use().now() + dayMs),
    });

    behaviour("under governance gives way to one who says so", async () => {
      const { put, remove } = use();
      const { VersionId } = await put("k", "1", governed());
      await expect(remove("k", VersionId)).rejects.toMatchObject(denied);
      await remove("k", VersionId, true);
    });

    behaviour("by a legal hold lasts until it is lifted", async () => {
      const { s3, bucket, put, remove } = use();
      const { VersionId } = await put("k", "1", { ObjectLockLegalHoldStatus: "ON", ...governed() });
      await expect(remove("k", VersionId, true)).rejects.toMatchObject(denied);
      const LegalHold = { Status: "OFF" as const };
      await s3.send(new PutObjectLegalHoldCommand({ Bucket: bucket, Key: "k", LegalHold }));
      await remove("k", VersionId, true);
    });

    ours("by a legal hold outlasts the retention", async () => {
      const { put, remove, pass } = use();
      const { VersionId } = await put("k", "1", { ObjectLockLegalHoldStatus: "ON", ...governed() });
      await pass(2 * dayMs);
      await expect(remove("k", VersionId, true)).rejects.toMatchObject(denied);
    });

    behaviour("is told as the plan has it", async () => {
      const asked = new GetObjectLockConfigurationCommand({ Bucket: use().bucket });
      const { ObjectLockConfiguration } = await use().s3.send(asked);
      expect(ObjectLockConfiguration).toEqual({
        ObjectLockEnabled: "Enabled",
        Rule: { DefaultRetention: { Mode: "COMPLIANCE", Days: 10 } },
      });
    });
  });

  ours("a restart loses no version and no lock", async () => {
    const { put, read, remove, restart } = use();
    const first = await put("root", "1", { Metadata: { n: "1" } });
    await put("root", "2");
    await restart();
    expect([await read("root"), await read("root", { VersionId: first.VersionId })]).toEqual(["2", "1"]);
    await expect(remove("root", first.VersionId)).rejects.toMatchObject(denied);
  });
});
