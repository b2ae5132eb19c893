import { randomBytes } from "node:crypto";
import {
  ConditionalCheckFailedException,
  type DynamoDBClient,
  PutItemCommand,
} from "@aws-sdk/client-dynamodb";
import type { KMSClient } from "@aws-sdk/client-kms";
import { marshall, unmarshall } from "@aws-sdk/util-dynamodb";
import { brandOf } from "#core/cards/brands.ts";
import type { ParsedCard } from "#core/cards/card.ts";
import { fingerprintOf, requestDigestOf } from "#core/cards/digests.ts";
import { binOf, last4Of } from "#core/cards/pan.ts";
import { type CardToken, derivedCardTokenId, randomCardTokenId } from "#core/cards/token.ts";
import { invariant } from "#core/kernel/invariant.ts";
import type { Book } from "#core/ledger/account.ts";
import { reach } from "../dynamodb/client.ts";
import { createKms } from "../kms/client.ts";
import { type CardItem, cardKey, publicPart, tokenFrom } from "./card-item.ts";
import { CardSealer } from "./card-sealer.ts";
import { MerchantKeys } from "./merchant-keys.ts";

export interface Tokenization {
  readonly book: Book;
  /** Without its cvc, which the vault never sees. */
  readonly card: ParsedCard;
  /** The same key is the same token for ever. Without one, each call makes another token. */
  readonly idempotencyKey?: string;
  /** Epoch milliseconds. */
  readonly now: number;
}

/** `exists`: an earlier try of this request made the token, which is told as it is stored. */
export type Tokenized =
  | { readonly kind: "created" | "exists"; readonly token: CardToken }
  | { readonly kind: "key_reused_with_another_card" };

const tokenBytes = 17;

interface Names {
  readonly table: string;
  /** ARN of the key that seals cards. */
  readonly keyArn: string;
  /** ARN of the HMAC key that merchants' keys derive from. */
  readonly fingerprintKeyArn: string;
}

export const createCardTokenizer = (client: DynamoDBClient, names: Names): CardTokenizer =>
  new CardTokenizer(client, createKms(), names, randomBytes);

/** Puts cards into the vault: one conditional write, nothing read before it. Loads nothing that opens. */
export class CardTokenizer {
  readonly #client: DynamoDBClient;
  readonly #table: string;
  readonly #sealer: CardSealer;
  readonly #merchantKeys: MerchantKeys;
  readonly #random: (size: number) => Uint8Array;

  /** `random` gives bytes from a cryptographic source. */
  constructor(client: DynamoDBClient, kms: KMSClient, names: Names, random: (size: number) => Uint8Array) {
    this.#client = client;
    this.#table = names.table;
    this.#sealer = new CardSealer(kms, names.keyArn);
    this.#merchantKeys = new MerchantKeys(kms, names.fingerprintKeyArn);
    this.#random = random;
  }

  /** @throws StoreUnavailable, KeysUnavailable: with a key, the same call may be tried again. */
  async tokenize({ book, card, idempotencyKey, now }: Tokenization): Promise<Tokenized> {
    const id =
      idempotencyKey === undefined
        ? randomCardTokenId(this.#random(tokenBytes))
        : derivedCardTokenId(book, idempotencyKey);
    const [merchantKey, sealed] = await Promise.all([
      this.#merchantKeys.of(book),
      this.#sealer.seal(book, id, card),
    ]);
    const token: CardToken = {
      id,
      brand: brandOf(card.number),
      bin: binOf(card.number),
      last4: last4Of(card.number),
      expMonth: card.expMonth,
      expYear: card.expYear,
      fingerprint: fingerprintOf(card, merchantKey),
      createdAt: now,
    };
    const requestDigest = requestDigestOf(card, merchantKey);
    const stored = await this.#putOnce(book, token.id, {
      ...publicPart(token),
      card: sealed,
      request_digest: requestDigest,
    });
    if (stored === undefined) return { kind: "created", token };
    // By digest: to compare the cards themselves, this function would need the right to open them.
    if (stored.request_digest === requestDigest) return { kind: "exists", token: tokenFrom(id, stored) };
    invariant(idempotencyKey !== undefined, "a random id is never drawn twice");
    return { kind: "key_reused_with_another_card" };
  }

  /** @returns what stands in the way, or undefined when the put was made. */
  async #putOnce(book: Book, id: CardToken["id"], item: CardItem): Promise<CardItem | undefined> {
    try {
      await reach(
        this.#client.send(
          new PutItemCommand({
            TableName: this.#table,
            Item: marshall({ ...cardKey(book, id), ...item }),
            ConditionExpression: "attribute_not_exists(pk)",
            ReturnValuesOnConditionCheckFailure: "ALL_OLD",
          }),
        ),
      );
      return undefined;
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException)) throw error;
      invariant(error.Item !== undefined, `${id} exists`);
      return unmarshall(error.Item) as CardItem;
    }
  }
}
