import { createHash, type KeyObject } from "node:crypto";

/** What a key may do, as KMS names it. */
export const keyUsages = ["ENCRYPT_DECRYPT", "GENERATE_VERIFY_MAC", "SIGN_VERIFY"] as const;
export type KeyUsage = (typeof keyUsages)[number];
export const keySpecs = [
  "SYMMETRIC_DEFAULT",
  "HMAC_224",
  "HMAC_256",
  "HMAC_384",
  "HMAC_512",
  "ECC_NIST_P256",
] as const;
export type KeySpec = (typeof keySpecs)[number];

/** A key that the estate's plan asks for. */
export interface KeyPlan {
  readonly arn: string;
  readonly description: string;
  readonly usage: KeyUsage;
  readonly spec: KeySpec;
  readonly enabled: boolean;
  /** With their `alias/` prefix. */
  readonly aliases: readonly string[];
}

/** A key with its secret, which never leaves this process except into `.local/kms.json`. */
export interface Key extends KeyPlan {
  readonly keyId: string;
  /** A KeyObject, which shows nothing when it is logged by mistake. */
  readonly material: KeyObject;
  /** Epoch milliseconds. */
  readonly createdAt: number;
}

/** Bytes of a key's secret; undefined for one of two halves, whose form has no fixed length. */
export function materialBytesOf(spec: KeySpec): number | undefined {
  switch (spec) {
    case "ECC_NIST_P256":
      return undefined;
    case "SYMMETRIC_DEFAULT":
    case "HMAC_256":
      return 32;
    case "HMAC_224":
      return 28;
    case "HMAC_384":
      return 48;
    case "HMAC_512":
      return 64;
  }
}

export const keyIdOf = (arn: string): string => arn.slice(arn.lastIndexOf("/") + 1);

/** The four ways in which a caller may name a key: id, ARN, alias, alias ARN. */
export function namesOf({ arn, aliases }: KeyPlan): readonly string[] {
  const prefix = arn.slice(0, arn.lastIndexOf(":") + 1);
  return [arn, keyIdOf(arn), ...aliases, ...aliases.map((alias) => prefix + alias)];
}

/** KMS binds the context as data, whatever the order in which its pairs were written. */
export function contextDigest(context: Readonly<Record<string, string>>): Buffer {
  const pairs = Object.entries(context).sort(([a], [b]) => (a < b ? -1 : 1));
  return createHash("sha256").update(JSON.stringify(pairs)).digest();
}
