import { z } from "zod";
import type { AwsAnswer } from "../door/engine.ts";
import type { Bucket } from "./bucket.ts";
import { digests, etagOfParts } from "./digests.ts";
import { elements, S3Refusal } from "./refusal.ts";
import {
  causeOf,
  checksumElements,
  checkWriteConditions,
  etagListed,
  notImplemented,
  type Request,
  versionHeader,
} from "./request.ts";
import { keptHeadersIn, uploadIn } from "./upload.ts";
import type { Part, Upload } from "./uploads.ts";
import { lockOf } from "./writes.ts";
import { document, documentIn, listed, xml } from "./xml.ts";

/** Every part but the last is at least this large. Source:
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html */
const partBytesMin = 5 * 1024 * 1024;
const partsMax = 10_000;
const pageMax = 1_000;

const partNumber = z.coerce.number().int().min(1).max(partsMax);
const completion = z.object({
  CompleteMultipartUpload: z.object({
    Part: z.preprocess(
      listed,
      z
        .array(z.object({ PartNumber: partNumber, ETag: z.string() }))
        .min(1)
        .max(partsMax),
    ),
  }),
});

/** CreateMultipartUpload: what the object will be, before there is any of it. */
export function createUpload(request: Request): AwsAnswer {
  const { call, bucket, key } = request;
  const algorithm = call.headers["x-amz-checksum-algorithm"];
  const lock = lockOf(request);
  const upload = bucket.uploads.open({
    key,
    headers: keptHeadersIn(call.headers),
    ...(lock !== undefined && { lock }),
    ...(algorithm !== undefined && { algorithm: algorithm.toLowerCase() }),
    isComposite: call.headers["x-amz-checksum-type"] !== "FULL_OBJECT",
  });
  const fields = { Bucket: bucket.plan.name, Key: key, UploadId: upload.id };
  return xml(document("InitiateMultipartUploadResult", [elements(fields)]), {
    ...(algorithm !== undefined && { "x-amz-checksum-algorithm": algorithm }),
  });
}

/** UploadPart. A part of the same number is replaced. */
export function uploadPart(request: Request): AwsAnswer {
  const { call, bucket, query } = request;
  const upload = uploadOf(request);
  if (call.headers["x-amz-copy-source"] !== undefined) throw notImplemented("UploadPartCopy");
  const number = partNumber.safeParse(query.get("partNumber"));
  if (!number.success) {
    throw new S3Refusal("InvalidArgument", "Part number must be an integer between 1 and 10000, inclusive");
  }
  const { body, headers } = uploadIn(call);
  const { etag } = bucket.uploads.put(upload, number.data, body);
  const checked = Object.entries(headers).filter(([name]) => name.startsWith("x-amz-checksum-"));
  return { statusCode: 200, headers: { etag, ...Object.fromEntries(checked) }, body: "" };
}

/** CompleteMultipartUpload: the named parts become the object, and the others are gone. */
export function completeUpload(request: Request): AwsAnswer {
  const { call, bucket, key } = request;
  const upload = uploadOf(request);
  const named = documentIn(call.body, completion).CompleteMultipartUpload.Part;
  const parts = partsOf(upload, named);
  checkWriteConditions(request);
  const written = bucket.write({
    key,
    body: bucket.uploads.pieces(parts),
    etag: etagOfParts(parts.map(({ etag }) => etag)),
    headers: { ...upload.headers, ...checksumOf(bucket, upload, parts) },
    lock: upload.lock,
    event: "ObjectCreated:CompleteMultipartUpload",
    cause: causeOf(request),
  });
  bucket.uploads.end(upload);
  const fields = {
    Location: `https://${bucket.plan.name}.s3.amazonaws.com/${encodeURIComponent(key)}`,
    ...{ Bucket: bucket.plan.name, Key: key, ETag: written.content?.etag ?? "" },
    ...checksumElements(written),
  };
  return xml(document("CompleteMultipartUploadResult", [elements(fields)]), versionHeader(bucket, written));
}

