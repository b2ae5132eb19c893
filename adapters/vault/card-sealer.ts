import {
  getLocalCryptographicMaterialsCache,
  NodeCachingMaterialsManager,
} from "@aws-crypto/caching-materials-manager-node";
import { buildEncrypt } from "@aws-crypto/encrypt-node";
import { AlgorithmSuiteIdentifier, CommitmentPolicy } from "@aws-crypto/material-management-node";
import {
  GenerateDataKeyCommand,
  type GenerateDataKeyCommandInput,
  type KMSClient,
} from "@aws-sdk/client-kms";
import type { ParsedCard } from "#core/cards/card.ts";
import type { CardTokenId } from "#core/cards/token.ts";
import type { Book } from "#core/ledger/account.ts";
import { reachKeys } from "../kms/client.ts";
import { contextOf, writePlaintext } from "./card-envelope.ts";
import { dataKeyAgeMsMax, type KeyCalls, vaultKeyring } from "./vault-keyring.ts";

/** How much one data key seals at most, whatever its age: what a stolen one would open. */
const cardsPerDataKeyMax = 1_000;
const bytesPerDataKeyMax = 512 * 1_024;
/** Merchants whose data keys are kept at the same time; beyond them, the least recently used goes. */
const merchantsMax = 500;

/**
 * No signature: it protects from readers who write, and ours cannot write; ECDSA would add 0.2 KB and its time to each
 * card. The suite commits to its key, so no ciphertext opens under two.
 */
const suiteId = AlgorithmSuiteIdentifier.ALG_AES256_GCM_IV12_TAG16_HKDF_SHA512_COMMIT_KEY;

/** The sealing half: needs `kms:GenerateDataKey`, cannot open anything. Bounded reuse of data keys, per merchant. */
export class CardSealer {
  readonly #materials: NodeCachingMaterialsManager;
  readonly #encrypt = buildEncrypt({
    commitmentPolicy: CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT,
    maxEncryptedDataKeys: 1,
  }).encrypt;

  constructor(kms: KMSClient, keyArn: string) {
    const generateDataKey = (input: GenerateDataKeyCommandInput) =>
      reachKeys(kms.send(new GenerateDataKeyCommand(input)));
    this.#materials = new NodeCachingMaterialsManager({
      // The cast: the SDK's types were not written for exactOptionalPropertyTypes.
      backingMaterials: vaultKeyring(keyArn, { generateDataKey } as KeyCalls),
      cache: getLocalCryptographicMaterialsCache(merchantsMax),
      maxAge: dataKeyAgeMsMax,
      maxMessagesEncrypted: cardsPerDataKeyMax,
      maxBytesEncrypted: bytesPerDataKeyMax,
    });
  }

  /** About 440 bytes more than the card. @throws KeysUnavailable when a data key was needed and none was given. */
  async seal(book: Book, token: CardTokenId, card: ParsedCard): Promise<Uint8Array> {
    const { result } = await this.#encrypt(this.#materials, writePlaintext(token, card), {
      encryptionContext: contextOf(book),
      suiteId,
    });
    return result;
  }
}
