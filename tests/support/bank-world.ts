import type { BankMovement } from "#core/settlement/bank-movement.ts";
import { usd } from "./breaks.ts";
import { day, noon } from "./examples.ts";
import { bringFile, captured, dayOf, line } from "./settled.ts";
import { startSettledBooks } from "./settled-books.ts";

/** What tests of the bank's statements begin with: books of their own, and what is asked of them again and again. */

export const hour = 3_600_000;

/** An entry of our account: alpha's day of `noon`, unless said. */
export const came = (amount: bigint, reference: string, more: Partial<BankMovement> = {}): BankMovement => ({
  ...{ place: 1, reference, bookedOn: dayOf(noon + day), currency: usd, amount, party: "ALPHA LTD" },
  ...{ words: "…", pays: { acquirer: "alpha", settledOn: dayOf(noon) } },
  ...more,
});

const bookOf = (account: string): string =>
  account
    .replace(/:USD$/, "")
    .replace("mer_operator:", "own:")
    .replace(/^mer_demo:/, "");

export type BankWorld = Awaited<ReturnType<typeof startBankWorld>>;

export async function startBankWorld() {
  const all = await startSettledBooks();
  const { pool, books, settlement, entries } = all;

  async function bringBank(name: string, movements: readonly BankMovement[], now = noon): Promise<number> {
    const file = await settlement.begin(
      { bucket: "inbound", key: `bank/${name}`, version: "1", acquirer: "bank" },
      new Date(now),
    );
    const placed = movements.map((movement, index) => ({ ...movement, place: index + 1 }));
    const taken = await settlement.takeBank(file, placed, new Date(now));
    await settlement.finish(file, new Date(now));
    return taken;
  }

  /** What was drafted since, each entry as `credit 1050:alpha 95, debit 1000 95`; then it is posted. */
  async function drafted(now = noon): Promise<readonly string[]> {
    while (await entries.draft(new Date(now)));
    const found = await entries.unposted(100);
    for (const each of found) await entries.posted(each, new Date(now));
    return found.map(({ entry }) =>
      entry.legs
        .map(({ account, side, amount }) => `${side} ${bookOf(account)} ${amount}`)
        .toSorted()
        .join(", "),
    );
  }

  /** What our accounts come to by all that was drafted: debits positive; those that come to nothing are left out. */
  async function balances(): Promise<Record<string, bigint>> {
    const { rows } = await pool.query(
      `SELECT leg->>'account' AS account, sum(CASE leg->>'side' WHEN 'debit' THEN 1 ELSE -1 END * (leg->>'amount')::numeric)::text AS sum
     FROM settlement.entries, jsonb_array_elements(legs) AS leg GROUP BY 1`,
    );
    return Object.fromEntries(
      rows.filter(({ sum }) => sum !== "0").map(({ account, sum }) => [bookOf(account), BigInt(sum)]),
    );
  }

  const breaks = async (all = false): Promise<readonly string[]> =>
    (await settlement.breaks(all)).map(
      ({ kind, amount, closedAs }) => `${kind} ${amount}${closedAs === undefined ? "" : ` ${closedAs}`}`,
    );

  /** A day of alpha's: 100 and 50, of which it keeps 3, in the demo merchant's book; and 7 in no known book. */
  async function dayOfTwoBooks(now = noon): Promise<void> {
    await books.post([captured(1, 100n), captured(2, 50n)]);
    await bringFile(settlement, "1.csv", [
      line(1, 1, 100n, { cost: 2n }),
      line(2, 2, 50n, { cost: 1n }),
      line(3, 9, 7n),
    ]);
    await settlement.look(new Date(now + 2 * hour));
  }

  return {
    ...all,
    ...{ bringBank, drafted, balances, breaks, dayOfTwoBooks },
  };
}
