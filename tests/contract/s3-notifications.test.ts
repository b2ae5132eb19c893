import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  PutObjectCommand,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import { describe, expect, test } from "vitest";
import type { Notice } from "#local/s3/notice.ts";
import { notificationPlansOf } from "#local/s3/notification-plan.ts";
import { buckets, type RunningBuckets } from "#tests/support/buckets.ts";
import { until } from "#tests/support/event-harness.ts";
import { planOf, resource } from "#tests/support/handmade-plan.ts";

const queueArn = "arn:aws:sqs:eu-west-1:123456789012:settlements";
const removedArn = "arn:aws:sqs:eu-west-1:123456789012:removed";
const lambdaFunctionArn = "arn:aws:lambda:eu-west-1:123456789012:function:reader";
const busArn = "arn:aws:events:eu-west-1:123456789012:event-bus/default";
const running = buckets({
  inbound: {
    versioned: true,
    notification: {
      queues: [
        {
          ...{ id: "Settlements", queueArn, events: ["s3:ObjectCreated:*"] },
          ...{ filterPrefix: "settlements/", filterSuffix: ".csv" },
        },
        { id: "Removed", queueArn: removedArn, events: ["s3:ObjectRemoved:*"] },
      ],
    },
  },
  plain: {
    notification: {
      eventbridge: true,
      lambdaFunctions: [{ id: "Copies", lambdaFunctionArn, events: ["s3:ObjectCreated:Copy"] }],
    },
  },
  untold: {},
});

/** What was told, in the order of its arrival; test events apart. */
function listening({ engine }: RunningBuckets, behave: () => Promise<void> = async () => undefined) {
  const all: Notice[] = [];
  engine.notify(async (notice) => {
    await behave();
    all.push(notice);
  });
  const isTest = ({ body }: Notice) => body.includes("s3:TestEvent");
  return { told: () => all.filter((each) => !isTest(each)), tests: () => all.filter(isTest) };
}
const put = (Bucket: string, Key: string, Body = "1;2") =>
  running().s3.send(new PutObjectCommand({ Bucket, Key, Body }));
const recordOf = ({ body }: Notice) => JSON.parse(body).Records[0];

test("a file that arrives is told in S3's own form, with its key encoded", async () => {
  const { told } = listening(running());
  const { VersionId } = await put("inbound", "settlements/2030 01 (a+b).csv");
  await until(() => told().length === 1, "a notice");
  expect(told().map(({ targetArn }) => targetArn)).toEqual([queueArn]);
  expect(told().map(recordOf)).toEqual([
    {
      eventVersion: "2.1",
      eventSource: "aws:s3",
      awsRegion: "eu-west-1",
      eventTime: "2030-01-01T00:00:00.000Z",
      eventName: "ObjectCreated:Put",
      userIdentity: { principalId: expect.stringMatching(/^AWS:./) },
      requestParameters: { sourceIPAddress: "127.0.0.1" },
      responseElements: { "x-amz-request-id": expect.any(String), "x-amz-id-2": expect.any(String) },
      s3: {
        s3SchemaVersion: "1.0",
        configurationId: "Settlements",
        bucket: {
          name: "inbound",
          ownerIdentity: { principalId: "123456789012" },
          arn: "arn:aws:s3:::inbound",
        },
        object: {
          key: "settlements/2030+01+%28a%2Bb%29.csv",
          size: 3,
          eTag: "efd63c6f409af55a5ff51bd940f3ec04",
          versionId: VersionId,
          sequencer: expect.stringMatching(/^[0-9A-F]{16}$/),
        },
      },
    },
  ]);
});

test("only keys with the prefix and the suffix are told, and only in a bucket that tells", async () => {
  const { told } = listening(running());
  for (const key of ["settlements/a.txt", "other/a.csv", "a.csv"]) await put("inbound", key);
  await put("untold", "settlements/a.csv");
  await put("inbound", "settlements/a.csv");
  await until(() => told().length === 1, "a notice");
  expect(told().map((notice) => recordOf(notice).s3.object.key)).toEqual(["settlements/a.csv"]);
});

