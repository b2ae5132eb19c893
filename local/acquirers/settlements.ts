import { divide } from "#core/money/rounding.ts";
import { type Books, settlementsMax } from "./books.ts";
import { type Mistake, withMistakes } from "./mistakes.ts";
import type { Entry, Movement, Settlement } from "./records.ts";
import { filesOf, type SettlementFile } from "./settlement-files.ts";
import type { Statement } from "./statement.ts";

const dayMs = 24 * 60 * 60 * 1_000;

export interface SettlementOptions {
  readonly acquirer: string;
  /** What the acquirer takes of each capture, in basis points. */
  readonly costBp: number;
  /** Epoch milliseconds. */
  readonly clock: () => number;
}

/** What the acquirer owes its client, day by day. A closed day never changes, and its files are always the same. */
export class Settlements {
  readonly #books: Books;
  readonly #options: SettlementOptions;
  #ordinalMax = 0;
  /** The latest day that was looked at after its end. */
  #lastEnded: string | undefined;

  constructor(books: Books, options: SettlementOptions) {
    this.#books = books;
    this.#options = options;
    for (const [, { ordinal }] of books.all("movement"))
      this.#ordinalMax = Math.max(this.#ordinalMax, ordinal);
  }

  /** Money that moves with what is written down in the same line. */
  movement(id: string, moved: Omit<Movement, "at" | "cost" | "ordinal">): Entry {
    const { clock, costBp } = this.#options;
    // Half-even, as banks settle. Only what is captured costs: nothing is given back for a refund.
    const cost =
      moved.kind === "capture"
        ? Number(divide(BigInt(moved.amount) * BigInt(costBp), 10_000n, "half-even"))
        : 0;
    this.#ordinalMax += 1;
    return ["movement", id, { ...moved, cost, at: clock(), ordinal: this.#ordinalMax }];
  }

  /**
   * Closes a day (UTC): all that moved before its end and is in no earlier settlement. Closing it again changes
   * nothing; what moves later on that day is in the next one.
   * @param mistakes what its files get wrong; of a day that is closed already they are as they are
   * @returns undefined when so much has happened since that the day's movements are forgotten, or when this acquirer
   * has closed as many days as it can remember: it would settle the first of them again.
   */
  close(date: string, mistakes: readonly Mistake[] = []): Statement | undefined {
    if (this.#books.get("settlement", date) === undefined) {
      if (this.#books.count("settlement") >= settlementsMax) return undefined;
      const closing = { closedAt: this.#options.clock(), ordinalMax: this.#ordinalMax };
      const movements = this.#movementsOf(date, closing).length;
      const wrong = mistakes.length === 0 ? {} : { mistakes: [...mistakes] };
      this.#books.commit(["settlement", date, { ...closing, movements, ...wrong }]);
    }
    return this.#statementOf(date);
  }

  /** @returns undefined of a day that is not closed, or whose movements are forgotten. */
  closed(date: string): Statement | undefined {
    return this.#statementOf(date);
  }

  /**
   * Closes the day before this one (UTC) when something moved before its end that is in no settlement. Cheap but for the
   * first time on a day: nothing moves in the past.
   */
  closeYesterday(): void {
    const date = dateOf(this.#options.clock() - dayMs);
    if (date === this.#lastEnded) return;
    const isClosed = this.#books.get("settlement", date) !== undefined;
    if (!isClosed && this.#movementsOf(date, { ordinalMax: this.#ordinalMax }).length > 0) this.close(date);
    this.#lastEnded = date;
  }

  /** A closed day whose files the client does not have yet: the one that was closed first. */
  undelivered(): Statement | undefined {
    for (const [date, { done }] of this.#books.all("settlement")) {
      if (done) continue;
      const statement = this.#statementOf(date);
      if (statement !== undefined) return statement;
      this.delivered(date);
    }
    return undefined;
  }

  /** There is nothing left to deliver of this closed day. */
  delivered(date: string): void {
    const settlement = this.#books.get("settlement", date);
    if (settlement === undefined || settlement.done === true) return;
    this.#books.commit(["settlement", date, { ...settlement, done: true }]);
  }

  /** A file of a closed day, by its name. */
  file(name: string): SettlementFile | undefined {
    const date = /(\d{4}-\d{2}-\d{2})/.exec(name)?.[1] ?? "";
    const statement = this.#statementOf(date);
    return statement && filesOf(statement).find((file) => file.name === name);
  }

  #statementOf(date: string): Statement | undefined {
    const settlement = this.#books.get("settlement", date);
    if (settlement === undefined) return undefined;
    const movements = this.#movementsOf(date, settlement);
    if (movements.length !== settlement.movements) return undefined;
    const { closedAt, mistakes = [] } = settlement;
    return { acquirer: this.#options.acquirer, date, closedAt, movements: withMistakes(movements, mistakes) };
  }

  #movementsOf(date: string, closing: Pick<Settlement, "ordinalMax">): readonly Movement[] {
    const earlier: [string, Pick<Settlement, "ordinalMax">][] = [];
    for (const entry of this.#books.all("settlement")) {
      if (entry[0] === date) break;
      earlier.push(entry);
    }
    const movements: Movement[] = [];
    for (const [, movement] of this.#books.all("movement"))
      if (isIn(movement, date, closing) && !earlier.some(([day, before]) => isIn(movement, day, before)))
        movements.push(movement);
    return movements;
  }
}

const dateOf = (at: number): string => new Date(at).toISOString().slice(0, 10);

const isIn = (
  { ordinal, at }: Movement,
  date: string,
  { ordinalMax }: Pick<Settlement, "ordinalMax">,
): boolean => ordinal <= ordinalMax && at < Date.parse(date) + dayMs;
