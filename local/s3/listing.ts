import type { Bucket } from "./bucket.ts";
import { elements } from "./refusal.ts";
import type { Version } from "./version.ts";
import { document } from "./xml.ts";

const pageMax = 1_000;

interface Page<Item> {
  readonly items: readonly Item[];
  readonly prefixes: readonly string[];
  /** Where the next page begins, undefined after the last one. */
  readonly next: Item | undefined;
}

/** ListObjectsV2: what is there now, a page at a time. */
export function listObjects(bucket: Bucket, query: URLSearchParams): string {
  const prefix = query.get("prefix") ?? "";
  const start = query.get("continuation-token") ?? "";
  const startAfter = start === "" ? (query.get("start-after") ?? "") : "";
  const current = [...bucket.versions(prefix)].filter(
    (candidate, n, all) => candidate.content !== undefined && all[n - 1]?.key !== candidate.key,
  );
  const wanted = current.filter(
    ({ key }) =>
      !isBefore(key, Buffer.from(start, "base64").toString()) &&
      (startAfter === "" || isBefore(startAfter, key)),
  );
  const page = pageOf(wanted, query, prefix);
  const contents = page.items.map(
    ({ key, writtenAt, content }) =>
      `<Contents>${elements({
        Key: key,
        LastModified: new Date(writtenAt).toISOString(),
        ETag: content?.etag ?? "",
        Size: content?.bytes ?? 0,
        StorageClass: "STANDARD",
      })}</Contents>`,
  );
  const token =
    page.next === undefined ? {} : { NextContinuationToken: Buffer.from(page.next.key).toString("base64") };
  return document("ListBucketResult", [
    elements({
      Name: bucket.plan.name,
      Prefix: prefix,
      KeyCount: page.items.length + page.prefixes.length,
      MaxKeys: pageSize(query),
      IsTruncated: page.next !== undefined,
      ...token,
    }),
    ...contents,
    ...page.prefixes.map((common) => `<CommonPrefixes>${elements({ Prefix: common })}</CommonPrefixes>`),
  ]);
}

/** ListObjectVersions: every version, deletions too, a page at a time. */
export function listVersions(bucket: Bucket, query: URLSearchParams): string {
  const prefix = query.get("prefix") ?? "";
  const all = [...bucket.versions(prefix)];
  const [keyMarker, idMarker] = [query.get("key-marker") ?? "", query.get("version-id-marker")];
  const marked = all.findIndex(({ key, id }) => key === keyMarker && id === idMarker);
  const rest =
    marked === -1
      ? all.filter(({ key }) => keyMarker === "" || isBefore(keyMarker, key))
      : all.slice(marked + 1);
  const page = pageOf(rest, query, prefix);
  const last = page.items.at(-1);
  const shown = page.items.map((item) => {
    const element = item.content === undefined ? "DeleteMarker" : "Version";
    const isLatest = bucket.find(item.key)?.id === item.id;
    const content = item.content === undefined ? {} : { ETag: item.content.etag, Size: item.content.bytes };
    const common = { Key: item.key, VersionId: item.id, IsLatest: isLatest };
    const fields = { ...common, LastModified: new Date(item.writtenAt).toISOString(), ...content };
    return `<${element}>${elements(fields)}</${element}>`;
  });
  return document("ListVersionsResult", [
    elements({
      Name: bucket.plan.name,
      Prefix: prefix,
      MaxKeys: pageSize(query),
      IsTruncated: page.next !== undefined,
      ...(page.next !== undefined && last && { NextKeyMarker: last.key, NextVersionIdMarker: last.id }),
    }),
    ...shown,
    ...page.prefixes.map((common) => `<CommonPrefixes>${elements({ Prefix: common })}</CommonPrefixes>`),
  ]);
}

function pageOf(wanted: readonly Version[], query: URLSearchParams, prefix: string): Page<Version> {
  const delimiter = query.get("delimiter") ?? "";
  const size = pageSize(query);
  const items: Version[] = [];
  const prefixes = new Set<string>();
  for (const candidate of wanted) {
    const end = delimiter === "" ? -1 : candidate.key.indexOf(delimiter, prefix.length);
    const common = end === -1 ? undefined : candidate.key.slice(0, end + delimiter.length);
    if (common !== undefined && prefixes.has(common)) continue;
    if (items.length + prefixes.size === size) return { items, prefixes: [...prefixes], next: candidate };
    if (common === undefined) items.push(candidate);
    else prefixes.add(common);
  }
  return { items, prefixes: [...prefixes], next: undefined };
}

const pageSize = (query: URLSearchParams): number =>
  Math.min(pageMax, Math.max(0, Number(query.get("max-keys") ?? pageMax) || 0));

const isBefore = (one: string, other: string): boolean =>
  Buffer.compare(Buffer.from(one), Buffer.from(other)) < 0;
