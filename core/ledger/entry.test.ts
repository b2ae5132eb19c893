import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { entries } from "#tests/support/arbitraries/ledger.ts";
import { demo } from "#tests/support/examples.ts";
import type { Currency } from "../money/currency.ts";
import { amountMax } from "../money/money.ts";
import type { AccountId } from "./account.ts";
import { checkEntry, credit, debit, isBalanced, type Leg, legsMax } from "./entry.ts";
import { type MalformedEntry, malformedEntryPrecedence } from "./errors.ts";

const dr = (account: string, amount: bigint, currency: Currency = "USD") =>
  debit(account as AccountId, amount, currency);
const cr = (account: string, amount: bigint, currency: Currency = "USD") =>
  credit(account as AccountId, amount, currency);

const check = (legs: readonly Leg[]) => checkEntry({ book: demo, legs });

/** `count` legs that balance, each on an account of its own. */
const wide = (count: number): Leg[] =>
  Array.from({ length: count }, (_, n) => (n % 2 === 0 ? dr(`acc_${n}`, 1n) : cr(`acc_${n}`, 1n)));

// biome-ignore format: a table is read in rows
const wellFormed: { shape: string; legs: Leg[] }[] = [
  { shape: "one debit, one credit",               legs: [dr("mer_demo:1000:USD", 5n), cr("mer_demo:2100:USD", 5n)] },
  { shape: "credits first",                       legs: [cr("mer_demo:2100:USD", 5n), dr("mer_demo:1000:USD", 5n)] },
  { shape: "one debit, two credits",              legs: [dr("mer_demo:1000:USD", 5n), cr("mer_demo:2100:USD", 3n), cr("mer_demo:4000:USD", 2n)] },
  { shape: "two currencies, balanced one by one", legs: [dr("acc_a", 5n), cr("acc_b", 5n), dr("acc_c", 4n, "EUR"), cr("acc_d", 4n, "EUR")] },
  { shape: "both sides of one account",           legs: [dr("acc_a", 5n), cr("acc_a", 2n), cr("acc_b", 3n)] },
  { shape: "the smallest amount",                 legs: [dr("acc_a", 1n), cr("acc_b", 1n)] },
  { shape: "the largest amount",                  legs: [dr("acc_a", amountMax), cr("acc_b", amountMax)] },
  { shape: "as many legs as there may be",        legs: wide(legsMax) },
];

test.each(wellFormed)("$shape is well-formed", ({ legs }) => {
  const entry = { book: demo, legs };

  expect(checkEntry(entry)).toEqual({ ok: true, value: entry });
});

// biome-ignore format: a table is read in rows
const malformed: { flaw: string; legs: Leg[]; code: MalformedEntry }[] = [
  { flaw: "no legs",                                code: "too_few_legs",                legs: [] },
  { flaw: "one leg",                                code: "too_few_legs",                legs: [dr("acc_a", 1n)] },
  { flaw: "a hundred and two legs",                 code: "too_many_legs",               legs: wide(legsMax + 2) },
  { flaw: "a leg of nothing",                       code: "amount_out_of_range",         legs: [dr("acc_a", 0n), cr("acc_b", 0n)] },
  { flaw: "a negative leg",                         code: "amount_out_of_range",         legs: [dr("acc_a", -5n), cr("acc_b", -5n)] },
  { flaw: "a leg of more than 10^15",               code: "amount_out_of_range",         legs: [dr("acc_a", amountMax + 1n), cr("acc_b", amountMax + 1n)] },
  { flaw: "an account of another book",             code: "account_of_another_book",     legs: [dr("mer_other:1000:USD", 1n), cr("mer_demo:2100:USD", 1n)] },
  { flaw: "a book whose name starts the same",      code: "account_of_another_book",     legs: [dr("mer_demo2:1000:USD", 1n), cr("mer_demo:2100:USD", 1n)] },
  { flaw: "a currency that the account is not in",  code: "currency_of_another_account", legs: [dr("mer_demo:1000:EUR", 1n), cr("mer_demo:2100:USD", 1n)] },
  { flaw: "two currencies on one user account",     code: "currency_of_another_account", legs: [dr("acc_a", 5n), cr("acc_a", 3n, "EUR"), dr("acc_b", 3n, "EUR"), cr("acc_b", 5n)] },
  { flaw: "a currency that its sales are not in",     code: "currency_of_another_account", legs: [dr("acc_a", 5n), cr("acc_sales_eur", 5n)] },
  { flaw: "two debits of one account",              code: "account_repeated",            legs: [dr("acc_a", 1n), dr("acc_a", 2n), cr("acc_b", 3n)] },
  { flaw: "two credits of one account",             code: "account_repeated",            legs: [dr("acc_a", 3n), cr("acc_b", 1n), cr("acc_b", 2n)] },
  { flaw: "more debits than credits",               code: "unbalanced",                  legs: [dr("acc_a", 2n), cr("acc_b", 1n)] },
  { flaw: "more credits than debits",               code: "unbalanced",                  legs: [dr("acc_a", 1n), cr("acc_b", 2n)] },
  { flaw: "two debits",                             code: "unbalanced",                  legs: [dr("acc_a", 1n), dr("acc_b", 1n)] },
  { flaw: "a balance over two currencies only",     code: "unbalanced",                  legs: [dr("acc_a", 5n), cr("acc_b", 5n, "EUR")] },
  { flaw: "one of two currencies off by one",       code: "unbalanced",                  legs: [dr("acc_a", 5n), cr("acc_b", 5n), dr("acc_c", 4n, "EUR"), cr("acc_d", 3n, "EUR")] },
];

