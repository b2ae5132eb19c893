import { expect, test } from "vitest";
import { InvalidPattern } from "./matchers.ts";
import { compilePattern } from "./pattern.ts";

const event = {
  source: "tallystick.payments",
  "detail-type": "PaymentCaptured",
  detail: {
    amount: 1_250,
    currency: "EUR",
    merchant: { id: "mer_demo", ip: "10.0.7.20" },
    reviewed: false,
    note: null,
    tags: ["card", "visa"],
    legs: [{ account: "settlement" }, { account: "fees" }],
    empty: [],
  },
};

const matches = (detail: unknown): boolean => compilePattern(JSON.stringify({ detail }))(event);

test.each([
  ["a literal", { currency: ["EUR"] }, { currency: ["USD"] }],
  ["one of several literals", { currency: ["USD", "EUR"] }, { currency: ["USD", "GBP"] }],
  ["a number, not its text", { amount: [1_250] }, { amount: ["1250"] }],
  ["true and false", { reviewed: [false] }, { reviewed: [true] }],
  ["null, which is not the absence of a key", { note: [null] }, { absent: [null] }],
  ["several keys, all of them", { currency: ["EUR"], amount: [1_250] }, { currency: ["EUR"], amount: [1] }],
  ["a nested key", { merchant: { id: ["mer_demo"] } }, { merchant: { id: ["mer_other"] } }],
  ["a prefix", { currency: [{ prefix: "E" }] }, { currency: [{ prefix: "e" }] }],
  [
    "a prefix without case",
    { currency: [{ prefix: { "equals-ignore-case": "eu" } }] },
    { currency: [{ prefix: { "equals-ignore-case": "us" } }] },
  ],
  ["a suffix", { currency: [{ suffix: "UR" }] }, { currency: [{ suffix: "SD" }] }],
  [
    "text without case",
    { currency: [{ "equals-ignore-case": "eur" }] },
    { currency: [{ "equals-ignore-case": "eu" }] },
  ],
  [
    "a wildcard",
    { merchant: { id: [{ wildcard: "mer_*m*" }] } },
    { merchant: { id: [{ wildcard: "mer_*x" }] } },
  ],
  [
    "anything but a text",
    { currency: [{ "anything-but": "USD" }] },
    { currency: [{ "anything-but": "EUR" }] },
  ],
  [
    "anything but a list",
    { currency: [{ "anything-but": ["USD", "GBP"] }] },
    { currency: [{ "anything-but": ["USD", "EUR"] }] },
  ],
  [
    "anything but a number",
    { amount: [{ "anything-but": [1, 2] }] },
    { amount: [{ "anything-but": [1_250] }] },
  ],
  [
    "anything but a prefix",
    { currency: [{ "anything-but": { prefix: "U" } }] },
    { currency: [{ "anything-but": { prefix: ["U", "E"] } }] },
  ],
  [
    "anything but a suffix",
    { currency: [{ "anything-but": { suffix: "SD" } }] },
    { currency: [{ "anything-but": { suffix: "UR" } }] },
  ],
  [
    "anything but, which wants the key",
    { amount: [{ "anything-but": 1 }] },
    { absent: [{ "anything-but": 1 }] },
  ],
  ["equality of numbers", { amount: [{ numeric: ["=", 1_250] }] }, { amount: [{ numeric: ["=", 1] }] }],
  [
    "a range",
    { amount: [{ numeric: [">", 0, "<=", 1_250] }] },
    { amount: [{ numeric: [">", 0, "<", 1_250] }] },
  ],
  ["numbers, never text", { amount: [{ numeric: [">=", 0] }] }, { currency: [{ numeric: [">=", 0] }] }],
  ["the presence of a key", { note: [{ exists: true }] }, { absent: [{ exists: true }] }],
  ["the absence of a key", { absent: [{ exists: false }] }, { amount: [{ exists: false }] }],
  ["a leaf, where an object exists", { amount: [{ exists: true }] }, { merchant: [{ exists: true }] }],
  ["one element of a list", { tags: ["visa"] }, { tags: ["amex"] }],
  ["the absence of elements", { empty: [{ exists: false }] }, { tags: [{ exists: false }] }],
  ["a key of an object in a list", { legs: { account: ["fees"] } }, { legs: { account: ["cash"] } }],
  [
    "either of two patterns",
    { $or: [{ amount: [1] }, { currency: ["EUR"] }] },
    { $or: [{ amount: [1] }, { currency: ["USD"] }] },
  ],
  [
    "a network of addresses",
    { merchant: { ip: [{ cidr: "10.0.0.0/16" }] } },
    { merchant: { ip: [{ cidr: "10.1.0.0/16" }] } },
  ],
])("a pattern matches %s", (_what, matching, other) => {
  expect({ matching: matches(matching), other: matches(other) }).toEqual({ matching: true, other: false });
});

test("an empty pattern matches everything", () => {
  expect(compilePattern("{}")(event)).toBe(true);
});

test.each([
  ["text that is no JSON", "{"],
  ["a list", "[]"],
  ["a leaf outside a list", '{"source":"a"}'],
  ["an empty list", '{"source":[]}'],
  ["an empty object", '{"detail":{}}'],
  ["an unknown operator", '{"source":[{"like":"a"}]}'],
  ["two operators in one object", '{"source":[{"prefix":"a","suffix":"b"}]}'],
  ["an unknown comparison", '{"a":[{"numeric":["!=",1]}]}'],
  ["a number out of range", '{"a":[{"numeric":["<",6000000000]}]}'],
  ["exists of a text", '{"a":[{"exists":"yes"}]}'],
  ["an empty prefix", '{"a":[{"prefix":""}]}'],
  ["two stars in a row", '{"a":[{"wildcard":"a**"}]}'],
  ["one alternative", '{"$or":[{"a":[1]}]}'],
])("a pattern with %s is refused", (_what, text) => {
  expect(() => compilePattern(text)).toThrow(InvalidPattern);
});
