import type { Pool } from "pg";
import type { CurrencyTotals, ProofHead, ProvenFile } from "#core/proof/archive-proof.ts";

/** A file that no proof names yet. */
export interface UnprovenFile extends ProvenFile {
  /** The books' own number of it. */
  readonly file: string;
}

/** A proof as the books have it. */
export interface KnownProof {
  readonly number: number;
  /** Its statement, as it is signed. */
  readonly text: string;
}

/** Of PostgreSQL: another one was first. */
const uniqueViolation = "23505";

const uncounted = `WITH named AS (
  SELECT book FROM books.record_days UNION SELECT book FROM books.accounts
), there AS (
  SELECT named.book, day.booked_on, day.records FROM named CROSS JOIN LATERAL (
    SELECT booked_on, count(*) AS records FROM books.records
    WHERE records.book = named.book AND booked_on >= $1 GROUP BY booked_on
  ) AS day
), kept AS (
  SELECT * FROM books.record_days WHERE booked_on >= $1
)
SELECT book, booked_on::text AS day, coalesce(there.records, 0) AS has, coalesce(kept.records, 0) AS counts
FROM there FULL JOIN kept USING (book, booked_on)
WHERE there.records IS DISTINCT FROM kept.records ORDER BY booked_on, book`;

/** What the books know of the archive's files, and of the proofs that name them. Nothing here is ever changed, only added. */
export class BooksProofs {
  readonly #pool: Pick<Pool, "query">;

  constructor(pool: Pick<Pool, "query">) {
    this.#pool = pool;
  }

  /**
   * Keeps what a file was when its records were posted. Again it changes nothing.
   * @throws Error when that version of it was another one before
   */
  async keepFile({ key, version, lines, root }: Omit<ProvenFile, "received_at">, now: Date): Promise<void> {
    const values = [key, version, lines, Buffer.from(root, "hex"), now];
    await this.#pool.query("SELECT books.keep_file($1, $2, $3, $4, $5)", values);
  }

  /** The oldest first. @param count at most */
  async unproven(count: number): Promise<readonly UnprovenFile[]> {
    const { rows } = await this.#pool.query("SELECT * FROM books.unproven($1)", [count]);
    return rows.map(({ file, key, version, lines, root, received_at }) => ({
      ...{ file, key, version, lines: Number(lines), root: root.toString("hex") },
      received_at: received_at.toISOString(),
    }));
  }

  /** The newest proof; undefined when there is none. */
  async head(): Promise<ProofHead | undefined> {
    const { rows } = await this.#pool.query<{ number: number; digest: string }>(
      "SELECT number, encode(digest, 'hex') AS digest FROM books.proofs ORDER BY number DESC LIMIT 1",
    );
    return rows[0];
  }

  /** What all accounts add up to. */
  async totals(): Promise<readonly CurrencyTotals[]> {
    const { rows } = await this.#pool.query<CurrencyTotals>("SELECT * FROM books.totals()");
    return rows;
  }

  /**
   * Balances of days that are not what their postings add up to, in words.
   * @param firstDay from when on, UTC: `2030-06-15`
   */
  async unfolded(firstDay: string): Promise<readonly string[]> {
    const { rows } = await this.#pool.query(
      "SELECT account, currency, booked_on::text AS day FROM books.unfolded($1)",
      [firstDay],
    );
    return rows.map(
      ({ account, currency, day }) => `${account} ${currency}: ${day} is not the sum of its postings`,
    );
  }

  /**
   * Days whose count of records is not how many there are, in words.
   * @param firstDay from when on, UTC: `2030-06-15`
   */
  async uncounted(firstDay: string): Promise<readonly string[]> {
    const { rows } = await this.#pool.query(uncounted, [firstDay]);
    return rows.map(
      ({ book, day, has, counts }) => `${book}: ${day} has ${has} records, and counts ${counts}`,
    );
  }

  /**
   * Adds a proof.
   * @param files that it names, by the books' numbers
   * @returns whether it is the next one: false when another process was first
   */
  async add(text: string, files: readonly string[]): Promise<boolean> {
    try {
      await this.#pool.query("SELECT books.prove($1, $2)", [text, files]);
      return true;
    } catch (thrown) {
      if ((thrown as { readonly code?: string }).code === uniqueViolation) return false;
      throw thrown;
    }
  }

  /** Those that are not in the archive yet, the oldest first. */
  async unkept(): Promise<readonly KnownProof[]> {
    const { rows } = await this.#pool.query<KnownProof>(
      `SELECT number, statement AS text FROM books.proofs
       WHERE NOT EXISTS (SELECT FROM books.proofs_kept WHERE proofs_kept.number = proofs.number) ORDER BY number`,
    );
    return rows;
  }

  /** It is signed, and in the archive. */
  async keepProof(number: number, now: Date): Promise<void> {
    await this.#pool.query("SELECT books.keep_proof($1, $2)", [number, now]);
  }
}
