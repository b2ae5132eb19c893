import { createHash } from "node:crypto";
import {
  CopyObjectCommand,
  type CopyObjectCommandInput,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  type GetObjectCommandInput,
  GetObjectTaggingCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  PutObjectCommand,
  PutObjectLegalHoldCommand,
} from "@aws-sdk/client-s3";
import { describe, expect, test } from "vitest";
import { buckets } from "#tests/support/buckets.ts";

const running = buckets({ plain: {}, files: { versioned: true }, audit: { objectLockEnabled: true } });

const put = async (Bucket: string, Key: string, Body = Key) =>
  (await running().s3.send(new PutObjectCommand({ Bucket, Key, Body }))).VersionId;
const get = (Bucket: string, Key: string, more: Partial<GetObjectCommandInput> = {}) =>
  running().s3.send(new GetObjectCommand({ Bucket, Key, ...more }));
const textOf = async (Bucket: string, Key: string, VersionId?: string) =>
  (await get(Bucket, Key, { ...(VersionId !== undefined && { VersionId }) })).Body?.transformToString();
const copy = (CopySource: string, more: Partial<CopyObjectCommandInput> = {}) =>
  running().s3.send(new CopyObjectCommand({ Bucket: "files", Key: "copy", CopySource, ...more }));
const keysOf = async (Bucket: string) =>
  (await running().s3.send(new ListObjectsV2Command({ Bucket }))).Contents?.map(({ Key }) => Key) ?? [];

describe("a copy", () => {
  test("has the content and the metadata of its source, and a digest and a version of its own", async () => {
    const input = {
      Bucket: "plain",
      Key: "a b/ü.csv",
      Body: "1;2",
      ContentType: "text/csv",
      Metadata: { n: "1" },
    };
    await running().s3.send(new PutObjectCommand(input));
    const { CopyObjectResult, VersionId } = await copy(`plain/${encodeURIComponent("a b/ü.csv")}`);
    expect(CopyObjectResult?.ETag).toBe(`"${createHash("md5").update("1;2").digest("hex")}"`);
    const read = await get("files", "copy");
    expect([await read.Body?.transformToString(), read.ContentType, read.Metadata, read.VersionId]).toEqual([
      ...["1;2", "text/csv", { n: "1" }],
      VersionId,
    ]);
  });

  test("has other metadata when it is told so, and an object is copied onto itself only then", async () => {
    await put("files", "copy");
    await expect(copy("/files/copy")).rejects.toMatchObject({ name: "InvalidRequest" });
    await copy("/files/copy", { MetadataDirective: "REPLACE", Metadata: { checked: "yes" } });
    expect((await get("files", "copy")).Metadata).toEqual({ checked: "yes" });
  });

  test("may be of an old version, which so becomes the latest", async () => {
    const first = await put("files", "copy", "old");
    await put("files", "copy", "new");
    const { CopySourceVersionId } = await copy(`files/copy?versionId=${first}`);
    expect([await textOf("files", "copy"), CopySourceVersionId]).toEqual(["old", first]);
  });

  test("is not made of what is not there, was deleted, or is another than was expected", async () => {
    await expect(copy("plain/never")).rejects.toMatchObject({ name: "NoSuchKey" });
    await put("files", "gone");
    await running().s3.send(new DeleteObjectCommand({ Bucket: "files", Key: "gone" }));
    await expect(copy("files/gone")).rejects.toMatchObject({ name: "NoSuchKey" });
    await put("plain", "there");
    const other = { CopySourceIfMatch: '"another"' };
    await expect(copy("plain/there", other)).rejects.toMatchObject({ name: "PreconditionFailed" });
  });
});

describe("many deletions at once", () => {
  const deleteAll = (Bucket: string, Objects: { Key: string; VersionId?: string }[], Quiet = false) =>
    running().s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects, Quiet } }));

  test("take what is there and what is not, keys of any kind, and leave the rest", async () => {
    for (const key of ["a&b<c>", "two", "three"]) await put("plain", key);
    const { Deleted, Errors } = await deleteAll("plain", [
      { Key: "a&b<c>" },
      { Key: "two" },
      { Key: "never" },
    ]);
    expect([Deleted?.map(({ Key }) => Key), Errors]).toEqual([["a&b<c>", "two", "never"], undefined]);
    expect(await keysOf("plain")).toEqual(["three"]);
  });

  test("leave markers in a bucket with versions, and end the versions that are named", async () => {
    const version = await put("files", "kept");
    const old = await put("files", "ended");
    const { Deleted } = await deleteAll("files", [
      { Key: "kept" },
      { Key: "ended", ...(old !== undefined && { VersionId: old }) },
    ]);
    expect(Deleted).toEqual([
      { Key: "kept", DeleteMarker: true, DeleteMarkerVersionId: expect.any(String) },
      { Key: "ended", VersionId: old },
    ]);
    expect([await keysOf("files"), await textOf("files", "kept", version)]).toEqual([[], "kept"]);
    const marker = { Key: "kept", VersionId: Deleted?.[0]?.DeleteMarkerVersionId ?? "" };
    const undeleted = await deleteAll("files", [marker]);
    expect(undeleted.Deleted?.[0]).toMatchObject({ DeleteMarker: true, VersionId: marker.VersionId });
    expect(await keysOf("files")).toEqual(["kept"]);
  });

  test("stop at the version that a lock keeps, and at no other", async () => {
    const held = (await put("audit", "held")) ?? "";
    const free = (await put("audit", "free")) ?? "";
    const LegalHold = { Status: "ON" as const };
    await running().s3.send(new PutObjectLegalHoldCommand({ Bucket: "audit", Key: "held", LegalHold }));
    const { Deleted, Errors } = await deleteAll("audit", [
      { Key: "held", VersionId: held },
      { Key: "free", VersionId: free },
    ]);
    expect(Errors?.map(({ Key, VersionId, Code }) => [Key, VersionId, Code])).toEqual([
      ["held", held, "AccessDenied"],
    ]);
    expect([Deleted?.map(({ Key }) => Key), await textOf("audit", "held", held)]).toEqual([["free"], "held"]);
  });

  test("say nothing of successes when they are to be quiet", async () => {
    await put("plain", "one");
    expect((await deleteAll("plain", [{ Key: "one" }], true)).Deleted).toBeUndefined();
    expect(await keysOf("plain")).toEqual([]);
  });
});

