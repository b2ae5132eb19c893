import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetBucketVersioningCommand,
  GetObjectCommand,
  GetObjectLockConfigurationCommand,
  GetObjectRetentionCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  ListPartsCommand,
  PutObjectCommand,
  PutObjectLegalHoldCommand,
  PutObjectRetentionCommand,
  S3Client,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import {
  ListSubscriptionsByTopicCommand,
  ListTopicsCommand,
  PublishBatchCommand,
  PublishCommand,
  SNSClient,
  SubscribeCommand,
  UnsubscribeCommand,
} from "@aws-sdk/client-sns";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { CallLog } from "#local/door/call-log.ts";
import { CredentialRegistry } from "#local/door/credentials.ts";
import { type Door, openDoor } from "#local/door/door.ts";
import { Guard } from "#local/iam/guard.ts";
import { Bucket } from "#local/s3/bucket.ts";
import { bucketPlansOf } from "#local/s3/bucket-plan.ts";
import { S3Engine } from "#local/s3/engine.ts";
import { SnsEngine } from "#local/sns/engine.ts";
import { topicPlansOf } from "#local/sns/topic-plan.ts";
import { planOf, resource, roleArnOf, roleResource } from "#tests/support/handmade-plan.ts";

/** Real SDK clients, signed by roles, before the local S3 and SNS. */
const bucketArn = "arn:aws:s3:::files";
const topicArn = "arn:aws:sns:eu-west-1:123456789012:news";
const plan = planOf([
  resource("aws:s3/bucket:Bucket", "Files", { bucket: "files", objectLockEnabled: true }),
  resource("aws:sns/topic:Topic", "News", { name: "news" }),
  roleResource("everything", ["s3:*", "sns:*"]),
]);

const directory = mkdtempSync(join(tmpdir(), "tallystick-iam-buckets-"));
let door: Door;
let asked: string[];
const credentials = new CredentialRegistry();
const clients: { destroy(): void }[] = [];

beforeAll(async () => {
  const guard = new Guard(plan, ({ action, resource: arn }) => asked.push(`${action} ${arn}`));
  door = await openDoor({ credentials, log: new CallLog(100), guard, warn: () => undefined, port: 0 });
  door.serve(
    new S3Engine(
      bucketPlansOf(plan).map((each) => new Bucket(each, directory, Date.now)),
      Date.now,
    ),
  );
  const filterOf = () => () => true;
  const warn = () => undefined;
  door.serve(new SnsEngine({ topics: topicPlansOf(plan), clock: Date.now, filterOf, warn }));
});
/** What is not there asks about the listing of its bucket, too. */
beforeAll(async () => {
  asked = [];
  for (const Key of ["mine/a 1.csv", "other/b 1.csv"]) {
    await s3("everything").send(new PutObjectCommand({ ...inBucket, Key, Body: "a" }));
  }
});
beforeEach(() => {
  asked = [];
});
afterAll(async () => {
  for (const client of clients) client.destroy();
  await door.stop();
  rmSync(directory, { recursive: true });
});

function as<Client extends { destroy(): void }>(
  name: string,
  make: (options: { endpoint: string; region: string; maxAttempts: number; credentials: object }) => Client,
): Client {
  const key = credentials.issue(name, roleArnOf(name), { sessionName: `${name}-session` });
  const client = make({ endpoint: door.url, region: plan.region, maxAttempts: 1, credentials: key });
  clients.push(client);
  return client;
}
const s3 = (name: string) =>
  as(name, (options) => new S3Client({ ...options, forcePathStyle: true } as never));
const sns = (name: string) => as(name, (options) => new SNSClient(options as never));

const inBucket = { Bucket: "files" };
const object = { ...inBucket, Key: "mine/a 1.csv" };
const objectArn = `${bucketArn}/mine/a 1.csv`;
const upload = { ...object, UploadId: "u" };
const until = new Date("2999-01-01");

/** What IAM is asked about a call that may be made, whatever the engine says to it. */
const askedAbout = async (call: Promise<unknown>): Promise<readonly string[]> => {
  await call.catch(() => undefined);
  return asked;
};

