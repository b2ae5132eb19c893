import { describe, expect, test } from "vitest";
import { brandOf, type CardBrand, cvcLengthsOf, hasBrandLength } from "./brands.ts";

describe("the brand follows from the first digits", () => {
  test.each<[CardBrand, string, string]>([
    ["visa", "4000", "4999"],
    ["mastercard", "5100", "5599"],
    ["mastercard", "2221", "2720"],
    ["amex", "3400", "3499"],
    ["amex", "3700", "3799"],
    ["discover", "6011", "6011"],
    ["discover", "6440", "6499"],
    ["discover", "6500", "6599"],
    ["jcb", "3528", "3589"],
    ["diners", "3000", "3059"],
    ["diners", "3095", "3095"],
    ["diners", "3600", "3699"],
    ["diners", "3800", "3999"],
    ["unionpay", "6200", "6299"],
    ["unionpay", "8100", "8171"],
    ["maestro", "5018", "5018"],
    ["maestro", "6304", "6304"],
    ["maestro", "6761", "6763"],
  ])("%s from %s to %s", (brand, first, last) => {
    expect(brandOf(`${first}000000000000`)).toBe(brand);
    expect(brandOf(`${last}999999999999`)).toBe(brand);
  });

  test.each([
    "2220",
    "2721",
    "3527",
    "3590",
    "3060",
    "3094",
    "3096",
    "5000",
    "5600",
    "6010",
    "6012",
    "6439",
    "6760",
    "8099",
    "8172",
    "0000",
    "1000",
    "7000",
    "9000",
  ])("%s belongs to none", (first) => {
    expect(brandOf(`${first}000000000000`)).toBe("unknown");
  });

  test("digits too few to tell belong to none", () => {
    expect(brandOf("")).toBe("unknown");
    expect(brandOf("222")).toBe("unknown");
    expect(brandOf("601")).toBe("unknown");
  });
});

test.each([
  ["4", [13, 16, 19]],
  ["51", [16]],
  ["2221", [16]],
  ["34", [15]],
  ["6011", [16, 17, 18, 19]],
  ["3528", [16, 17, 18, 19]],
  ["36", [14, 15, 16, 17, 18, 19]],
  ["62", [16, 17, 18, 19]],
  ["5018", [12, 13, 14, 15, 16, 17, 18, 19]],
  ["9", [12, 13, 14, 15, 16, 17, 18, 19]],
])("numbers that begin with %s have %j digits", (prefix, lengths) => {
  const all = Array.from({ length: 21 }, (_, length) => length);
  expect(all.filter((length) => length > 4 && hasBrandLength(prefix.padEnd(length, "0")))).toEqual(lengths);
});

test("American Express prints four digits as its code, others three, and a brand that is unknown may do either", () => {
  expect(cvcLengthsOf("amex")).toEqual([4]);
  expect(cvcLengthsOf("visa")).toEqual([3]);
  expect(cvcLengthsOf("unknown")).toEqual([3, 4]);
});
