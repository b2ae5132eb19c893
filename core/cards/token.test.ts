import { expect, test } from "vitest";
import type { Book } from "../ledger/account.ts";
import { derivedCardTokenId, parseCardTokenId, randomCardTokenId } from "./token.ts";

const demo = "mer_demo" as Book;
const other = "mer_other" as Book;

test("one key of one merchant is one token", () => {
  expect(derivedCardTokenId(demo, "key-1")).toBe(derivedCardTokenId(demo, "key-1"));
  expect(derivedCardTokenId(demo, "key-1")).not.toBe(derivedCardTokenId(demo, "key-2"));
  expect(derivedCardTokenId(demo, "key-1")).not.toBe(derivedCardTokenId(other, "key-1"));
});

test("ids of both kinds read back", () => {
  const derived = derivedCardTokenId(demo, "key-1");
  const random = randomCardTokenId(new Uint8Array(17).fill(255));
  expect(parseCardTokenId(derived)).toBe(derived);
  expect(random).toBe(`tok_${"z".repeat(26)}`);
  expect(parseCardTokenId(random)).toBe(random);
});

test.each([
  "",
  "tok_",
  `tok_${"0".repeat(25)}`,
  `tok_${"0".repeat(27)}`,
  `tok_${"i".repeat(26)}`,
  `pay_${"0".repeat(26)}`,
  `tok_${"0".repeat(26)}\n`,
])("%j is no token", (text) => {
  expect(parseCardTokenId(text)).toBeUndefined();
});
