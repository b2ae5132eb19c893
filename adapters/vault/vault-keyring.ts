import {
  AwsKmsMrkAwareSymmetricKeyringNode,
  type AwsKmsMrkAwareSymmetricKeyringNodeInput,
} from "@aws-crypto/kms-keyring-node";
import type { KeyringNode } from "@aws-crypto/material-management-node";
import { InvariantViolation } from "#core/kernel/invariant.ts";

/** How long one process may use a data key. Shorter costs calls of KMS, longer leaves the key in memory. */
export const dataKeyAgeMsMax = 5 * 60 * 1_000;

/** The calls of KMS that one half of the vault makes: a half does not even load the other's. */
export type KeyCalls = Partial<AwsKmsMrkAwareSymmetricKeyringNodeInput["client"]>;

/**
 * A keyring over one key. Aware of multi-region keys, so that a replica in the second region opens what the first one
 * sealed. `keyArn` is a whole ARN: an alias could be turned to another key.
 */
export function vaultKeyring(keyArn: string, calls: KeyCalls): KeyringNode {
  return new AwsKmsMrkAwareSymmetricKeyringNode({
    keyId: keyArn,
    client: { decrypt: notMade, encrypt: notMade, generateDataKey: notMade, ...calls },
  });
}

function notMade(): never {
  throw new InvariantViolation("this half of the vault does not make this call");
}
