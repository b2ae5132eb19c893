import { containsPan } from "../cards/pan.ts";
import type { Brand } from "../kernel/brand.ts";
import { derivedId, idTail } from "../kernel/derived-id.ts";
import type { Book } from "../ledger/account.ts";
import { type NewsKind, newsKinds } from "./kinds.ts";

export const channels = ["email", "sms"] as const;
export type Channel = (typeof channels)[number];

/** `con_` and 26 characters, made of the merchant and the address: the same address again is the same contact. */
export type ContactId = Brand<string, "ContactId">;

/** An address as the topic knows it: the same for all merchants who name it. */
export type AddressId = Brand<string, "AddressId">;

/** Whom a merchant wants to be told, and of what. */
export interface Contact {
  readonly id: ContactId;
  readonly channel: Channel;
  readonly address: string;
  /** At least one, each once, in the order of `newsKinds`. */
  readonly kinds: readonly NewsKind[];
  /** Where news are sent for it: the ARN of a subscription. */
  readonly subscription: string;
  /** 1, and one more with each change. */
  readonly version: number;
  /** Epoch milliseconds. */
  readonly createdAt: number;
}

/** One message reaches all of them, and a merchant's list is one small item. */
export const contactsMax = 10;

/** RFC 5321, 4.5.3.1. */
const emailLengthMax = 254;
const localPartLengthMax = 64;
const atom = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+";
/** RFC 1035's labels. A top-level domain has a letter: `user@127.0.0.1` is nobody's address. */
const label = "[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?";
const emailPattern = new RegExp(
  `^(${atom}(?:\\.${atom})*)@((?:${label}\\.)+(?=[A-Za-z0-9-]*[A-Za-z])${label})$`,
);
/** ITU-T E.164: a plus, a country code, 15 digits at most. No number in service has fewer than seven. */
const phonePattern = /^\+[1-9][0-9]{6,14}$/;

/**
 * An address as it is kept: of an e-mail address the domain in lower case, which means the same. Quoted local parts,
 * addresses in brackets and other alphabets are not taken: SNS refuses them.
 * @returns undefined when the text is no address of that channel.
 */
export function parseAddress(channel: Channel, text: string): string | undefined {
  if (channel === "sms") return phonePattern.test(text) ? text : undefined;
  if (text.length > emailLengthMax) return undefined;
  const [, local = "", domain = ""] = emailPattern.exec(text) ?? [];
  if (local === "" || local.length > localPartLengthMax) return undefined;
  return `${local}@${domain.toLowerCase()}`;
}

/** As many digits as a phone number may have that is taken as it is: `core/proof/items.ts` knows them too. */
const phoneDigitsMax = 13;

/**
 * Whether an address reads as a card number. Of phones one in ten with 13 digits and a country code from 40 to 49 would:
 * cards of that length were issued last in the 1990s, so these are taken for what they say they are.
 */
export const readsAsCard = (channel: Channel, address: string): boolean =>
  (channel !== "sms" || address.length > "+".length + phoneDigitsMax) && containsPan(address);

export const contactIdOf = (merchant: Book, channel: Channel, address: string): ContactId =>
  `con_${derivedId([merchant, channel, address])}` as ContactId;

export const addressIdOf = (channel: Channel, address: string): AddressId =>
  derivedId([channel, address]) as AddressId;

const contactIdPattern = new RegExp(`^con_${idTail}$`);

/** @returns undefined when the text cannot be the id of a contact. */
export const parseContactId = (text: string): ContactId | undefined =>
  contactIdPattern.test(text) ? (text as ContactId) : undefined;

/** Each once, in the order of the list: whoever asks for the same in another order asks for the same. */
export const kindsOf = (asked: Iterable<NewsKind>): readonly NewsKind[] => {
  const wanted = new Set(asked);
  return newsKinds.filter((kind) => wanted.has(kind));
};

/** The addresses of those who want to be told of it. */
export const wanting = (contacts: readonly Contact[], kind: NewsKind): readonly AddressId[] =>
  contacts
    .filter(({ kinds }) => kinds.includes(kind))
    .map(({ channel, address }) => addressIdOf(channel, address));
