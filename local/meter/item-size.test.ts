import { expect, test } from "vitest";
import { itemBytes } from "./item-size.ts";

test.each<[string, Record<string, unknown>, number]>([
  ["text by its UTF-8", { name: { S: "Zoë" } }, 4 + 4],
  ["bytes by their number", { b: { B: Buffer.alloc(10).toString("base64") } }, 1 + 10],
  ["a number by its digits", { n: { N: "1234" } }, 1 + 3],
  ["a number without its zeros", { n: { N: "0012000" } }, 1 + 2],
  ["a negative number with its sign", { n: { N: "-12.34" } }, 1 + 4],
  ["a boolean and a null", { t: { BOOL: true }, n: { NULL: true } }, 2 + 2],
  ["a set by its members", { s: { SS: ["ab", "c"] } }, 1 + 3],
  ["a list with what it takes itself", { l: { L: [{ S: "ab" }, { S: "c" }] } }, 1 + 3 + 2 + 3],
  ["a map with its names", { m: { M: { ab: { S: "c" } } } }, 1 + 3 + 1 + 3],
])("%s", (_what, item, bytes) => {
  expect(itemBytes(item)).toBe(bytes);
});
