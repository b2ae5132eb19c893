import { err, ok, type Result } from "#core/kernel/result.ts";
import { type Currency, isCurrency } from "#core/money/currency.ts";
import { parseMoney } from "#core/money/money.ts";
import type { Element } from "./elements.ts";

/** Zeros behind the last digit say nothing: ISO 20022 allows five digits, whatever the currency has. */
const zerosBehind = /(?<=\.[0-9]*)0+$/;

export interface Amount {
  readonly currency: Currency;
  /** Minor units; of an amount that is debited, negative. */
  readonly signed: bigint;
}

/**
 * An amount as ISO 20022 writes it: a decimal, its currency an attribute, its sign a word beside it.
 * @returns why it is none. More digits than the currency has are refused, never rounded.
 */
export function amountOf(amount: Element | undefined, creditOrDebit: string): Result<Amount, string> {
  if (amount === undefined) return err("the amount is missing");
  const currency = amount.currency ?? "";
  if (!isCurrency(currency)) return err(`the currency, "${currency.slice(0, 40)}", is none of ISO 4217`);
  const text = amount.text.replace(zerosBehind, "").replace(/\.$/, "");
  const money = parseMoney(text, currency);
  if (money === undefined || text.startsWith("-"))
    return err(`the amount, "${amount.text.slice(0, 40)}", is none of ${currency}`);
  if (creditOrDebit === "CRDT") return ok({ currency, signed: money.amount });
  if (creditOrDebit === "DBIT") return ok({ currency, signed: -money.amount });
  return err(`the amount is neither CRDT nor DBIT, but "${creditOrDebit.slice(0, 40)}"`);
}
