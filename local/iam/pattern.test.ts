import { describe, expect, test } from "vitest";
import { arnPatternOf, patternOf } from "./pattern.ts";

describe("a pattern", () => {
  test.each([
    ["dynamodb:GetItem", "dynamodb:GetItem", true],
    ["dynamodb:GetItem", "dynamodb:GetItems", false],
    ["dynamodb:*", "dynamodb:GetItem", true],
    ["dynamodb:?etItem", "dynamodb:GetItem", true],
    ["dynamodb:?etItem", "dynamodb:etItem", false],
    ["a.b", "axb", false],
    ["a(b", "a(b", true],
    ["a*b*c", "a-b\n-c", true],
    [`5 $ \${*}`, "5 $ *", true],
    [`5 $ \${*}`, "5 $ x", false],
  ])("%s on %s: %s", (pattern, text, expected) => {
    expect(patternOf(pattern)(text)).toBe(expected);
  });

  test("takes no policy variable for text", () => {
    expect(() => patternOf(`home/\${aws:username}/*`)).toThrow(`the policy variable \${aws:username}`);
  });
});

describe("an ARN pattern", () => {
  const table = "arn:aws:dynamodb:eu-west-1:123456789012:table/payments";
  test.each([
    ["*", table, true],
    [table, table, true],
    [table, `${table}/index/by_time`, false],
    [`${table}*`, `${table}/index/by_time`, true],
    ["arn:aws:dynamodb:*:*:table/payments", table, true],
    // A wildcard does not reach over a colon, but behind the fifth one colons are part of the resource.
    ["arn:aws:dynamodb:*:table/payments", table, false],
    ["arn:aws:logs:eu-west-1:1:log-group:/a:*", "arn:aws:logs:eu-west-1:1:log-group:/a:log-stream:b", true],
    ["arn:aws:dynamodb:*:*:*", "*", false],
  ])("%s on %s: %s", (pattern, arn, expected) => {
    expect(arnPatternOf(pattern)(arn)).toBe(expected);
  });
});
