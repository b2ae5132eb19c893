import {
  getLocalCryptographicMaterialsCache,
  NodeCachingMaterialsManager,
} from "@aws-crypto/caching-materials-manager-node";
import { buildDecrypt } from "@aws-crypto/decrypt-node";
import { CommitmentPolicy } from "@aws-crypto/material-management-node";
import { DecryptCommand, type DecryptCommandInput, type KMSClient } from "@aws-sdk/client-kms";
import type { ParsedCard } from "#core/cards/card.ts";
import { CardUnreadable } from "#core/cards/card-unreadable.ts";
import type { CardTokenId } from "#core/cards/token.ts";
import type { Book } from "#core/ledger/account.ts";
import { reachKeys } from "../kms/client.ts";
import { KeysUnavailable } from "../kms/errors.ts";
import { readPlaintext } from "./card-envelope.ts";
import { dataKeyAgeMsMax, type KeyCalls, vaultKeyring } from "./vault-keyring.ts";

/** Data keys that are kept at the same time: a card each at worst, a thousand cards each at best. */
const dataKeysMax = 1_000;

/** The opening half: needs `kms:Decrypt`, cannot seal anything. */
export class CardOpener {
  readonly #materials: NodeCachingMaterialsManager;
  readonly #decrypt = buildDecrypt({
    commitmentPolicy: CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT,
    maxEncryptedDataKeys: 1,
  }).decrypt;

  constructor(kms: KMSClient, keyArn: string) {
    const decrypt = (input: DecryptCommandInput) => reachKeys(kms.send(new DecryptCommand(input)));
    this.#materials = new NodeCachingMaterialsManager({
      // The cast: the SDK's types were not written for exactOptionalPropertyTypes.
      backingMaterials: vaultKeyring(keyArn, { decrypt } as KeyCalls),
      cache: getLocalCryptographicMaterialsCache(dataKeysMax),
      maxAge: dataKeyAgeMsMax,
    });
  }

  /** @throws CardUnreadable, KeysUnavailable. */
  async open(book: Book, token: CardTokenId, sealed: Uint8Array): Promise<ParsedCard> {
    const { plaintext, messageHeader } = await this.#decrypt(this.#materials, sealed).catch((error) => {
      throw isKeyFailure(error)
        ? new KeysUnavailable(`the data key of ${token} could not be had`, { cause: error })
        : new CardUnreadable(`${token} does not open`, { cause: error });
    });
    return readPlaintext(plaintext, messageHeader.encryptionContext, { book, token });
  }
}

/** The keyring reports what its key calls threw as text only, inside a plain Error. */
const isKeyFailure = (error: unknown): boolean =>
  error instanceof Error && error.message.includes(KeysUnavailable.name);
