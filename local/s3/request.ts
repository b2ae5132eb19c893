import { randomUUID } from "node:crypto";
import type { AwsCall } from "../door/engine.ts";
import type { Bucket } from "./bucket.ts";
import type { Cause } from "./event-records.ts";
import { S3Refusal } from "./refusal.ts";
import type { Version } from "./version.ts";

type Headers = Readonly<Record<string, string>>;

/** What a call names, and the call. */
export interface Request {
  readonly call: AwsCall;
  readonly bucket: Bucket;
  readonly key: string;
  readonly query: URLSearchParams;
  /** Epoch milliseconds. */
  readonly now: number;
}

/** The bucket, the object and the options that a call names. Empty where it names none. */
export interface Place {
  readonly bucket: string;
  readonly key: string;
  readonly query: URLSearchParams;
}

/** `/bucket/key?versionId=…`, encoded as a URL is. Undefined for what is no encoding. */
export function placeOf({ path: sent }: Pick<AwsCall, "path">): Place | undefined {
  const [path = "", search = ""] = sent.split("?", 2);
  const [, bucket = "", ...rest] = path.split("/");
  try {
    const key = decodeURIComponent(rest.join("/"));
    return { bucket: decodeURIComponent(bucket), key, query: new URLSearchParams(search) };
  } catch {
    return undefined;
  }
}

/** The source of a copy, of which the slashes may be encoded and the first one missing. */
export function sourcePlaceOf(header: string): Place | undefined {
  const [path = "", search = ""] = header.split("?", 2);
  const slashed = path.replaceAll(/%2f/gi, "/").replace(/^\/?/, "/");
  return placeOf({ path: search === "" ? slashed : `${slashed}?${search}` });
}

export const causeOf = ({ call }: Request): Cause => ({
  requestId: randomUUID(),
  principal: call.caller.accessKeyId,
});

/** The version that a call names, or the latest. @throws S3Refusal when there is none. */
export function versionOf({ bucket, key, query }: Pick<Request, "bucket" | "key" | "query">): Version {
  const id = query.get("versionId") ?? undefined;
  const found = bucket.find(key, id);
  if (found !== undefined) return found;
  throw id === undefined
    ? noSuchKey()
    : new S3Refusal("NoSuchVersion", "The specified version does not exist.");
}

const noSuchKey = (headers: Headers = {}): S3Refusal =>
  new S3Refusal("NoSuchKey", "The specified key does not exist.", headers);
export const notImplemented = (action: string): S3Refusal =>
  new S3Refusal("NotImplemented", `The local S3 does not know ${action}.`);
export const preconditionFailed = (condition: string): S3Refusal =>
  new S3Refusal(
    "PreconditionFailed",
    `At least one of the pre-conditions you specified did not hold: ${condition}`,
  );
export const protectedByLock = (): S3Refusal =>
  new S3Refusal("AccessDenied", "Access Denied because object protected by object lock.");

/** The latest version says that there is nothing; asked for by its id, it cannot be read. */
export function deleted(bucket: Bucket, marker: Version, isByVersion: boolean): S3Refusal {
  const headers = { "x-amz-delete-marker": "true", ...versionHeader(bucket, marker) };
  if (!isByVersion) return noSuchKey(headers);
  return new S3Refusal(
    "MethodNotAllowed",
    "The specified method is not allowed against this resource.",
    headers,
  );
}

export const bypasses = ({ headers }: AwsCall): boolean =>
  headers["x-amz-bypass-governance-retention"]?.toLowerCase() === "true";

export const versionHeader = (bucket: Bucket, { id }: Version): Headers =>
  bucket.plan.versioned ? { "x-amz-version-id": id } : {};

/** Checksums of a version, as headers. */
export const checksums = ({ content }: Version): Headers =>
  Object.fromEntries(
    Object.entries(content?.headers ?? {}).filter(([name]) => name.startsWith("x-amz-checksum-")),
  );

/** The same as elements: `ChecksumCRC32` for `x-amz-checksum-crc32`. */
export const checksumElements = (version: Version): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(checksums(version)).map(([name, value]) => {
      const kind = name.replace("x-amz-checksum-", "");
      return [kind === "type" ? "ChecksumType" : `Checksum${kind.toUpperCase()}`, value];
    }),
  );

/** True when a list of entity tags, or `*`, has this one. */
export const etagListed = (list: string, etag: string): boolean =>
  list.split(",").some((each) => {
    const wanted = each.trim().replace(/^W\//, "");
    return wanted === "*" || wanted.replaceAll('"', "") === etag.replaceAll('"', "");
  });

/** @throws S3Refusal when a write is to create and there is something, or is to change another thing than there is. */
export function checkWriteConditions({ call, bucket, key }: Request): void {
  const existing = bucket.find(key)?.content;
  const { "if-none-match": ifNoneMatch, "if-match": ifMatch } = call.headers;
  if (ifNoneMatch === "*" && existing !== undefined) throw preconditionFailed("If-None-Match");
  if (ifMatch === undefined) return;
  if (existing === undefined) throw noSuchKey();
  if (!etagListed(ifMatch, existing.etag)) throw preconditionFailed("If-Match");
}
