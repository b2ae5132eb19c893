import { containsPan } from "../cards/pan.ts";
import { type Finding, found } from "./finding.ts";

/** Invariants 9, 14 and 15, of items as plain values, whatever table they are of. */
export type PlainItem = Readonly<Record<string, unknown>>;

/** Invariant 9. The journal is append-only: an item that is there stays as it is. */
export const checkAppend = (before: PlainItem | undefined, subject: string): Finding[] =>
  before === undefined ? [] : [found("append_only", subject, "was written over")];

/** An item that one epoch wrote no earlier epoch writes over: `before` is 0 where nothing was. */
export const checkEpoch = (subject: string, before: number, after: number): Finding[] =>
  after >= before ? [] : [found("epoch", subject, `of epoch ${before} was written over by epoch ${after}`)];

/** Invariant 14. Every key starts with a book, and the places in indexes too. */
export function checkKeys(item: PlainItem, isBook: (book: string) => boolean): Finding[] {
  return [item["pk"] ?? "", item["list_pk"], item["due_pk"]]
    .filter((key) => typeof key === "string")
    .filter((key) => !isBook(key.split("#")[0] ?? ""))
    .map((key) => found("tenancy", key, "does not start with its tenant's book"));
}

/** Invariant 15, for card numbers that are known: none is anywhere in a text. */
export function checkNoCards(subject: string, text: string, numbers: Iterable<string>): Finding[] {
  return [...numbers]
    .filter((number) => text.includes(number))
    .map((number) => found("no_cards", subject, `shows the card that ends in ${number.slice(-4)}`));
}

/** Places in streams: long numbers that no caller chooses, and that would be taken for cards now and then. */
const places = new Set(["watermark", "sequenceNumber", "first", "last"]);
/** As contacts keep them. Their plus begins no card number, and cards of 13 digits were issued last in the 1990s. */
const isPhone = (name: string, text: string): boolean =>
  name === "phone" && /^\+[1-9][0-9]{6,12}$/.test(text);
const securityCodes = /^(cvc|cvv|cvc2|cvv2|cid|security_?code)$/i;

/**
 * Invariant 15, for cards that nobody knows: no text of an item reads as a card number, and no member is a card's
 * security code. What is found is not repeated.
 */
export function checkTexts(subject: string, value: unknown, name = ""): Finding[] {
  if (typeof value === "string" && !places.has(name))
    return !isPhone(name, value) && containsPan(value)
      ? [found("no_cards", subject, `${name || "a text"} reads as a card number`)]
      : [];
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return [];
  return Object.entries(value).flatMap(([member, held]) => [
    ...(securityCodes.test(member) ? [found("no_cards", subject, `has a member ${member}`)] : []),
    ...checkTexts(subject, held, Array.isArray(value) ? name : member),
  ]);
}
