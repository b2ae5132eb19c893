import type { Brand } from "../kernel/brand.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import { brandOf, hasBrandLength, panLengthMax, panLengthMin } from "./brands.ts";
import { passesLuhn } from "./luhn.ts";

/** A primary account number: 12 … 19 digits that fit their brand and end in the right check digit. A secret. */
export type Pan = Brand<string, "Pan">;

/** Why a text is no card number, in order of precedence. */
export type PanFault = "number_malformed" | "number_length" | "number_checksum";

const panPattern = new RegExp(`^[0-9]{${panLengthMin},${panLengthMax}}$`);

/** Digits only: whoever sends spaces or dashes must take them out, so that one card is always one text. */
export function parsePan(text: string): Result<Pan, PanFault> {
  if (!panPattern.test(text)) return err("number_malformed");
  if (!hasBrandLength(text)) return err("number_length");
  if (!passesLuhn(text)) return err("number_checksum");
  return ok(text as Pan);
}

/** The first six digits, which name the issuer: with the last four, all that PCI DSS 3.4.1 lets anyone be shown. */
export const binOf = (pan: Pan): string => pan.slice(0, 6);
export const last4Of = (pan: Pan): string => pan.slice(-4);

const scanLengthMin = 13;
/** Two groups of one card number are at most this far apart: `4242 - 4242`. */
const separator = /^[\s.\-\u2010-\u2015\u2212]{1,3}$/;
const letter = /\p{L}/u;
/** UUIDs, and decimal fractions such as `4.242424242424242`: full of digits, and never a card. */
const otherNumbers = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|(?<![0-9.])[0-9]{1,12}\.[0-9]+(?![0-9.])/gi;

interface DigitGroup {
  readonly digits: string;
  readonly start: number;
  readonly end: number;
}

/**
 * True when the text holds what reads as a card number, for texts that must never hold one.
 *
 * The rule: a run of 13 … 19 digits, whole or in groups that spaces, dashes or dots part, whose check digit is right
 * and whose first digits and length are those of a known brand. No further digit touches it, and letters touch it on
 * one side at most, or hexadecimal hashes would be refused. UUIDs and decimal fractions are skipped. Full-width digits
 * count.
 *
 * What it takes for a card by mistake, for the text alone cannot tell: about 3 in 100 random 16-digit numbers, 5 in
 * 100 IBANs written in groups. What it lets pass on purpose: numbers of no known brand (times in micro- and
 * nanoseconds, IMEIs, SIM numbers) and 13-digit numbers with an article's check digit (EAN), which costs one in ten
 * of Visa's 13-digit cards, issued last in the 1990s.
 */
export function containsPan(text: string): boolean {
  const plain = text.normalize("NFKC").replaceAll(otherNumbers, "x");
  const groups = digitGroups(plain);
  return groups.some((_, first) => startsPan(plain, groups, first));
}

/** As many digits as a card number has, or more, in groups that little parts. */
const panLike = /[0-9](?:[\s.\-\u2010-\u2015\u2212]{0,3}[0-9]){12,}/g;

/**
 * The text without what reads as a card number, for what others wrote and we have to keep: of each run of as many digits
 * the first six and the last four stay. A text without card numbers stays as it is.
 */
export function withoutPans(text: string): string {
  if (!containsPan(text)) return text;
  return text.normalize("NFKC").replaceAll(panLike, (run) => {
    const digits = run.replaceAll(/[^0-9]/g, "");
    return digits.slice(0, 6) + "*".repeat(digits.length - 10) + digits.slice(-4);
  });
}

function digitGroups(text: string): DigitGroup[] {
  return Array.from(text.matchAll(/[0-9]+/g), ({ 0: digits, index }) => ({
    digits,
    start: index,
    end: index + digits.length,
  }));
}

/** Looks at the group `first`, then with each that follows it closely, until there are more digits than a card has. */
function startsPan(text: string, groups: readonly DigitGroup[], first: number): boolean {
  let digits = "";
  let start = 0;
  let end = 0;
  for (const group of groups.slice(first, first + panLengthMax)) {
    if (digits === "") start = group.start;
    else if (!separator.test(text.slice(end, group.start))) return false;
    digits += group.digits;
    end = group.end;
    if (digits.length > panLengthMax) return false;
    if (looksLikePan(digits) && !isInsideWord(text, start, end)) return true;
  }
  return false;
}

const isInsideWord = (text: string, start: number, end: number): boolean =>
  letter.test(text.charAt(start - 1)) && letter.test(text.charAt(end));

const looksLikePan = (digits: string): boolean =>
  digits.length >= scanLengthMin &&
  brandOf(digits) !== "unknown" &&
  hasBrandLength(digits) &&
  passesLuhn(digits) &&
  !(digits.length === 13 && isArticleNumber(digits));

/** The check digit of GS1's article numbers (EAN-13): weights 1 and 3. */
function isArticleNumber(digits: string): boolean {
  const sum = Array.from(digits).reduce(
    (total, digit, at) => total + Number(digit) * (at % 2 === 0 ? 1 : 3),
    0,
  );
  return sum % 10 === 0;
}
