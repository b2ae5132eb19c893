import { BankEntries, type PaidOut } from "#adapters/books/bank-entries.ts";
import { withBooks } from "./books-pool.ts";
import { dayIn } from "./days.ts";
import { Refusal } from "./refusal.ts";
import { table } from "./table.ts";

/** As many entries of our account as a person looks at. */
const bankEntriesMax = 100;

/** Entries of our account, and days of acquirers that they pay; also days of which nothing came. */
export const showBank = (url: string): Promise<string> =>
  withBooks(url, async (pool) => {
    const found = await new BankEntries(pool).paidOut(bankEntriesMax);
    if (found.length === 0) return "the bank has told of nothing, and nothing is on its way from acquirers";
    return table(
      ["SETTLES", "CURRENCY", "BOOKED", "REFERENCE", "AMOUNT", "PAID", "ON ITS WAY", ""],
      found.map((each) => [
        ...[each.isNamed ? `${each.acquirer} ${each.settledOn}` : "", each.currency],
        ...[each.entry?.bookedOn ?? "", each.entry?.reference ?? "", each.entry?.amount.toString() ?? ""],
        ...[String(each.paid), String(each.due), paidVerdict(each) + saidIn(each)],
      ]),
    );
  });

function paidVerdict({ isStale, isEven, isNamed, paid, due }: PaidOut): string {
  if (isStale) return "is being looked at";
  if (paid === due) return isEven ? "even" : "waits for the bank to be past the day";
  if (isEven) return "decided";
  if (!isNamed) return "names no acquirer and day";
  return paid === 0n ? "nothing came yet" : `${paid > due ? "+" : ""}${paid - due}`;
}

const saidIn = ({ entry }: PaidOut): string => (entry?.saidBy === undefined ? "" : `, says ${entry.saidBy}`);

export interface PaysOptions {
  readonly acquirer?: string | undefined;
  readonly date?: string | undefined;
  readonly at?: string | undefined;
  readonly by?: string | undefined;
  readonly reason?: string | undefined;
}

/**
 * Says which day of an acquirer an entry of our account pays, where its own words name none or another one.
 * @param reference the bank's own, as `settlement bank` shows it
 * @throws Refusal where something is not said, several entries have the reference, or nothing of that day is on its way
 */
export async function sayWhatPays(
  url: string,
  reference: string,
  { acquirer, date, at, by, reason }: PaysOptions,
  now = Date.now(),
): Promise<string> {
  if (acquirer === undefined || date === undefined)
    throw new Refusal("say which day of which acquirer it pays: --acquirer alpha --date 2026-11-26");
  if (by === undefined || by === "") throw new Refusal("say who you are: --by lee");
  if (reason === undefined || reason === "") throw new Refusal('say how you know: --reason "…"');
  const settledOn = dayIn("date", date);
  const bookedOn = at === undefined ? undefined : dayIn("at", at);
  await withBooks(url, async (pool) => {
    const entries = new BankEntries(pool);
    const movement = theOnly(reference, await entries.named(reference, bookedOn));
    await entries.pays(movement, { acquirer, settledOn, who: by, words: reason, at: new Date(now) });
  }).catch((thrown: unknown) => {
    const { code, message } = thrown as { readonly code?: string; readonly message: string };
    if (!refusalCodes.has(code ?? "")) throw thrown;
    throw new Refusal(`${reference}: ${message}. \`settlement bank\` names entries and days`, {
      cause: thrown,
    });
  });
  return showBank(url);
}

/** With which `settlement.pays` refuses. */
const refusalCodes = new Set(["P0002", "55000"]);

function theOnly(
  reference: string,
  found: readonly { readonly movement: string; readonly bookedOn: string }[],
): string {
  const [first, ...others] = found;
  if (first === undefined)
    throw new Refusal(`the bank has told of no entry ${reference}: \`settlement bank\` names them`);
  if (others.length === 0) return first.movement;
  const days = [...new Set(found.map(({ bookedOn }) => bookedOn))];
  throw new Refusal(
    days.length === 1
      ? `${found.length} entries of ${days[0]} are called ${reference}, and nothing tells them apart: decide its break, \`breaks resolve\``
      : `${found.length} entries are called ${reference}: say on which day it was booked, --at ${days.join(" or ")}`,
  );
}
