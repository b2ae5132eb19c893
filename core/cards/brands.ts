/** Who runs the scheme that a card belongs to. `unknown` cards are taken: an acquirer may know better. */
export type CardBrand =
  | "visa"
  | "mastercard"
  | "amex"
  | "discover"
  | "jcb"
  | "diners"
  | "unionpay"
  | "maestro"
  | "unknown";

interface BrandRule {
  readonly brand: CardBrand;
  /** Issuer identification numbers as prefixes, both ends included and of one length. */
  readonly prefixes: readonly (readonly [first: string, last: string])[];
  /** Digits that its numbers may have. */
  readonly lengths: readonly number[];
  readonly cvcLengths: readonly number[];
}

const upTo19 = (from: number): readonly number[] =>
  Array.from({ length: 20 - from }, (_, more) => from + more);
const one = (prefix: string): readonly [string, string] => [prefix, prefix];

/** The shortest and longest number of any card (ISO/IEC 7812-1; 12 digits for some Maestro cards). */
export const panLengthMin = 12;
export const panLengthMax = 19;

/**
 * The ranges that the schemes publish. No two overlap, so their order means nothing.
 * 622126 … 622925 are UnionPay cards that Discover also accepts: UnionPay issues them.
 */
const rules: readonly BrandRule[] = [
  { brand: "visa", prefixes: [one("4")], lengths: [13, 16, 19], cvcLengths: [3] },
  {
    brand: "mastercard",
    prefixes: [
      ["51", "55"],
      ["2221", "2720"],
    ],
    lengths: [16],
    cvcLengths: [3],
  },
  { brand: "amex", prefixes: [one("34"), one("37")], lengths: [15], cvcLengths: [4] },
  {
    brand: "discover",
    prefixes: [one("6011"), ["644", "649"], one("65")],
    lengths: upTo19(16),
    cvcLengths: [3],
  },
  { brand: "jcb", prefixes: [["3528", "3589"]], lengths: upTo19(16), cvcLengths: [3] },
  {
    brand: "diners",
    prefixes: [["300", "305"], one("3095"), one("36"), ["38", "39"]],
    lengths: upTo19(14),
    cvcLengths: [3],
  },
  { brand: "unionpay", prefixes: [one("62"), ["8100", "8171"]], lengths: upTo19(16), cvcLengths: [3] },
  {
    brand: "maestro",
    prefixes: [
      one("5018"),
      one("5020"),
      one("5038"),
      one("5893"),
      one("6304"),
      one("6759"),
      ["6761", "6763"],
    ],
    lengths: upTo19(panLengthMin),
    cvcLengths: [3],
  },
];

const unknown: BrandRule = {
  brand: "unknown",
  prefixes: [],
  lengths: upTo19(panLengthMin),
  cvcLengths: [3, 4],
};

/** The brand by its first digits alone, whatever the length. `digits` holds 0 … 9 only. */
export const brandOf = (digits: string): CardBrand => ruleOf(digits).brand;

/** True when numbers that begin so have this many digits. */
export const hasBrandLength = (digits: string): boolean => ruleOf(digits).lengths.includes(digits.length);

/** Digits that the card's verification code may have. */
export const cvcLengthsOf = (brand: CardBrand): readonly number[] =>
  (rules.find((rule) => rule.brand === brand) ?? unknown).cvcLengths;

function ruleOf(digits: string): BrandRule {
  const begins = ([first, last]: readonly [string, string]): boolean => {
    const start = digits.slice(0, first.length);
    // Digits of one length sort as numbers do.
    return start.length === first.length && start >= first && start <= last;
  };
  return rules.find((rule) => rule.prefixes.some(begins)) ?? unknown;
}
