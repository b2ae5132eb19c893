import { expect, test } from "vitest";
import type { AccountId, Book } from "#core/ledger/account.ts";
import { credit, debit, type EntryId } from "#core/ledger/entry.ts";
import { entryRecord, type JournalRecord, recordedAtOf } from "#core/ledger/journal.ts";
import type { Currency } from "#core/money/currency.ts";
import type { BookSums, Cut } from "#core/proof/compared-folds.ts";
import { foldsOf, shardOfRecord, sumsOf } from "#tests/support/dealt-folds.ts";
import { demo } from "#tests/support/examples.ts";
import { compareLedger } from "./compare-ledger.ts";

const usd = "USD" as Currency;
const other = "mer_other" as Book;
const start = Date.UTC(2030, 0, 1, 1);
const minute = 60_000;

const record = (id: string, recordedAt: number, book: Book = demo): JournalRecord =>
  entryRecord({
    ...{ id: id as EntryId, book, state: "posted", effectiveAt: recordedAt, recordedAt, execution: "e" },
    legs: [debit("acc_a" as AccountId, 5n, usd), credit("acc_b" as AccountId, 5n, usd)],
  });

const yesterday = start - 24 * 60 * minute;
const old = [record("je_1", yesterday), record("je_2", yesterday + 1), record("je_3", yesterday + 2)];

/** A ledger and books that follow it, as time passes. */
class Halves {
  now = start;
  /** How often a book's folds were read. */
  reads = 0;
  looks = 0;
  /** What is folded, and what is in the books, at a moment. */
  folded: (at: number) => readonly JournalRecord[] = () => old;
  posted: (at: number) => readonly JournalRecord[] = () => old;
  parked = 0;
  merchants: readonly Book[] = [demo];

  compare() {
    const ofBook = (records: readonly JournalRecord[], book: Book) =>
      records.filter((each) => each.type === "entry" && each.entry.book === book);
    const sums = (cuts: readonly Cut[], since: number) =>
      new Map(
        [...new Set(cuts.map(({ book }) => book))].map((book): [Book, BookSums] => {
          const own = cuts.filter((cut) => cut.book === book);
          return [book, { ...sumsOf(ofBook(this.posted(this.now), book), own, since), parked: this.parked }];
        }),
      );
    return compareLedger({
      ledger: {
        books: async () => this.merchants,
        folds: async (book) => {
          this.reads += 1;
          return foldsOf(ofBook(this.folded(this.now), book));
        },
      },
      books: {
        books: async () => [
          ...new Set(this.posted(this.now).map((each) => (each.type === "entry" ? each.entry.book : demo))),
        ],
        recordsUpTo: async (cuts, since) => sums(cuts, since),
        sumsUpTo: async (cuts, since) => {
          this.looks += 1;
          return sums(cuts, since);
        },
        countedUpTo: async (_, since) => (cut) =>
          ofBook(this.posted(this.now), cut.book).filter(
            (each) =>
              shardOfRecord(each) === cut.shard &&
              recordedAtOf(each) >= since &&
              recordedAtOf(each) <= cut.newestAt,
          ).length,
      },
      clock: () => this.now,
      sleep: async (ms) => {
        this.now += ms;
      },
    });
  }
}

const words = ({ findings }: Awaited<ReturnType<Halves["compare"]>>) =>
  findings.map(({ subject, what }) => `${subject}: ${what}`);

test("a quiet night is read once, and says what was compared", async () => {
  const halves = new Halves();
  const { half, findings } = await halves.compare();
  expect(half).toEqual({
    ...{ as_of: new Date(yesterday + 2).toISOString(), books: 1, records: 3, balances: 1 },
  });
  expect({ findings, reads: halves.reads, looks: halves.looks, now: halves.now }).toEqual({
    ...{ findings: [], reads: 1, looks: 1, now: start },
  });
});

test("a merchant who never did anything is no book that was compared", async () => {
  const halves = new Halves();
  halves.merchants = [other];
  halves.folded = () => [];
  halves.posted = () => [];
  expect(await halves.compare()).toEqual({
    half: { as_of: null, books: 0, records: 0, balances: 0 },
    findings: [],
  });
});

