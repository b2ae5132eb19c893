import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { problemOf } from "#tests/support/requests.ts";
import { Problem } from "./problem.ts";
import { parseStrictJson, toPointer } from "./strict-json.ts";

const nested = (depth: number, open: string, close: string) => open.repeat(depth) + close.repeat(depth);

describe("what is not JSON is refused as malformed_json", () => {
  test.each([
    ["an empty text", ""],
    ["white space alone", " \r\n\t"],
    ["a byte-order mark before JSON", '\uFEFF{"amount":100}'],
    ["a byte-order mark alone", "\uFEFF"],
    ["bytes that were no UTF-8, as the gateway hands them on", '{"reference":"\uFFFD"}'],
    ["a word", "amount=100"],
    ["an object that does not end", '{"amount":100'],
    ["a string that does not end", '{"reference":"abc'],
    ["single quotes", "{'amount':100}"],
    ["a key without quotes", "{amount:100}"],
    ["a missing colon", '{"amount" 100}'],
    ["a missing comma", '{"amount":100 "currency":"USD"}'],
    ["a comma behind the last property", '{"amount":100,}'],
    ["a comma behind the last element", "[1,2,]"],
    ["two commas", "[1,,2]"],
    ["a line comment", '{"amount":100} // a tip'],
    ["a block comment", '{"amount":/* cents */100}'],
    ["a second document", '{"amount":100}{"amount":200}'],
    ["garbage behind the end", '{"amount":100}]'],
    ["a leading zero", '{"amount":01}'],
    ["a plus sign", '{"amount":+1}'],
    ["a number without digits before its point", '{"amount":.5}'],
    ["a number without digits behind its point", '{"amount":1.}'],
    ["hexadecimal", '{"amount":0x64}'],
    ["NaN", '{"amount":NaN}'],
    ["Infinity", '{"amount":Infinity}'],
    ["undefined", '{"amount":undefined}'],
    ["a line break inside a string", '{"reference":"a\nb"}'],
    ["a NUL inside a string", '{"reference":"a\0b"}'],
    ["a NUL behind the end", '{"amount":100}\0'],
    ["an escape that JSON does not have", '{"reference":"\\x41"}'],
    ["a white space that JSON does not have", '{"amount":\u00A0100}'],
  ])("%s", (_name, text) => {
    expect(problemOf(() => parseStrictJson(text))).toMatchObject({
      code: "malformed_json",
      statusCode: 400,
      details: { detail: expect.stringMatching(/^The body |at character \d+\.$/) },
    });
  });
});

describe("a key that appears twice in one object is refused as malformed_json", () => {
  test.each([
    ["as it is", '{"amount":1,"amount":100}'],
    ["with equal values", '{"amount":1,"amount":1}'],
    ["in another spelling of its first letter", '{"amount":1,"\\u0061mount":100}'],
    ["with every letter escaped", '{"amount":1,"\\u0061\\u006d\\u006f\\u0075\\u006e\\u0074":100}'],
    ["in upper and lower case hexadecimal", '{"\\u00e9":1,"\\u00E9":2}'],
    ["with an escaped slash", '{"a/b":1,"a\\/b":2}'],
    ["far apart", '{"amount":1,"method":{"type":"card"},"metadata":{"a":"b"},"amount":100}'],
    ["inside another object", '{"metadata":{"a":"1","a":"2"}}'],
    ["inside an array", '[{"a":1},{"a":1,"a":2}]'],
    ["empty", '{"":1,"":2}'],
    ["as __proto__", '{"__proto__":1,"__proto__":2}'],
    ["composed and decomposed, which is one text after NFC", '{"caf\u00E9":"1","cafe\u0301":"2"}'],
  ])("%s", (_name, text) => {
    const problem = problemOf(() => parseStrictJson(text));
    expect(problem).toMatchObject({ code: "malformed_json", statusCode: 400 });
    expect(problem.details.detail).toContain("twice");
  });

  test("and the answer says where, without the key: it may be a card number", () => {
    const { details } = problemOf(() =>
      parseStrictJson('{"metadata":{"4242424242424242":"a","4242424242424242":"b"}}'),
    );
    expect(details.detail).toBe('A key appears twice in the object at "/metadata".');
  });
});

test("one key may appear in several objects", () => {
  expect(parseStrictJson('{"a":{"a":1},"b":[{"a":2},{"a":3}]}')).toEqual({
    a: { a: 1 },
    b: [{ a: 2 }, { a: 3 }],
  });
});

describe("nesting", () => {
  test.each([
    ["arrays", nested(20, "[", "]")],
    ["objects", `${'{"a":'.repeat(19)}{}${"}".repeat(19)}`],
    ["both", nested(10, '[{"a":', "}]").replace(":}", ":1}")],
  ])("20 deep is read: %s", (_name, text) => {
    expect(parseStrictJson(text)).toEqual(JSON.parse(text));
  });

  test.each([
    ["arrays", nested(21, "[", "]")],
    ["objects", `${'{"a":'.repeat(20)}{}${"}".repeat(20)}`],
    ["both", `[${nested(10, '[{"a":', "}]").replace(":}", ":1}")}]`],
    ["far deeper than any stack", "[".repeat(500_000)],
  ])("21 deep is refused: %s", (_name, text) => {
    expect(problemOf(() => parseStrictJson(text))).toMatchObject({
      code: "malformed_json",
      details: { detail: "The body is nested more than 20 deep." },
    });
  });

  test("counts what is open, not what was", () => {
    const wide = `[${Array.from({ length: 100 }, () => "[{}]").join(",")}]`;
    expect(parseStrictJson(wide)).toHaveLength(100);
  });
});

