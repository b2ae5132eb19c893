import {
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  GetObjectLockConfigurationCommand,
  GetObjectRetentionCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  PutObjectCommand,
  PutObjectRetentionCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type GuardedCloud, openGuardedCloud } from "#tests/support/guarded-cloud.ts";
import { resource, roleResource } from "#tests/support/handmade-plan.ts";

const files = "arn:aws:s3:::files";
const keyArn = "arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-3333-4444-555555555555";
const bucket = (name: string) => resource("aws:s3/bucket:Bucket", name, { bucket: name });

let cloud: GuardedCloud;
beforeAll(async () => {
  cloud = await openGuardedCloud(
    bucket("files"),
    bucket("other"),
    bucket("sealed"),
    resource("aws:s3/bucketVersioning:BucketVersioning", "FilesVersioning", {
      ...{ bucket: "files", versioningConfiguration: { status: "Enabled" } },
    }),
    {
      ...resource("aws:kms/key:Key", "SealedKey", { keyUsage: "ENCRYPT_DECRYPT" }),
      outputs: { keyId: keyArn.split("/")[1], arn: keyArn },
    },
    resource(
      "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
      "SealedEncryption",
      {
        bucket: "sealed",
        rules: [{ bucketKeyEnabled: true, applyServerSideEncryptionByDefault: { kmsMasterKeyId: keyArn } }],
      },
    ),
    roleResource("nobody"),
    roleResource("reader", ["s3:GetObject"], [`${files}/in/*`]),
    roleResource("writer", ["s3:PutObject"], [`${files}/*`]),
    roleResource("sweeper", ["s3:DeleteObject"], [`${files}/tmp/*`]),
    roleResource("finder", ["s3:GetObject", "s3:ListBucket"], [files, `${files}/*`]),
    roleResource("rover", ["s3:GetObject"], ["arn:aws:s3:::*"]),
    roleResource("copier", ["s3:GetObject", "s3:PutObject"], [`${files}/*`]),
    roleResource("lister", ["s3:ListBucket"], [files]),
    roleResource("sealer", ["s3:PutObject"], ["arn:aws:s3:::sealed/*"]),
  );
  await as().send(new PutObjectCommand({ Bucket: "files", Key: "in/a.csv", Body: "1;2" }));
});
afterAll(() => cloud.stop());

const as = (role?: string) => new S3Client({ ...cloud.as(role), forcePathStyle: true });
type Call = (s3: S3Client) => Promise<unknown>;
/** "allowed", or name and status of the refusal. */
async function answerTo(role: string, call: Call): Promise<string> {
  try {
    await call(as(role));
    return "allowed";
  } catch (thrown) {
    const { name, $metadata } = thrown as { name: string; $metadata: { httpStatusCode?: number } };
    return `${name} ${$metadata.httpStatusCode}`;
  }
}
const object = { Bucket: "files", Key: "in/a.csv" };
const missing = () => cloud.log.recent().at(-1)?.denied;

describe("a role may do with a bucket what it was granted", () => {
  test.each<[string, string, Call]>([
    ["reader", "read an object", (s3) => s3.send(new GetObjectCommand(object))],
    ["reader", "ask for its headers", (s3) => s3.send(new HeadObjectCommand(object))],
    ["writer", "write one", (s3) => s3.send(new PutObjectCommand({ ...object, Key: "out/b", Body: "b" }))],
    [
      "writer",
      "begin an upload in parts",
      (s3) => s3.send(new CreateMultipartUploadCommand({ ...object, Key: "out/c" })),
    ],
    ["lister", "list", (s3) => s3.send(new ListObjectsV2Command({ Bucket: "files" }))],
    [
      "lister",
      "ask whether the bucket is there",
      (s3) => s3.send(new HeadBucketCommand({ Bucket: "files" })),
    ],
  ])("%s: %s", async (role, _what, command) => {
    expect(await answerTo(role, command)).toBe("allowed");
  });
});

