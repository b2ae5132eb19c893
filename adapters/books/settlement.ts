import type { Pool } from "pg";
import type { Book } from "#core/ledger/account.ts";
import type { EntryId } from "#core/ledger/entry.ts";
import type { BankMovement } from "#core/settlement/bank-movement.ts";
import { settlementEntryId } from "#core/settlement/entries.ts";
import type { Flaw, SettlementLine } from "#core/settlement/line.ts";
import { owedKeyOf } from "#core/settlement/owed-key.ts";

/** A file that somebody left, as the bucket has it. */
export interface LeftFile {
  readonly bucket: string;
  readonly key: string;
  readonly version: string;
  /** Whose it is: who may write under its key. */
  readonly acquirer: string;
}

/** What became of a file. */
export interface FileStanding extends LeftFile {
  readonly receivedAt: Date;
  /** Undefined while it is read. */
  readonly readAt: Date | undefined;
  readonly lines: number;
  readonly flaws: number;
  /** Why nothing behind some place was read, where it is so. */
  readonly endedBy: string | undefined;
}

type BreakKind =
  | "missing"
  | "unexpected"
  | "over"
  | "under"
  | "duplicate"
  | "wrong_currency"
  | "late"
  | BankBreakKind;
/** Between what is on its way from an acquirer for a day and what our bank has of it. */
type BankBreakKind = "bank_missing" | "bank_unexpected" | "bank_over" | "bank_under";

/** An item of the two sides that does not match. */
export interface Break {
  /** From 1. */
  readonly number: number;
  readonly kind: BreakKind;
  readonly acquirer: string;
  /** Undefined where the books know of nothing. */
  readonly book: Book | undefined;
  readonly currency: string;
  /** Minor units in question: positive where more came than the books know of. */
  readonly amount: bigint;
  readonly operationKey: string | undefined;
  /** The acquirer's, of the movement that it is about; or which of its days our bank has something else of. */
  readonly reference: string | undefined;
  readonly openedAt: Date;
  readonly closedAt: Date | undefined;
  readonly closedAs: "matched" | "decided" | undefined;
  readonly assignee: string | undefined;
  /** Where somebody decided that it belongs. */
  readonly belongsTo: Belonging | undefined;
  /** The entry that moved it in the ledger last. */
  readonly movedBy: EntryId | undefined;
}

/**
 * Where what is in question belongs, as somebody decides: the acquirer owes it still or is owed it (1100), or it is a cost
 * of the acquirer's (5000), a loss (5100) or of rounding (5200).
 */
export const belongings = { receivable: "1100", costs: "5000", losses: "5100", rounding: "5200" } as const;
export type Belonging = keyof typeof belongings;
const belongingOf = (code: string): Belonging | undefined =>
  (Object.keys(belongings) as Belonging[]).find((name) => belongings[name] === code);

/** What somebody did about a break. */
export interface Note {
  readonly at: Date;
  readonly who: string;
  readonly act: "assigned" | "commented" | "resolved";
  /** Whom it was assigned to; or what was said. */
  readonly words: string;
}

/** Open breaks of one acquirer, kind and currency. */
export interface BreakAge {
  readonly acquirer: string;
  readonly kind: BreakKind;
  readonly currency: string;
  /** From 1. */
  readonly items: number;
  /** Minor units, without signs: what came too much does not make good what is missing. */
  readonly amount: bigint;
  readonly oldest: Date;
}

/** How things stand, for whoever is to be called. */
export interface Standing {
  readonly openBreaks: number;
  /** Since when the oldest of them is open; undefined when none is. */
  readonly oldest: Date | undefined;
  /** Records that the books refused. */
  readonly parked: number;
  /** What of files could not be taken. */
  readonly flaws: number;
}

/** What was agreed with an acquirer about its settlement. */
export interface AcquirerTerms {
  readonly acquirer: string;
  /** From the day of an operation to that of its settlement, at most: 1 … 90. */
  readonly days: number;
  /** Minor units by which what came may differ from what is owed, 0 … 10,000: it is of rounding. */
  readonly tolerance: bigint;
  /** Hundredths of a percent of what is owed that may lack, 0 … 10,000: it is a fee that was taken before. */
  readonly feePoints: number;
}

/** The books are behind the ledger by as long as deliveries wait: what nobody knows of may be known after that. */
const booksBehind = "1 hour";

const textOf = (value: unknown): string =>
  JSON.stringify(value, (_, each: unknown) => (typeof each === "bigint" ? Number(each) : each));

function withParts<Line extends { readonly place: number }>(
  lines: readonly Line[],
): readonly (Line & { readonly part: number })[] {
  let [place, part] = [0, 0];
  return lines.map((line) => {
    part = line.place === place ? part + 1 : 1;
    place = line.place;
    return { ...line, part };
  });
}

