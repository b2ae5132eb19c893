import fc from "fast-check";
import { expect, test } from "vitest";
import { exceedsBytes, type Json, jsonBytes } from "./json.ts";

test("a value exceeds a limit exactly when its JSON text has more bytes", () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 4 }), fc.nat(400), (value, limit) => {
      const json = value as Json;
      expect(exceedsBytes(json, limit)).toBe(jsonBytes(json) > limit);
    }),
  );
});

test.each([
  ["quotes", '"', 2],
  ["control characters", "\u0001", 6],
  ["characters of several bytes", "€", 3],
])("escapes and UTF-8 count: %s", (_title, character, bytes) => {
  const text = character.repeat(100);
  expect(exceedsBytes(text, 2 + 100 * bytes)).toBe(false);
  expect(exceedsBytes(text, 1 + 100 * bytes)).toBe(true);
});