describe("and nothing else", () => {
  test.each<[string, string, string, Call]>([
    ["reader", "s3:GetObject", "/out/b", (s3) => s3.send(new GetObjectCommand({ ...object, Key: "out/b" }))],
    [
      "reader",
      "s3:GetObjectVersion",
      "/in/a.csv",
      (s3) => s3.send(new GetObjectCommand({ ...object, VersionId: "v" })),
    ],
    [
      "writer",
      "s3:GetObject",
      "/in/a.csv",
      (s3) => s3.send(new CopyObjectCommand({ ...object, Key: "c", CopySource: "files/in/a.csv" })),
    ],
    [
      "reader",
      "s3:PutObject",
      "/c",
      (s3) => s3.send(new CopyObjectCommand({ ...object, Key: "c", CopySource: "files/in/a.csv" })),
    ],
    [
      "writer",
      "s3:PutObjectRetention",
      "/d",
      (s3) => s3.send(new PutObjectCommand({ ...object, Key: "d", Body: "d", ObjectLockMode: "GOVERNANCE" })),
    ],
    [
      "writer",
      "s3:PutObjectLegalHold",
      "/d",
      (s3) =>
        s3.send(new PutObjectCommand({ ...object, Key: "d", Body: "d", ObjectLockLegalHoldStatus: "ON" })),
    ],
    ["writer", "s3:DeleteObject", "/in/a.csv", (s3) => s3.send(new DeleteObjectCommand(object))],
    [
      "writer",
      "s3:DeleteObjectVersion",
      "/in/a.csv",
      (s3) => s3.send(new DeleteObjectCommand({ ...object, VersionId: "v" })),
    ],
    ["writer", "s3:GetObjectRetention", "/in/a.csv", (s3) => s3.send(new GetObjectRetentionCommand(object))],
    [
      "writer",
      "s3:PutObjectRetention",
      "/in/a.csv",
      (s3) => s3.send(new PutObjectRetentionCommand({ ...object, Retention: { Mode: "GOVERNANCE" } })),
    ],
    ["reader", "s3:ListBucket", "", (s3) => s3.send(new ListObjectsV2Command({ Bucket: "files" }))],
    [
      "lister",
      "s3:ListBucketVersions",
      "",
      (s3) => s3.send(new ListObjectVersionsCommand({ Bucket: "files" })),
    ],
    [
      "lister",
      "s3:GetBucketObjectLockConfiguration",
      "",
      (s3) => s3.send(new GetObjectLockConfigurationCommand({ Bucket: "files" })),
    ],
  ])("%s is denied %s on …%s", async (role, action, where, command) => {
    expect(await answerTo(role, command)).toBe("AccessDenied 403");
    expect(missing()).toBe(`${action} on ${files}${where}`);
  });

  test("a HEAD has no body to say why", async () => {
    expect(await answerTo("lister", (s3) => s3.send(new HeadObjectCommand(object)))).toMatch(/ 403$/);
  });

  test("all buckets are listed by whoever may list them all", async () => {
    expect(await answerTo("lister", (s3) => s3.send(new ListBucketsCommand({})))).toBe("AccessDenied 403");
    expect(missing()).toBe("s3:ListAllMyBuckets on *");
  });

  test("in S3's words", async () => {
    const denied = as("nobody").send(new GetObjectCommand(object));
    await expect(denied).rejects.toThrow(
      'User: arn:aws:sts::123456789012:assumed-role/nobody/nobody is not authorized to perform: s3:GetObject on resource: "arn:aws:s3:::files/in/a.csv" because no identity-based policy allows the s3:GetObject action',
    );
  });
});

test("of many deletions at once each is allowed or denied by itself", async () => {
  const keys = ["tmp/a", "in/a.csv", "tmp/b"];
  const Delete = { Objects: [...keys.map((Key) => ({ Key })), { Key: "tmp/a", VersionId: "v" }] };
  const { Deleted, Errors } = await as("sweeper").send(new DeleteObjectsCommand({ Bucket: "files", Delete }));
  expect(Deleted?.map(({ Key }) => Key)).toEqual(["tmp/a", "tmp/b"]);
  expect(Errors?.map(({ Key, VersionId, Code, Message }) => [Key, VersionId, Code, Message])).toEqual([
    [
      "in/a.csv",
      undefined,
      "AccessDenied",
      expect.stringContaining(`s3:DeleteObject on resource: "${files}/in/a.csv"`),
    ],
    [
      "tmp/a",
      "v",
      "AccessDenied",
      expect.stringContaining(`s3:DeleteObjectVersion on resource: "${files}/tmp/a"`),
    ],
  ]);
  expect(missing()).toBe(`s3:DeleteObject on ${files}/in/a.csv`);
  expect(await answerTo("reader", (s3) => s3.send(new HeadObjectCommand(object)))).toBe("allowed");
});

test("an object under a customer's key needs that key too", async () => {
  const put: Call = (s3) => s3.send(new PutObjectCommand({ Bucket: "sealed", Key: "a", Body: "a" }));
  expect(await answerTo("sealer", put)).toBe("AccessDenied 403");
  expect(missing()).toBe(`kms:GenerateDataKey on ${keyArn}`);
});

test("whoever may not list a bucket does not hear what is not in it", async () => {
  const gone = { Bucket: "files", Key: "in/gone" };
  expect(await answerTo("reader", (s3) => s3.send(new GetObjectCommand(gone)))).toBe("AccessDenied 403");
  expect(missing()).toBe(`s3:ListBucket on ${files}`);
  expect(await answerTo("reader", (s3) => s3.send(new HeadObjectCommand(gone)))).toMatch(/ 403$/);
  const copy = { Bucket: "files", Key: "b", CopySource: "files/in/gone" };
  expect(await answerTo("copier", (s3) => s3.send(new CopyObjectCommand(copy)))).toBe("AccessDenied 403");
  expect(await answerTo("finder", (s3) => s3.send(new GetObjectCommand(gone)))).toBe("NoSuchKey 404");
  const nowhere = new GetObjectCommand({ ...gone, Bucket: "nowhere" });
  expect(await answerTo("rover", (s3) => s3.send(nowhere))).toBe("NoSuchBucket 404");
});