describe("a conditional read", () => {
  test("gets nothing when the reader has it already", async () => {
    await put("plain", "file");
    const { ETag = "", LastModified } = await get("plain", "file");
    const notModified = { $metadata: expect.objectContaining({ httpStatusCode: 304 }) };
    await expect(get("plain", "file", { IfNoneMatch: ETag })).rejects.toMatchObject(notModified);
    await expect(get("plain", "file", { IfNoneMatch: `"other", ${ETag}` })).rejects.toMatchObject(
      notModified,
    );
    await expect(get("plain", "file", { IfModifiedSince: LastModified })).rejects.toMatchObject(notModified);
    expect((await get("plain", "file", { IfNoneMatch: '"other"' })).ETag).toBe(ETag);
  });

  test("is refused when it is not what the reader expects", async () => {
    await put("plain", "file");
    const refused = { name: "PreconditionFailed" };
    await expect(get("plain", "file", { IfMatch: '"other"' })).rejects.toMatchObject(refused);
    const before = new Date(Date.UTC(2029, 11, 31));
    await expect(get("plain", "file", { IfUnmodifiedSince: before })).rejects.toMatchObject(refused);
    const { ETag = "" } = await get("plain", "file");
    expect((await get("plain", "file", { IfMatch: ETag, IfUnmodifiedSince: before })).ETag).toBe(ETag);
  });
});

test.each([
  ["bytes=2-4", "cde", "bytes 2-4/8"],
  ["bytes=5-", "fgh", "bytes 5-7/8"],
  ["bytes=-3", "fgh", "bytes 5-7/8"],
  ["bytes=6-100", "gh", "bytes 6-7/8"],
])("of %s a reader gets %s", async (Range, text, contentRange) => {
  await put("plain", "letters", "abcdefgh");
  const read = await get("plain", "letters", { Range });
  expect([await read.Body?.transformToString(), read.ContentRange]).toEqual([text, contentRange]);
});

test("a range behind the end is refused", async () => {
  await put("plain", "letters", "abcdefgh");
  await expect(get("plain", "letters", { Range: "bytes=8-" })).rejects.toMatchObject({
    name: "InvalidRange",
  });
});

test.each(["CRC32", "SHA1", "SHA256"] as const)(
  "an object keeps its %s, and a reader checks it",
  async (algorithm) => {
    const input = { Bucket: "plain", Key: "file", Body: "content", ChecksumAlgorithm: algorithm };
    const written = await running().s3.send(new PutObjectCommand(input));
    const head = new HeadObjectCommand({ Bucket: "plain", Key: "file", ChecksumMode: "ENABLED" });
    const read = await running().s3.send(head);
    const of = (answer: object) =>
      Object.entries(answer).find(([name]) => name === `Checksum${algorithm}`)?.[1];
    expect([of(read), typeof of(read)]).toEqual([of(written), "string"]);
    expect(await textOf("plain", "file")).toBe("content");
  },
);

test("versions are listed page by page across keys, markers among them", async () => {
  await put("files", "a");
  await put("files", "a");
  await running().s3.send(new DeleteObjectCommand({ Bucket: "files", Key: "a" }));
  await put("files", "b");
  const seen: string[] = [];
  let marker: { KeyMarker?: string; VersionIdMarker?: string } = {};
  for (let page = 0; page < 4; page += 1) {
    const input = { Bucket: "files", MaxKeys: 1, ...marker };
    const answer = await running().s3.send(new ListObjectVersionsCommand(input));
    seen.push(...(answer.Versions ?? []).map(({ Key }) => `version of ${Key}`));
    seen.push(
      ...(answer.DeleteMarkers ?? []).map(({ Key, IsLatest }) => `marker of ${Key}, latest: ${IsLatest}`),
    );
    marker = {
      ...(answer.NextKeyMarker !== undefined && { KeyMarker: answer.NextKeyMarker }),
      ...(answer.NextVersionIdMarker !== undefined && { VersionIdMarker: answer.NextVersionIdMarker }),
    };
    expect(answer.IsTruncated).toBe(page < 3);
  }
  expect(seen).toEqual(["marker of a, latest: true", "version of a", "version of a", "version of b"]);
});

test("what this S3 does not know is refused by its name, and not taken for something else", async () => {
  await put("plain", "file");
  const tagging = new GetObjectTaggingCommand({ Bucket: "plain", Key: "file" });
  await expect(running().s3.send(tagging)).rejects.toMatchObject({
    name: "NotImplemented",
    message: "The local S3 does not know GetObjectTagging.",
  });
});
