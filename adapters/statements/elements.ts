import type { Currency } from "#core/money/currency.ts";
import { formatMoney, money } from "#core/money/money.ts";
import { escaped } from "./markup.ts";

/** An element of an ISO 20022 document: a text, or what is in it, in the schema's order; of an amount, its currency too. */
export type Element = readonly [name: string, content: Content, currency?: string];
type Content = string | readonly Element[];

/** What no XML 1.0 has, not even escaped: put as U+FFFD. */
const noCharacter = /[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu;

/** @param depth in how many elements it is: it is indented by so much */
export function rendered([name, content, currency]: Element, depth: number): string {
  const indent = "  ".repeat(depth);
  const attribute = currency === undefined ? "" : ` Ccy="${escaped(currency)}"`;
  return typeof content === "string"
    ? `${indent}<${name}${attribute}>${escaped(content.replace(noCharacter, "\ufffd"))}</${name}>\n`
    : `${indent}<${name}>\n${content.map((child) => rendered(child, depth + 1)).join("")}${indent}</${name}>\n`;
}

/** An amount, and whether it is credited. @param amount minor units; negative: debited */
export const signedAmount = (amount: bigint, currency: string): readonly [Element, Element] => [
  amountElement("Amt", absolute(amount), currency),
  ["CdtDbtInd", amount < 0n ? "DBIT" : "CRDT"],
];

export const amountElement = (name: string, amount: bigint, currency: string): Element => [
  name,
  decimalOf(amount, currency),
  currency,
];

export const absolute = (amount: bigint): bigint => (amount < 0n ? -amount : amount);

/** `12.30`: with as many decimals as ISO 4217 gives the currency. */
export function decimalOf(amount: bigint, currency: string): string {
  const [decimal = ""] = formatMoney(money(amount, currency as Currency)).split(" ");
  return decimal;
}

/** `OPBD` is the opening balance of a day, `CLBD` its closing balance. @param amount minor units; negative: a debt */
export const balanceElement = (
  code: "OPBD" | "CLBD",
  amount: bigint,
  date: string,
  currency: string,
): Element => [
  "Bal",
  [["Tp", [["CdOrPrtry", [["Cd", code]]]]], ...signedAmount(amount, currency), ["Dt", [["Dt", date]]]],
];
