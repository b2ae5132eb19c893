import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { currencies, sums } from "#tests/support/arbitraries/values.ts";
import type { Currency } from "./currency.ts";
import { add, compare, formatMoney, money, parseMoney, subtract, zero } from "./money.ts";

const usd = money(12_30n, "USD");
const eur = money(10_00n, "EUR");

describe("arithmetic", () => {
  test("adds and subtracts within one currency", () => {
    expect(add(usd, money(70n, "USD"))).toEqual(money(13_00n, "USD"));
    expect(subtract(usd, money(13_00n, "USD"))).toEqual(money(-70n, "USD"));
  });

  test.each([
    { a: 1n, b: 2n, order: -1 },
    { a: 2n, b: 2n, order: 0 },
    { a: 2n, b: -3n, order: 1 },
  ])("compares $a with $b as $order", ({ a, b, order }) => {
    expect(compare(money(a, "JPY"), money(b, "JPY"))).toBe(order);
  });

  test("is exact where floats are not, and undoes itself", () => {
    fc.assert(
      fc.property(sums, sums, currencies, (a, b, currency) => {
        const [x, y] = [money(a, currency), money(b, currency)];
        expect(subtract(add(x, y), y)).toEqual(x);
        expect(add(x, zero(currency))).toEqual(x);
        expect(add(x, y)).toEqual(add(y, x));
        expect(Math.sign(Number(subtract(x, y).amount))).toBe(compare(x, y));
      }),
    );
  });
});

describe("two currencies", () => {
  test("cannot be added, subtracted or compared: it does not compile, and it throws", () => {
    // @ts-expect-error USD + EUR
    expect(() => add(usd, eur)).toThrow("12.30 USD and 10.00 EUR are different currencies");
    // @ts-expect-error USD − EUR
    expect(() => subtract(usd, eur)).toThrow("12.30 USD and 10.00 EUR are different currencies");
    // @ts-expect-error USD < EUR
    expect(() => compare(usd, eur)).toThrow("12.30 USD and 10.00 EUR are different currencies");
  });

  test("that only the run time knows are refused at run time", () => {
    const [a, b]: [ReturnType<typeof money>, ReturnType<typeof money>] = [usd, eur];
    expect(() => add(a, b)).toThrow("different currencies");
  });

  test("never pass for one another, nor for codes and amounts that are none", () => {
    // @ts-expect-error an amount in euros is not an amount in dollars
    const dollars: typeof usd = eur;
    // @ts-expect-error XXX is no currency
    const nothing = money(1n, "XXX");
    // @ts-expect-error an amount is a bigint: floats have no place here
    const float = money(12.3, "USD");

    // The three exist at run time, where nothing but the parser at the edge keeps them out.
    expect([dollars, nothing, float]).toHaveLength(3);
  });
});

// biome-ignore format: a table is read in rows
const written: { amount: bigint; currency: Currency; text: string }[] = [
  { amount: 12_30n,             currency: "USD", text: "12.30" },
  { amount: 5n,                 currency: "USD", text: "0.05" },
  { amount: 0n,                 currency: "USD", text: "0.00" },
  { amount: -5n,                currency: "USD", text: "-0.05" },
  { amount: -1_00n,             currency: "USD", text: "-1.00" },
  { amount: 500n,               currency: "JPY", text: "500" },
  { amount: 0n,                 currency: "JPY", text: "0" },
  { amount: -5n,                currency: "KWD", text: "-0.005" },
  { amount: 1_234n,             currency: "KWD", text: "1.234" },
  { amount: 10n ** 15n,         currency: "USD", text: "10000000000000.00" },
];

describe("text", () => {
  test.each(written)("$amount minor units of $currency are written $text", ({ amount, currency, text }) => {
    expect(formatMoney(money(amount, currency))).toBe(`${text} ${currency}`);
  });

  test.each(written)("$text is read as $amount minor units of $currency", ({ amount, currency, text }) => {
    expect(parseMoney(text, currency)).toEqual(money(amount, currency));
  });

  test("what was written reads back the same", () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: -(10n ** 16n) + 1n, max: 10n ** 16n - 1n }),
        currencies,
        (amount, currency) => {
          const text = formatMoney(money(amount, currency)).replace(` ${currency}`, "");
          expect(parseMoney(text, currency)).toEqual(money(amount, currency));
        },
      ),
    );
  });

  // biome-ignore format: a table is read in rows
  test.each<{ text: string; currency: Currency; amount: bigint; rule: string }>([
    { text: "12",    currency: "USD", amount: 12_00n,  rule: "digits may be left off after the point" },
    { text: "12.3",  currency: "USD", amount: 12_30n,  rule: "digits may be left off after the point" },
    { text: "1.5",   currency: "KWD", amount: 1_500n,  rule: "digits may be left off after the point" },
    { text: "-0",    currency: "JPY", amount: 0n,      rule: "there is one zero" },
    { text: "007.5", currency: "USD", amount: 7_50n,   rule: "zeros may lead" },
  ])("$text $currency is $amount: $rule", ({ text, currency, amount }) => {
    expect(parseMoney(text, currency)).toEqual(money(amount, currency));
  });

  // biome-ignore format: a table is read in rows
  test.each<{ text: string; currency: Currency; why: string }>([
    { text: "12.305",            currency: "USD", why: "more digits than the currency has" },
    { text: "12.300",            currency: "USD", why: "more digits than the currency has, though they are zeros" },
    { text: "500.0",             currency: "JPY", why: "a currency without minor units has no point" },
    { text: "1.2345",            currency: "KWD", why: "more digits than the currency has" },
    { text: "",                  currency: "USD", why: "no digits" },
    { text: "-",                 currency: "USD", why: "no digits" },
    { text: ".50",               currency: "USD", why: "no digits before the point" },
    { text: "5.",                currency: "USD", why: "no digits after the point" },
    { text: "+5",                currency: "USD", why: "a plus" },
    { text: "--5",               currency: "USD", why: "two signs" },
    { text: "1e3",               currency: "USD", why: "an exponent" },
    { text: "0x10",              currency: "USD", why: "hexadecimal" },
    { text: "1,000",             currency: "USD", why: "a separator" },
    { text: "1.000.00",          currency: "USD", why: "two points" },
    { text: " 5",                currency: "USD", why: "a space" },
    { text: "5\n",               currency: "USD", why: "a line break" },
    { text: "٥",                 currency: "USD", why: "digits of another script" },
    { text: "12.30 USD",         currency: "USD", why: "the currency comes apart" },
    { text: "10000000000000000", currency: "JPY", why: "seventeen digits" },
  ])("$text is not an amount of $currency: $why", ({ text, currency }) => {
    expect(parseMoney(text, currency)).toBeUndefined();
  });
});
