import { expect, test } from "vitest";
import { type Currency, exponentOf, isCurrency } from "./currency.ts";

// Source: ISO 4217 list one. Every currency that does not count in hundredths, and a few that do.
test.each<{ exponent: number; codes: Currency[] }>([
  {
    exponent: 0,
    codes: [
      ...(["BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW"] as const),
      ...(["PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF"] as const),
    ],
  },
  { exponent: 2, codes: ["USD", "EUR", "GBP", "CHF", "HUF", "IDR", "MGA", "MRU", "TWD", "XCG"] },
  { exponent: 3, codes: ["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"] },
])("$codes count $exponent digits after the point", ({ exponent, codes }) => {
  for (const code of codes) expect([code, exponentOf(code)]).toEqual([code, exponent]);
});

test.each([
  { code: "XXX", why: "means no currency" },
  { code: "XTS", why: "is for tests" },
  { code: "XAU", why: "is gold" },
  { code: "XDR", why: "is a basket" },
  { code: "CLF", why: "is a fund" },
  { code: "DEM", why: "has left circulation" },
  { code: "BGN", why: "became the euro in 2026" },
  { code: "usd", why: "is in lower case" },
  { code: "USD ", why: "has a space" },
  { code: "US", why: "is cut short" },
  { code: "", why: "is empty" },
  { code: "ЕUR", why: "starts with a Cyrillic letter" },
  { code: "constructor", why: "is something that every object has" },
  { code: "__proto__", why: "is something that every object has" },
])("'$code' is refused: it $why", ({ code }) => {
  expect(isCurrency(code)).toBe(false);
});

test.each(["USD", "JPY", "KWD"])("%s is a currency", (code) => {
  expect(isCurrency(code)).toBe(true);
});
