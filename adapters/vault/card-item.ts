import type { CardBrand } from "#core/cards/brands.ts";
import type { CardToken, CardTokenId } from "#core/cards/token.ts";
import type { Book } from "#core/ledger/account.ts";

/** The key starts with the book: another merchant's token is not refused, it is not found. */
export const cardKey = (book: Book, id: CardTokenId) => ({ pk: `${book}#${id}`, sk: "card" });

/**
 * What a reader without the vault's key may see. A role that only describes cards is held to these, and to `pk` and
 * `sk`, by the policy condition `dynamodb:Attributes`.
 */
export const publicAttributes = [
  "brand",
  "bin",
  "last4",
  "exp_month",
  "exp_year",
  "fingerprint",
  "created_at",
] as const;

export type PublicPart = {
  readonly brand: CardBrand;
  readonly bin: string;
  readonly last4: string;
  readonly exp_month: number;
  readonly exp_year: number;
  readonly fingerprint: string;
  readonly created_at: number;
} & Readonly<Record<(typeof publicAttributes)[number], string | number>>;

/** A whole item of the vault, without its key. */
export type CardItem = PublicPart & {
  /** The sealed card: see `card-envelope.ts`. */
  readonly card: Uint8Array;
  readonly request_digest: string;
};

export const publicPart = (token: CardToken): PublicPart => ({
  brand: token.brand,
  bin: token.bin,
  last4: token.last4,
  exp_month: token.expMonth,
  exp_year: token.expYear,
  fingerprint: token.fingerprint,
  created_at: token.createdAt,
});

export const tokenFrom = (id: CardTokenId, part: PublicPart): CardToken => ({
  id,
  brand: part.brand,
  bin: part.bin,
  last4: part.last4,
  expMonth: part.exp_month,
  expYear: part.exp_year,
  fingerprint: part.fingerprint,
  createdAt: part.created_at,
});