/** AbortMultipartUpload. */
export function abortUpload(request: Request): AwsAnswer {
  request.bucket.uploads.end(uploadOf(request));
  return { statusCode: 204, headers: {}, body: "" };
}

/** ListParts, in the order of their numbers, a page at a time. */
export function listParts(request: Request): AwsAnswer {
  const { bucket, key, query } = request;
  const upload = uploadOf(request);
  const after = Number(query.get("part-number-marker") ?? 0);
  const size = Math.min(pageMax, Number(query.get("max-parts") ?? pageMax));
  const rest = [...upload.parts.values()]
    .filter(({ number }) => number > after)
    .sort((one, other) => one.number - other.number);
  const page = rest.slice(0, size);
  const shown = page.map(({ number, etag, bytes, at }) => {
    const fields = { PartNumber: number, LastModified: new Date(at).toISOString(), ETag: etag, Size: bytes };
    return `<Part>${elements(fields)}</Part>`;
  });
  const head = {
    ...{ Bucket: bucket.plan.name, Key: key, UploadId: upload.id, PartNumberMarker: after },
    ...{ MaxParts: size, IsTruncated: rest.length > page.length },
    ...(rest.length > page.length && { NextPartNumberMarker: page.at(-1)?.number ?? after }),
  };
  return xml(document("ListPartsResult", [elements(head), ...shown]));
}

/** ListMultipartUploads: those under way, by key. */
export function listUploads({ bucket, query }: Request): AwsAnswer {
  const prefix = query.get("prefix") ?? "";
  const shown = bucket.uploads
    .all()
    .filter(({ key }) => key.startsWith(prefix))
    .sort((one, other) => (one.key < other.key ? -1 : 1))
    .map(({ key, id, at }) => {
      const fields = { Key: key, UploadId: id, Initiated: new Date(at).toISOString() };
      return `<Upload>${elements(fields)}</Upload>`;
    });
  const head = { Bucket: bucket.plan.name, Prefix: prefix, IsTruncated: false };
  return xml(document("ListMultipartUploadsResult", [elements(head), ...shown]));
}

function uploadOf({ bucket, key, query }: Request): Upload {
  const upload = bucket.uploads.find(key, query.get("uploadId") ?? "");
  if (upload !== undefined) return upload;
  throw new S3Refusal(
    "NoSuchUpload",
    "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.",
  );
}

/** The parts that a completion names. @throws S3Refusal when they are not in order, not there or too small. */
function partsOf(
  upload: Upload,
  named: readonly { readonly PartNumber: number; readonly ETag: string }[],
): readonly Part[] {
  if (named.some(({ PartNumber }, n) => n > 0 && PartNumber <= (named[n - 1]?.PartNumber ?? 0))) {
    throw new S3Refusal(
      "InvalidPartOrder",
      "The list of parts was not in ascending order. Parts must be ordered by part number.",
    );
  }
  const parts = named.map(({ PartNumber, ETag }) => {
    const part = upload.parts.get(PartNumber);
    if (part !== undefined && etagListed(ETag, part.etag)) return part;
    throw new S3Refusal(
      "InvalidPart",
      "One or more of the specified parts could not be found. The part may not have been uploaded, or the specified entity tag may not match the part's entity tag.",
    );
  });
  if (parts.slice(0, -1).some(({ bytes }) => bytes < partBytesMin)) {
    throw new S3Refusal("EntityTooSmall", "Your proposed upload is smaller than the minimum allowed size");
  }
  return parts;
}

/** The checksum of the whole, or that of its parts' checksums with their number behind it. */
function checksumOf(
  { uploads }: Bucket,
  { algorithm = "", isComposite }: Upload,
  parts: readonly Part[],
): Record<string, string> {
  const digest = digests[algorithm];
  if (digest === undefined) return {};
  const value = isComposite
    ? `${digest(parts.map((part) => digest(uploads.pieces([part])))).toString("base64")}-${parts.length}`
    : digest(uploads.pieces(parts)).toString("base64");
  return {
    [`x-amz-checksum-${algorithm}`]: value,
    "x-amz-checksum-type": isComposite ? "COMPOSITE" : "FULL_OBJECT",
  };
}
