import type { Currency } from "../money/currency.ts";
import type { AccountId, Book, Side } from "./account.ts";

interface ChartLine {
  readonly name: string;
  readonly normalSide: Side;
  /** Party accounts exist once per acquirer. */
  readonly party?: "acquirer";
  /** Guarded accounts have limits and are updated, by condition, inside the posting transaction. */
  readonly guarded?: true;
}

/** The system accounts of every book and currency. Only sagas and the reconciler post to them. */
export const chart = {
  1000: { name: "bank", normalSide: "debit" },
  1050: { name: "settlement_in_transit", normalSide: "debit", party: "acquirer" },
  1100: { name: "acquirer_receivable", normalSide: "debit", party: "acquirer" },
  1900: { name: "suspense", normalSide: "debit" },
  2000: { name: "customer_wallet", normalSide: "credit", guarded: true },
  2100: { name: "merchant_pending", normalSide: "credit" },
  2110: { name: "merchant_available", normalSide: "credit", guarded: true },
  2120: { name: "merchant_reserve", normalSide: "credit" },
  2200: { name: "payouts_in_transit", normalSide: "credit" },
  2300: { name: "fx_liquidity", normalSide: "credit" },
  2400: { name: "interbook", normalSide: "credit" },
  4000: { name: "fee_revenue", normalSide: "credit" },
  4100: { name: "fx_revenue", normalSide: "credit" },
  4200: { name: "dispute_fee_revenue", normalSide: "credit" },
  5000: { name: "acquirer_costs", normalSide: "debit" },
  5100: { name: "losses", normalSide: "debit" },
  5200: { name: "rounding", normalSide: "debit" },
} as const satisfies Record<number, ChartLine>;

export type ChartCode = keyof typeof chart;

/** @returns undefined for a code that the chart does not have. */
export const chartLine = (code: number): ChartLine | undefined =>
  (chart as Readonly<Record<number, ChartLine>>)[code];

type PartyCode = {
  [Code in ChartCode]: (typeof chart)[Code] extends { party: string } ? Code : never;
}[ChartCode];

/** The account of `code` in a book: `mer_demo:2100:USD`. Codes kept per acquirer ask for `acquirerAccount`. */
export const systemAccount = (
  book: Book,
  code: Exclude<ChartCode, PartyCode>,
  currency: Currency,
): AccountId => `${book}:${code}:${currency}` as AccountId;

/** The account of `code` towards one acquirer: `mer_demo:1100:alpha:USD`. */
export const acquirerAccount = (
  book: Book,
  code: PartyCode,
  acquirer: string,
  currency: Currency,
): AccountId => `${book}:${code}:${acquirer}:${currency}` as AccountId;
