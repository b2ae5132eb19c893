import { escapeXml } from "../door/answers.ts";
import type { AwsAnswer, AwsCall, Engine } from "../door/engine.ts";
import type { Bucket } from "./bucket.ts";
import { document, listObjects, listVersions } from "./listing.ts";
import { lockIn, retentionIn } from "./lock-headers.ts";
import { elements, S3Refusal } from "./refusal.ts";
import { uploadIn } from "./upload.ts";
import { deletionRefusedBy, retentionRefused, type Version } from "./version.ts";

/** What a call names, and the call. */
interface Request {
  readonly call: AwsCall;
  readonly bucket: Bucket;
  readonly key: string;
  readonly query: URLSearchParams;
}

/** S3's actions on buckets that the plan made, by path (`/bucket/key`). */
export class S3Engine implements Engine {
  readonly service = "s3";
  readonly #buckets: ReadonlyMap<string, Bucket>;
  readonly #clock: () => number;

  constructor(buckets: readonly Bucket[], clock: () => number) {
    this.#buckets = new Map(buckets.map((bucket) => [bucket.plan.name, bucket]));
    this.#clock = clock;
  }

  async handle(call: AwsCall): Promise<AwsAnswer> {
    try {
      return this.#act(call);
    } catch (thrown) {
      if (thrown instanceof S3Refusal) return thrown.answer();
      throw thrown;
    }
  }

  stop(): void {
    for (const bucket of this.#buckets.values()) bucket.close();
  }

  #act(call: AwsCall): AwsAnswer {
    if (call.action === "ListBuckets") {
      const listed = [...this.#buckets.keys()].map((name) => `<Bucket>${elements({ Name: name })}</Bucket>`);
      return xml(document("ListAllMyBucketsResult", [`<Buckets>${listed.join("")}</Buckets>`]));
    }
    const request = this.#request(call);
    const { bucket, query } = request;
    switch (call.action) {
      case "HeadBucket":
        return { statusCode: 200, headers: {}, body: "" };
      case "ListObjectsV2":
        return xml(listObjects(bucket, query));
      case "ListObjectVersions":
        return xml(listVersions(bucket, query));
      case "GetBucketVersioning":
        return xml(
          document("VersioningConfiguration", bucket.plan.versioned ? ["<Status>Enabled</Status>"] : []),
        );
      case "GetObjectLockConfiguration":
        return xml(lockConfiguration(bucket));
      case "PutObject":
        return this.#put(request);
      case "GetObject":
      case "HeadObject":
        return this.#get(request);
      case "DeleteObject":
        return this.#delete(request);
      default:
        return this.#actOnLock(request);
    }
  }

  #request(call: AwsCall): Request {
    const [path = "", search = ""] = call.path.split("?", 2);
    const [, name = "", ...rest] = path.split("/");
    const bucket = this.#buckets.get(name);
    if (bucket === undefined) throw new S3Refusal("NoSuchBucket", "The specified bucket does not exist");
    return { call, bucket, key: decodeURIComponent(rest.join("/")), query: new URLSearchParams(search) };
  }

  #put({ call, bucket, key }: Request): AwsAnswer {
    const current = bucket.find(key);
    const existing = current?.content;
    const { "if-none-match": ifNoneMatch, "if-match": ifMatch } = call.headers;
    if (ifNoneMatch === "*" && existing !== undefined) throw preconditionFailed("If-None-Match");
    if (ifMatch !== undefined && existing === undefined) throw noSuchKey();
    if (ifMatch !== undefined && existing?.etag !== ifMatch) throw preconditionFailed("If-Match");
    if (call.headers["x-amz-copy-source"] !== undefined) throw notImplemented("CopyObject");
    const { body, headers, isDigested } = uploadIn(call);
    const lock = lockIn(call.headers, bucket, this.#clock());
    if (lock !== undefined && !isDigested) {
      throw new S3Refusal(
        "InvalidRequest",
        "Content-MD5 OR x-amz-checksum- HTTP header is required for Put Object requests with Object Lock parameters",
      );
    }
    const written = bucket.write({ key, body, headers, lock });
    return {
      statusCode: 200,
      headers: {
        etag: written.content?.etag ?? "",
        ...checksums(written),
        ...versionHeader(bucket, written),
      },
      body: "",
    };
  }

