import type { Brand } from "../kernel/brand.ts";
import { derivedId, idFrom, idTail } from "../kernel/derived-id.ts";
import type { Book } from "../ledger/account.ts";
import type { CardBrand } from "./brands.ts";

/** `tok_` and 26 characters of Crockford base32. */
export type CardTokenId = Brand<string, "CardTokenId">;

/** What anyone who may see the merchant's payments may know of a card. */
export interface CardToken {
  readonly id: CardTokenId;
  readonly brand: CardBrand;
  /** The first six digits. */
  readonly bin: string;
  readonly last4: string;
  readonly expMonth: number;
  readonly expYear: number;
  /** The same for the same number at the same merchant, whatever else of the card changed. */
  readonly fingerprint: string;
  /** Epoch milliseconds. */
  readonly createdAt: number;
}

const idPattern = new RegExp(`^tok_${idTail}$`);

/** @returns undefined when the text cannot be the id of a card token. */
export const parseCardTokenId = (text: string): CardTokenId | undefined =>
  idPattern.test(text) ? (text as CardTokenId) : undefined;

/** The same request is the same token for ever. */
export const derivedCardTokenId = (book: Book, idempotencyKey: string): CardTokenId =>
  `tok_${derivedId([book, "POST /v1/card-tokens", idempotencyKey])}` as CardTokenId;

/** For a request without a key: each time another token. `random` is at least 17 bytes. */
export const randomCardTokenId = (random: Uint8Array): CardTokenId => `tok_${idFrom(random)}` as CardTokenId;
