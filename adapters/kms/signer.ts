import { createPublicKey, type KeyObject } from "node:crypto";
import { GetPublicKeyCommand, type KMSClient, SignCommand } from "@aws-sdk/client-kms";
import { invariant } from "#core/kernel/invariant.ts";
import { reachKeys } from "./client.ts";

export const signingAlgorithm = "ECDSA_SHA_256";

/** Signs with a key that never leaves KMS, of spec ECC_NIST_P256. */
export class Signer {
  readonly #kms: Pick<KMSClient, "send">;
  readonly keyArn: string;

  constructor(kms: Pick<KMSClient, "send">, keyArn: string) {
    this.#kms = kms;
    this.keyArn = keyArn;
  }

  /** @returns the signature in DER. @throws KeysUnavailable. */
  async sign(message: Uint8Array): Promise<Uint8Array> {
    const { Signature } = await reachKeys(
      this.#kms.send(
        new SignCommand({
          ...{ KeyId: this.keyArn, SigningAlgorithm: signingAlgorithm },
          ...{ MessageType: "RAW", Message: message },
        }),
      ),
    );
    invariant(Signature !== undefined, "Sign answers with a signature");
    return Signature;
  }

  /** The half that everybody may know. @throws KeysUnavailable. */
  async publicKey(): Promise<KeyObject> {
    const { PublicKey } = await reachKeys(this.#kms.send(new GetPublicKeyCommand({ KeyId: this.keyArn })));
    invariant(PublicKey !== undefined, "GetPublicKey answers with a key");
    return createPublicKey({ key: Buffer.from(PublicKey), format: "der", type: "spki" });
  }
}