  #get({ call, bucket, key, query }: Request): AwsAnswer {
    const found = this.#version({ bucket, key, query });
    const { content } = found;
    if (content === undefined) throw deleted(bucket, found, query.has("versionId"));
    const { "if-match": ifMatch, "if-none-match": ifNoneMatch, range } = call.headers;
    if (ifMatch !== undefined && ifMatch !== content.etag) throw preconditionFailed("If-Match");
    const common = {
      etag: content.etag,
      "last-modified": new Date(found.writtenAt).toUTCString(),
      ...versionHeader(bucket, found),
    };
    if (ifNoneMatch === content.etag) return { statusCode: 304, headers: common, body: "" };
    const { lock } = found;
    const wantsChecksum =
      call.headers["x-amz-checksum-mode"]?.toUpperCase() === "ENABLED" && range === undefined;
    const headers = {
      ...Object.fromEntries(
        Object.entries(content.headers).filter(
          ([name]) => wantsChecksum || !name.startsWith("x-amz-checksum-"),
        ),
      ),
      ...common,
      "accept-ranges": "bytes",
      ...(lock.mode !== undefined && { "x-amz-object-lock-mode": lock.mode }),
      ...(lock.retainUntil !== undefined && {
        "x-amz-object-lock-retain-until-date": new Date(lock.retainUntil).toISOString(),
      }),
      ...(lock.legalHold && { "x-amz-object-lock-legal-hold": "ON" }),
    };
    const body = bucket.read(found);
    return range === undefined ? { statusCode: 200, headers, body } : ranged(range, headers, body);
  }

  #delete({ call, bucket, key, query }: Request): AwsAnswer {
    const id = query.get("versionId");
    if (id === null) {
      const marker = bucket.delete(key);
      if (marker === undefined) return noContent({});
      return noContent({ "x-amz-delete-marker": "true", "x-amz-version-id": marker.id });
    }
    const found = bucket.find(key, id);
    // As on AWS, to delete what is not there is a success.
    if (found === undefined) return noContent({});
    if (deletionRefusedBy(found, this.#clock(), bypasses(call))) {
      throw new S3Refusal("AccessDenied", "Access Denied because object protected by object lock.");
    }
    bucket.deleteVersion(found);
    return noContent({
      "x-amz-version-id": id,
      ...(found.content === undefined && { "x-amz-delete-marker": "true" }),
    });
  }

  #actOnLock(request: Request): AwsAnswer {
    const { call, bucket } = request;
    if (
      !["GetObjectRetention", "PutObjectRetention", "GetObjectLegalHold", "PutObjectLegalHold"].includes(
        call.action,
      )
    )
      throw notImplemented(call.action);
    const found = this.#version(request);
    if (found.content === undefined) throw deleted(bucket, found, true);
    if (!bucket.plan.objectLock) {
      throw new S3Refusal("InvalidRequest", "Bucket is missing Object Lock Configuration");
    }
    const { lock } = found;
    switch (call.action) {
      case "GetObjectRetention":
        if (lock.mode === undefined || lock.retainUntil === undefined) throw noLock();
        return xml(
          document("Retention", [
            elements({ Mode: lock.mode, RetainUntilDate: new Date(lock.retainUntil).toISOString() }),
          ]),
        );
      case "GetObjectLegalHold":
        return xml(document("LegalHold", [elements({ Status: lock.legalHold ? "ON" : "OFF" })]));
      case "PutObjectLegalHold":
        bucket.setLock(found, { ...lock, legalHold: /<Status>ON<\/Status>/.test(call.body.toString()) });
        return { statusCode: 200, headers: {}, body: "" };
      default: {
        const next = retentionIn(call.body.toString(), this.#clock());
        if (retentionRefused(found, next, this.#clock(), bypasses(call))) {
          throw new S3Refusal("AccessDenied", "Access Denied because object protected by object lock.");
        }
        bucket.setLock(found, { ...next, legalHold: lock.legalHold });
        return { statusCode: 200, headers: {}, body: "" };
      }
    }
  }

  #version({ bucket, key, query }: Pick<Request, "bucket" | "key" | "query">): Version {
    const id = query.get("versionId") ?? undefined;
    const found = bucket.find(key, id);
    if (found !== undefined) return found;
    throw id === undefined
      ? noSuchKey()
      : new S3Refusal("NoSuchVersion", "The specified version does not exist.");
  }
}

