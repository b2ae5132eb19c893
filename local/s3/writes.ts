import type { AwsAnswer } from "../door/engine.ts";
import type { Bucket } from "./bucket.ts";
import { lockIn } from "./lock-headers.ts";
import { piecesOf } from "./pieces.ts";
import { elements, S3Refusal } from "./refusal.ts";
import {
  causeOf,
  checksumElements,
  checksums,
  checkWriteConditions,
  deleted,
  etagListed,
  preconditionFailed,
  type Request,
  sourcePlaceOf,
  versionHeader,
  versionOf,
} from "./request.ts";
import { keptHeadersIn, uploadIn } from "./upload.ts";
import type { Lock, Version } from "./version.ts";
import { document, xml } from "./xml.ts";

/** PutObject. */
export function putObject(request: Request): AwsAnswer {
  const { call, bucket, key } = request;
  checkWriteConditions(request);
  const { body, headers, isDigested } = uploadIn(call);
  const lock = lockOf(request);
  if (lock !== undefined && !isDigested) {
    throw new S3Refusal(
      "InvalidRequest",
      "Content-MD5 OR x-amz-checksum- HTTP header is required for Put Object requests with Object Lock parameters",
    );
  }
  const event = "ObjectCreated:Put";
  const written = bucket.write({ key, body: [body], headers, lock, event, cause: causeOf(request) });
  const shown = {
    etag: written.content?.etag ?? "",
    ...checksums(written),
    ...versionHeader(bucket, written),
  };
  return { statusCode: 200, headers: shown, body: "" };
}

export const lockOf = ({ call, bucket, now }: Request): Lock | undefined => lockIn(call.headers, bucket, now);

/** CopyObject: from any bucket here, with its metadata or new ones. Locks are never copied. */
export function copyObject(request: Request, bucketOf: (name: string) => Bucket): AwsAnswer {
  const { call, bucket, key } = request;
  checkWriteConditions(request);
  const source = sourceVersionOf(call.headers["x-amz-copy-source"] ?? "", bucketOf);
  const { content } = source.version;
  if (content === undefined) throw deleted(source.bucket, source.version, source.isByVersion);
  checkSourceConditions(call.headers, content.etag);
  const replaces = call.headers["x-amz-metadata-directive"] === "REPLACE";
  const isSame = source.bucket === bucket && source.version.key === key && !source.isByVersion;
  if (isSame && !replaces) {
    throw new S3Refusal(
      "InvalidRequest",
      "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, storage class, website redirect location or encryption attributes.",
    );
  }
  const body = piecesOf([source.bucket.fileOf(source.version)]);
  // A copy is written as a whole: the checksum of another's parts does not hold for it.
  const digests = Object.entries(checksums(source.version)).filter(
    ([name, value]) => name !== "x-amz-checksum-type" && !value.includes("-"),
  );
  const described = Object.entries(content.headers).filter(([name]) => !name.startsWith("x-amz-checksum-"));
  const headers = {
    ...(replaces ? keptHeadersIn(call.headers) : Object.fromEntries(described)),
    ...Object.fromEntries(digests),
  };
  const event = "ObjectCreated:Copy";
  const written = bucket.write({ key, body, headers, lock: lockOf(request), event, cause: causeOf(request) });
  const fields = {
    ETag: written.content?.etag ?? "",
    LastModified: new Date(written.writtenAt).toISOString(),
    ...checksumElements(written),
  };
  const from = versionHeader(source.bucket, source.version)["x-amz-version-id"];
  return xml(document("CopyObjectResult", [elements(fields)]), {
    ...versionHeader(bucket, written),
    ...(from !== undefined && { "x-amz-copy-source-version-id": from }),
  });
}

interface Source {
  readonly bucket: Bucket;
  readonly version: Version;
  readonly isByVersion: boolean;
}

/** @throws S3Refusal when the header names nothing that is there. */
export function sourceVersionOf(header: string, bucketOf: (name: string) => Bucket): Source {
  const place = sourcePlaceOf(header);
  if (place === undefined) {
    throw new S3Refusal(
      "InvalidArgument",
      "Copy Source must mention the source bucket and key: /sourcebucket/sourcekey",
    );
  }
  const bucket = bucketOf(place.bucket);
  const version = versionOf({ ...place, bucket });
  return { bucket, version, isByVersion: place.query.has("versionId") };
}

function checkSourceConditions(headers: Readonly<Record<string, string>>, etag: string): void {
  const ifMatch = headers["x-amz-copy-source-if-match"];
  const ifNoneMatch = headers["x-amz-copy-source-if-none-match"];
  if (ifMatch !== undefined && !etagListed(ifMatch, etag)) {
    throw preconditionFailed("x-amz-copy-source-If-Match");
  }
  if (ifNoneMatch !== undefined && etagListed(ifNoneMatch, etag)) {
    throw preconditionFailed("x-amz-copy-source-If-None-Match");
  }
}
