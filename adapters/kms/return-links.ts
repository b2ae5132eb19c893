import type { KeyObject } from "node:crypto";
import type { KMSClient } from "@aws-sdk/client-kms";
import {
  isReturnSignature,
  type Returning,
  returnPath,
  returnSignature,
} from "#core/payments/return-link.ts";
import { createKms } from "./client.ts";
import { deriveKey } from "./derived-key.ts";

/** With another version, links that customers still hold stop working. */
const keyVersion = 1;

/** Signs the links by which customers come back, and knows them again. One call to KMS per process. */
export class ReturnLinks {
  readonly #kms: KMSClient;
  readonly #keyArn: string;
  #key: Promise<KeyObject> | undefined;

  /** `keyArn` names a key of spec HMAC_256. */
  constructor(kms: KMSClient, keyArn: string) {
    this.#kms = kms;
    this.#keyArn = keyArn;
  }

  /** @throws KeysUnavailable. */
  async pathFor(returning: Returning): Promise<string> {
    return returnPath(returning, returnSignature(returning, await this.#derived()));
  }

  /** @throws KeysUnavailable. */
  async isOurs(returning: Returning, signature: string): Promise<boolean> {
    return isReturnSignature(signature, returning, await this.#derived());
  }

  #derived(): Promise<KeyObject> {
    if (this.#key !== undefined) return this.#key;
    const asked = deriveKey(this.#kms, this.#keyArn, `return-link:${keyVersion}`);
    this.#key = asked;
    // A failure is not remembered: the next customer asks again.
    asked.catch(() => {
      this.#key = undefined;
    });
    return asked;
  }
}

export const createReturnLinks = (keyArn: string): ReturnLinks => new ReturnLinks(createKms(), keyArn);