test.each<[string, (as: S3Client) => Promise<unknown>, readonly string[]]>([
  ["ListBuckets", (as) => as.send(new ListBucketsCommand()), ["s3:ListAllMyBuckets *"]],
  ["HeadBucket", (as) => as.send(new HeadBucketCommand(inBucket)), [`s3:ListBucket ${bucketArn}`]],
  ["ListObjectsV2", (as) => as.send(new ListObjectsV2Command(inBucket)), [`s3:ListBucket ${bucketArn}`]],
  [
    "ListObjectVersions",
    (as) => as.send(new ListObjectVersionsCommand(inBucket)),
    [`s3:ListBucketVersions ${bucketArn}`],
  ],
  [
    "GetBucketVersioning",
    (as) => as.send(new GetBucketVersioningCommand(inBucket)),
    [`s3:GetBucketVersioning ${bucketArn}`],
  ],
  [
    "GetObjectLockConfiguration",
    (as) => as.send(new GetObjectLockConfigurationCommand(inBucket)),
    [`s3:GetBucketObjectLockConfiguration ${bucketArn}`],
  ],
  [
    "ListMultipartUploads",
    (as) => as.send(new ListMultipartUploadsCommand(inBucket)),
    [`s3:ListBucketMultipartUploads ${bucketArn}`],
  ],
  [
    "PutObject",
    (as) => as.send(new PutObjectCommand({ ...object, Body: "a" })),
    [`s3:PutObject ${objectArn}`],
  ],
  [
    "PutObject with tags and a lock",
    (as) =>
      as.send(
        new PutObjectCommand({
          ...{ ...object, Body: "a", Tagging: "a=b", ACL: "private" },
          ...{
            ObjectLockMode: "GOVERNANCE",
            ObjectLockRetainUntilDate: until,
            ObjectLockLegalHoldStatus: "ON",
          },
        }),
      ),
    ["PutObject", "PutObjectAcl", "PutObjectLegalHold", "PutObjectRetention", "PutObjectTagging"].map(
      (name) => `s3:${name} ${objectArn}`,
    ),
  ],
  [
    "CopyObject",
    (as) => as.send(new CopyObjectCommand({ ...object, CopySource: "files/other/b%201.csv" })),
    [`s3:PutObject ${objectArn}`, `s3:GetObject ${bucketArn}/other/b 1.csv`],
  ],
  ["GetObject", (as) => as.send(new GetObjectCommand(object)), [`s3:GetObject ${objectArn}`]],
  ["HeadObject", (as) => as.send(new HeadObjectCommand(object)), [`s3:GetObject ${objectArn}`]],
  [
    "GetObject of a version",
    (as) => as.send(new GetObjectCommand({ ...object, VersionId: "v" })),
    [`s3:GetObjectVersion ${objectArn}`],
  ],
  ["DeleteObject", (as) => as.send(new DeleteObjectCommand(object)), [`s3:DeleteObject ${objectArn}`]],
  [
    "DeleteObject of a version under governance",
    (as) => as.send(new DeleteObjectCommand({ ...object, VersionId: "v", BypassGovernanceRetention: true })),
    [`s3:DeleteObjectVersion ${objectArn}`, `s3:BypassGovernanceRetention ${objectArn}`],
  ],
  [
    "DeleteObjects",
    (as) =>
      as.send(
        new DeleteObjectsCommand({
          ...inBucket,
          Delete: { Objects: [{ Key: "a" }, { Key: "b", VersionId: "v" }] },
        }),
      ),
    [`s3:DeleteObject ${bucketArn}/a`, `s3:DeleteObjectVersion ${bucketArn}/b`],
  ],
  [
    "CreateMultipartUpload",
    (as) => as.send(new CreateMultipartUploadCommand({ ...object, Tagging: "a=b" })),
    [`s3:PutObject ${objectArn}`, `s3:PutObjectTagging ${objectArn}`],
  ],
  [
    "UploadPart",
    (as) => as.send(new UploadPartCommand({ ...upload, PartNumber: 1, Body: "a" })),
    [`s3:PutObject ${objectArn}`],
  ],
  [
    "CompleteMultipartUpload",
    (as) => as.send(new CompleteMultipartUploadCommand(upload)),
    [`s3:PutObject ${objectArn}`],
  ],
  [
    "AbortMultipartUpload",
    (as) => as.send(new AbortMultipartUploadCommand(upload)),
    [`s3:AbortMultipartUpload ${objectArn}`],
  ],
  ["ListParts", (as) => as.send(new ListPartsCommand(upload)), [`s3:ListMultipartUploadParts ${objectArn}`]],
  [
    "GetObjectRetention",
    (as) => as.send(new GetObjectRetentionCommand(object)),
    [`s3:GetObjectRetention ${objectArn}`],
  ],
  [
    "PutObjectRetention under governance",
    (as) =>
      as.send(
        new PutObjectRetentionCommand({
          ...{ ...object, BypassGovernanceRetention: true },
          Retention: { Mode: "GOVERNANCE", RetainUntilDate: until },
        }),
      ),
    [`s3:PutObjectRetention ${objectArn}`, `s3:BypassGovernanceRetention ${objectArn}`],
  ],
  [
    "PutObjectLegalHold",
    (as) => as.send(new PutObjectLegalHoldCommand({ ...object, LegalHold: { Status: "OFF" } })),
    [`s3:PutObjectLegalHold ${objectArn}`],
  ],
])("S3 asks about %s", async (_, send, requests) => {
  expect(await askedAbout(send(s3("everything")))).toEqual(requests);
});

test.each<[string, (as: SNSClient) => Promise<unknown>, string]>([
  ["Publish", (as) => as.send(new PublishCommand({ TopicArn: topicArn, Message: "m" })), topicArn],
  ["Publish", (as) => as.send(new PublishCommand({ TargetArn: topicArn, Message: "m" })), topicArn],
  [
    "Publish",
    (as) =>
      as.send(
        new PublishBatchCommand({
          TopicArn: topicArn,
          PublishBatchRequestEntries: [{ Id: "1", Message: "m" }],
        }),
      ),
    topicArn,
  ],
  [
    "Subscribe",
    (as) => as.send(new SubscribeCommand({ TopicArn: topicArn, Protocol: "sqs", Endpoint: "e" })),
    topicArn,
  ],
  ["Unsubscribe", (as) => as.send(new UnsubscribeCommand({ SubscriptionArn: `${topicArn}:1` })), "*"],
  [
    "ListSubscriptionsByTopic",
    (as) => as.send(new ListSubscriptionsByTopicCommand({ TopicArn: topicArn })),
    topicArn,
  ],
  ["ListTopics", (as) => as.send(new ListTopicsCommand()), "*"],
])("SNS asks about %s", async (action, send, arn) => {
  expect(await askedAbout(send(sns("everything")))).toEqual([`sns:${action} ${arn}`]);
});