const xml = (body: string): AwsAnswer => ({
  statusCode: 200,
  headers: { "content-type": "application/xml" },
  body,
});
const noContent = (headers: Readonly<Record<string, string>>): AwsAnswer => ({
  statusCode: 204,
  headers,
  body: "",
});
const noSuchKey = (): S3Refusal => new S3Refusal("NoSuchKey", "The specified key does not exist.");
const noLock = (): S3Refusal =>
  new S3Refusal(
    "NoSuchObjectLockConfiguration",
    "The specified object does not have a ObjectLock configuration",
  );
const notImplemented = (action: string): S3Refusal =>
  new S3Refusal("NotImplemented", `The local S3 does not know ${action}.`);
const preconditionFailed = (condition: string): S3Refusal =>
  new S3Refusal(
    "PreconditionFailed",
    `At least one of the pre-conditions you specified did not hold: ${condition}`,
  );

/** The latest version says that there is nothing; asked for by its id, it cannot be read. */
function deleted(bucket: Bucket, marker: Version, isByVersion: boolean): S3Refusal {
  const headers = { "x-amz-delete-marker": "true", ...versionHeader(bucket, marker) };
  return isByVersion
    ? new S3Refusal("MethodNotAllowed", "The specified method is not allowed against this resource.", headers)
    : new S3Refusal("NoSuchKey", "The specified key does not exist.", headers);
}

const bypasses = ({ headers }: AwsCall): boolean =>
  headers["x-amz-bypass-governance-retention"]?.toLowerCase() === "true";

const versionHeader = (bucket: Bucket, { id }: Version): Readonly<Record<string, string>> =>
  bucket.plan.versioned ? { "x-amz-version-id": id } : {};

const checksums = ({ content }: Version): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(content?.headers ?? {}).filter(([name]) => name.startsWith("x-amz-checksum-")),
  );

/** One range; S3 knows no more. A range that is none of bytes is passed over. */
function ranged(range: string, headers: Readonly<Record<string, string>>, body: Buffer): AwsAnswer {
  const [, first = "", last = ""] = /^bytes=(\d*)-(\d*)$/.exec(range) ?? [];
  if (first === "" && last === "") return { statusCode: 200, headers, body };
  const start = first === "" ? Math.max(0, body.length - Number(last)) : Number(first);
  const end = first === "" || last === "" ? body.length - 1 : Math.min(Number(last), body.length - 1);
  if (start > end) throw new S3Refusal("InvalidRange", "The requested range is not satisfiable");
  const contentRange = `bytes ${start}-${end}/${body.length}`;
  return {
    statusCode: 206,
    headers: { ...headers, "content-range": contentRange },
    body: body.subarray(start, end + 1),
  };
}

function lockConfiguration({ plan }: Bucket): string {
  if (!plan.objectLock) {
    throw new S3Refusal(
      "ObjectLockConfigurationNotFoundError",
      "Object Lock configuration does not exist for this bucket",
    );
  }
  const { mode, days, years } = plan.defaultRetention ?? {};
  const period = days === undefined ? `<Years>${years}</Years>` : `<Days>${days}</Days>`;
  const rule =
    mode === undefined
      ? ""
      : `<Rule><DefaultRetention><Mode>${escapeXml(mode)}</Mode>${period}</DefaultRetention></Rule>`;
  return document("ObjectLockConfiguration", [`<ObjectLockEnabled>Enabled</ObjectLockEnabled>${rule}`]);
}
