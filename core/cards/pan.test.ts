import { randomUUID } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { brandOf, hasBrandLength } from "./brands.ts";
import { passesLuhn } from "./luhn.ts";
import { binOf, containsPan, last4Of, type Pan, parsePan, withoutPans } from "./pan.ts";

/** `digits` and the one check digit that fits them. */
const withCheckDigit = (digits: string): string => {
  const check = Array.from("0123456789").find((digit) => passesLuhn(digits + digit));
  return digits + check;
};

const digitsOf = (length: number) =>
  fc.string({ unit: fc.constantFrom(..."0123456789"), minLength: length, maxLength: length });
const visas = digitsOf(14).map((middle) => withCheckDigit(`4${middle}`));

describe("a card number", () => {
  test.each([
    "4242424242424242",
    "5555555555554444",
    "378282246310005",
    "4000000000000002",
    "4000000000009995",
    "4000000000009987",
    "4000000000009979",
    "4000000000000069",
    "4000000000000127",
    "4000000000000119",
    "4000003800000446",
    "4000000000005001",
    "4000000000005019",
    "4000000000005027",
    "4000000000005035",
    "4000000000005043",
    "4000000000005050",
    "4000000000005068",
    "4000000000005076",
    "4000000000005084",
  ])("%s of the sandbox is taken", (number) => {
    expect(parsePan(number)).toEqual({ ok: true, value: number });
  });

  test.each([
    ["", "number_malformed"],
    ["42424242424", "number_malformed"],
    ["42424242424242424242", "number_malformed"],
    ["4242 4242 4242 4242", "number_malformed"],
    ["4242-4242-4242-4242", "number_malformed"],
    [" 4242424242424242", "number_malformed"],
    ["4242424242424242\n", "number_malformed"],
    ["424242424242424x", "number_malformed"],
    ["４２４２４２４２４２４２４２４２", "number_malformed"],
    ["424242424242424", "number_length"],
    ["3782822463100050", "number_length"],
    ["4242424242424241", "number_checksum"],
    ["378282246310006", "number_checksum"],
  ])("%j is refused as %s", (text, error) => {
    expect(parsePan(text)).toEqual({ ok: false, error });
  });

  test("of no known brand is taken at any length from 12 to 19", () => {
    for (let length = 12; length <= 19; length += 1) {
      const number = withCheckDigit("9".repeat(length - 1));
      expect(parsePan(number)).toEqual({ ok: true, value: number });
    }
  });

  test("with one digit mistyped is always refused", () => {
    fc.assert(
      fc.property(visas, fc.nat({ max: 14 }), fc.integer({ min: 1, max: 9 }), (number, at, by) => {
        // The first digit stays: it would make another brand, and another fault.
        const place = at + 1;
        const wrong = (Number(number.charAt(place)) + by) % 10;
        const mistyped = number.slice(0, place) + wrong + number.slice(place + 1);
        expect(parsePan(mistyped)).toEqual({ ok: false, error: "number_checksum" });
      }),
    );
  });

  test("shows its first six and last four digits", () => {
    expect(binOf("5555555555554444" as Pan)).toBe("555555");
    expect(last4Of("5555555555554444" as Pan)).toBe("4444");
  });
});

describe("a text with a card number in it", () => {
  test.each([
    ["4242424242424242"],
    ["my card is 4242424242424242, thanks"],
    ["card4242424242424242"],
    ["4242424242424242exp1230"],
    ["4242 4242 4242 4242"],
    ["4242-4242-4242-4242"],
    ["4242.4242.4242.4242"],
    ["4242 - 4242 - 4242 - 4242"],
    ["4242\u00a04242\u00a04242\u00a04242"],
    ["4242–4242–4242–4242"],
    ["4242\u20114242\u20114242\u20114242"],
    ["４２４２ ４２４２ ４２４２ ４２４２"],
    ["4 2 4 2 4 2 4 2 4 2 4 2 4 2 4 2"],
    ["42424242 42424242"],
    ["3782 822463 10005"],
    ["order 12 4242 4242 4242 4242 12/30 123"],
    ["4242 4242 4242 4242 12 30 123"],
    ['{"number":"5555555555554444"}'],
    ["6200000000000005"],
    ["4222222222222"],
    ["36227206271667"],
    ["4242424242424242.50"],
    [`${randomUUID()} 4242424242424242`],
  ])("is found: %s", (text) => {
    expect(containsPan(text)).toBe(true);
  });

  test("is found wherever it stands", () => {
    const words = fc.constantFrom("", "paid with ", "no. 7, ", "2025-11-23 ", "(", "№");
    const ends = fc.constantFrom("", " please", ", exp 12/30", ")", "\n");
    fc.assert(
      fc.property(
        words,
        visas.filter((n) => hasBrandLength(n)),
        ends,
        (before, number, after) => {
          expect(containsPan(before + number + after)).toBe(true);
        },
      ),
    );
  });
});

