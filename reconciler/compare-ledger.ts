import type { BooksComparing } from "#adapters/books/comparing.ts";
import type { LedgerFolds } from "#adapters/dynamodb/ledger-folds.ts";
import type { Book } from "#core/ledger/account.ts";
import type { LedgerCompared } from "#core/proof/archive-proof.ts";
import {
  areSettled,
  type BookCompared,
  type BookReadings,
  compareBook,
  cutsOf,
  type FoldReading,
  lackOf,
  lastOf,
  openCuts,
  readAgain,
  wholeOf,
} from "#core/proof/compared-folds.ts";
import type { Finding } from "#core/proof/finding.ts";

export interface LedgerComparing {
  readonly ledger: Pick<LedgerFolds, "books" | "folds">;
  readonly books: Pick<BooksComparing, "books" | "recordsUpTo" | "sumsUpTo" | "countedUpTo">;
  /** Epoch milliseconds. */
  readonly clock: () => number;
  /** Milliseconds. It may throw, when nobody waits any more. */
  readonly sleep: (ms: number) => Promise<unknown>;
}

/** Folds of a book that moves are read so often at most, with so many milliseconds in between. */
const readingsMax = 8;
const readingPauseMs = 500;
/** Books at once. */
const booksAtOnce = 8;
/** The books are behind by as long as Firehose waits, and a file is read. */
const behindMsMax = 15 * 60_000;
/** Milliseconds between two looks whether they have come: the first, and at most. */
const lookMs = { first: 250, most: 10_000 };
/** What differs is looked at again, from the folds on: this often at most. */
const looksMax = 3;
/** What lies behind a cut was recorded less than this before the first look: no folder is so far behind. Milliseconds. */
const behindCutMsMax = 3_600_000;

/**
 * Holds what the folder keeps of the ledger against the books, book by book: how many records, and what they add up to. Both
 * say it of the same records, all that were recorded up to the newest one that a fold counts; the books add up all that they
 * have, and take away what came later.
 */
export async function compareLedger(
  port: LedgerComparing,
): Promise<{ readonly half: LedgerCompared; readonly findings: readonly Finding[] }> {
  const { ledger, books, clock } = port;
  const begun = clock();
  const known = [...new Set([...(await ledger.books()), ...(await books.books())])].toSorted();
  const compared = new Map<Book, BookCompared>();
  let open: readonly Book[] = known;
  for (let look = 0; look < looksMax && open.length > 0; look += 1) {
    const readings = await readFolds(port, open);
    const isInTime = await waitForBooks(port, readings, begun);
    for (const [book, found] of await compareBooks(port, readings, begun)) compared.set(book, found);
    open = open.filter((book) => compared.get(book)?.findings.length !== 0);
    // Later readings are of records that the books cannot have yet.
    if (!isInTime) break;
  }
  const all = [...compared.values()].filter(({ records, findings }) => records > 0 || findings.length > 0);
  const newestAt = Math.max(0, ...all.map((each) => each.newestAt));
  return {
    half: {
      as_of: newestAt === 0 ? null : new Date(newestAt).toISOString(),
      books: all.length,
      records: all.reduce((sum, { records }) => sum + records, 0),
      balances: all.reduce((sum, { balances }) => sum + balances, 0),
    },
    findings: known.flatMap((book) => compared.get(book)?.findings ?? []),
  };
}

type Readings = ReadonlyMap<Book, BookReadings>;

/** Those of books that move more than once: one of them has nothing on its way, of each shard. */
async function readFolds(
  { ledger, clock, sleep }: LedgerComparing,
  books: readonly Book[],
): Promise<Readings> {
  const readings = new Map<Book, BookReadings>();
  let moving = books;
  for (let reading = 0; reading < readingsMax && moving.length > 0; reading += 1) {
    if (reading > 0) await sleep(readingPauseMs);
    const still: Book[] = [];
    for (let from = 0; from < moving.length; from += booksAtOnce)
      await Promise.all(
        moving.slice(from, from + booksAtOnce).map(async (book) => {
          const at = clock();
          const read = readAgain(readings.get(book), book, await ledger.folds(book));
          readings.set(book, read);
          if (!areSettled(read, at)) still.push(book);
        }),
      );
    moving = still;
  }
  return readings;
}

const cutsOfAll = (readings: ReadonlyMap<Book, readonly FoldReading[]>) =>
  [...readings].flatMap(([book, shards]) => cutsOf(book, shards));

/** @returns false when they did not come in time: some book has fewer records than were folded. */
async function waitForBooks(
  { books, clock, sleep }: LedgerComparing,
  readings: Readings,
  begun: number,
): Promise<boolean> {
  const last = new Map([...readings].map(([book, each]) => [book, lastOf(each)]));
  const cuts = cutsOfAll(last);
  for (let pauseMs = lookMs.first; ; pauseMs = Math.min(pauseMs * 2, lookMs.most)) {
    const there = await books.recordsUpTo(cuts, begun - behindCutMsMax);
    const nothing = { records: 0, parked: 0 };
    const lacks = [...last].some(([book, each]) => lackOf(each, there.get(book) ?? nothing) > 0);
    if (!lacks) return true;
    if (clock() - begun >= behindMsMax) return false;
    await sleep(pauseMs);
  }
}

async function compareBooks(
  { books }: LedgerComparing,
  readings: Readings,
  begun: number,
): Promise<ReadonlyMap<Book, BookCompared>> {
  const since = begun - behindCutMsMax;
  const counted = await books.countedUpTo([...readings.values()].flatMap(openCuts), since);
  const whole = new Map([...readings].map(([book, each]) => [book, wholeOf(each, counted)]));
  const sums = await books.sumsUpTo(cutsOfAll(whole), since);
  return new Map(
    [...whole].map(([book, each]) => [
      book,
      compareBook(book, each, sums.get(book) ?? { records: 0, parked: 0, lines: new Map() }),
    ]),
  );
}
