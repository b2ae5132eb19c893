import type { Pool } from "pg";
import type { LedgerEvent } from "#core/events/ledger-event.ts";
import type { AccountId, Book, Side } from "#core/ledger/account.ts";
import type { NetBalance } from "#core/proof/ledgers.ts";

/** What became of a batch. Those that were there already are in neither. */
export interface Posted {
  readonly posted: number;
  /** Refused by the books' constraints: in `books.parked` with the reason. */
  readonly parked: number;
}

/** An account at the end of a day, in minor units. */
export interface AccountLine {
  readonly book: Book;
  readonly account: AccountId;
  /** ISO 4217. */
  readonly currency: string;
  readonly debits: bigint;
  readonly credits: bigint;
  readonly debitsHeld: bigint;
  readonly creditsHeld: bigint;
}

/** What moved an account's balance. */
export interface StatementLine {
  /** The day (UTC) on which it counts: `2030-06-15`. */
  readonly bookedOn: string;
  /** When the ledger learned of it. */
  readonly recordedAt: Date;
  readonly entry: string;
  readonly currency: string;
  readonly side: Side;
  /** Minor units. */
  readonly amount: bigint;
  /** Behind this line, in minor units; debits positive. */
  readonly balance: bigint;
}

/**
 * The books: every record of the journal in PostgreSQL, where constraints make an unbalanced one or a second one
 * impossible, whoever writes.
 */
export class Books {
  readonly #pool: Pick<Pool, "query">;

  constructor(pool: Pick<Pool, "query">) {
    this.#pool = pool;
  }

  /** Posts records as they were told. Each once: whoever brings it again changes nothing. */
  async post(events: readonly LedgerEvent[]): Promise<Posted> {
    if (events.length === 0) return { posted: 0, parked: 0 };
    const { rows } = await this.#pool.query<Posted>("SELECT posted, parked FROM books.post($1)", [
      JSON.stringify(events),
    ]);
    return rows[0] ?? { posted: 0, parked: 0 };
  }

  /** Keeps what no schema knows, with the reason, for a person to look at. The same again changes nothing. */
  async park(line: string, reason: string): Promise<void> {
    // No text of PostgreSQL has this character.
    const texts = [line, reason].map((text) => text.replaceAll("\u0000", "\ufffd"));
    await this.#pool.query("SELECT books.park($1, $2)", texts);
  }

  /** All accounts at the end of a day (UTC, `2030-06-15`). */
  async trialBalance(at: string): Promise<readonly AccountLine[]> {
    const { rows } = await this.#pool.query(
      "SELECT * FROM books.trial_balance($1) ORDER BY book, account, currency",
      [at],
    );
    return rows.map((row) => ({
      ...{ book: row.book, account: row.account, currency: row.currency },
      ...{ debits: BigInt(row.debits), credits: BigInt(row.credits) },
      ...{ debitsHeld: BigInt(row.debits_held), creditsHeld: BigInt(row.credits_held) },
    }));
  }

  /** How many records of the journal are there, of those up to a moment; and how many things are parked, of all. */
  async recordsUpTo(moment: Date): Promise<{ readonly records: number; readonly parked: number }> {
    const { rows } = await this.#pool.query<{ records: number; parked: number }>(
      `SELECT (SELECT count(*)::int FROM books.records WHERE recorded_at <= $1) AS records,
         (SELECT count(*)::int FROM books.parked) AS parked`,
      [moment],
    );
    return rows[0] ?? { records: 0, parked: 0 };
  }

  /** What accounts came to by the records up to a moment, from their postings and not from what is kept of days. */
  async balancesUpTo(moment: Date): Promise<readonly NetBalance[]> {
    const { rows } = await this.#pool.query("SELECT * FROM books.balances_of($1)", [moment]);
    return rows.map((row) => ({
      ...{ book: row.book, account: row.account, currency: row.currency },
      posted: BigInt(row.debits) - BigInt(row.credits),
      held: BigInt(row.debits_held) - BigInt(row.credits_held),
    }));
  }

  /** An account's lines from the first day to the last (UTC, `2030-06-15`), both counted. */
  async statement(
    book: Book,
    account: AccountId,
    days: { readonly first: string; readonly last: string },
  ): Promise<readonly StatementLine[]> {
    const { rows } = await this.#pool.query(
      "SELECT *, booked_on::text AS day FROM books.statement($1, $2, $3, $4)",
      [book, account, days.first, days.last],
    );
    return rows.map((row) => ({
      ...{ bookedOn: row.day, recordedAt: row.recorded_at, entry: row.entry, currency: row.currency },
      ...{ side: row.side, amount: BigInt(row.amount), balance: BigInt(row.balance) },
    }));
  }
}
