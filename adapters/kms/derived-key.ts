import { createSecretKey, type KeyObject } from "node:crypto";
import { GenerateMacCommand, type KMSClient } from "@aws-sdk/client-kms";
import { invariant } from "#core/kernel/invariant.ts";
import { reachKeys } from "./client.ts";

/**
 * A key that KMS makes of a name, always the same one: nothing is stored, and nobody without the right to the KMS key
 * (of spec HMAC_256) can compute it.
 * @throws KeysUnavailable.
 */
export async function deriveKey(kms: KMSClient, keyArn: string, name: string): Promise<KeyObject> {
  const { Mac } = await reachKeys(
    kms.send(
      new GenerateMacCommand({ KeyId: keyArn, MacAlgorithm: "HMAC_SHA_256", Message: Buffer.from(name) }),
    ),
  );
  invariant(Mac !== undefined, "GenerateMac answers with a MAC");
  return createSecretKey(Mac);
}
