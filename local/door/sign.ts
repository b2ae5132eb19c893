import { createHash, createHmac } from "node:crypto";
import type { Credentials } from "./credentials.ts";

const signedHeaders = "content-type;host;x-amz-date";

/** A POST to `/` of an AWS API, before it is signed. */
export interface UnsignedPost {
  readonly service: string;
  readonly region: string;
  readonly host: string;
  readonly contentType: string;
  readonly body: string;
  /** Epoch milliseconds. */
  readonly now: number;
}

/** The headers that sign a call of this process by SigV4, for callers that are no SDK. */
export function signedPostHeaders(
  { accessKeyId, secretAccessKey }: Credentials,
  { service, region, host, contentType, body, now }: UnsignedPost,
): Record<string, string> {
  const stamp = new Date(now).toISOString().replace(/[-:]|\.\d{3}/g, "");
  const date = stamp.slice(0, 8);
  const headers = [`content-type:${contentType}`, `host:${host}`, `x-amz-date:${stamp}`, ""];
  const canonical = ["POST", "/", "", ...headers, signedHeaders, sha256(body)].join("\n");
  const scope = `${date}/${region}/${service}/aws4_request`;
  let key: Buffer = Buffer.from(`AWS4${secretAccessKey}`);
  for (const part of scope.split("/")) key = hmac(key, part);
  const signature = hmac(key, ["AWS4-HMAC-SHA256", stamp, scope, sha256(canonical)].join("\n")).toString(
    "hex",
  );
  return {
    host,
    "content-type": contentType,
    "x-amz-date": stamp,
    authorization: `AWS4-HMAC-SHA256 Credential=${accessKeyId}/${scope}, SignedHeaders=${signedHeaders}, Signature=${signature}`,
  };
}

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");
const hmac = (key: Buffer, text: string): Buffer => createHmac("sha256", key).update(text).digest();
