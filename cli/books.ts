import { type AccountLine, Books } from "#adapters/books/books.ts";
import type { AccountId, Book } from "#core/ledger/account.ts";
import { withBooks } from "./books-pool.ts";
import { dayIn, today } from "./days.ts";
import { Refusal } from "./refusal.ts";
import { table } from "./table.ts";

const reading = <T>(url: string, read: (books: Books) => Promise<T>): Promise<T> =>
  withBooks(url, (pool) => read(new Books(pool)));

/** All accounts at the end of a day, and what their debits and credits add up to in each currency. */
export const showTrialBalance = (url: string, at: string | undefined): Promise<string> =>
  reading(url, async (books) => {
    const day = dayIn("at", at ?? today());
    const lines = await books.trialBalance(day);
    if (lines.length === 0) return `nothing is in the books up to ${day}`;
    const rows = lines.map(({ account, currency, debits, credits, ...held }) => [
      ...[account, currency, String(debits), String(credits), String(debits - credits)],
      String(held.debitsHeld - held.creditsHeld),
    ]);
    return `Trial balance at the end of ${day} (UTC), in minor units

${table(["ACCOUNT", "CURRENCY", "DEBITS", "CREDITS", "BALANCE", "HELD"], rows)}

${sumsOf(lines).join("\n")}`;
  });

function sumsOf(lines: readonly AccountLine[]): readonly string[] {
  return [...Map.groupBy(lines, ({ currency }) => currency)].map(([currency, of]) => {
    const debits = of.reduce((sum, line) => sum + line.debits, 0n);
    const credits = of.reduce((sum, line) => sum + line.credits, 0n);
    const verdict = debits === credits ? "balanced" : "NOT BALANCED";
    return `${currency}: debits ${debits}, credits ${credits}, ${verdict}`;
  });
}

/** What moved an account between two days, line by line, with the balance behind each. */
export const showStatement = (
  url: string,
  account: string,
  { merchant, since, until }: Readonly<Record<"merchant" | "since" | "until", string | undefined>>,
): Promise<string> =>
  reading(url, async (books) => {
    const book = merchant ?? account.split(":")[0] ?? "";
    if (account.startsWith("acc_") && merchant === undefined)
      throw new Refusal(`say whose account ${account} is: --merchant <mer_…>`);
    const days = { first: dayIn("since", since ?? "2000-01-01"), last: dayIn("until", until ?? today()) };
    const lines = await books.statement(book as Book, account as AccountId, days);
    if (lines.length === 0)
      return `nothing moved ${account} of ${book} from ${days.first} to ${days.last}: \`books trial-balance\` names all accounts`;
    return table(
      ["DAY", "RECORDED", "ENTRY", "CURRENCY", "DEBIT", "CREDIT", "BALANCE"],
      lines.map(({ bookedOn, recordedAt, entry, currency, side, amount, balance }) => [
        ...[bookedOn, recordedAt.toISOString(), entry, currency],
        ...(side === "debit" ? [String(amount), ""] : ["", String(amount)]),
        String(balance),
      ]),
    );
  });
