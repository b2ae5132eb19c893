import { invariant } from "../kernel/invariant.ts";
import { type Currency, exponentOf } from "./currency.ts";

/** The largest amount that any payment, leg or balance movement may carry: 10^15 minor units. */
export const amountMax = 10n ** 15n;

/** An amount of one currency, in integer minor units. Adding two currencies does not compile. */
export interface Money<C extends Currency = Currency> {
  readonly currency: C;
  /** Minor units; may be negative or beyond `amountMax` in sums. */
  readonly amount: bigint;
}

export const money = <C extends Currency>(amount: bigint, currency: C): Money<C> => ({ currency, amount });
export const zero = <C extends Currency>(currency: C): Money<C> => money(0n, currency);

/** @throws InvariantViolation when currencies that only the run time knows differ. */
export function add<C extends Currency>(a: Money<C>, b: Money<NoInfer<C>>): Money<C> {
  sameCurrency(a, b);
  return money(a.amount + b.amount, a.currency);
}

/** @throws InvariantViolation when currencies that only the run time knows differ. */
export function subtract<C extends Currency>(a: Money<C>, b: Money<NoInfer<C>>): Money<C> {
  sameCurrency(a, b);
  return money(a.amount - b.amount, a.currency);
}

/** Negative, zero or positive as `a` is less than, equal to or more than `b`. */
export function compare<C extends Currency>(a: Money<C>, b: Money<NoInfer<C>>): -1 | 0 | 1 {
  sameCurrency(a, b);
  if (a.amount === b.amount) return 0;
  return a.amount < b.amount ? -1 : 1;
}

/** For people, never for parsing: `12.30 USD`, `500 JPY`, `-0.005 KWD`. */
export function formatMoney({ amount, currency }: Money): string {
  const exponent = exponentOf(currency);
  const digits = (amount < 0n ? -amount : amount).toString().padStart(exponent + 1, "0");
  const whole = digits.slice(0, digits.length - exponent);
  const fraction = exponent === 0 ? "" : `.${digits.slice(-exponent)}`;
  return `${amount < 0n ? "-" : ""}${whole}${fraction} ${currency}`;
}

/**
 * Reads a decimal text such as `12.30`, exactly: more digits than the currency has are refused, never rounded.
 * @returns undefined when the text is not an amount of this currency.
 */
export function parseMoney<C extends Currency>(text: string, currency: C): Money<C> | undefined {
  const exponent = exponentOf(currency);
  const match = /^(-?)(\d{1,16})(?:\.(\d{1,4}))?$/.exec(text);
  if (match === null) return undefined;
  const [, sign, whole = "", fraction = ""] = match;
  if (fraction.length > exponent) return undefined;
  const amount = BigInt(whole + fraction.padEnd(exponent, "0"));
  return money(sign === "-" ? -amount : amount, currency);
}

function sameCurrency(a: Money, b: Money): void {
  invariant(a.currency === b.currency, `${formatMoney(a)} and ${formatMoney(b)} are different currencies`);
}
