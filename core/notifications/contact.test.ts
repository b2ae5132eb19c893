import { expect, test } from "vitest";
import type { Book } from "../ledger/account.ts";
import {
  addressIdOf,
  type Contact,
  contactIdOf,
  kindsOf,
  parseAddress,
  parseContactId,
  readsAsCard,
  wanting,
} from "./contact.ts";
import type { NewsKind } from "./kinds.ts";

const demo = "mer_demo" as Book;
const long = (length: number) => "a".repeat(length);

test.each([
  ["accounts@example.com", "accounts@example.com"],
  ["Zoe.O'Neil+pay@Example.COM", "Zoe.O'Neil+pay@example.com"],
  ["a@b.co", "a@b.co"],
  ["a@xn--bcher-kva.example", "a@xn--bcher-kva.example"],
  [`${long(64)}@example.com`, `${long(64)}@example.com`],
])("%s is an e-mail address, kept as %s", (text, kept) => {
  expect(parseAddress("email", text)).toBe(kept);
});

test.each([
  "",
  "nobody",
  "@example.com",
  "a@",
  "a@localhost",
  "a@127.0.0.1",
  "a@[127.0.0.1]",
  "a@example.com.",
  "a@-example.com",
  "a@example-.com",
  "a@exa_mple.com",
  ".a@example.com",
  "a.@example.com",
  "a..b@example.com",
  "a b@example.com",
  '"a b"@example.com',
  "a@b@example.com",
  "zoë@example.com",
  "a@bücher.example",
  "Zoe <a@example.com>",
  "a@example.com\nBcc: b@example.com",
  " a@example.com",
  `${long(65)}@example.com`,
  `a@${`${long(63)}.`.repeat(4)}com`,
  `a@${long(64)}.com`,
])("%j is no e-mail address", (text) => {
  expect(parseAddress("email", text)).toBeUndefined();
});

test.each(["+4915112345678", "+12025550123", "+6421123456", "+1234567", "+123456789012345"])(
  "%s is a phone number",
  (text) => {
    expect(parseAddress("sms", text)).toBe(text);
  },
);

test.each([
  "",
  "015112345678",
  "4915112345678",
  "+0123456789",
  "+123456",
  "+1234567890123456",
  "+49 151 12345678",
  "+49-151-12345678",
  "+4915112345678\n",
  "+٤٩١٥١١٢٣٤٥٦٧٨",
  "a@example.com",
])("%j is no phone number", (text) => {
  expect(parseAddress("sms", text)).toBeUndefined();
});

test("an address is one contact of a merchant, another of another one, and the same to the topic", () => {
  const id = contactIdOf(demo, "email", "a@example.com");
  expect(parseContactId(id)).toBe(id);
  expect(contactIdOf(demo, "email", "a@example.com")).toBe(id);
  expect(contactIdOf("mer_other" as Book, "email", "a@example.com")).not.toBe(id);
  expect(contactIdOf(demo, "email", "b@example.com")).not.toBe(id);
  expect(parseContactId("con_1")).toBeUndefined();
});

test("a card number is no address, and a phone number that could be one of 13 digits is", () => {
  expect(readsAsCard("email", "4242424242424242@example.com")).toBe(true);
  expect(readsAsCard("sms", "+378282246310005")).toBe(true);
  expect(readsAsCard("sms", "+4915112345678")).toBe(false);
  expect(readsAsCard("email", "4915112345678@example.com")).toBe(true);
});

test("kinds are kept once each, whatever their order was", () => {
  expect(kindsOf(["in_review", "captured", "in_review"])).toEqual(["captured", "in_review"]);
});

test("of several contacts those are told who asked for it", () => {
  const contact = (address: string, ...kinds: NewsKind[]): Contact => ({
    ...{ id: contactIdOf(demo, "email", address), channel: "email", address, kinds },
    ...{ subscription: "arn", version: 1, createdAt: 0 },
  });
  const contacts = [contact("a@example.com", "captured"), contact("b@example.com", "captured", "declined")];
  expect(wanting(contacts, "captured")).toEqual([
    addressIdOf("email", "a@example.com"),
    addressIdOf("email", "b@example.com"),
  ]);
  expect(wanting(contacts, "declined")).toEqual([addressIdOf("email", "b@example.com")]);
  expect(wanting(contacts, "refunded")).toEqual([]);
});
