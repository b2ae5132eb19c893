import {
  Finance,
  type LargeLine,
  type LargeQuestion,
  type SafeguardingLine,
  type Sums,
} from "#adapters/books/finance.ts";
import { chartLine } from "#core/ledger/chart.ts";
import { type Currency, isCurrency } from "#core/money/currency.ts";
import { formatMoney, money, parseMoney } from "#core/money/money.ts";
import { withBooks } from "./books-pool.ts";
import { dayIn, today } from "./days.ts";
import { Refusal } from "./refusal.ts";
import { csvOf } from "./report/csv.ts";
import { table } from "./table.ts";

/** What is said, and whether all is well. */
export interface Finding {
  readonly text: string;
  readonly isWell: boolean;
}

/**
 * What is owed to customers and merchants at the end of a day, against what is held or owed to us, by currency; and that
 * debits are credits.
 * @param csv amounts in minor units, for a machine
 */
export async function showSafeguarding(
  url: string,
  date: string | undefined,
  csv: boolean,
): Promise<Finding> {
  const day = dayIn("date", date ?? today());
  const { lines, sums } = await withBooks(url, async (pool) => {
    const finance = new Finance(pool);
    return { lines: await finance.safeguarding(day), sums: await finance.sums(day) };
  });
  if (sums.length === 0) return { text: `nothing is in the books up to ${day}`, isWell: true };
  const covers = sums.map((sum) => coverOf(sum, lines));
  const isWell = covers.every(({ shortfall, debits, credits }) => shortfall === 0n && debits === credits);
  return { text: csv ? csvOfCovers(day, covers).trimEnd() : textOf(day, lines, covers), isWell };
}

/** A currency's money, in minor units. */
interface Cover extends Sums {
  readonly owed: bigint;
  readonly overdrawn: bigint;
  readonly bank: bigint;
  readonly inTransit: bigint;
  readonly acquirers: bigint;
  readonly held: bigint;
  readonly shortfall: bigint;
}

function coverOf(sums: Sums, lines: readonly SafeguardingLine[]): Cover {
  const own = lines.filter(({ currency }) => currency === sums.currency);
  const sumOf = (what: "owed" | "overdrawn" | "held", code?: string): bigint =>
    own
      .filter((line) => code === undefined || line.code === code)
      .reduce((sum, line) => sum + line[what], 0n);
  const [owed, held] = [sumOf("owed"), sumOf("held")];
  return {
    ...{ ...sums, owed, overdrawn: sumOf("overdrawn"), held },
    ...{ bank: sumOf("held", "1000"), inTransit: sumOf("held", "1050"), acquirers: sumOf("held", "1100") },
    shortfall: owed > held ? owed - held : 0n,
  };
}

/** Rounded down: what is short is never 100.00. Empty where nothing is owed. */
function percentOf({ owed, held }: Cover): string {
  if (owed === 0n) return "";
  const hundredths = held < 0n ? 0n : (held * 10_000n) / owed;
  return `${hundredths / 100n}.${String(hundredths % 100n).padStart(2, "0")}`;
}

function textOf(day: string, lines: readonly SafeguardingLine[], covers: readonly Cover[]): string {
  const rows = lines.map(({ currency, code, owed, held, overdrawn }) => [
    ...[currency, code, chartLine(Number(code))?.name ?? ""],
    ...[owed, held, overdrawn].map((amount) => (amount === 0n ? "" : formatMoney(money(amount, currency)))),
  ]);
  const verdicts = covers.map((cover) => {
    const shown = (amount: bigint): string => formatMoney(money(amount, cover.currency));
    const { bank, inTransit, acquirers, debits, credits } = cover;
    const of = `at banks ${shown(bank)}, in transit ${shown(inTransit)}, at acquirers ${shown(acquirers)}`;
    const covered =
      cover.shortfall > 0n
        ? `SHORT BY ${shown(cover.shortfall)}, covered to ${percentOf(cover)} %`
        : cover.owed === 0n
          ? "nothing is owed"
          : `covered to ${percentOf(cover)} %`;
    const sums = `debits ${shown(debits)}, credits ${shown(credits)}, ${debits === credits ? "balanced" : "NOT BALANCED"}`;
    return `${cover.currency}: owed ${shown(cover.owed)}, held ${shown(cover.held)} (${of}): ${covered}\n     all accounts: ${sums}`;
  });
  return `Safeguarding at the end of ${day} (UTC)

${table(["CURRENCY", "CODE", "ACCOUNT", "OWED", "HELD", "OVERDRAWN"], rows)}

${verdicts.join("\n")}`;
}

