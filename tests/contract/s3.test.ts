import { readdirSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import {
  GetObjectCommand,
  GetObjectLockConfigurationCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
} from "@aws-sdk/client-s3";
import { expect } from "vitest";
import { openBucket } from "#tests/support/cloud-bucket.ts";
import { contract } from "#tests/support/contract.ts";
import { fauxqs } from "#tests/support/emulators.ts";
import { resource } from "#tests/support/handmade-plan.ts";

const open = openBucket((bucket) => [resource("aws:s3/bucket:Bucket", "Plain", { bucket })]);

await contract({ service: "S3", emulator: fauxqs, open }, ({ use, group, behaviour, ours }) => {
  group("an object", () => {
    for (const key of ["root.json", "2030/01/ä ü+&?#%.json", "a//b", "it's (1)!*"]) {
      behaviour(`${key} is read as it was written`, async () => {
        const { s3, bucket, put, now } = use();
        await put(key, "{}", { ContentType: "application/json", Metadata: { root: "abc" } });
        const { Body, ...answer } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
        expect(await Body?.transformToString()).toBe("{}");
        expect(answer).toMatchObject({
          ContentType: "application/json",
          Metadata: { root: "abc" },
          ContentLength: 2,
          ETag: '"99914b932bd37a50b983c5e7c90ae93b"',
        });
        expect(Math.abs((answer.LastModified?.getTime() ?? 0) - now())).toBeLessThan(10_000);
        expect(answer.VersionId).toBeUndefined();
      });
    }

    behaviour("may be a stream, cut into chunks with its digest behind them", async () => {
      const { put, read } = use();
      const text = "x".repeat(200_000);
      await put("stream", text, {
        Body: Readable.from([text.slice(0, 70_000), text.slice(70_000)]),
        ContentLength: text.length,
      } as object);
      expect(await read("stream")).toBe(text);
    });

    behaviour("tells its size and no more to a HEAD", async () => {
      const { s3, bucket, put } = use();
      await put("k", "0123456789");
      const head = await s3.send(new HeadObjectCommand({ Bucket: bucket, Key: "k" }));
      expect(head.ContentLength).toBe(10);
    });

    behaviour("gives a part to a range", async () => {
      const { put, read } = use();
      await put("k", "0123456789");
      expect(await read("k", { Range: "bytes=2-4" })).toBe("234");
      expect(await read("k", { Range: "bytes=-3" })).toBe("789");
      await expect(read("k", { Range: "bytes=10-" })).rejects.toMatchObject({ name: "InvalidRange" });
    });

    behaviour("with a wrong digest is not taken", async () => {
      const { put, read } = use();
      const sent = put("k", "body", { ChecksumCRC32: "AAAAAA==" });
      await expect(sent).rejects.toMatchObject({ name: "BadDigest" });
      await expect(read("k")).rejects.toMatchObject({ name: "NoSuchKey" });
    });

    const unmet = { name: "PreconditionFailed", $metadata: { httpStatusCode: 412 } };

    behaviour("is written once under If-None-Match", async () => {
      const { put, read } = use();
      await put("k", "1", { IfNoneMatch: "*" });
      await expect(put("k", "2", { IfNoneMatch: "*" })).rejects.toMatchObject(unmet);
      expect(await read("k")).toBe("1");
    });

    behaviour("is changed under If-Match by whoever saw it last", async () => {
      const { put, read } = use();
      const first = await put("k", "1");
      await put("k", "2", { IfMatch: first.ETag });
      await expect(put("k", "3", { IfMatch: first.ETag })).rejects.toMatchObject(unmet);
      expect(await read("k")).toBe("2");
    });

    ours("without versions leaves no file behind when it is written over or deleted", async () => {
      const { put, remove, directory, bucket } = use();
      await put("k", "1");
      await put("k", "2");
      const blobs = () => readdirSync(join(directory, "engines", "s3", bucket, "blobs")).length;
      expect(blobs()).toBe(1);
      await remove("k");
      expect(blobs()).toBe(0);
    });
  });

  behaviour("a lock is not to be had in a bucket without locks", async () => {
    const { s3, bucket, put } = use();
    const sent = put("k", "1", { ObjectLockLegalHoldStatus: "ON" });
    await expect(sent).rejects.toMatchObject({ name: "InvalidRequest" });
    const asked = s3.send(new GetObjectLockConfigurationCommand({ Bucket: bucket }));
    await expect(asked).rejects.toMatchObject({ name: "ObjectLockConfigurationNotFoundError" });
  });

  group("a listing", () => {
    behaviour("goes page by page, folders folded", async () => {
      const { s3, bucket, put } = use();
      for (const key of ["a/1", "a/2", "b/1", "c", "d", "ä"]) await put(key, key);
      const keys: (string | undefined)[] = [];
      let ContinuationToken: string | undefined;
      do {
        const listed = await s3.send(
          new ListObjectsV2Command({ Bucket: bucket, MaxKeys: 2, ContinuationToken, Delimiter: "/" }),
        );
        keys.push(...(listed.CommonPrefixes ?? []).map(({ Prefix }) => Prefix));
        keys.push(...(listed.Contents ?? []).map(({ Key }) => Key));
        ContinuationToken = listed.NextContinuationToken;
      } while (ContinuationToken !== undefined);
      expect(keys).toEqual(["a/", "b/", "c", "d", "ä"]);
    });

    behaviour("begins behind a key, under a prefix", async () => {
      const { s3, bucket, put } = use();
      for (const key of ["a/1", "a/2", "b/1"]) await put(key, key);
      const asked = new ListObjectsV2Command({ Bucket: bucket, Prefix: "a/", StartAfter: "a/1" });
      const { Contents } = await s3.send(asked);
      expect(Contents?.map(({ Key, Size }) => [Key, Size])).toEqual([["a/2", 3]]);
    });
  });

  behaviour("a bucket that the plan does not have does not exist", async () => {
    const sent = use().s3.send(new PutObjectCommand({ Bucket: "contract-none", Key: "k", Body: "v" }));
    await expect(sent).rejects.toMatchObject({ name: "NoSuchBucket" });
  });
});
