import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { amount, metadata, text } from "./fields.ts";
import { parseStrictJson } from "./strict-json.ts";

interface Read {
  safeParse(value: unknown): {
    readonly success: boolean;
    readonly error?: { readonly issues: readonly { readonly code: string; readonly params?: unknown }[] };
  };
}

/** Our own codes of what is wrong, or zod's. */
const faultsOf = (schema: Read, value: unknown): unknown[] =>
  (schema.safeParse(value).error?.issues ?? []).map(
    (issue) => (issue.params as { code?: string } | undefined)?.code ?? issue.code,
  );

describe("an amount", () => {
  test.each([
    ["1", 1n],
    ["100", 100n],
    ["1000000000000000", 10n ** 15n],
  ])("of %s minor units is read", (json, minorUnits) => {
    expect(amount.parse(parseStrictJson(json))).toBe(minorUnits);
  });

  test.each([
    ["0", "too_small"],
    ["-1", "too_small"],
    ["1000000000000001", "too_big"],
    ["9007199254740991", "too_big"],
    ["-0", "invalid_type"],
    ["1.5", "invalid_type"],
    ["1.0", "invalid_type"],
    ["1e3", "invalid_type"],
    ["1E400", "invalid_type"],
    ["9007199254740993", "invalid_type"],
    ['"100"', "invalid_type"],
    ["null", "invalid_type"],
    ["true", "invalid_type"],
    ["[100]", "invalid_type"],
    ["{}", "invalid_type"],
  ])("written as %s is refused: %s", (json, fault) => {
    expect(faultsOf(amount, parseStrictJson(json))).toEqual([fault]);
  });

  test("that is left out is refused", () => {
    expect(faultsOf(amount, undefined)).toEqual(["invalid_type"]);
  });

  test("of any integer between 1 and 10^15 survives exactly", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 1n, max: 10n ** 15n }), (minorUnits) => {
        expect(amount.parse(parseStrictJson(String(minorUnits)))).toBe(minorUnits);
      }),
    );
  });
});

