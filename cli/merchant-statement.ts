import { createWriteStream } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { Readable, type Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { Client } from "pg";
import { Finance } from "#adapters/books/finance.ts";
import { type MerchantDay, type MoneyDay, readMerchantDay } from "#adapters/books/merchant-money.ts";
import { type AccountDay, type AccountEntry, camt053Of, closingOf } from "#adapters/statements/camt.ts";
import type { Book } from "#core/ledger/account.ts";
import { parseMerchantId } from "#core/merchants/merchant.ts";
import type { Currency } from "#core/money/currency.ts";
import { formatMoney, money } from "#core/money/money.ts";
import { dayIn, today } from "./days.ts";
import { Refusal } from "./refusal.ts";
import { table } from "./table.ts";

export interface StatementOptions {
  readonly merchant?: string | undefined;
  readonly date?: string | undefined;
  /** A directory, or `-` for what stands behind this command. */
  readonly to?: string | undefined;
  /** This one alone; all when left out. */
  readonly currency?: string | undefined;
}

/**
 * Writes a merchant's statements of a day: a camt.053 for each currency, with what is available and what is pending. A
 * file is there once it is whole.
 * @param out where `--to -` goes
 * @returns what was written, for a person
 * @throws Refusal for a merchant that the books do not know, and for days that are still to come
 */
export async function writeStatements(
  url: string,
  { merchant, date, to = ".", currency }: StatementOptions,
  out: Writable,
  now = Date.now(),
): Promise<string> {
  if (merchant === undefined) throw new Refusal("say whose: --merchant <mer_…>");
  const book = parseMerchantId(merchant);
  if (book === undefined)
    throw new Refusal(`--merchant "${merchant}" is no merchant: it is written as mer_demo`);
  if (date === undefined) throw new Refusal("say of which day: --date 2026-11-26");
  const day = dayIn("date", date);
  if (day > today(now)) throw new Refusal(`${day} is still to come`);
  const client = new Client(url);
  await client.connect();
  try {
    const note = await finality(client, day, now);
    return await readMerchantDay(client, book, day, async (money) => {
      const currencies = currenciesOf(money, book, day, currency, to);
      const rows: (readonly string[])[] = [];
      for (const each of currencies) {
        const pieces = documentOf(money, book, day, each, now);
        const name = `${book}-${day}-${each}.camt053.xml`;
        if (to === "-") await pipeline(pieces, out, { end: false });
        else await writeWhole(pieces, to, name);
        rows.push(...rowsOf(money, each, name));
      }
      if (to === "-") return "";
      return `${table(["FILE", "ACCOUNT", "OPENING", "CLOSING", "ENTRIES"], rows)}\n\n${note}`;
    });
  } finally {
    await client.end();
  }
}

function currenciesOf(
  { accounts }: MerchantDay,
  merchant: Book,
  day: string,
  only: string | undefined,
  to: string,
): readonly Currency[] {
  const all = [...new Set(accounts.map(({ currency }) => currency))];
  if (all.length === 0)
    throw new Refusal(
      `the books know no money of ${merchant} up to ${day}: \`books trial-balance --at ${day}\` names all accounts`,
    );
  const asked = all.filter((currency) => only === undefined || currency === only);
  if (asked.length === 0) throw new Refusal(`${merchant} has nothing in ${only}, only in ${all.join(", ")}`);
  if (to === "-" && asked.length > 1)
    throw new Refusal(`each currency is a document of its own: say which --currency, ${all.join(" or ")}`);
  return asked;
}

function documentOf(
  { accounts, entriesOf }: MerchantDay,
  merchant: Book,
  day: string,
  currency: Currency,
  now: number,
): Readable {
  async function* statements(): AsyncGenerator<readonly [AccountDay, AsyncIterable<AccountEntry>]> {
    for (const account of accounts) if (account.currency === currency) yield [account, entriesOf(account)];
  }
  // Pieces are large: one at a time.
  return Readable.from(camt053Of({ merchant, day, currency, createdAt: now }, statements()), {
    highWaterMark: 1,
  });
}

/** Under its name only when all of it is written. */
async function writeWhole(pieces: Readable, directory: string, name: string): Promise<void> {
  await mkdir(directory, { recursive: true });
  const part = join(directory, `${name}.part`);
  try {
    await pipeline(pieces, createWriteStream(part));
    await rename(part, join(directory, name));
  } catch (thrown) {
    await rm(part, { force: true });
    throw thrown;
  }
}

const rowsOf = (
  { accounts }: MerchantDay,
  currency: Currency,
  name: string,
): readonly (readonly string[])[] =>
  accounts
    .filter((account) => account.currency === currency)
    .map((account: MoneyDay) => [
      ...[name, account.account],
      ...[account.opening, closingOf(account)].map((amount) => formatMoney(money(amount, currency))),
      String(account.credits.entries + account.debits.entries),
    ]);

async function finality(client: Client, day: string, now: number): Promise<string> {
  if (day === today(now)) return `${day} is not over: this is what the books have of it so far`;
  const [last] = await new Finance(client).closings();
  return last !== undefined && last.endsOn >= day
    ? `${day} is closed: this is what it stays`
    : `${day} is not closed: what is recorded late may still change it`;
}