describe("__proto__ is a property that nothing has", () => {
  test.each([
    ["at the top", '{"__proto__":{"admin":true}}', ["/__proto__"]],
    ["inside", '{"metadata":{"__proto__":"a"}}', ["/metadata/__proto__"]],
    ["in an array", '{"legs":[{},{"__proto__":1}]}', ["/legs/1/__proto__"]],
    ["escaped", '{"\\u005f_proto__":1}', ["/__proto__"]],
    ["inside itself", '{"__proto__":{"__proto__":1}}', ["/__proto__", "/__proto__/__proto__"]],
  ])("%s", (_name, text, pointers) => {
    const problem = problemOf(() => parseStrictJson(text));
    expect(problem).toMatchObject({ code: "invalid_request", statusCode: 422 });
    expect(problem.details.errors).toEqual(
      pointers.map((pointer) => ({
        pointer,
        code: "unknown_property",
        detail: "There is no such property.",
      })),
    );
  });

  test("and at most 20 of them are named", () => {
    const text = `[${Array.from({ length: 30 }, () => '{"__proto__":1}').join(",")}]`;
    expect(problemOf(() => parseStrictJson(text)).details.errors).toHaveLength(20);
  });
});

describe("a number that is not written as a plain integer becomes NaN, which no schema accepts", () => {
  test.each([
    "-0",
    "1.5",
    "1.0",
    "1e3",
    "1E3",
    "1e-3",
    "1E400",
    "-1e400",
    "9007199254740992",
    "9007199254740993",
  ])("%s", (number) => {
    expect(parseStrictJson(`{"amount":${number}}`)).toEqual({ amount: Number.NaN });
    expect(parseStrictJson(`[[${number}]]`)).toEqual([[Number.NaN]]);
    expect(parseStrictJson(number)).toBeNaN();
  });

  test.each([0, 1, -1, 100, 9007199254740991, -9007199254740991])("%i is kept", (number) => {
    expect(parseStrictJson(`{"amount":${number}}`)).toEqual({ amount: number });
  });

  test("a text of digits stays a text", () => {
    expect(parseStrictJson('{"amount":"1e3"}')).toEqual({ amount: "1e3" });
  });
});

test("any text at all is read as JSON.parse reads it, or refused for what only this reader minds", () => {
  const token = fc.constantFrom(
    ...[
      '{"a":',
      "{",
      "}",
      "[",
      "]",
      ",",
      ":",
      '"',
      '"a"',
      "\\",
      "0",
      "1",
      "-",
      ".",
      "e",
      "true",
      "null",
      " ",
    ],
    ...["\n", "/", "*", "\u2028", "\uFEFF", "\0", "\\u0061", "\\ud800", '"__proto__":', "1e3", "1E400", "'"],
  );
  fc.assert(
    fc.property(fc.array(token, { maxLength: 9 }), (tokens) => {
      const text = tokens.join("");
      const expected = outcomeOf(() => JSON.parse(text));
      const actual = outcomeOf(() => parseStrictJson(text));
      if (expected instanceof SyntaxError) expect(actual).toMatchObject({ code: "malformed_json" });
      else if (actual instanceof Problem) expect(text).toMatch(/"__proto__":|"a"\s*:.*"(a|\\u0061)"\s*:/s);
      else expect(shapeOf(actual)).toEqual(shapeOf(expected));
    }),
    { numRuns: 5_000 },
  );
});

function outcomeOf(read: () => unknown): unknown {
  try {
    return read();
  } catch (thrown) {
    if (thrown instanceof Problem || thrown instanceof SyntaxError) return thrown;
    throw thrown;
  }
}

/** A value without its numbers: those have tests of their own. */
function shapeOf(value: unknown): unknown {
  if (typeof value === "number") return "a number";
  if (Array.isArray(value)) return value.map(shapeOf);
  if (typeof value !== "object" || value === null) return value;
  return Object.entries(value).map(([key, inner]) => [key, shapeOf(inner)]);
}

describe("a pointer", () => {
  test.each([
    [[], ""],
    [["metadata"], "/metadata"],
    [["legs", 0, "amount"], "/legs/0/amount"],
    [["metadata", "a/b"], "/metadata/a~1b"],
    [["metadata", "a~b"], "/metadata/a~0b"],
    [["metadata", "~1"], "/metadata/~01"],
    [["metadata", "a/~/b"], "/metadata/a~1~0~1b"],
    [["metadata", ""], "/metadata/"],
    [["metadata", " "], "/metadata/ "],
  ])("to %j is %j, as RFC 6901 has it", (path, pointer) => {
    expect(toPointer(path)).toBe(pointer);
  });

  test("ends above a key that reads as a card number", () => {
    expect(toPointer(["metadata", "4242 4242 4242 4242", "x"])).toBe("/metadata");
  });
});
