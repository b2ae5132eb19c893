import { describe, expect, test } from "vitest";
import { type ConditionBlock, conditionOf } from "./condition.ts";

const holds = (block: ConditionBlock, values: Readonly<Record<string, readonly string[]>>): boolean =>
  conditionOf(block)((key) => values[key]);

const select = "dynamodb:Select";
const attributes = "dynamodb:Attributes";

describe("a key with one value", () => {
  test.each<[string, readonly string[] | undefined, boolean]>([
    ["StringEquals", ["a"], true],
    ["StringEquals", ["b"], true],
    ["StringEquals", ["A"], false],
    ["StringEquals", undefined, false],
    ["StringEqualsIfExists", undefined, true],
    ["StringEqualsIfExists", ["c"], false],
    ["StringEqualsIgnoreCase", ["A"], true],
    ["StringNotEquals", ["a"], false],
    ["StringNotEquals", ["c"], true],
    ["StringNotEquals", undefined, true],
    ["StringLike", ["a"], true],
    ["StringNotLike", ["a"], false],
  ])("%s [a, b] on %s: %s", (operator, given, expected) => {
    expect(
      holds({ [operator]: { [select]: ["a", "b"] } }, given === undefined ? {} : { [select]: given }),
    ).toBe(expected);
  });

  test.each<[string, string, string, boolean]>([
    ["StringLike", "ALL_*", "ALL_ATTRIBUTES", true],
    ["StringLike", "ALL_?", "ALL_ATTRIBUTES", false],
    ["Bool", "true", "true", true],
    ["Bool", "false", "true", false],
    ["ArnLike", "arn:aws:iam::*:role/post-*", "arn:aws:iam::123456789012:role/post-task", true],
    ["ArnNotLike", "arn:aws:iam::*:role/post-*", "arn:aws:iam::123456789012:role/post-task", false],
  ])("%s %s on %s: %s", (operator, wanted, given, expected) => {
    expect(holds({ [operator]: { "aws:PrincipalArn": wanted } }, { "aws:PrincipalArn": [given] })).toBe(
      expected,
    );
  });
});

describe("a key with many values", () => {
  const public_ = ["pk", "brand"];
  test.each<[string, readonly string[] | undefined, boolean]>([
    ["ForAllValues:StringEquals", ["pk"], true],
    ["ForAllValues:StringEquals", ["pk", "brand"], true],
    ["ForAllValues:StringEquals", ["pk", "card"], false],
    // "All of none" holds: that is why a read must be held to SPECIFIC_ATTRIBUTES too.
    ["ForAllValues:StringEquals", [], true],
    ["ForAllValues:StringEquals", undefined, true],
    ["ForAllValues:StringNotEquals", ["card"], true],
    ["ForAllValues:StringNotEquals", ["card", "pk"], false],
    ["ForAnyValue:StringEquals", ["card", "pk"], true],
    ["ForAnyValue:StringEquals", ["card"], false],
    ["ForAnyValue:StringEquals", undefined, false],
  ])("%s [pk, brand] on %s: %s", (operator, given, expected) => {
    expect(
      holds({ [operator]: { [attributes]: public_ } }, given === undefined ? {} : { [attributes]: given }),
    ).toBe(expected);
  });

  test("is asked as a set, or not at all", () => {
    expect(() => conditionOf({ StringEquals: { [attributes]: "pk" } })).toThrow(
      "without ForAllValues or ForAnyValue",
    );
  });
});

test("Null false asks for the key to be there, whatever its value", () => {
  const block = { Null: { "kms:EncryptionContext:merchant": "false" } };
  expect(holds(block, { "kms:EncryptionContext:merchant": ["mer_demo"] })).toBe(true);
  expect(holds(block, {})).toBe(false);
  expect(holds({ Null: { [select]: "true" } }, {})).toBe(true);
});

test("all operators and all keys of a condition must hold", () => {
  const block = {
    StringEquals: { [select]: "SPECIFIC_ATTRIBUTES" },
    "ForAllValues:StringEquals": { [attributes]: ["pk"] },
  };
  expect(holds(block, { [select]: ["SPECIFIC_ATTRIBUTES"], [attributes]: ["pk"] })).toBe(true);
  expect(holds(block, { [select]: ["SPECIFIC_ATTRIBUTES"], [attributes]: ["card"] })).toBe(false);
  expect(holds(block, { [select]: ["ALL_ATTRIBUTES"], [attributes]: ["pk"] })).toBe(false);
});

describe("what is not known here is refused, never passed over", () => {
  test.each<[string, ConditionBlock]>([
    ["the condition operator NumericLessThan", { NumericLessThan: { [select]: "1" } }],
    ["the condition operator toString", { toString: { [select]: "1" } }],
    ["the condition key aws:SourceIp", { StringEquals: { "aws:SourceIp": "10.0.0.1" } }],
    ["the condition key constructor", { StringEquals: { constructor: "x" } }],
    [`the policy variable in \${aws:userid}`, { StringEquals: { [select]: `\${aws:userid}` } }],
  ])("%s", (message, block) => {
    expect(() => conditionOf(block)).toThrow(message);
  });
});
