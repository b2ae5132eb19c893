import { createHash, createHmac, createSecretKey, type KeyObject, timingSafeEqual } from "node:crypto";
import type { Credentials } from "./credentials.ts";

/** The parts of a SigV4 `Authorization` header. */
export interface Signature {
  readonly accessKeyId: string;
  /** `yyyymmdd` of the credential scope. */
  readonly date: string;
  readonly region: string;
  /** Signing name of the service, for example `states`. */
  readonly service: string;
  /** Lower-case header names, in the order in which they were signed. */
  readonly signedHeaders: readonly string[];
  /** Lower-case hex. */
  readonly signature: string;
}

/** What was signed, as it came over the wire. */
export interface SignedRequest {
  readonly method: string;
  /** Path and query, still encoded. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

const algorithm = "AWS4-HMAC-SHA256";
const headerPattern =
  /^AWS4-HMAC-SHA256\s+Credential=([^/,\s]{1,128})\/(\d{8})\/([a-z0-9-]{1,64})\/([a-z0-9-]{1,64})\/aws4_request,\s*SignedHeaders=([a-z0-9;._-]{1,2048}),\s*Signature=([0-9a-f]{64})$/;

/** @returns undefined when the header is not a whole SigV4 authorization. */
export function parseAuthorization(header: string): Signature | undefined {
  const match = headerPattern.exec(header);
  if (match === null) return undefined;
  const [, accessKeyId = "", date = "", region = "", service = "", signedHeaders = "", signature = ""] =
    match;
  return { accessKeyId, date, region, service, signedHeaders: signedHeaders.split(";"), signature };
}

/** Signing keys depend on the day, the region and the service, so a handful serves a whole run. */
const signingKeysMax = 1_000;
const signingKeys = new Map<string, KeyObject>();

/** Recomputes the signature as AWS documents it, and compares it in constant time. */
export function isSignedBy(secretAccessKey: string, signature: Signature, request: SignedRequest): boolean {
  const expected = signatureOf(secretAccessKey, signature, request);
  return timingSafeEqual(expected, Buffer.from(signature.signature, "hex"));
}

/** The `Authorization` of a request whose headers, `x-amz-date` among them, are all there. */
export function authorizationOf(
  { accessKeyId, secretAccessKey }: Credentials,
  scope: Scope,
  request: SignedRequest,
): string {
  const { date, region, service, signedHeaders } = scope;
  const signature = signatureOf(secretAccessKey, scope, request).toString("hex");
  return `${algorithm} Credential=${accessKeyId}/${date}/${region}/${service}/aws4_request, SignedHeaders=${signedHeaders.join(";")}, Signature=${signature}`;
}

type Scope = Pick<Signature, "date" | "region" | "service" | "signedHeaders">;

function signatureOf(secretAccessKey: string, scope: Scope, request: SignedRequest): Buffer {
  const stringToSign = [
    algorithm,
    request.headers["x-amz-date"] ?? "",
    `${scope.date}/${scope.region}/${scope.service}/aws4_request`,
    sha256(canonicalRequest(scope, request)),
  ].join("\n");
  return createHmac("sha256", signingKey(secretAccessKey, scope)).update(stringToSign).digest();
}

function signingKey(secretAccessKey: string, { date, region, service }: Scope): KeyObject {
  const name = `${secretAccessKey}/${date}/${region}/${service}`;
  const known = signingKeys.get(name);
  if (known !== undefined) return known;
  let bytes = Buffer.from(`AWS4${secretAccessKey}`);
  for (const part of [date, region, service, "aws4_request"]) {
    bytes = createHmac("sha256", bytes).update(part).digest();
  }
  if (signingKeys.size >= signingKeysMax) signingKeys.clear();
  const key = createSecretKey(bytes);
  signingKeys.set(name, key);
  return key;
}

function canonicalRequest({ signedHeaders, service }: Scope, request: SignedRequest): string {
  const { method, path, headers } = request;
  const query = path.indexOf("?");
  const uri = query === -1 ? path : path.slice(0, query);
  return [
    method,
    // Every service but S3 signs the path encoded once more than it is sent.
    service === "s3" ? uri : uri.split("/").map(encode).join("/"),
    query === -1 ? "" : canonicalQuery(path.slice(query + 1)),
    ...signedHeaders.map((name) => `${name}:${(headers[name] ?? "").trim().replace(/\s+/g, " ")}`),
    "",
    signedHeaders.join(";"),
    payloadHash(service, request),
  ].join("\n");
}

/** S3 alone takes bodies that the signature does not cover; the header that says so is itself signed. */
function payloadHash(service: string, { headers, body }: SignedRequest): string {
  const declared = headers["x-amz-content-sha256"] ?? "";
  const isUncovered = declared === "UNSIGNED-PAYLOAD" || declared === "STREAMING-UNSIGNED-PAYLOAD-TRAILER";
  return service === "s3" && isUncovered ? declared : sha256(body);
}

function canonicalQuery(query: string): string {
  return [...new URLSearchParams(query)]
    .map(([name, value]) => `${encode(name)}=${encode(value)}`)
    .sort()
    .join("&");
}

/** RFC 3986 percent-encoding: `encodeURIComponent` leaves five characters that AWS encodes. */
function encode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

const sha256 = (data: string | Buffer): string => createHash("sha256").update(data).digest("hex");
