import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";

/** The checksums that are computed here, by the names that S3's headers end with. Others are passed over. */
export const digests: Readonly<Record<string, (body: Buffer) => Buffer>> = {
  crc32: (body) => {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(crc32(body));
    return bytes;
  },
  sha1: (body) => createHash("sha1").update(body).digest(),
  sha256: (body) => createHash("sha256").update(body).digest(),
};

export const md5 = (body: Buffer): Buffer => createHash("md5").update(body).digest();

export const etagOf = (body: Buffer): string => `"${md5(body).toString("hex")}"`;