const csvOfCovers = (day: string, covers: readonly Cover[]): string =>
  csvOf({
    columns: [
      ...["day", "currency", "owed", "overdrawn", "held", "bank", "in_transit", "acquirers"],
      ...["coverage_percent", "shortfall", "debits", "credits"],
    ],
    rows: covers.map((cover) => [
      ...[day, cover.currency, String(cover.owed), String(cover.overdrawn), String(cover.held)],
      ...[String(cover.bank), String(cover.inTransit), String(cover.acquirers)],
      ...[percentOf(cover), String(cover.shortfall), String(cover.debits), String(cover.credits)],
    ]),
  });

/**
 * From which amount on a payment is looked at, where nobody says another one, in minor units: 10,000 USD (as in 31 CFR
 * 1010.311), 10,000 EUR (Regulation (EU) 2024/1624, article 80), 10,000 GBP, 10,000 AUD, 10,000 CAD, 15,000 CHF,
 * 2,000,000 JPY. They are where such rules begin, which are about cash; what a stage has to report, its own law says.
 */
export const largeFrom: Readonly<Partial<Record<Currency, bigint>>> = {
  USD: 10_000_00n,
  EUR: 10_000_00n,
  GBP: 10_000_00n,
  AUD: 10_000_00n,
  CAD: 10_000_00n,
  CHF: 15_000_00n,
  JPY: 2_000_000n,
};

export interface LargeOptions {
  readonly since?: string | undefined;
  /** Today when left out. */
  readonly until?: string | undefined;
  /** In the currency's own units: 10000, 9999.50. */
  readonly over?: string | undefined;
  readonly currency?: string | undefined;
  readonly csv: boolean;
}

/** Payments that a line of the terminal names; a CSV names all. */
const subjectsShownMax = 5;

/**
 * Captures, refunds, payments from wallets and payouts of a threshold or more; and those below it that one party moved in
 * one day and that together come to it. The books do not know whose card it is: of cards, the party is the merchant.
 */
export async function showLarge(url: string, options: LargeOptions, now = Date.now()): Promise<string> {
  const question = questionOf(options, now);
  const lines = await withBooks(url, (pool) => new Finance(pool).large(question));
  if (options.csv) return csvOfLarge(lines, question.currency).trimEnd();
  const shown = (amount: bigint): string => formatMoney(money(amount, question.currency));
  const title = `Payments of ${shown(question.atLeast)} or more, from ${question.first} to ${question.last} (UTC)`;
  if (lines.length === 0) return `${title}: none, and none below it that one party moved in a day come to it`;
  return `${title}; and those below it that one party moved in a day and that come to it

${table(
  ["DAY", "MERCHANT", "WHAT", "WHOSE", "AMOUNT", "PARTS", "PAYMENTS"],
  lines.map((line) => [
    ...[line.day, line.merchant, line.kind, line.party, shown(line.amount), String(line.parts)],
    line.subjects.slice(0, subjectsShownMax).join(" ") +
      (line.subjects.length > subjectsShownMax ? ` and ${line.subjects.length - subjectsShownMax} more` : ""),
  ]),
)}`;
}

function questionOf({ since, until, over, currency }: LargeOptions, now: number): LargeQuestion {
  if (since === undefined) throw new Refusal("say since which day: --since 2026-11-01");
  const [first, last] = [dayIn("since", since), dayIn("until", until ?? today(now))];
  if (last < first) throw new Refusal(`--until ${last} is before --since ${first}`);
  if (currency === undefined) throw new Refusal("say in which currency: --currency USD");
  if (!isCurrency(currency)) throw new Refusal(`--currency "${currency}" is none of ISO 4217`);
  const atLeast = over === undefined ? largeFrom[currency] : parseMoney(over, currency)?.amount;
  if (atLeast === undefined)
    throw new Refusal(
      over === undefined
        ? `nothing is said of ${currency}: say --over which amount`
        : `--over "${over}" is no amount of ${currency}: write it as 10000, or 9999.50 where there are cents`,
    );
  if (atLeast <= 0n) throw new Refusal("--over has to be more than nothing");
  return { first, last, currency, atLeast };
}

const csvOfLarge = (lines: readonly LargeLine[], currency: Currency): string =>
  csvOf({
    columns: ["day", "merchant", "what", "whose", "currency", "amount", "parts", "payments"],
    rows: lines.map(({ day, merchant, kind, party, amount, parts, subjects }) => [
      ...[day, merchant, kind, party, currency, String(amount), parts, subjects.join(" ")],
    ]),
  });
