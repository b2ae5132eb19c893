import type { KeyObject } from "node:crypto";
import type { KMSClient } from "@aws-sdk/client-kms";
import type { Book } from "#core/ledger/account.ts";
import { deriveKey } from "../kms/derived-key.ts";

/** Merchants whose keys are kept in memory at the same time; beyond them, the oldest goes. */
const merchantsMax = 500;

/** With another version every card would get another fingerprint: merchants that compare them would be told first. */
const keyVersion = 1;

/**
 * Each merchant's own key for digests of cards: a MAC that KMS makes of the merchant's name, so that nothing is stored
 * and nobody without the right to that KMS key can compute it. One call per process and merchant; a card costs none.
 */
export class MerchantKeys {
  readonly #kms: KMSClient;
  readonly #keyArn: string;
  readonly #keys = new Map<Book, Promise<KeyObject>>();

  /** `keyArn` names a key of spec HMAC_256. */
  constructor(kms: KMSClient, keyArn: string) {
    this.#kms = kms;
    this.#keyArn = keyArn;
  }

  /** @throws KeysUnavailable. */
  of(book: Book): Promise<KeyObject> {
    const known = this.#keys.get(book);
    if (known !== undefined) return known;
    const [oldest] = this.#keys.keys();
    if (this.#keys.size >= merchantsMax && oldest !== undefined) this.#keys.delete(oldest);
    const asked = deriveKey(this.#kms, this.#keyArn, `card-fingerprint:${book}:${keyVersion}`);
    this.#keys.set(book, asked);
    // A failure is not remembered: the next card asks again.
    asked.catch(() => this.#keys.delete(book));
    return asked;
  }
}