test.each(malformed)("$flaw is refused as $code", ({ legs, code }) => {
  expect(check(legs)).toEqual({ ok: false, error: code });
});

test("each code has a flaw that shows it", () => {
  expect(new Set(malformed.map(({ code }) => code))).toEqual(new Set(malformedEntryPrecedence));
});

describe("of several flaws the first by precedence is answered", () => {
  // Each row has the flaw of its own code and, where both are possible, those of every code after it.
  const nothing = dr("acc_a", 0n);
  const foreign = dr("mer_other:1000:USD", 1n);
  const mixed = dr("mer_demo:1000:EUR", 1n);
  const repeated = [dr("acc_b", 1n), dr("acc_b", 1n)];

  // biome-ignore format: a table is read in rows
  test.each<{ legs: Leg[]; code: MalformedEntry }>([
    { code: "too_few_legs",                legs: [dr("mer_other:1000:EUR", 0n)] },
    { code: "too_many_legs",               legs: [...Array<Leg>(legsMax).fill(nothing), foreign, mixed, ...repeated] },
    { code: "amount_out_of_range",         legs: [...repeated, mixed, foreign, nothing] },
    { code: "account_of_another_book",     legs: [...repeated, mixed, foreign] },
    { code: "currency_of_another_account", legs: [...repeated, mixed] },
    { code: "account_repeated",            legs: repeated },
    { code: "unbalanced",                  legs: [dr("acc_b", 1n), dr("acc_c", 1n)] },
  ])("$code", ({ legs, code }) => {
    expect(check(legs)).toEqual({ ok: false, error: code });
  });

  test("in the order that is documented", () => {
    expect(malformedEntryPrecedence).toEqual([
      "too_few_legs",
      "too_many_legs",
      "amount_out_of_range",
      "account_of_another_book",
      "currency_of_another_account",
      "account_repeated",
      "unbalanced",
    ]);
  });
});

describe("any well-formed entry", () => {
  test("passes, whatever the order of its legs", () => {
    fc.assert(
      fc.property(entries, (entry) => {
        const reversed = { ...entry, legs: entry.legs.toReversed() };
        expect(checkEntry(entry)).toEqual({ ok: true, value: entry });
        expect(checkEntry(reversed)).toEqual({ ok: true, value: reversed });
      }),
    );
  });

  test("is unbalanced by one minor unit more on any one leg", () => {
    fc.assert(
      fc.property(entries, fc.nat(), ({ legs }, pick) => {
        const at = pick % legs.length;
        const off = legs.map((leg, index) => (index === at ? { ...leg, amount: leg.amount + 1n } : leg));
        expect(isBalanced(legs)).toBe(true);
        expect(isBalanced(off)).toBe(false);
      }),
    );
  });

  test("is unbalanced by any one leg turned to the other side", () => {
    fc.assert(
      fc.property(entries, fc.nat(), ({ legs }, pick) => {
        const at = pick % legs.length;
        const turned = legs.map((leg, index) =>
          index === at
            ? { ...leg, side: leg.side === "debit" ? ("credit" as const) : ("debit" as const) }
            : leg,
        );
        expect(isBalanced(turned)).toBe(false);
      }),
    );
  });
});
