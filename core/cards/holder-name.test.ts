import fc from "fast-check";
import { expect, test } from "vitest";
import { normalizeHolderName } from "./holder-name.ts";

test.each([
  ["Zoë O'Neill-Núñez", "Zoë O'Neill-Núñez"],
  ["  Ada  ", "Ada"],
  ["Noe\u0308l", "Noël"],
  ["山田 太郎", "山田 太郎"],
  ["a".repeat(100), "a".repeat(100)],
  ["e\u0301".repeat(100), "é".repeat(100)],
])("%j becomes %j", (text, value) => {
  expect(normalizeHolderName(text)).toEqual({ ok: true, value });
});

test.each([
  ["", "holder_name_empty"],
  ["   ", "holder_name_empty"],
  ["a".repeat(101), "holder_name_too_long"],
  ["Ada\u0000", "holder_name_invisible_character"],
  ["Ada\n", "holder_name_invisible_character"],
  ["\ufeffAda", "holder_name_invisible_character"],
  ["A\u202eda", "holder_name_invisible_character"],
  ["A\u200bda", "holder_name_invisible_character"],
  ["A\ud800", "holder_name_invisible_character"],
  ["4242 4242 4242 4242", "holder_name_card_number"],
])("%j is refused as %s", (text, error) => {
  expect(normalizeHolderName(text)).toEqual({ ok: false, error });
});

test("a normalized name stays as it is", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), (text) => {
      const once = normalizeHolderName(text);
      fc.pre(once.ok);
      expect(normalizeHolderName(once.ok ? once.value : "")).toEqual(once);
    }),
  );
});
