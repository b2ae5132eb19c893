import type { Notice } from "./notice.ts";
import type { EventName, NotificationPlan, Subscriber } from "./notification-plan.ts";
import type { Version } from "./version.ts";

/** Who did it, and by which request. */
export interface Cause {
  readonly requestId: string;
  /** Access key of the caller: S3 shows the id of its principal. */
  readonly principal: string;
}

/** Something that happened to an object. */
export interface Happening extends Cause {
  readonly event: EventName;
  readonly version: Version;
  /** Epoch milliseconds. */
  readonly at: number;
  /** Grows from event to event of a bucket: of two events of one key, the later one has the greater. */
  readonly sequencer: string;
}

/** Every caller is on this machine. */
const sourceIp = "127.0.0.1";

/** The JSON text that a queue, topic or function gets. Source:
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html */
export function eventRecord(plan: NotificationPlan, { id }: Subscriber, happening: Happening): string {
  const { event, version, at, sequencer, principal, requestId } = happening;
  const { content, key } = version;
  const object = {
    key: formEncoded(key),
    ...(content !== undefined && event.startsWith("ObjectCreated") && { size: content.bytes }),
    ...(etagOf(happening) !== undefined && { eTag: etagOf(happening) }),
    ...(version.id !== "null" && { versionId: version.id }),
    sequencer,
  };
  const bucket = {
    name: plan.bucket,
    ownerIdentity: { principalId: plan.account },
    arn: `arn:aws:s3:::${plan.bucket}`,
  };
  const record = {
    eventVersion: "2.1",
    eventSource: "aws:s3",
    awsRegion: plan.region,
    eventTime: new Date(at).toISOString(),
    eventName: event,
    userIdentity: { principalId: `AWS:${principal}` },
    requestParameters: { sourceIPAddress: sourceIp },
    responseElements: { "x-amz-request-id": requestId, "x-amz-id-2": requestId },
    s3: { s3SchemaVersion: "1.0", configurationId: id, bucket, object },
  };
  return JSON.stringify({ Records: [record] });
}

/** What S3 sends to a queue or a topic once, when it begins to notify it. */
export function testEvent({ bucket }: NotificationPlan, at: number, requestId: string): string {
  const Time = new Date(at).toISOString();
  const ids = { RequestId: requestId, HostId: requestId };
  return JSON.stringify({ Service: "Amazon S3", Event: "s3:TestEvent", Time, Bucket: bucket, ...ids });
}

const reasons: Readonly<Record<EventName, string>> = {
  "ObjectCreated:Put": "PutObject",
  "ObjectCreated:Copy": "CopyObject",
  "ObjectCreated:CompleteMultipartUpload": "CompleteMultipartUpload",
  "ObjectRemoved:Delete": "DeleteObject",
  "ObjectRemoved:DeleteMarkerCreated": "DeleteObject",
};

/** The event on the account's default bus. Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html */
export function busEvent(plan: NotificationPlan, happening: Happening): Pick<Notice, "body" | "busEvent"> {
  const { event, version, sequencer, requestId } = happening;
  const isCreated = event.startsWith("ObjectCreated");
  const etag = etagOf(happening);
  const object = {
    key: version.key,
    ...(isCreated && { size: version.content?.bytes ?? 0 }),
    ...(etag !== undefined && { etag }),
    ...(version.id !== "null" && { "version-id": version.id }),
    sequencer,
  };
  const detail = {
    version: "0",
    bucket: { name: plan.bucket },
    object,
    "request-id": requestId,
    requester: plan.account,
    "source-ip-address": sourceIp,
    reason: reasons[event],
    ...(!isCreated && {
      "deletion-type": event === "ObjectRemoved:Delete" ? "Permanently Deleted" : "Delete Marker Created",
    }),
  };
  return {
    body: JSON.stringify(detail),
    busEvent: {
      source: "aws.s3",
      detailType: isCreated ? "Object Created" : "Object Deleted",
      resources: [`arn:aws:s3:::${plan.bucket}`],
    },
  };
}

/** MD5 of nothing: S3 shows it for a marker that says that the object is gone. */
const emptyEtag = "d41d8cd98f00b204e9800998ecf8427e";

function etagOf({ event, version }: Happening): string | undefined {
  if (event === "ObjectRemoved:DeleteMarkerCreated") return emptyEtag;
  return event === "ObjectRemoved:Delete" ? undefined : version.content?.etag.replaceAll('"', "");
}

/** Keys in records are encoded as forms are: a space is a plus, and slashes stay. */
const formEncoded = (key: string): string =>
  encodeURIComponent(key)
    .replaceAll("%20", "+")
    .replaceAll("%2F", "/")
    .replace(/[!'()~]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
