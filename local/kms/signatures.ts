import { createPublicKey, sign, verify } from "node:crypto";
import { KmsException } from "./exception.ts";
import type { Key } from "./key.ts";

const digest = "sha256";
/** Of P-256, and no other: what a key signs with follows from its curve. */
export const signingAlgorithm = "ECDSA_SHA_256";

/** @returns the signature as KMS gives it: DER (ANSI X9.62). */
export function signWith(key: Key, algorithm: string, message: Buffer): Buffer {
  mustBe(algorithm, key);
  return sign(digest, message, key.material);
}

export function isSignedWith(key: Key, algorithm: string, message: Buffer, signature: Buffer): boolean {
  mustBe(algorithm, key);
  return verify(digest, message, createPublicKey(key.material), signature);
}

/** The half that everybody may know: DER, as X.509 has it (SubjectPublicKeyInfo). */
export const publicHalfOf = ({ material }: Key): Buffer =>
  createPublicKey(material).export({ format: "der", type: "spki" });

function mustBe(algorithm: string, { spec }: Key): void {
  if (algorithm !== signingAlgorithm)
    throw new KmsException(
      "InvalidKeyUsageException",
      `Algorithm ${algorithm} is incompatible with key spec ${spec}.`,
    );
}
