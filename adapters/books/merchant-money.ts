import type { Client } from "pg";
import type { AccountDay, AccountEntry } from "#adapters/statements/camt.ts";
import type { Book } from "#core/ledger/account.ts";
import type { Currency } from "#core/money/currency.ts";

/** Entries in memory at once, however many a day has. */
const entriesAtOnce = 1_000;

/** An account of a merchant in a day. */
export interface MoneyDay extends AccountDay {
  readonly account: string;
  readonly currency: Currency;
}

/** A merchant's money in a day (UTC), as the books stand at one moment. */
export interface MerchantDay {
  /** Two accounts of each currency, one after the other: what is available and what is pending. None: nothing ever moved. */
  readonly accounts: readonly MoneyDay[];
  /** What moved one of them, in the order in which it was recorded. To be read to its end before another one is. */
  entriesOf(account: MoneyDay): AsyncGenerator<AccountEntry>;
}

/**
 * Reads a merchant's money of a day, with balances and entries of the same moment, whatever is posted meanwhile. Entries
 * come by a cursor.
 * @param client on which nothing else is asked until it is over
 */
export async function readMerchantDay<T>(
  client: Client,
  merchant: Book,
  day: string,
  read: (money: MerchantDay) => Promise<T>,
): Promise<T> {
  await client.query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
  try {
    const { rows } = await client.query("SELECT * FROM books.merchant_money($1, $2)", [merchant, day]);
    return await read({
      accounts: rows.map((row) => ({
        ...{ account: row.account, currency: row.currency, code: row.account.split(":")[1] },
        opening: BigInt(row.opening),
        credits: { entries: Number(row.credit_entries), sum: BigInt(row.credits) },
        debits: { entries: Number(row.debit_entries), sum: BigInt(row.debits) },
      })),
      entriesOf: ({ account }) => entriesOf(client, merchant, account, day),
    });
  } finally {
    await client.query("ROLLBACK");
  }
}

async function* entriesOf(
  client: Client,
  merchant: Book,
  account: string,
  day: string,
): AsyncGenerator<AccountEntry> {
  await client.query({
    text: "DECLARE entries CURSOR FOR SELECT * FROM books.day_of_account($1, $2, $3)",
    values: [merchant, account, day],
  });
  while (true) {
    const { rows } = await client.query(`FETCH ${entriesAtOnce} FROM entries`);
    for (const row of rows)
      yield {
        ...{ eventId: row.event_id, entry: row.entry, side: row.side, amount: BigInt(row.amount) },
        against: row.against,
      };
    if (rows.length < entriesAtOnce) break;
  }
  await client.query("CLOSE entries");
}
