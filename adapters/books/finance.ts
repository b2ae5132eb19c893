import type { Pool } from "pg";
import type { Book } from "#core/ledger/account.ts";
import type { Currency } from "#core/money/currency.ts";

/**
 * What may stand against closing a period: books that may be behind by deliveries; breaks of its days; movements that no
 * break and no entry explains; records and files that could not be taken; and what the journal's queue still holds.
 */
export type Obstacle =
  | "books_behind"
  | "open_breaks"
  | "unknown_movements"
  | "parked_records"
  | "unread_files"
  | "cut_files"
  | "journal_files_waiting"
  | "journal_files_given_up"
  | "journal_not_looked_at";

export interface Against {
  readonly what: Obstacle;
  /** How many, from 1. */
  readonly items: number;
}

/** A period that somebody closed. */
export interface Closing {
  /** The last of its days (UTC): `2030-06-30`. */
  readonly endsOn: string;
  readonly at: Date;
  readonly who: string;
  /** Why it was closed though something stood against it. */
  readonly anyway: string | undefined;
  readonly against: readonly Against[];
}

/** What a code of the chart holds at the end of a day, over all merchants. Minor units, not negative but for `held`. */
export interface SafeguardingLine {
  readonly currency: Currency;
  readonly code: string;
  /** To customers and merchants. */
  readonly owed: bigint;
  /** What some of them have overdrawn: it pays nobody else. */
  readonly overdrawn: bigint;
  /** At banks, or owed to us. */
  readonly held: bigint;
}

/** All debits and all credits of a currency. */
export interface Sums {
  readonly currency: Currency;
  readonly debits: bigint;
  readonly credits: bigint;
}

export interface LargeQuestion {
  /** Days (UTC), both counted. */
  readonly first: string;
  readonly last: string;
  readonly currency: Currency;
  /** Minor units: what is of this amount is large. */
  readonly atLeast: bigint;
}

/** A payment's money of a threshold or more; or of several below it that come to it in a day. */
export interface LargeLine {
  readonly day: string;
  readonly merchant: Book;
  readonly kind: "capture" | "refund" | "transfer" | "payout";
  /** Whose money it is: a wallet's account, or the merchant. */
  readonly party: string;
  /** Minor units. */
  readonly amount: bigint;
  /** 1 of a single one. */
  readonly parts: number;
  /** Payments, or entries of payouts; the largest first. */
  readonly subjects: readonly string[];
}

/** What finance asks of the books, and that it closes them. */
export class Finance {
  readonly #pool: Pick<Pool, "query">;

  constructor(pool: Pick<Pool, "query">) {
    this.#pool = pool;
  }

  /** What the books know that stands against closing them up to a day (UTC, `2030-06-15`). */
  async against(upTo: string): Promise<readonly Against[]> {
    const { rows } = await this.#pool.query("SELECT what, items::int FROM books.against($1)", [upTo]);
    return rows.map(({ what, items }) => ({ what, items }));
  }

  /**
   * Closes all bookkeeping up to a day (UTC). What is recorded later about those days counts on the day after it.
   * @param besides what stands against it by others' knowledge than the books'
   * @throws Error of PostgreSQL (23514) when the day is not over, is closed already, or something stands against it and
   * `anyway` does not say why that is passed over
   */
  async close(
    upTo: string,
    who: string,
    anyway: string | undefined,
    besides: readonly Against[],
  ): Promise<void> {
    await this.#pool.query("SELECT books.close($1, $2, $3, $4)", [
      ...[upTo, who, anyway ?? null, JSON.stringify(besides)],
    ]);
  }

  /** The latest first. */
  async closings(): Promise<readonly Closing[]> {
    const { rows } = await this.#pool.query(
      "SELECT *, ends_on::text AS day FROM books.closings ORDER BY ends_on DESC",
    );
    return rows.map((row) => ({
      ...{ endsOn: row.day, at: row.closed_at, who: row.closed_by, anyway: row.anyway ?? undefined },
      against: row.against,
    }));
  }

  /** At the end of a day (UTC), by currency and code. */
  async safeguarding(at: string): Promise<readonly SafeguardingLine[]> {
    const { rows } = await this.#pool.query("SELECT * FROM books.safeguarding($1) ORDER BY currency, code", [
      at,
    ]);
    return rows.map(({ currency, code, owed, overdrawn, held }) => ({
      ...{ currency, code, owed: BigInt(owed), overdrawn: BigInt(overdrawn), held: BigInt(held) },
    }));
  }

  /** At the end of a day (UTC), by currency. */
  async sums(at: string): Promise<readonly Sums[]> {
    const { rows } = await this.#pool.query("SELECT * FROM books.sums($1)", [at]);
    return rows.map(({ currency, debits, credits }) => ({
      ...{ currency, debits: BigInt(debits), credits: BigInt(credits) },
    }));
  }

  async large({ first, last, currency, atLeast }: LargeQuestion): Promise<readonly LargeLine[]> {
    const { rows } = await this.#pool.query(
      "SELECT *, booked_on::text AS day FROM books.large($1, $2, $3, $4)",
      [first, last, currency, atLeast],
    );
    return rows.map((row) => ({
      ...{ day: row.day, merchant: row.book, kind: row.kind, party: row.party, amount: BigInt(row.amount) },
      ...{ parts: Number(row.parts), subjects: row.subjects },
    }));
  }
}
