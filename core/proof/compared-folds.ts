import { type Book, type Counters, noCounters } from "../ledger/account.ts";
import { type FoldLine, type ShardFold, sumOfFolds } from "../ledger/shard-fold.ts";
import { type Finding, found } from "./finding.ts";

/** What the fold of a shard says when it is read. */
export type FoldReading = Pick<ShardFold, "records" | "newestAt" | "lines">;

/** A book's folds: by the number of the shard, what its fold said each time that it had moved. One reading at least of each. */
export interface BookReadings {
  readonly book: Book;
  readonly shards: readonly (readonly FoldReading[])[];
}

/** Of a shard of a book's journal: all that was recorded up to `newestAt`, in epoch milliseconds. */
export interface Cut {
  readonly book: Book;
  readonly shard: number;
  readonly newestAt: number;
}

/** What the books say of one book's records up to a cut of each shard. */
export interface BookSums {
  readonly records: number;
  /** Records that the books' constraints refused, and that are in the books by no other telling. */
  readonly parked: number;
  readonly lines: ReadonlyMap<FoldLine, Counters>;
}

/** Epoch milliseconds are of whoever recorded it: what is older than this has committed, or never will, and is folded. */
const settledMs = 2_000;

/** Adds what folds say now to what they said before. @param shards by their numbers */
export const readAgain = (
  before: BookReadings | undefined,
  book: Book,
  shards: readonly FoldReading[],
): BookReadings => ({
  book,
  shards: shards.map((now, shard) => {
    const earlier = before?.shards[shard] ?? [];
    return earlier.at(-1)?.records === now.records ? earlier : [...earlier, now];
  }),
});

/** Was the newest record of each shard recorded long enough before it was read, at `at` (epoch milliseconds)? */
export const areSettled = ({ shards }: BookReadings, at: number): boolean =>
  shards.every((readings) => (readings.at(-1)?.newestAt ?? 0) <= at - settledMs);

const nothingRead: FoldReading = { records: 0, newestAt: 0, lines: new Map() };

/** As each shard was read last. */
export const lastOf = ({ shards }: BookReadings): readonly FoldReading[] =>
  shards.map((readings) => readings.at(-1) ?? nothingRead);

/** Up to where readings of a book's shards go. */
export const cutsOf = (book: Book, readings: readonly FoldReading[]): readonly Cut[] =>
  readings.map(({ newestAt }, shard) => ({ book, shard, newestAt }));

/** Cuts of shards that were read more than once: between them is to be chosen. */
export const openCuts = ({ book, shards }: BookReadings): readonly Cut[] =>
  shards.flatMap((readings, shard) =>
    readings.length < 2 ? [] : readings.map(({ newestAt }) => ({ book, shard, newestAt })),
  );

/**
 * Of each shard the reading that counts all records up to its newest one. A record commits a moment after others that were
 * recorded later, and is not in a fold that was read in between: that fold counts less than the books have up to there, and
 * by as much less as it lacks. So it is the reading that counts most beside them; the last of those that count the same.
 * @param countedBy how many records the books have of a shard up to a cut: those since a moment that lies before all readings, and
 * longer before than anything takes to be folded
 */
export const wholeOf = (
  { book, shards }: BookReadings,
  countedBy: (cut: Cut) => number,
): readonly FoldReading[] =>
  shards.map((readings, shard) => {
    if (readings.length < 2) return readings[0] ?? nothingRead;
    const beside = readings.map(({ records, newestAt }) => records - countedBy({ book, shard, newestAt }));
    return readings[beside.lastIndexOf(Math.max(...beside))] ?? nothingRead;
  });

/** How many records the books lack of what folds count, beyond those that are parked; 0 where they have as many, or more. */
export const lackOf = (
  readings: readonly FoldReading[],
  books: Pick<BookSums, "records" | "parked">,
): number => Math.max(0, sumOfFolds(readings.map(asFold)).records - books.records - books.parked);

/** What of a book was held against what. */
export interface BookCompared {
  /** That the ledger counts. */
  readonly records: number;
  /** Balances that either side has: accounts of the chart and of sales one by one, all others as one per currency. */
  readonly balances: number;
  /** Epoch milliseconds: when the newest record was recorded. 0 where there is none. */
  readonly newestAt: number;
  readonly findings: readonly Finding[];
}

/**
 * Invariant 3, between ledger and books: as many records, and the same balances, of the same records.
 * @param readings of the book's shards, by their numbers
 * @param books what they say of the records up to each reading's newest one
 */
export function compareBook(book: Book, readings: readonly FoldReading[], books: BookSums): BookCompared {
  const ledger = sumOfFolds(readings.map(asFold));
  const findings: Finding[] = [];
  if (ledger.records !== books.records) {
    const parked = books.parked === 0 ? "" : `, and ${books.parked} are parked`;
    const what = `the ledger has ${ledger.records} records, the books ${books.records}${parked}`;
    findings.push(found("records", book, what));
  }
  const lines = [...new Set([...ledger.lines.keys(), ...books.lines.keys()])].toSorted();
  for (const line of lines) {
    const [here, there] = [textOf(ledger.lines.get(line)), textOf(books.lines.get(line))];
    const name = line.startsWith(`${book}:`) ? line : `${book} ${line}`;
    if (here !== there)
      findings.push(found("same_balances", name, `the ledger has ${here}, the books ${there}`));
  }
  return { records: ledger.records, balances: lines.length, newestAt: ledger.newestAt, findings };
}

const asFold = (reading: FoldReading): ShardFold => ({ watermark: "", ...reading });

function textOf(counters: Counters = noCounters): string {
  const { debitsPosted, debitsPending, creditsPosted, creditsPending } = counters;
  const held =
    debitsPending === 0n && creditsPending === 0n
      ? ""
      : `, held debits ${debitsPending}, credits ${creditsPending}`;
  return `debits ${debitsPosted}, credits ${creditsPosted}${held}`;
}
