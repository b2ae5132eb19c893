import type { AwsCall } from "../door/engine.ts";
import { digests, md5 } from "./digests.ts";
import { S3Refusal } from "./refusal.ts";

/** Headers of an upload that its readers get back. */
const keptHeaders = /^(content-(type|disposition|encoding|language)|cache-control|expires|x-amz-meta-.+)$/;

export interface Upload {
  readonly body: Buffer;
  readonly headers: Readonly<Record<string, string>>;
  /** True: the sender gave a digest of the body, and it is right. */
  readonly isDigested: boolean;
}

/** The object in a PutObject: without the chunks that SDKs cut streams into, its digests checked. */
export function uploadIn({ headers, body: sent }: AwsCall): Upload {
  const isChunked = headers["x-amz-content-sha256"]?.startsWith("STREAMING-") ?? false;
  const { body, trailers } = isChunked ? unchunk(sent) : { body: sent, trailers: {} };
  const all: Readonly<Record<string, string>> = { ...headers, ...trailers };
  const kept: Record<string, string> = keptHeadersIn(all);
  let isDigested = false;
  for (const [name, value] of Object.entries(all)) {
    const digest = digests[/^x-amz-checksum-(\w+)$/.exec(name)?.[1] ?? ""];
    if (digest === undefined) continue;
    if (digest([body]).toString("base64") !== value) throw badDigest(name);
    kept[name] = value;
    isDigested = true;
  }
  const sentMd5 = headers["content-md5"];
  if (sentMd5 !== undefined && md5([body]).toString("base64") !== sentMd5) throw badDigest("Content-MD5");
  return { body, headers: kept, isDigested: isDigested || sentMd5 !== undefined };
}

/** What the headers of a call say of its object. */
export function keptHeadersIn(headers: Readonly<Record<string, string>>): Record<string, string> {
  const kept = Object.fromEntries(Object.entries(headers).filter(([name]) => keptHeaders.test(name)));
  // The SDK says here how it sent the object, before how the object is.
  const encoding = kept["content-encoding"]?.replace(/^aws-chunked,?\s*/, "");
  if (encoding === "") delete kept["content-encoding"];
  else if (encoding !== undefined) kept["content-encoding"] = encoding;
  return kept;
}

const badDigest = (what: string): S3Refusal =>
  new S3Refusal("BadDigest", `The ${what} you specified did not match what we received.`);

/** `aws-chunked`: size in hex, the bytes, and so on to a chunk of none; then headers that could not be known before. */
function unchunk(sent: Buffer): { readonly body: Buffer; readonly trailers: Record<string, string> } {
  const chunks: Buffer[] = [];
  let at = 0;
  for (;;) {
    const lineEnd = sent.indexOf("\r\n", at);
    const size = Number.parseInt(sent.toString("latin1", at, lineEnd), 16);
    if (lineEnd === -1 || Number.isNaN(size))
      throw new S3Refusal("InvalidRequest", "The chunks are malformed.");
    at = lineEnd + 2;
    if (size === 0) break;
    chunks.push(sent.subarray(at, at + size));
    at += size + 2;
  }
  const trailers: Record<string, string> = {};
  for (const trailer of sent.toString("latin1", at).split("\r\n")) {
    const colon = trailer.indexOf(":");
    if (colon > 0) trailers[trailer.slice(0, colon).toLowerCase()] = trailer.slice(colon + 1).trim();
  }
  return { body: Buffer.concat(chunks), trailers };
}