test("books that are behind are waited for, and not longer than they need", async () => {
  const halves = new Halves();
  halves.posted = (at) => (at < start + 5 * minute ? old.slice(0, 2) : old);
  expect(words(await halves.compare())).toEqual([]);
  expect(halves.now).toBeGreaterThanOrEqual(start + 5 * minute);
  expect(halves.now).toBeLessThan(start + 5 * minute + 11_000);
});

test("a record that the books never get is a finding after a quarter of an hour, and folds are not read again", async () => {
  const halves = new Halves();
  halves.posted = () => old.slice(0, 2);
  expect(words(await halves.compare())).toEqual([
    "mer_demo: the ledger has 3 records, the books 2",
    "mer_demo users:USD: the ledger has debits 15, credits 15, the books debits 10, credits 10",
  ]);
  expect(halves.now).toBeGreaterThanOrEqual(start + 15 * minute);
  expect(halves.now).toBeLessThan(start + 15 * minute + 11_000);
  expect({ reads: halves.reads, looks: halves.looks }).toEqual({ reads: 1, looks: 1 });
});

test("one that is parked is waited for by nobody, and is said to be", async () => {
  const halves = new Halves();
  halves.posted = () => old.slice(0, 2);
  halves.parked = 1;
  expect(words(await halves.compare())[0]).toBe(
    "mer_demo: the ledger has 3 records, the books 2, and 1 are parked",
  );
  expect(halves.now).toBe(start);
});

test("a record that is in no fold yet is looked for again, from the folds on; one that never is, is a finding", async () => {
  const late = new Halves();
  late.folded = () => (late.looks === 0 ? old.slice(1) : old);
  expect(words(await late.compare())).toEqual([]);
  expect(late.looks).toBe(2);

  const never = new Halves();
  never.folded = () => old.slice(1);
  expect(words(await never.compare())[0]).toBe("mer_demo: the ledger has 2 records, the books 3");
  expect({ looks: never.looks, now: never.now }).toEqual({ looks: 3, now: start });
});

test("books that move are read until nothing is on its way in them, and others are not read again", async () => {
  const halves = new Halves();
  halves.merchants = [demo, other];
  const fresh = [record("je_5", start - 100, other), record("je_6", start + 300, other)];
  const all = (at: number) => [...old, ...fresh.filter((each) => recordedAtOf(each) <= at)];
  halves.folded = all;
  halves.posted = all;
  const { half, findings } = await halves.compare();
  expect(findings).toEqual([]);
  expect(half).toMatchObject({ books: 2, records: 5, as_of: new Date(start + 300).toISOString() });
  // At 0, 500, …, 2,500 milliseconds, of which the last is two seconds after the newest record.
  expect(halves.reads).toBe(1 + 6);
});

test("one that never rests is read eight times, and the reading that lacks nothing is the one that counts", async () => {
  const halves = new Halves();
  // One each 100 ms, of which each third commits 300 ms late.
  const stream = Array.from({ length: 100 }, (_, index) =>
    record(`je_s${index}`, start - 3_000 + index * 100),
  );
  const committedAt = (each: JournalRecord, index: number) =>
    recordedAtOf(each) + (index % 3 === 0 ? 300 : 10);
  halves.folded = (at) => [...old, ...stream.filter((each, index) => committedAt(each, index) <= at)];
  halves.posted = () => [...old, ...stream];
  const { half, findings } = await halves.compare();
  expect(findings).toEqual([]);
  expect(half.records).toBeGreaterThan(20);
  expect({ reads: halves.reads, looks: halves.looks }).toEqual({ reads: 8, looks: 1 });
});

test("a book that the ledger does not know is a finding, with what the books have of it; what it has of late is not yet", async () => {
  const halves = new Halves();
  const ofLate = record("je_7", start - 10, "mer_new" as Book);
  halves.posted = () => [...old, record("je_4", yesterday, other), ofLate];
  const compared = await halves.compare();
  expect(words(compared)).toEqual([
    "mer_other: the ledger has 0 records, the books 1",
    "mer_other users:USD: the ledger has debits 0, credits 0, the books debits 5, credits 5",
  ]);
  expect(compared.half.books).toBe(2);
});
