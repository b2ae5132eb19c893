import type { Book } from "../ledger/account.ts";
import { type Currency, isCurrency } from "../money/currency.ts";
import { amountMax } from "../money/money.ts";
import type { FeeSchedule } from "../pricing/fee-schedule.ts";

/** How a merchant trades in one currency. */
export interface CurrencyTerms {
  readonly fees: FeeSchedule;
  /** Minor units: the most that one payment may be, 1 … 10^15. */
  readonly paymentMax: bigint;
}

/** A merchant as operators onboarded it. Its id is the name of its book. */
export interface Merchant {
  readonly id: Book;
  readonly name: string;
  readonly terms: Readonly<Partial<Record<Currency, CurrencyTerms>>>;
}

/** A merchant, and how often it has been written: whoever changes it names the version that it has seen. */
export interface Registered {
  readonly merchant: Merchant;
  /** 1 when onboarded. */
  readonly version: number;
}

/** What an operator changes. Currencies that are not named stay as they are; `null` takes one away. */
export interface MerchantChange {
  readonly name?: string | undefined;
  readonly terms?: Readonly<Partial<Record<Currency, CurrencyTerms | null>>> | undefined;
}

/** The merchant after the change. Payments that exist keep the terms that they were made under. */
export function changed(merchant: Merchant, { name = merchant.name, terms = {} }: MerchantChange): Merchant {
  const lines = Object.entries({ ...merchant.terms, ...terms }).filter(([, line]) => line !== null);
  return { id: merchant.id, name, terms: Object.fromEntries(lines) };
}

/** `mer_` and up to 32 lower-case letters, digits and underscores: part of every key, so never longer. */
const merchantIdPattern = /^mer_[a-z0-9_]{1,32}$/;

/** @returns undefined when the text cannot be the id of a merchant. */
export const parseMerchantId = (text: string): Book | undefined =>
  merchantIdPattern.test(text) ? (text as Book) : undefined;

/** Why a merchant cannot take a payment of this amount. The same input is refused until its terms change. */
export type TermsRefusal = "currency_unknown" | "currency_not_enabled" | "amount_over_limit";

/** The terms that a payment of `amount` minor units of `currency` would be made under, or why there are none. */
export function termsFor(
  merchant: Merchant,
  currency: string,
  amount: bigint,
): { readonly currency: Currency; readonly terms: CurrencyTerms } | TermsRefusal {
  if (!isCurrency(currency)) return "currency_unknown";
  const terms = merchant.terms[currency];
  if (terms === undefined) return "currency_not_enabled";
  if (amount > terms.paymentMax || amount > amountMax) return "amount_over_limit";
  return { currency, terms };
}

/** Who calls the API: a merchant's client, or an operator of the whole system. */
export type Client =
  | { readonly kind: "merchant"; readonly merchant: Book }
  | { readonly kind: "operator"; readonly operator: string };
