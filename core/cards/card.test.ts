import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { cardFaults, parseCard, type TypedCard } from "./card.ts";

const now = Date.parse("2025-11-23T12:00:00Z");
const typed: TypedCard = {
  number: "4242424242424242",
  expMonth: 12,
  expYear: 2030,
  cvc: "123",
  holderName: "Noe\u0308l",
};
const parsed = (changes: Partial<TypedCard> = {}) => parseCard({ ...typed, ...changes }, now);
const card = () => {
  const result = parsed();
  if (!result.ok) throw new Error(result.error.join());
  return result.value;
};

test("a card is read with its name normalized", () => {
  const { number, expMonth, expYear, holderName } = card();
  expect({ number, expMonth, expYear, holderName }).toEqual({
    number: "4242424242424242",
    expMonth: 12,
    expYear: 2030,
    holderName: "Noël",
  });
});

test("a card without a name has none", () => {
  const { holderName: _holderName, ...nameless } = typed;
  const result = parseCard(nameless, now);
  expect(result.ok && "holderName" in result.value).toBe(false);
});

test.each<[Partial<TypedCard>, readonly string[]]>([
  [{ number: "4242424242424241" }, ["number_checksum"]],
  [{ expYear: 2024 }, ["year_past"]],
  [{ cvc: "" }, ["cvc_malformed"]],
  [{ cvc: "12" }, ["cvc_malformed"]],
  [{ cvc: "12345" }, ["cvc_malformed"]],
  [{ cvc: "12a" }, ["cvc_malformed"]],
  [{ cvc: "1234" }, ["cvc_length"]],
  [{ number: "378282246310005" }, ["cvc_length"]],
  [{ number: "", cvc: "1234" }, ["number_malformed"]],
  [{ holderName: "" }, ["holder_name_empty"]],
  [
    { number: "1", expMonth: 0, expYear: 1, cvc: "x", holderName: "\u0000" },
    [
      "number_malformed",
      "month_out_of_range",
      "year_out_of_range",
      "cvc_malformed",
      "holder_name_invisible_character",
    ],
  ],
])("%j is refused with %j", (changes, faults) => {
  expect(parsed(changes)).toEqual({ ok: false, error: faults });
});

test("American Express has a code of four digits, and a brand that is unknown may have either", () => {
  expect(parsed({ number: "378282246310005", cvc: "1234" }).ok).toBe(true);
  expect(parsed({ number: "9999999999999995", cvc: "123" }).ok).toBe(true);
  expect(parsed({ number: "9999999999999995", cvc: "1234" }).ok).toBe(true);
});

test("every fault names its field and says what to do, without what was typed", () => {
  for (const { field, detail } of Object.values(cardFaults)) {
    expect(["number", "exp_month", "exp_year", "cvc", "holder_name"]).toContain(field);
    expect(detail).toMatch(/\.$/);
  }
});

describe("a card shows nothing of itself when it is", () => {
  test.each<[string, () => string]>([
    ["printed", () => inspect(card())],
    ["printed with hidden fields", () => inspect(card(), { showHidden: true, depth: 9 })],
    ["printed inside something", () => inspect({ request: { card: card() } }, { depth: 9 })],
    ["serialized", () => JSON.stringify({ card: card() })],
    ["put in a text", () => `${card()}`],
    ["put in an error", () => inspect(new Error("failed", { cause: card() }), { depth: 9 })],
  ])("%s", (_how, show) => {
    expect(show()).toContain("[card]");
    expect(show()).not.toMatch(/4242|2030|Noël/);
  });
});

test.each<[string, () => unknown]>([
  ["spread", () => ({ ...card() })],
  ["cloned", () => structuredClone(card())],
  ["taken apart", () => Object.entries(card())],
])("a card leaves its number behind when it is %s", (_how, copy) => {
  expect(inspect(copy(), { showHidden: true, depth: 9 })).not.toContain("4242");
});

test("the code is nowhere in a card", () => {
  const holder = card();
  expect(Object.values(holder)).not.toContain("123");
  expect("cvc" in holder).toBe(false);
});
