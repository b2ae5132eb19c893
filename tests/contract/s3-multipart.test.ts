import { readdirSync } from "node:fs";
import { join } from "node:path";
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  type CreateMultipartUploadCommandInput,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListPartsCommand,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import { expect, test } from "vitest";
import { buckets, type RunningBuckets } from "#tests/support/buckets.ts";

const partBytes = 5 * 1024 * 1024;
const key = "settlements/2030 01.csv";
const running = buckets({ plain: {}, audit: { objectLockEnabled: true, retentionDays: 10 } });

async function begin(s3: S3Client, more: Partial<CreateMultipartUploadCommandInput> = {}): Promise<string> {
  const input = { Bucket: "plain", Key: key, ...more };
  return (await s3.send(new CreateMultipartUploadCommand(input))).UploadId ?? "";
}
async function part(
  { s3 }: RunningBuckets,
  UploadId: string,
  PartNumber: number,
  Body: Buffer,
  Bucket = "plain",
) {
  const input = { Bucket, Key: key, UploadId, PartNumber, Body };
  const { ETag } = await s3.send(new UploadPartCommand(input));
  return { PartNumber, ETag };
}
const complete = (
  { s3 }: RunningBuckets,
  UploadId: string,
  Parts: readonly { PartNumber: number; ETag: string | undefined }[],
  more: { readonly IfNoneMatch?: string; readonly Bucket?: string } = {},
) => {
  const input = { Bucket: "plain", Key: key, UploadId, MultipartUpload: { Parts: [...Parts] }, ...more };
  return s3.send(new CompleteMultipartUploadCommand(input));
};
const first = Buffer.alloc(partBytes, "a");
const last = Buffer.from("the end");

test("parts become an object, whose entity tag is that of the parts' digests with their number", async () => {
  const s3 = running();
  const id = await begin(s3.s3, {
    ChecksumAlgorithm: "CRC32",
    ContentType: "text/csv",
    Metadata: { acquirer: "primary" },
  });
  // In any order: their numbers say where they belong.
  const two = await part(s3, id, 2, last);
  const one = await part(s3, id, 1, first);
  const { ETag, ChecksumCRC32, ChecksumType } = await complete(s3, id, [one, two]);
  expect(ETag).toBe('"dc2bc882b07e1e67a48bed8997ce6caf-2"');
  expect([ChecksumCRC32, ChecksumType]).toEqual([expect.stringMatching(/^.{8}-2$/), "COMPOSITE"]);
  const read = await s3.s3.send(new GetObjectCommand({ Bucket: "plain", Key: key }));
  const body = Buffer.from((await read.Body?.transformToByteArray()) ?? []);
  expect(body.equals(Buffer.concat([first, last]))).toBe(true);
  expect([read.ETag, read.ContentType, read.Metadata]).toEqual([ETag, "text/csv", { acquirer: "primary" }]);
});

test("a part is replaced by a later one of its number, and left out when nobody names it", async () => {
  const s3 = running();
  const id = await begin(s3.s3);
  const replaced = await part(s3, id, 1, Buffer.from("old"));
  const one = await part(s3, id, 1, Buffer.from("new"));
  await part(s3, id, 7, Buffer.from("never named"));
  await expect(complete(s3, id, [replaced])).rejects.toMatchObject({ name: "InvalidPart" });
  await complete(s3, id, [one]);
  const read = await s3.s3.send(new GetObjectCommand({ Bucket: "plain", Key: key }));
  expect(await read.Body?.transformToString()).toBe("new");
  expect(readdirSync(join(s3.directory, "plain", "parts"))).toEqual([]);
});

test("parts that are too small, out of order, or not there do not become an object", async () => {
  const s3 = running();
  const id = await begin(s3.s3);
  const small = await part(s3, id, 1, first.subarray(1));
  const end = await part(s3, id, 2, last);
  await expect(complete(s3, id, [small, end])).rejects.toMatchObject({ name: "EntityTooSmall" });
  await expect(complete(s3, id, [end, small])).rejects.toMatchObject({ name: "InvalidPartOrder" });
  const missing = { PartNumber: 3, ETag: end.ETag };
  await expect(complete(s3, id, [missing])).rejects.toMatchObject({ name: "InvalidPart" });
  await expect(complete(s3, id, [])).rejects.toMatchObject({ name: "MalformedXML" });
  const head = new HeadObjectCommand({ Bucket: "plain", Key: key });
  await expect(s3.s3.send(head)).rejects.toMatchObject({ name: "NotFound" });
});

test("parts and uploads are listed while the upload is under way, also over a restart", async () => {
  const before = running();
  const id = await begin(before.s3);
  for (const number of [1, 2, 3]) await part(before, id, number, last);
  const s3 = await before.restart();
  const uploads = await s3.s3.send(new ListMultipartUploadsCommand({ Bucket: "plain" }));
  expect(uploads.Uploads?.map(({ Key, UploadId }) => [Key, UploadId])).toEqual([[key, id]]);
  const input = { Bucket: "plain", Key: key, UploadId: id, MaxParts: 2 };
  const page = await s3.s3.send(new ListPartsCommand(input));
  expect([page.Parts?.map(({ PartNumber, Size }) => [PartNumber, Size]), page.IsTruncated]).toEqual([
    [
      [1, 7],
      [2, 7],
    ],
    true,
  ]);
  const next = { ...input, PartNumberMarker: page.NextPartNumberMarker };
  const rest = await s3.s3.send(new ListPartsCommand(next));
  expect([rest.Parts?.map(({ PartNumber }) => PartNumber), rest.IsTruncated]).toEqual([[3], false]);
});

test("an upload that is given up or completed is no longer there, and its parts leave no file", async () => {
  const s3 = running();
  const id = await begin(s3.s3);
  await part(s3, id, 1, last);
  await s3.s3.send(new AbortMultipartUploadCommand({ Bucket: "plain", Key: key, UploadId: id }));
  await expect(part(s3, id, 2, last)).rejects.toMatchObject({ name: "NoSuchUpload" });
  expect(readdirSync(join(s3.directory, "plain", "parts"))).toEqual([]);
});

test("an upload that is to create does not write over what came meanwhile", async () => {
  const s3 = running();
  const id = await begin(s3.s3);
  const one = await part(s3, id, 1, last);
  await s3.s3.send(new PutObjectCommand({ Bucket: "plain", Key: key, Body: "meanwhile" }));
  await expect(complete(s3, id, [one], { IfNoneMatch: "*" })).rejects.toMatchObject({
    name: "PreconditionFailed",
  });
});

test("a part with a wrong digest is not taken", async () => {
  const s3 = running();
  const id = await begin(s3.s3);
  const input = {
    Bucket: "plain",
    Key: key,
    UploadId: id,
    PartNumber: 1,
    Body: last,
    ChecksumSHA256: "AAAA",
  };
  await expect(s3.s3.send(new UploadPartCommand(input))).rejects.toMatchObject({ name: "BadDigest" });
});

test("in a bucket with locks, the object is locked from its completion on", async () => {
  const s3 = running();
  const id = await begin(s3.s3, { Bucket: "audit" });
  const one = await part(s3, id, 1, last, "audit");
  await complete(s3, id, [one], { Bucket: "audit" });
  const head = await s3.s3.send(new HeadObjectCommand({ Bucket: "audit", Key: key }));
  expect([head.ObjectLockMode, head.ObjectLockRetainUntilDate]).toEqual([
    "COMPLIANCE",
    new Date("2030-01-11T00:00:00Z"),
  ]);
});
