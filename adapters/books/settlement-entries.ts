import type { Pool } from "pg";
import { invariant } from "#core/kernel/invariant.ts";
import type { AccountId, Book, Side } from "#core/ledger/account.ts";
import { checkEntry, type JournalEntry } from "#core/ledger/entry.ts";
import type { Currency } from "#core/money/currency.ts";
import { type PaymentId, paymentOfKey } from "#core/payments/ids.ts";
import { settlementEntryId } from "#core/settlement/entries.ts";

/** An entry for the ledger, and its number here. */
export interface DraftedEntry {
  readonly number: string;
  readonly entry: JournalEntry;
}

/** A payment that is paid out, and the number of what its acquirer owed for it. */
export interface Covered {
  readonly expected: string;
  readonly payment: PaymentId;
}

/** Payments of one book that whoever asked settles now. */
export interface Claim {
  readonly book: Book;
  readonly covered: readonly Covered[];
}

/** Suspense (1900) of a book in one currency, in minor units; credits positive. */
export interface Suspense {
  readonly book: Book;
  readonly currency: Currency;
  /** What open breaks come to: what it has to be. */
  readonly open: bigint;
  /** What entries were drafted for. */
  readonly drafted: bigint;
  /** What the books have. */
  readonly booked: bigint;
}

interface LegRow {
  readonly account: string;
  readonly side: Side;
  /** Text: the driver reads no bigint out of JSON. */
  readonly amount: string;
}

/** Movements and breaks that one call drafts. */
const draftedMax = 10_000;

/** What settlement means for the ledger, as PostgreSQL keeps it until the ledger has it. */
export class SettlementEntries {
  readonly #pool: Pick<Pool, "query">;

  constructor(pool: Pick<Pool, "query">) {
    this.#pool = pool;
  }

  /** Drafts entries for what came or was decided since. @returns whether there may be more */
  async draft(now: Date): Promise<boolean> {
    const { rows } = await this.#pool.query<{ more: boolean }>("SELECT settlement.draft($1, $2) AS more", [
      draftedMax,
      now,
    ]);
    return rows[0]?.more ?? false;
  }

  /** The first of those that the ledger does not have. @param count at most */
  async unposted(count: number): Promise<readonly DraftedEntry[]> {
    return await this.#entries("posted_at IS NULL ORDER BY entry LIMIT $1", count);
  }

  /** Those that the ledger has had since a moment, in their order. */
  async postedSince(moment: Date): Promise<readonly DraftedEntry[]> {
    return await this.#entries("posted_at >= $1 ORDER BY entry", moment);
  }

  async posted({ number }: DraftedEntry, now: Date): Promise<void> {
    await this.#pool.query("SELECT settlement.posted($1, $2)", [number, now]);
  }

  /**
   * Takes payments of one book and currency whose captures have come. Nobody else gets them until the lease is over.
   * @param count at most
   * @returns undefined when there is none
   */
  async claim(count: number, now: Date, leaseMs: number): Promise<Claim | undefined> {
    const { rows } = await this.#pool.query<{ expected: string; book: Book; operation_key: string }>(
      "SELECT * FROM settlement.claim($1, $2, $3)",
      [count, now, new Date(now.getTime() + leaseMs)],
    );
    const [first] = rows;
    if (first === undefined) return undefined;
    const covered = rows.map(({ expected, operation_key: key }) => {
      const payment = paymentOfKey(key);
      invariant(payment !== undefined, `${key} is the key of an operation of ours`);
      return { expected, payment };
    });
    return { book: first.book, covered };
  }

  /** They are settled. */
  async released(covered: readonly Covered[], now: Date): Promise<void> {
    if (covered.length === 0) return;
    await this.#pool.query("SELECT settlement.released($1, $2)", [
      covered.map(({ expected }) => expected),
      now,
    ]);
  }

  /** Of every book and currency that has, or should have, anything in suspense. */
  async suspense(): Promise<readonly Suspense[]> {
    const { rows } = await this.#pool.query(
      "SELECT * FROM settlement.suspense() WHERE (open, drafted, booked) <> (0, 0, 0) ORDER BY book, currency",
    );
    return rows.map((row) => ({
      ...{ book: row.book, currency: row.currency },
      ...{ open: BigInt(row.open), drafted: BigInt(row.drafted), booked: BigInt(row.booked) },
    }));
  }

  async #entries(where: string, value: unknown): Promise<readonly DraftedEntry[]> {
    const { rows } = await this.#pool.query(
      `SELECT entry, book, currency, moved_on::text, drafted_at, (
         SELECT jsonb_agg(leg || jsonb_build_object('amount', leg->>'amount') ORDER BY n)
         FROM jsonb_array_elements(legs) WITH ORDINALITY AS each (leg, n)) AS legs
       FROM settlement.entries WHERE ${where}`,
      [value],
    );
    return rows.map((row) => ({ number: row.entry, entry: entryOf(row) }));
  }
}

/** The same whenever it is read: what is posted again has to be what was posted. */
function entryOf(row: {
  readonly entry: string;
  readonly book: Book;
  readonly currency: Currency;
  readonly moved_on: string;
  readonly drafted_at: Date;
  readonly legs: readonly LegRow[];
}): JournalEntry {
  const recordedAt = row.drafted_at.getTime();
  const checked = checkEntry<JournalEntry>({
    ...{ id: settlementEntryId(row.entry), book: row.book, state: "posted" },
    legs: row.legs.map(({ account, side, amount }) => ({
      ...{ account: account as AccountId, side, amount: BigInt(amount), currency: row.currency },
    })),
    // An acquirer may name a day that is not over, or not here yet.
    effectiveAt: Math.min(Date.parse(row.moved_on), recordedAt),
    ...{ recordedAt, execution: "reconciler" },
  });
  invariant(checked.ok, `entry ${row.entry} of settlement is well-formed`);
  return checked.value;
}
