import { describe, expect, test } from "vitest";
import { Refusal } from "../process/refusal.ts";
import { compileFilterPolicy } from "./filter-policy.ts";
import { filterable } from "./publication.ts";

type Attributes = Parameters<typeof filterable>[0];

const text = (StringValue: string) => ({ DataType: "String", StringValue });
const number = (StringValue: string) => ({ DataType: "Number", StringValue });
const array = (values: readonly unknown[]) => ({
  DataType: "String.Array",
  StringValue: JSON.stringify(values),
});

function passes(policy: unknown, attributes: Attributes): boolean {
  const seen = filterable(attributes);
  return seen !== undefined && compileFilterPolicy(JSON.stringify(policy), "MessageAttributes")(seen);
}

describe("over attributes", () => {
  test.each<[what: string, policy: unknown, passing: Attributes, other: Attributes]>([
    [
      "one of several texts",
      { kind: ["captured", "settled"] },
      { kind: text("settled") },
      { kind: text("held") },
    ],
    ["texts with their case", { kind: ["captured"] }, { kind: text("captured") }, { kind: text("Captured") }],
    [
      "one element of an array",
      { tags: ["visa"] },
      { tags: array(["amex", "visa"]) },
      { tags: array(["amex"]) },
    ],
    [
      "an element that is not excluded, beside one that is",
      { tags: [{ "anything-but": ["visa"] }] },
      { tags: array(["visa", "amex"]) },
      { tags: array(["visa"]) },
    ],
    [
      "a number however it is written",
      { amount: [{ numeric: ["=", 301.5] }] },
      { amount: number("3.015e2") },
      { amount: number("301") },
    ],
    [
      "a range of numbers",
      { amount: [{ numeric: [">", 0, "<=", 150] }] },
      { amount: number("150") },
      { amount: number("0") },
    ],
    [
      "numbers, and never texts of digits",
      { amount: [{ numeric: [">", 0] }] },
      { amount: number("1") },
      { amount: text("1") },
    ],
    [
      "anything but a number",
      { amount: [{ "anything-but": [100, 500] }] },
      { amount: number("101") },
      { amount: number("100") },
    ],
    ["a prefix", { kind: [{ prefix: "cap" }] }, { kind: text("captured") }, { kind: text("recaptured") }],
    [
      "anything but a prefix",
      { kind: [{ "anything-but": { prefix: "cap" } }] },
      { kind: text("held") },
      { kind: text("captured") },
    ],
    ["a suffix", { kind: [{ suffix: "ed" }] }, { kind: text("captured") }, { kind: text("capture") }],
    [
      "a text in any case",
      { kind: [{ "equals-ignore-case": "EUR" }] },
      { kind: text("eur") },
      { kind: text("eu") },
    ],
    [
      "an address of a network",
      { ip: [{ cidr: "10.0.0.0/24" }] },
      { ip: text("10.0.0.255") },
      { ip: text("10.1.1.0") },
    ],
    ["an attribute that is there", { kind: [{ exists: true }] }, { kind: text("x") }, { other: text("x") }],
    [
      "an attribute that is not there, beside another one",
      { kind: [{ exists: false }] },
      { other: text("x") },
      { kind: text("x") },
    ],
    [
      "every key of several",
      { kind: ["a"], amount: [1] },
      { kind: text("a"), amount: number("1") },
      { kind: text("a") },
    ],
    [
      "either of two policies",
      { $or: [{ kind: ["a"] }, { amount: [{ numeric: [">", 100] }] }] },
      { amount: number("101") },
      { kind: text("b"), amount: number("1") },
    ],
  ])("a policy lets %s pass, and nothing else", (_what, policy, passing, other) => {
    expect([passes(policy, passing), passes(policy, other)]).toEqual([true, false]);
  });

  test.each<[what: string, attributes: Attributes]>([
    ["none", {}],
    ["a binary one", { other: { DataType: "Binary", BinaryValue: "AA==" } }],
    ["an array that is none", { other: { DataType: "String.Array", StringValue: "[visa" } }],
  ])("with %s for attributes, not even the absence of a key passes", (_what, attributes) => {
    expect(passes({ kind: [{ exists: false }] }, attributes)).toBe(false);
  });
});

test("a policy over the body looks into what is nested, and through lists", () => {
  const matches = compileFilterPolicy('{"payment":{"legs":{"account":["fees"]}}}', "MessageBody");
  expect(matches({ payment: { legs: [{ account: "cash" }, { account: "fees" }] } })).toBe(true);
  expect(matches({ payment: { legs: [{ account: "cash" }] } })).toBe(false);
});

const fiveKeys = { a: ["1"], b: ["1"], c: ["1"], d: ["1"], e: ["1"] };
const values = (count: number) => Array.from({ length: count }, (_, n) => `${n}`);

test.each<[what: string, scope: "MessageAttributes" | "MessageBody", policy: unknown]>([
  ["six keys", "MessageBody", { ...fiveKeys, f: ["1"] }],
  ["something nested over attributes", "MessageAttributes", { payment: { kind: ["a"] } }],
  ["a wildcard", "MessageBody", { kind: [{ wildcard: "a*" }] }],
  ["anything-but with a suffix", "MessageBody", { kind: [{ "anything-but": { suffix: "a" } }] }],
  ["a number over a billion", "MessageBody", { amount: [{ numeric: ["<", 1_000_000_001] }] }],
  ["a leaf outside a list", "MessageBody", { kind: "a" }],
  ["more than 150 combinations", "MessageAttributes", { a: values(16), b: values(10) }],
  ["more than 150 combinations, counted once a level", "MessageBody", { a: { b: values(76) } }],
])("a policy with %s is refused", (_what, scope, policy) => {
  expect(() => compileFilterPolicy(JSON.stringify(policy), scope)).toThrow(Refusal);
});

test("a policy at the limits is not refused", () => {
  compileFilterPolicy(JSON.stringify(fiveKeys), "MessageAttributes");
  compileFilterPolicy(JSON.stringify({ a: values(15), b: values(10) }), "MessageAttributes");
  compileFilterPolicy(JSON.stringify({ a: { b: values(75) } }), "MessageBody");
});
