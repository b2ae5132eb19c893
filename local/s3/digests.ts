import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import type { Pieces } from "./pieces.ts";

type Digest = (body: Pieces) => Buffer;

const hashed =
  (algorithm: string): Digest =>
  (body) => {
    const hash = createHash(algorithm);
    for (const piece of body) hash.update(piece);
    return hash.digest();
  };

/** The checksums that are computed here, by the names that S3's headers end with. Others are passed over. */
export const digests: Readonly<Record<string, Digest>> = {
  crc32: (body) => {
    let sum = 0;
    for (const piece of body) sum = crc32(piece, sum);
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(sum);
    return bytes;
  },
  sha1: hashed("sha1"),
  sha256: hashed("sha256"),
};

export const md5 = hashed("md5");

export const etagOf = (body: Pieces): string => `"${md5(body).toString("hex")}"`;

/** Of an object that was put together: of the parts' own entity tags, with their number. */
export function etagOfParts(etags: readonly string[]): string {
  const each = etags.map((etag) => Buffer.from(etag.replaceAll('"', ""), "hex"));
  return `"${md5(each).toString("hex")}-${etags.length}"`;
}
