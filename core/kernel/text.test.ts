import { expect, test } from "vitest";
import { hasInvisible } from "./text.ts";

test.each([
  ["NUL", "a\u0000b"],
  ["a line feed", "a\nb"],
  ["a C1 control", "a\u0085b"],
  ["a soft hyphen", "a\u00adb"],
  ["an Arabic letter mark", "a\u061cb"],
  ["a zero-width space", "a\u200bb"],
  ["a zero-width joiner", "a\u200db"],
  ["a right-to-left override", "a\u202eb"],
  ["a paragraph separator", "a\u2029b"],
  ["a word joiner", "a\u2060b"],
  ["an isolate", "a\u2066b"],
  ["a byte order mark", "\ufeffab"],
  ["a tag", "a\u{e0041}b"],
  ["a lone high surrogate", "a\ud800"],
  ["a lone low surrogate", "\udc00a"],
])("%s is invisible", (_name, text) => {
  expect(hasInvisible(text)).toBe(true);
});

test.each([["Zoë Müller-O’Neill"], ["山田太郎"], ["محمد"], ["ne\u0301"], ["😀"], ["a\u00a0b"], [""]])(
  "%j can be seen",
  (text) => {
    expect(hasInvisible(text)).toBe(false);
  },
);