describe("a text without a card number", () => {
  test.each([
    ["nothing", ""],
    ["words", "two pairs of shoes"],
    ["too few digits", "424242424242"],
    ["a wrong check digit", "4242424242424241"],
    ["a longer number that holds one", "94242424242424242424242"],
    ["masked digits", "424242******4242"],
    ["the shown part of a card", "424242 4242"],
    ["epoch milliseconds", "1700000000004"],
    ["epoch microseconds", "1700000000000001"],
    ["epoch nanoseconds", "1700000000000000004"],
    ["a telephone number", "+49 30 901820"],
    ["times", "2024-01-15 12:30:45.123"],
    ["an IMEI", "490154203237518"],
    ["a SIM number", "8944500102198304826"],
    ["a contiguous IBAN", "DE89370400440532013000"],
    ["an article number with a card's check digit as well", "4006381333023"],
    ["another such article number", "4000000000006"],
    ["a decimal fraction", "0.4242424242424242"],
    ["a decimal number", "4.242424242424242"],
    ["digits far apart", "4242, 4242, 4242 and 4242"],
    ["digits on both sides of a word", "4242 4242 or 4242 4242"],
    ["a hexadecimal hash", "e4242424242424242b"],
    ["a UUID", "41111111-1111-1111-a111-111111111111"],
    ["a UUID in capitals", "42424242-4242-4242-8AAA-AAAAAAAAAAAA"],
  ])("is let pass: %s", (_what, text) => {
    expect(containsPan(text)).toBe(false);
  });

  test("is let pass when it is a random UUID", () => {
    for (let i = 0; i < 2_000; i += 1) expect(containsPan(randomUUID())).toBe(false);
  });

  test("is let pass when its number belongs to no known brand", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 13, max: 19 }).chain((length) => digitsOf(length - 1)),
        (digits) => {
          const number = withCheckDigit(digits);
          fc.pre(brandOf(number) === "unknown");
          expect(containsPan(number)).toBe(false);
        },
      ),
    );
  });
});

test("a long text takes time in proportion to its length", () => {
  const long = "4 2 ".repeat(50_000);
  const startedMs = performance.now();
  containsPan(long);
  expect(performance.now() - startedMs).toBeLessThan(2_000);
});

describe("what others wrote", () => {
  test.each([
    ['{"pan":"4242424242424242"}', '{"pan":"424242******4242"}'],
    ["4242 4242 4242 4242 and 3782-822463-10005", "424242******4242 and 378282*****0005"],
    ["\uff14242424242424242", "424242******4242"],
    [`4242424242424242 ${"1234567890".repeat(3)}`, `424242${"*".repeat(36)}7890`],
  ])("%s is kept as %s", (text, kept) => {
    expect(withoutPans(text)).toBe(kept);
  });

  test.each(['{"dispute":"dsp_1","arn":"74537604221222132710572"}', "\ufb01rst", ""])(
    "without a card number stays as it is: %s",
    (text) => {
      expect(withoutPans(text)).toBe(text);
    },
  );

  test("holds no card number afterwards, wherever it stood", () => {
    const around = fc.string({ unit: fc.constantFrom(..."0123456789 -.x"), maxLength: 30 });
    fc.assert(
      fc.property(around, visas, around, (before, pan, after) => {
        expect(containsPan(withoutPans(before + pan + after))).toBe(false);
      }),
    );
  });
});