describe("a text", () => {
  const reference = text(10);

  test.each(["a", "order 1001", "für Zoë", "コーヒー", "☕ to go", "a\u0301"])("%j is read", (value) => {
    expect(faultsOf(reference, value)).toEqual([]);
  });

  test("is kept in NFC", () => {
    expect(reference.parse("cafe\u0301")).toBe("caf\u00E9");
  });

  test.each([
    ["empty", "", ["too_small"]],
    ["longer than its limit", "a".repeat(11), ["too_big"]],
    // U+1D160 is excluded from composition: NFC makes six code units of its two.
    ["longer than its limit only after NFC", "\u{1D160}\u{1D160}", ["too_big"]],
    ["with a NUL", "a\0b", ["forbidden_character"]],
    ["with a line break", "a\nb", ["forbidden_character"]],
    ["with a tabulator", "a\tb", ["forbidden_character"]],
    ["with DEL", "a\u007Fb", ["forbidden_character"]],
    ["with a C1 control", "a\u0085b", ["forbidden_character"]],
    ["with a lone high surrogate", "a\uD800b", ["forbidden_character"]],
    ["with a lone low surrogate", "a\uDC00", ["forbidden_character"]],
    ["with a right-to-left override", "a\u202Eb", ["forbidden_character"]],
    ["with a bidirectional isolate", "a\u2066b\u2069", ["forbidden_character"]],
    ["with a right-to-left mark", "a\u200Fb", ["forbidden_character"]],
    ["with an Arabic letter mark", "a\u061Cb", ["forbidden_character"]],
    ["with a zero-width space", "a\u200Bb", ["forbidden_character"]],
    ["with a zero-width joiner", "a\u200Db", ["forbidden_character"]],
    ["with a word joiner", "a\u2060b", ["forbidden_character"]],
    ["with a soft hyphen", "a\u00ADb", ["forbidden_character"]],
    ["with a line separator", "a\u2028b", ["forbidden_character"]],
    ["with a tag character", "a\u{E0041}b", ["forbidden_character"]],
    ["with a byte-order mark inside", "a\uFEFFb", ["forbidden_character"]],
  ])("%s is refused", (_name, value, faults) => {
    expect(faultsOf(reference, value)).toEqual(faults);
  });

  test("is measured after NFC: ten letters with combining accents fit ten characters", () => {
    expect(faultsOf(reference, "e\u0301".repeat(10))).toEqual([]);
    expect(faultsOf(reference, "e\u0301".repeat(11))).toEqual(["too_big"]);
  });

  test.each([
    "4242424242424242",
    "pay 4242 4242 4242 4242!",
    "4242-4242-4242-4242",
    "３７８２８２２４６３１０００５",
  ])("with the card number %s is refused", (value) => {
    expect(faultsOf(text(100), value)).toEqual(["card_number"]);
  });

  test.each(["4242424242424241", "order 20261123-000042"])("with the digits %s is read", (value) => {
    expect(faultsOf(text(100), value)).toEqual([]);
  });

  test.each([[100], [null], [true], [["a"]], [{}], [undefined]])("is no %j", (value) => {
    expect(faultsOf(reference, value)).toEqual(["invalid_type"]);
  });

  const codePoint = fc.oneof(fc.nat({ max: 0x2fff }), fc.nat({ max: 0x10ffff }));
  test("of any characters that pass is visible, in NFC, and not too long", () => {
    fc.assert(
      fc.property(fc.array(codePoint, { maxLength: 12 }), (codePoints) => {
        const value = String.fromCodePoint(...codePoints);
        const read = reference.safeParse(value);
        if (!read.success) return;
        expect(read.data).toBe(value.normalize("NFC"));
        expect(read.data).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
        expect(read.data.length).toBeGreaterThan(0);
        expect(read.data.length).toBeLessThanOrEqual(10);
      }),
    );
  });
});

describe("metadata", () => {
  const keys = (count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, n) => [`key-${n}`, "v"]));

  test.each([
    ["nothing", {}],
    ["50 keys", keys(50)],
    ["a key of 40 and a value of 500 characters", { ["k".repeat(40)]: "v".repeat(500) }],
    ["keys that objects have by themselves", { constructor: "a", toString: "b", hasOwnProperty: "c" }],
    ["keys that look like numbers", { "1": "a", "-1": "b" }],
  ])("may hold %s", (_name, map) => {
    expect(metadata.parse(map)).toEqual(map);
  });

  test.each([
    ["51 keys", keys(51), ["too_many"]],
    ["an empty key", { "": "v" }, ["invalid_key"]],
    ["a key of 41 characters", { ["k".repeat(41)]: "v" }, ["invalid_key"]],
    ["a card number as key", { "4242424242424242": "v" }, ["invalid_key"]],
    ["a zero-width space in a key", { "a\u200B": "v" }, ["invalid_key"]],
    ["an empty value", { a: "" }, ["too_small"]],
    ["a value of 501 characters", { a: "v".repeat(501) }, ["too_big"]],
    ["a card number as value", { a: "4242 4242 4242 4242" }, ["card_number"]],
    ["a number as value", { a: 1 }, ["invalid_type"]],
    ["null as value", { a: null }, ["invalid_type"]],
    ["an object as value", { a: { b: "c" } }, ["invalid_type"]],
  ])("may not hold %s", (_name, map, faults) => {
    expect(faultsOf(metadata, map)).toEqual(faults);
  });

  test.each([[null], [[]], [["a"]], ["a"], [1]])("is no %j", (value) => {
    expect(faultsOf(metadata, value)).toEqual(["invalid_type"]);
  });

  test("keeps its keys and values in NFC", () => {
    expect(metadata.parse({ "cafe\u0301": "Zoe\u0308" })).toEqual({ "caf\u00E9": "Zo\u00EB" });
  });
});
