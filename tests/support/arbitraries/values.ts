import fc from "fast-check";
import type { Book } from "#core/ledger/account.ts";
import type { Currency } from "#core/money/currency.ts";
import { amountMax, type Money, money } from "#core/money/money.ts";
import type { FeeSchedule } from "#core/pricing/fee-schedule.ts";

// Arbitrary values of the domain, here and in the files beside this one, all of them valid: a test that wants broken ones
// breaks them where it can be seen.

/** Objects as literals make them: fast-check's own have no prototype now and then, which no code of ours produces. */
export const record = <T>(fields: { [Field in keyof T]: fc.Arbitrary<T[Field]> }): fc.Arbitrary<T> =>
  fc.record(fields, { noNullPrototype: true });

/** Two of each exponent that ISO 4217 has: 0, 2 and 3. */
export const currencies: fc.Arbitrary<Currency> = fc.constantFrom("JPY", "KRW", "USD", "EUR", "KWD", "BHD");

/** 1 … `max` minor units; small amounts, where rounding bites, come as often as large ones. */
export const amounts = (max = amountMax): fc.Arbitrary<bigint> =>
  fc.oneof(fc.bigInt({ min: 1n, max: max < 500n ? max : 500n }), fc.bigInt({ min: 1n, max }));

/** Any sign, far beyond what one payment may carry: what sums reach. */
export const sums = fc.oneof(
  fc.bigInt({ min: -1_000n, max: 1_000n }),
  fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n }),
);

export const moneys: fc.Arbitrary<Money> = fc.tuple(amounts(), currencies).map(([a, c]) => money(a, c));

export const feeSchedules: fc.Arbitrary<FeeSchedule> = record({
  basisPoints: fc.integer({ min: 0, max: 10_000 }),
  fixed: fc.bigInt({ min: 0n, max: 10_000n }),
});

export const books = fc.constantFrom("mer_demo", "mer_other") as fc.Arbitrary<Book>;

/** Epoch milliseconds, 2020 … 2040. */
export const instants = fc.integer({ min: 1_577_836_800_000, max: 2_208_988_800_000 });

/** What a customer might type, short. Any well-formed text, so that no codec gets away with ASCII. */
export const texts = fc.string({ unit: "grapheme", minLength: 1, maxLength: 12 });

export const acquirers = fc.constantFrom("alpha", "beta");