test("every way by which an object comes and goes has its event", async () => {
  const { s3 } = running();
  const { told } = listening(running());
  const Key = "settlements/a.csv";
  await put("inbound", "source");
  await s3.send(new CopyObjectCommand({ Bucket: "inbound", Key, CopySource: "inbound/source" }));
  const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ Bucket: "inbound", Key }));
  const part = { Bucket: "inbound", Key, UploadId };
  const { ETag } = await s3.send(new UploadPartCommand({ ...part, PartNumber: 1, Body: "1" }));
  const MultipartUpload = { Parts: [{ PartNumber: 1, ETag }] };
  await s3.send(new CompleteMultipartUploadCommand({ ...part, MultipartUpload }));
  const marker = await s3.send(new DeleteObjectCommand({ Bucket: "inbound", Key }));
  await s3.send(new DeleteObjectCommand({ Bucket: "inbound", Key, VersionId: marker.VersionId }));
  await until(() => told().length === 4, "four notices");
  const records = told().map(recordOf);
  expect(records.map(({ eventName }) => eventName)).toEqual([
    "ObjectCreated:Copy",
    "ObjectCreated:CompleteMultipartUpload",
    "ObjectRemoved:DeleteMarkerCreated",
    "ObjectRemoved:Delete",
  ]);
  const sequencers = records.map((record) => record.s3.object.sequencer);
  expect(sequencers).toEqual([...new Set(sequencers)].sort());
  expect(records.slice(2).map((record) => record.s3.object)).toEqual([
    {
      key: Key,
      eTag: "d41d8cd98f00b204e9800998ecf8427e",
      versionId: marker.VersionId,
      sequencer: expect.any(String),
    },
    { key: Key, versionId: marker.VersionId, sequencer: expect.any(String) },
  ]);
});

test("with EventBridge on, everything goes to the default bus, and a function hears of what it asked for", async () => {
  const { told } = listening(running());
  await put("plain", "a b.csv");
  const copy = { Bucket: "plain", Key: "copy", CopySource: "plain/a%20b.csv" };
  await running().s3.send(new CopyObjectCommand(copy));
  await running().s3.send(new DeleteObjectCommand({ Bucket: "plain", Key: "copy" }));
  await until(() => told().length === 4, "four notices");
  expect(told().map(({ targetArn, busEvent }) => [targetArn, busEvent?.detailType])).toEqual([
    [busArn, "Object Created"],
    [lambdaFunctionArn, undefined],
    [busArn, "Object Created"],
    [busArn, "Object Deleted"],
  ]);
  const [created, , , removed] = told();
  expect(created?.busEvent).toMatchObject({ source: "aws.s3", resources: ["arn:aws:s3:::plain"] });
  expect(JSON.parse(created?.body ?? "")).toEqual({
    version: "0",
    bucket: { name: "plain" },
    object: {
      ...{ key: "a b.csv", size: 3, etag: "efd63c6f409af55a5ff51bd940f3ec04" },
      sequencer: expect.any(String),
    },
    "request-id": expect.any(String),
    requester: "123456789012",
    "source-ip-address": "127.0.0.1",
    reason: "PutObject",
  });
  expect(JSON.parse(removed?.body ?? "")).toMatchObject({
    reason: "DeleteObject",
    "deletion-type": "Permanently Deleted",
  });
});

test("a queue has S3's test event once, and not again after a restart", async () => {
  const first = listening(running());
  await until(() => first.tests().length === 2, "two test events");
  expect(first.tests().map(({ targetArn }) => targetArn)).toEqual([queueArn, removedArn]);
  expect(JSON.parse(first.tests()[0]?.body ?? "")).toMatchObject({
    ...{ Service: "Amazon S3", Event: "s3:TestEvent", Bucket: "inbound", Time: "2030-01-01T00:00:00.000Z" },
  });
  const second = listening(await running().restart());
  await put("inbound", "settlements/a.csv");
  await until(() => second.told().length === 1, "a notice");
  expect(second.tests()).toEqual([]);
});

test("what was not told when the process ended is told by the next one, and what was told is not", async () => {
  let isStopping = false;
  const first = listening(running(), async () => {
    if (isStopping) throw new Error("the system stops");
  });
  await put("inbound", "settlements/told.csv");
  await until(() => first.told().length === 1, "the first notice");
  isStopping = true;
  await put("inbound", "settlements/untold.csv");
  const second = listening(await running().restart());
  await until(() => second.told().length === 1, "the second notice");
  expect(second.told().map((notice) => recordOf(notice).s3.object.key)).toEqual(["settlements/untold.csv"]);
});

describe("a configuration is refused at start", () => {
  const configuration = (...queues: readonly Readonly<Record<string, unknown>>[]) =>
    planOf([resource("aws:s3/bucketNotification:BucketNotification", "N", { bucket: "b", queues })]);
  const events = ["s3:ObjectCreated:*"];

  test.each([
    ["of a FIFO queue", [{ queueArn: `${queueArn}.fifo`, events }], /FIFO/],
    [
      "of two that overlap",
      [
        { queueArn, events, filterPrefix: "a/" },
        { queueArn: removedArn, events: ["s3:ObjectCreated:Put"], filterPrefix: "a/b/" },
      ],
      /overlap/,
    ],
    ["of an unknown event", [{ queueArn, events: ["s3:ObjectRead:*"] }], /events/],
  ])("%s", (_what, queues, message) => {
    expect(() => notificationPlansOf(configuration(...queues))).toThrow(message);
  });

  test("and not of two that share no key", () => {
    const apart = configuration(
      { queueArn, events, filterPrefix: "a/" },
      { queueArn: removedArn, events, filterPrefix: "b/" },
    );
    expect(notificationPlansOf(apart)[0]?.subscribers).toHaveLength(2);
  });
});
