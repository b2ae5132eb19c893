import type { Pool } from "pg";

/** A day that an acquirer pays out, or an entry of our account that names none; and by which entries of our account. */
export interface PaidOut {
  readonly acquirer: string;
  /** The day (UTC); of an entry that names none, the one on which it was booked. */
  readonly settledOn: string;
  readonly isNamed: boolean;
  readonly currency: string;
  /** Minor units; negative where the acquirer takes. */
  readonly paid: bigint;
  /** Minor units that are on their way for the day (1050), over all books. */
  readonly due: bigint;
  /** The books have their shares: both are the same, or somebody decided what becomes of the difference. */
  readonly isEven: boolean;
  /** Something came since it was looked at last. */
  readonly isStale: boolean;
  /** Undefined where none has come. */
  readonly entry:
    | {
        readonly bookedOn: string;
        readonly reference: string;
        readonly amount: bigint;
        /** Who said that it pays this day; undefined where its own words do. */
        readonly saidBy: string | undefined;
      }
    | undefined;
}

/** Somebody's word on which day an entry of our account pays. */
export interface Payment {
  readonly acquirer: string;
  /** UTC: 2026-11-26. */
  readonly settledOn: string;
  readonly who: string;
  readonly words: string;
  readonly at: Date;
}

/** Entries of our account at the bank, and the days of acquirers that they pay. */
export class BankEntries {
  readonly #pool: Pick<Pool, "query">;

  constructor(pool: Pick<Pool, "query">) {
    this.#pool = pool;
  }

  /** The latest days first, once for each entry of our account that pays them. @param count at most */
  async paidOut(count: number): Promise<readonly PaidOut[]> {
    const { rows } = await this.#pool.query(
      `SELECT payouts.*, payouts.settled_on::text AS settled, entry.booked_on::text AS booked, entry.reference, entry.amount,
         (SELECT who FROM settlement.bank_decisions AS said WHERE said.movement = entry.movement ORDER BY decision DESC LIMIT 1) AS said_by
       FROM settlement.payouts LEFT JOIN settlement.bank_movements AS entry USING (payout)
       WHERE entry.movement IS NOT NULL OR due <> 0 OR to_clear
       ORDER BY payouts.settled_on DESC, acquirer, currency, payouts.payout, entry.booked_on, entry.movement LIMIT $1`,
      [count],
    );
    return rows.map((row) => ({
      ...{
        acquirer: row.acquirer,
        settledOn: row.settled,
        isNamed: row.unnamed === null,
        currency: row.currency,
      },
      ...{ paid: BigInt(row.paid), due: BigInt(row.due), isEven: row.is_even, isStale: row.to_clear },
      entry:
        row.booked === null
          ? undefined
          : {
              ...{ bookedOn: row.booked, reference: row.reference, amount: BigInt(row.amount) },
              saidBy: row.said_by ?? undefined,
            },
    }));
  }

  /** Those of a reference, the oldest first. @param bookedOn undefined: of any day */
  async named(
    reference: string,
    bookedOn: string | undefined,
  ): Promise<readonly { readonly movement: string; readonly bookedOn: string }[]> {
    const { rows } = await this.#pool.query(
      `SELECT movement::text, booked_on::text AS booked FROM settlement.bank_movements
       WHERE reference = $1 AND booked_on = coalesce($2, booked_on) ORDER BY booked_on, movement`,
      [reference, bookedOn],
    );
    return rows.map(({ movement, booked }) => ({ movement, bookedOn: booked }));
  }

  /**
   * Says which day an entry pays; entries in the ledger, and breaks, follow within a minute.
   * @throws Error with PostgreSQL's words where nothing of that day is on its way, or the entry pays it already
   */
  async pays(movement: string, { acquirer, settledOn, who, words, at }: Payment): Promise<void> {
    await this.#pool.query("SELECT settlement.pays($1, $2, $3, $4, $5, $6)", [
      ...[movement, acquirer, settledOn, who, words, at],
    ]);
  }
}
