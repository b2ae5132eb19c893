import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { contextDigest, type Key } from "./key.ts";

/**
 * The ciphertext blob of this KMS: `TSK1`, length of the key id (one byte), key id, 12-byte nonce, 16-byte tag,
 * ciphertext. As AWS's, it names its key, so that Decrypt needs no other hint, and it is opaque to its callers.
 */
const magic = Buffer.from("TSK1");
const nonceBytes = 12;
const tagBytes = 16;
const cipher = "aes-256-gcm";

type Context = Readonly<Record<string, string>>;

export function seal(key: Key, plaintext: Buffer, context: Context): Buffer {
  const id = Buffer.from(key.keyId);
  const header = Buffer.concat([magic, Buffer.of(id.length), id]);
  const nonce = randomBytes(nonceBytes);
  const encryption = createCipheriv(cipher, key.material, nonce);
  encryption.setAAD(Buffer.concat([header, contextDigest(context)]));
  const ciphertext = Buffer.concat([encryption.update(plaintext), encryption.final()]);
  return Buffer.concat([header, nonce, encryption.getAuthTag(), ciphertext]);
}

/** @returns undefined when this is no blob of this KMS. */
export function keyIdIn(blob: Buffer): string | undefined {
  if (!blob.subarray(0, magic.length).equals(magic)) return undefined;
  const start = magic.length + 1;
  const end = start + (blob[magic.length] ?? 0);
  return blob.length >= end + nonceBytes + tagBytes ? blob.toString("utf8", start, end) : undefined;
}

/** @returns undefined when the blob was changed, or sealed under another context. */
export function unseal(key: Key, blob: Buffer, context: Context): Buffer | undefined {
  const nonceAt = magic.length + 1 + Buffer.byteLength(key.keyId);
  const tagAt = nonceAt + nonceBytes;
  const decryption = createDecipheriv(cipher, key.material, blob.subarray(nonceAt, tagAt), {
    authTagLength: tagBytes,
  });
  decryption.setAAD(Buffer.concat([blob.subarray(0, nonceAt), contextDigest(context)]));
  decryption.setAuthTag(blob.subarray(tagAt, tagAt + tagBytes));
  try {
    return Buffer.concat([decryption.update(blob.subarray(tagAt + tagBytes)), decryption.final()]);
  } catch {
    // GCM says only that the tag does not match: a changed blob and another context look the same, as at AWS.
    return undefined;
  }
}