/**
 * What acquirers say that they settle, matched in PostgreSQL with what the books say that they owe. Whatever is brought
 * again changes nothing.
 */
export class Settlement {
  readonly #pool: Pick<Pool, "query">;
  readonly #lookedAtMax: number;

  /** @param lookedAtMax items that one look finds, 1 or more */
  constructor(pool: Pick<Pool, "query">, lookedAtMax = 10_000) {
    this.#pool = pool;
    this.#lookedAtMax = lookedAtMax;
  }

  /** @returns the file's number: the same for the same version of it. */
  async begin({ bucket, key, version, acquirer }: LeftFile, now: Date): Promise<number> {
    const { rows } = await this.#pool.query<{ file: number }>(
      "SELECT settlement.begin($1, $2, $3, $4, $5) AS file",
      [bucket, key, version, acquirer, now],
    );
    return rows[0]?.file ?? 0;
  }

  /**
   * Takes lines of a file, and matches them with what is expected.
   * @param lines several of one place are its parts, and come in one call
   * @returns how many were new to the file
   */
  async take(file: number, lines: readonly SettlementLine[], now: Date): Promise<number> {
    if (lines.length === 0) return 0;
    const { rows } = await this.#pool.query<{ taken: number }>(
      "SELECT settlement.take($1, $2, $3) AS taken",
      [file, textOf(withParts(lines).map((line) => ({ ...line, operationKey: owedKeyOf(line) }))), now],
    );
    return rows[0]?.taken ?? 0;
  }

  /**
   * Takes entries of our account out of a file of our bank.
   * @param movements several of one place are its parts, and come in one call
   * @returns how many were new to the file
   */
  async takeBank(file: number, movements: readonly BankMovement[], now: Date): Promise<number> {
    if (movements.length === 0) return 0;
    const { rows } = await this.#pool.query<{ taken: number }>(
      "SELECT settlement.take_bank($1, $2, $3) AS taken",
      [file, textOf(withParts(movements).map(({ pays, ...movement }) => ({ ...movement, ...pays }))), now],
    );
    return rows[0]?.taken ?? 0;
  }

  /** Keeps what of a file could not be taken, with the reason. */
  async refuse(file: number, { place, reason, text, endsFile }: Flaw): Promise<void> {
    // No text of PostgreSQL has this character.
    const texts = [reason, text].map((each) => each.replaceAll("\u0000", "\ufffd"));
    await this.#pool.query("SELECT settlement.refuse($1, $2, $3, $4, $5)", [file, place, ...texts, endsFile]);
  }

  /** The end of the file was reached. */
  async finish(file: number, now: Date): Promise<void> {
    await this.#pool.query("SELECT settlement.finish($1, $2)", [file, now]);
  }

  /**
   * Opens what only time shows: what came and nobody knows of, and what has not come; to the books, and to our account. So
   * much of it at a time as takes a second or two.
   * @returns whether there may be more
   */
  async look(now: Date): Promise<boolean> {
    const { rows } = await this.#pool.query<{ more: boolean }>("SELECT settlement.look($1, $2, $3) AS more", [
      ...[this.#lookedAtMax, now, booksBehind],
    ]);
    await this.#pool.query("SELECT settlement.look_at_bank($1, $2)", [now, booksBehind]);
    return rows[0]?.more ?? false;
  }

  /** Those that came last first. @param count at most */
  async files(count: number): Promise<readonly FileStanding[]> {
    const { rows } = await this.#pool.query(
      `SELECT files.*, (SELECT count(*)::int FROM settlement.lines WHERE lines.file = files.file)
           + (SELECT count(*)::int FROM settlement.bank_lines WHERE bank_lines.file = files.file) AS lines,
         (SELECT count(*)::int FROM settlement.flaws WHERE flaws.file = files.file) AS flaws,
         (SELECT format('%s: %s', place, reason) FROM settlement.flaws
          WHERE flaws.file = files.file AND ends_file ORDER BY place LIMIT 1) AS ended_by
       FROM settlement.files ORDER BY file DESC LIMIT $1`,
      [count],
    );
    return rows.map((row) => ({
      ...{ bucket: row.bucket, key: row.key, version: row.version, acquirer: row.acquirer },
      ...{ receivedAt: row.received_at, readAt: row.read_at ?? undefined },
      ...{ lines: row.lines, flaws: row.flaws, endedBy: row.ended_by ?? undefined },
    }));
  }

  /** Flaws of the file of a key, in all its versions, in the order of their places. */
  async flaws(key: string): Promise<readonly Flaw[]> {
    const { rows } = await this.#pool.query(
      `SELECT place, reason, text, ends_file FROM settlement.flaws JOIN settlement.files USING (file)
       WHERE key = $1 ORDER BY file, place`,
      [key],
    );
    return rows.map(({ place, reason, text, ends_file }) => ({ place, reason, text, endsFile: ends_file }));
  }

  /** The oldest first. @param also those that are closed @param count at most */
  async breaks(also: boolean, count = 1_000): Promise<readonly Break[]> {
    return await this.#breaks("$1 OR closed_at IS NULL", [also], count);
  }

  /** How many movements nobody knows of, and which are no break yet: the books may be behind. */
  async waiting(): Promise<number> {
    const { rows } = await this.#pool.query<{ count: number }>(
      "SELECT count(*)::int FROM settlement.movements WHERE expected IS NULL AND kind <> 'cost' AND NOT questioned",
    );
    return rows[0]?.count ?? 0;
  }

  /** The oldest first. */
  async breakAges(): Promise<readonly BreakAge[]> {
    const { rows } = await this.#pool.query("SELECT * FROM settlement.break_ages()");
    return rows.map(({ acquirer, kind, currency, items, amount, oldest }) => ({
      ...{ acquirer, kind, currency, items: Number(items), amount: BigInt(amount), oldest },
    }));
  }

  async standing(): Promise<Standing> {
    const { rows } = await this.#pool.query("SELECT * FROM settlement.standing()");
    const { open_breaks, oldest, parked, flaws } = rows[0];
    return {
      ...{ openBreaks: Number(open_breaks), oldest: oldest ?? undefined },
      ...{ parked: Number(parked), flaws: Number(flaws) },
    };
  }

  async findBreak(number: number): Promise<Break | undefined> {
    return (await this.#breaks("break = $1", [number]))[0];
  }

  async notes(number: number): Promise<readonly Note[]> {
    const { rows } = await this.#pool.query(
      "SELECT * FROM settlement.notes WHERE break = $1 ORDER BY noted_at",
      [number],
    );
    return rows.map((row) => ({
      ...{ at: row.noted_at, who: row.who, act: row.act, words: row.words },
    }));
  }

  /**
   * Says something about a break; `resolved` closes it, and what is in question goes where it belongs.
   * @throws Error with PostgreSQL's words when it is closed
   */
  async note(
    number: number,
    { at, who, act, words }: Note,
    belongsTo: Belonging = "receivable",
  ): Promise<void> {
    await this.#pool.query("SELECT settlement.note($1, $2, $3, $4, $5, $6)", [
      ...[number, who, act, words, belongings[belongsTo], at],
    ]);
  }

  /** Of the acquirers that somebody has spoken of; the others have three days, and no tolerance. */
  async terms(): Promise<readonly (AcquirerTerms & { readonly by: string; readonly at: Date })[]> {
    const { rows } = await this.#pool.query("SELECT * FROM settlement.terms ORDER BY acquirer");
    return rows.map((row) => ({
      ...{ acquirer: row.acquirer, days: row.days, tolerance: BigInt(row.tolerance) },
      ...{ feePoints: row.fee_points, by: row.said_by, at: row.said_at },
    }));
  }

  /** From then on. @throws Error with PostgreSQL's words for what is out of range */
  async agree({ acquirer, days, tolerance, feePoints }: AcquirerTerms, by: string, at: Date): Promise<void> {
    await this.#pool.query("SELECT settlement.agree($1, $2, $3, $4, $5, $6)", [
      ...[acquirer, days, tolerance, feePoints, by, at],
    ]);
  }

  async #breaks(where: string, values: readonly unknown[], count = 1): Promise<readonly Break[]> {
    const { rows } = await this.#pool.query(
      `SELECT breaks.*, coalesce(expected.operation_key, movements.operation_key) AS operation_key,
         coalesce(movements.reference, payouts.unnamed, payouts.acquirer || ' ' || payouts.settled_on) AS reference
       FROM settlement.breaks
       LEFT JOIN settlement.expected ON expected.expected = breaks.expected
       LEFT JOIN settlement.movements ON movements.movement = breaks.movement
       LEFT JOIN settlement.payouts ON payouts.payout = breaks.payout
       WHERE ${where} ORDER BY breaks.break LIMIT ${count}`,
      [...values],
    );
    return rows.map((row) => ({
      ...{ number: Number(row.break), kind: row.kind, acquirer: row.acquirer, book: row.book ?? undefined },
      ...{ currency: row.currency, amount: BigInt(row.amount), operationKey: row.operation_key ?? undefined },
      ...{ reference: row.reference ?? undefined, openedAt: row.opened_at },
      ...{ closedAt: row.closed_at ?? undefined, closedAs: row.closed_as ?? undefined },
      ...{ assignee: row.assignee ?? undefined, belongsTo: belongingOf(row.decided_to) },
      movedBy: row.moved_by === null ? undefined : settlementEntryId(row.moved_by),
    }));
  }
}
