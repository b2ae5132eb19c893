import type { AwsAnswer, FilePart } from "../door/engine.ts";
import { S3Refusal } from "./refusal.ts";
import {
  deleted,
  etagListed,
  preconditionFailed,
  type Request,
  versionHeader,
  versionOf,
} from "./request.ts";
import type { Version } from "./version.ts";

type Headers = Readonly<Record<string, string>>;

/** GetObject and HeadObject: the whole or a range of it, if it is as the reader expects. */
export function getObject(request: Request): AwsAnswer {
  const { call, bucket, query } = request;
  const found = versionOf(request);
  const { content } = found;
  if (content === undefined) throw deleted(bucket, found, query.has("versionId"));
  const common = {
    etag: content.etag,
    "last-modified": new Date(found.writtenAt).toUTCString(),
    ...versionHeader(bucket, found),
  };
  if (!isWanted(call.headers, content.etag, found.writtenAt)) {
    return { statusCode: 304, headers: common, body: "" };
  }
  const { range } = call.headers;
  const wantsChecksum =
    call.headers["x-amz-checksum-mode"]?.toUpperCase() === "ENABLED" && range === undefined;
  const kept = Object.entries(content.headers).filter(
    ([name]) => wantsChecksum || !name.startsWith("x-amz-checksum-"),
  );
  const headers = {
    ...Object.fromEntries(kept),
    ...common,
    "accept-ranges": "bytes",
    ...lockHeaders(found),
    ...(found.replication !== undefined && { "x-amz-replication-status": found.replication }),
  };
  const whole = { path: bucket.fileOf(found), start: 0, bytes: content.bytes };
  return range === undefined
    ? { statusCode: 200, headers, body: "", file: whole }
    : ranged(range, headers, whole);
}

/**
 * False when the reader has it already. Entity tags go before times, as in HTTP.
 * @throws S3Refusal when it is not what the reader expects.
 */
function isWanted(headers: Headers, etag: string, writtenAt: number): boolean {
  const { "if-match": ifMatch, "if-none-match": ifNoneMatch } = headers;
  if (ifMatch !== undefined) {
    if (!etagListed(ifMatch, etag)) throw preconditionFailed("If-Match");
  } else if (writtenAt >= secondAfter(headers["if-unmodified-since"])) {
    throw preconditionFailed("If-Unmodified-Since");
  }
  if (ifNoneMatch !== undefined) return !etagListed(ifNoneMatch, etag);
  const since = headers["if-modified-since"];
  return since === undefined || writtenAt >= secondAfter(since);
}

/** HTTP knows seconds: something is modified after a time when it is in a later second. */
function secondAfter(httpDate: string | undefined): number {
  const at = Date.parse(httpDate ?? "");
  return Number.isNaN(at) ? Number.POSITIVE_INFINITY : at + 1_000;
}

const lockHeaders = ({ lock }: Version): Headers => ({
  ...(lock.mode !== undefined && { "x-amz-object-lock-mode": lock.mode }),
  ...(lock.retainUntil !== undefined && {
    "x-amz-object-lock-retain-until-date": new Date(lock.retainUntil).toISOString(),
  }),
  ...(lock.legalHold && { "x-amz-object-lock-legal-hold": "ON" }),
});

/** One range; S3 knows no more. A range that is none of bytes is passed over. */
function ranged(range: string, headers: Headers, whole: FilePart): AwsAnswer {
  const { path, bytes } = whole;
  const [, first = "", last = ""] = /^bytes=(\d*)-(\d*)$/.exec(range) ?? [];
  if (first === "" && last === "") return { statusCode: 200, headers, body: "", file: whole };
  const start = first === "" ? Math.max(0, bytes - Number(last)) : Number(first);
  const end = first === "" || last === "" ? bytes - 1 : Math.min(Number(last), bytes - 1);
  if (start > end) throw new S3Refusal("InvalidRange", "The requested range is not satisfiable");
  const contentRange = `bytes ${start}-${end}/${bytes}`;
  return {
    statusCode: 206,
    headers: { ...headers, "content-range": contentRange },
    body: "",
    file: { path, start, bytes: end + 1 - start },
  };
}
