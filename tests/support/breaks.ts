import fc from "fast-check";
import type { Currency } from "#core/money/currency.ts";
import type { SettlementLine } from "#core/settlement/line.ts";

/** What settlement may come to, and the rules of breaks without a database, to compare with. */

export const [usd, eur] = ["USD", "EUR"] as Currency[] as [Currency, Currency];

/** The n-th payment of the tests. */
export const paymentId = (n: number): string => `pay_${String(n).padStart(26, "0")}`;
export const keyOf = (n: number): string => `${paymentId(n)}:capture:1`;

/** A history: what is owed, and what files say, of few payments and amounts, so that they meet. */
export const histories = fc.record({
  owed: fc.uniqueArray(fc.record({ n: fc.integer({ min: 1, max: 4 }), amount: fc.constantFrom(2n, 3n) }), {
    selector: ({ n }) => n,
    maxLength: 4,
  }),
  files: fc.array(
    fc.array(
      fc.record({
        n: fc.integer({ min: 1, max: 5 }),
        gross: fc.constantFrom(1n, 2n, 3n, -2n),
        currency: fc.constantFrom(usd, usd, usd, eur),
      }),
      { maxLength: 5 },
    ),
    { maxLength: 3 },
  ),
});

/** The same rules, said once more without a database. */
export function breaksBy(
  owed: readonly { readonly n: number; readonly amount: bigint }[],
  lines: readonly SettlementLine[],
  first: number,
): string[] {
  return [1, 2, 3, 4, 5].flatMap((n) => {
    const came = lines.filter(({ operationKey }) => operationKey === keyOf(first + n));
    const due = owed.find((each) => each.n === n)?.amount;
    if (due === undefined) return came.map(({ gross, currency }) => `unexpected ${n} ${gross} ${currency}`);
    const wrong = came.filter(({ currency }) => currency !== usd);
    const same = came.filter(({ currency }) => currency === usd);
    const total = same.reduce((sum, { gross }) => sum + gross, 0n);
    const found = wrong.map(({ gross, currency }) => `wrong_currency ${n} ${gross} ${currency}`);
    if (same.length === 0 || total === due) return found;
    return [...found, ...excessOf(n, due, total, same)];
  });
}

function excessOf(n: number, due: bigint, total: bigint, same: readonly SettlementLine[]): string[] {
  let sum = 0n;
  const whole = same.findIndex(({ gross }) => {
    sum += gross;
    return sum === due;
  });
  if (whole >= 0) return same.slice(whole + 1).map(({ gross }) => `duplicate ${n} ${gross} USD`);
  return [`${total > due ? "over" : "under"} ${n} ${total - due} USD`];
}
