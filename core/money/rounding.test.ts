import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { sums } from "#tests/support/arbitraries/values.ts";
import { divide } from "./rounding.ts";

// biome-ignore format: a table is read in rows
test.each([
  { numerator:  7n, denominator: 2n, floor:  3n, ceil:  4n, halfEven:  4n },
  { numerator:  5n, denominator: 2n, floor:  2n, ceil:  3n, halfEven:  2n },
  { numerator:  3n, denominator: 2n, floor:  1n, ceil:  2n, halfEven:  2n },
  { numerator:  1n, denominator: 2n, floor:  0n, ceil:  1n, halfEven:  0n },
  { numerator: -1n, denominator: 2n, floor: -1n, ceil:  0n, halfEven:  0n },
  { numerator: -3n, denominator: 2n, floor: -2n, ceil: -1n, halfEven: -2n },
  { numerator: -5n, denominator: 2n, floor: -3n, ceil: -2n, halfEven: -2n },
  { numerator:  1n, denominator: 3n, floor:  0n, ceil:  1n, halfEven:  0n },
  { numerator:  2n, denominator: 3n, floor:  0n, ceil:  1n, halfEven:  1n },
  { numerator: -2n, denominator: 3n, floor: -1n, ceil:  0n, halfEven: -1n },
  { numerator:  6n, denominator: 3n, floor:  2n, ceil:  2n, halfEven:  2n },
  { numerator: -6n, denominator: 3n, floor: -2n, ceil: -2n, halfEven: -2n },
  { numerator:  0n, denominator: 9n, floor:  0n, ceil:  0n, halfEven:  0n },
])("$numerator / $denominator is $floor, $ceil or $halfEven", ({ numerator, denominator, ...rounded }) => {
  expect({
    floor: divide(numerator, denominator, "floor"),
    ceil: divide(numerator, denominator, "ceil"),
    halfEven: divide(numerator, denominator, "half-even"),
  }).toEqual(rounded);
});

describe("against exact rationals, compared by multiplying out", () => {
  const denominators = fc.oneof(fc.bigInt({ min: 1n, max: 12n }), fc.bigInt({ min: 1n, max: 10n ** 12n }));

  test("the floor is the largest integer that is not above", () => {
    fc.assert(
      fc.property(sums, denominators, (numerator, denominator) => {
        const floor = divide(numerator, denominator, "floor");
        expect(floor * denominator <= numerator).toBe(true);
        expect((floor + 1n) * denominator > numerator).toBe(true);
      }),
    );
  });

  test("the ceiling is the smallest integer that is not below", () => {
    fc.assert(
      fc.property(sums, denominators, (numerator, denominator) => {
        const ceil = divide(numerator, denominator, "ceil");
        expect(ceil * denominator >= numerator).toBe(true);
        expect((ceil - 1n) * denominator < numerator).toBe(true);
      }),
    );
  });

  test("half-even is never more than a half away, and even where two are equally near", () => {
    fc.assert(
      fc.property(sums, denominators, (numerator, denominator) => {
        const rounded = divide(numerator, denominator, "half-even");
        const off = rounded * denominator - numerator;
        const twiceOff = 2n * (off < 0n ? -off : off);
        expect(twiceOff <= denominator).toBe(true);
        if (twiceOff === denominator) expect(rounded % 2n).toBe(0n);
      }),
    );
  });
});

test.each([0n, -1n])("a division by %s throws", (denominator) => {
  expect(() => divide(1n, denominator, "floor")).toThrow(`division by ${denominator}`);
});
