import { z } from "zod";
import { containsPan } from "#core/cards/pan.ts";
import { hasInvisible } from "#core/kernel/text.ts";
import { isCurrency } from "#core/money/currency.ts";
import { amountMax } from "#core/money/money.ts";

/** Text of 1 … `lengthMax` characters after NFC, fit to be shown to people and to be stored: it never holds a card number. */
export const text = (lengthMax: number) =>
  z
    .string()
    .transform((value) => value.normalize("NFC"))
    .superRefine((value, context) => {
      const refuse = (code: string, message: string) =>
        context.addIssue({ code: "custom", params: { code }, message });
      if (value.length === 0) refuse("too_small", "The text is empty");
      if (value.length > lengthMax) refuse("too_big", `The text is longer than ${lengthMax} characters`);
      if (hasInvisible(value))
        refuse("forbidden_character", "The text has control, bidirectional or zero-width characters");
      if (containsPan(value))
        refuse("card_number", "The text holds a card number; send it to /v1/card-tokens only");
    });

/** Minor units, 1 … 10^15, as a JSON integer. */
export const amount = z
  .int({ error: "An amount is an integer of minor units, without fraction, exponent or quotes" })
  .min(1, { error: "An amount is at least 1 minor unit" })
  .max(Number(amountMax), { error: `An amount is at most ${amountMax} minor units` })
  .transform(BigInt);

const metadataKeysMax = 50;

/** Up to 50 keys of up to 40 characters, values of up to 500. */
export const metadata = z
  .record(text(40), text(500))
  .refine((map) => Object.keys(map).length <= metadataKeysMax, {
    params: { code: "too_many" },
    error: `Metadata has at most ${metadataKeysMax} keys`,
  });

export const currencyUnknown = "Send an ISO 4217 code in upper case, such as USD";

/** An ISO 4217 code, upper case. */
export const currency = z
  .string()
  .refine(isCurrency, { params: { code: "currency_unknown" }, error: currencyUnknown });

/** RFC 3339, with its offset: a moment. Becomes epoch milliseconds. */
export const time = z.iso
  .datetime({ offset: true, error: "Send a time as RFC 3339 has it, such as 2026-03-01T12:00:00Z" })
  .transform(Date.parse);

const pageUrlLengthMax = 500;

/** A page of the merchant's, where a browser is sent: https, without credentials, up to 500 characters, and fit to be stored. */
export const pageUrl = text(pageUrlLengthMax).pipe(
  z
    .string()
    .refine(isPageUrl, {
      params: { code: "wrong_format" },
      error: "Send an https URL without user name and password",
      abort: true,
    })
    .refine((url) => !containsPan(percentDecoded(url)), {
      params: { code: "card_number" },
      error: "The URL holds a card number; send it to /v1/card-tokens only",
    }),
);

function isPageUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, username, password } = new URL(text);
  return protocol === "https:" && username === "" && password === "";
}

/** ASCII only, which is enough to see the digits that escapes spell. */
const percentDecoded = (url: string): string =>
  url
    .replaceAll("+", " ")
    .replace(/%([0-7][0-9a-f])/gi, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)));
