import { concealedCard, type ParsedCard } from "#core/cards/card.ts";
import { CardUnreadable } from "#core/cards/card-unreadable.ts";
import type { Pan } from "#core/cards/pan.ts";
import type { CardTokenId } from "#core/cards/token.ts";
import type { Book } from "#core/ledger/account.ts";

/** Changes when the data keys of an earlier time must no longer open: a key policy then denies that epoch. */
const keyEpoch = 1;

/** Bound to every sealed card by KMS and by the cipher, and shown in CloudTrail. It must hold no secret. */
export const contextOf = (book: Book) => ({ merchant: book, epoch: String(keyEpoch) });

/** What is sealed. The token's id is inside, so that a ciphertext which was moved to another item gives itself away. */
interface Sealed {
  readonly token: string;
  readonly number: string;
  readonly exp_month: number;
  readonly exp_year: number;
  readonly holder_name?: string;
}

export function writePlaintext(token: CardTokenId, card: ParsedCard): Buffer {
  const sealed: Sealed = {
    token,
    number: card.number,
    exp_month: card.expMonth,
    exp_year: card.expYear,
    ...(card.holderName === undefined ? {} : { holder_name: card.holderName }),
  };
  return Buffer.from(JSON.stringify(sealed));
}

/** @throws CardUnreadable when it was sealed for another token or another merchant. */
export function readPlaintext(
  plaintext: Uint8Array,
  context: Readonly<Record<string, string>>,
  expected: { readonly book: Book; readonly token: CardTokenId },
): ParsedCard {
  if (context["merchant"] !== expected.book)
    throw new CardUnreadable(`${expected.token} is another merchant's`);
  const sealed = JSON.parse(Buffer.from(plaintext).toString()) as Sealed;
  if (sealed.token !== expected.token)
    throw new CardUnreadable(`${expected.token} holds another token's card`);
  return concealedCard({
    number: sealed.number as Pan,
    expMonth: sealed.exp_month,
    expYear: sealed.exp_year,
    holderName: sealed.holder_name,
  });
}
