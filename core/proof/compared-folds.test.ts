import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { journals } from "#tests/support/arbitraries/ledger.ts";
import { foldsOf, recordedThen, shardOfRecord, sumsOf, withOneMore } from "#tests/support/dealt-folds.ts";
import { demo } from "#tests/support/examples.ts";
import type { AccountId, Book } from "../ledger/account.ts";
import { credit, debit, type EntryId } from "../ledger/entry.ts";
import { entryRecord, failureRecord, type JournalRecord, recordedAtOf } from "../ledger/journal.ts";
import type { Currency } from "../money/currency.ts";
import {
  areSettled,
  type BookReadings,
  compareBook,
  cutsOf,
  lackOf,
  lastOf,
  openCuts,
  readAgain,
  wholeOf,
} from "./compared-folds.ts";
import type { Finding } from "./finding.ts";

const usd = "USD" as Currency;
const start = Date.UTC(2030, 0, 1);

/** A record of the journal that committed, and when: some milliseconds after the moment that it says. */
interface Commit {
  readonly record: JournalRecord;
  readonly committedAt: number;
}

interface History {
  readonly book: Book;
  /** Recorded before a moment at which nothing was in flight, and after it; in the order in which they were recorded. */
  readonly commits: readonly Commit[];
  readonly later: readonly Commit[];
  /** When folds were read: before that moment, at it and after it. */
  readonly readAt: readonly number[];
  readonly quietAt: number;
  /** Of each shard: how far behind its folder was at each reading but the one at that moment. */
  readonly behindMs: readonly number[];
}

const inFlightMsMax = 80;
const moments = fc.array(fc.nat(600), { maxLength: 3 });

/** Journals that commit in another order than they were recorded in, and are read while they do. */
const histories: fc.Arbitrary<History> = fc
  .tuple(
    journals({ holds: "any" }).filter(({ length }) => length > 0),
    journals({ holds: "any" }),
    fc.array(fc.record({ stepMs: fc.nat(40), inFlightMs: fc.nat(inFlightMsMax), isRefused: fc.boolean() }), {
      ...{ minLength: 50, maxLength: 50, size: "max" },
    }),
    fc.tuple(moments, moments),
    fc.array(fc.nat(60), { minLength: 16, maxLength: 16 }),
  )
  .map(([journal, later, ways, [before, after], behindMs]) => {
    const book = bookOf(journal[0]);
    let at = start;
    const committed = (record: JournalRecord, index: number): Commit => {
      const { stepMs = 0, inFlightMs = 0, isRefused = false } = ways[index] ?? {};
      at += stepMs;
      const refused =
        isRefused && record.type === "entry" ? failureRecord(record.entry, "below_min_available") : record;
      return { record: recordedThen(ofBook(refused, book), at), committedAt: at + inFlightMs };
    };
    const commits = journal.map(committed);
    const quietAt = at + inFlightMsMax + 1;
    at = quietAt + 1;
    return {
      ...{ book, commits, later: later.map(committed), behindMs, quietAt },
      readAt: [
        ...before.map((ms) => start + ms).filter((each) => each < quietAt),
        quietAt,
        ...after.map((ms) => quietAt + 1 + ms),
      ].toSorted((one, other) => one - other),
    };
  });

const bookOf = (record: JournalRecord | undefined): Book =>
  record === undefined ? demo : record.type === "resolution" ? record.resolution.book : record.entry.book;

const ofBook = (record: JournalRecord, book: Book): JournalRecord =>
  record.type === "resolution"
    ? { ...record, resolution: { ...record.resolution, book } }
    : { ...record, entry: { ...record.entry, book } };

const readingsOf = ({ book, commits, later, readAt, quietAt, behindMs }: History): BookReadings => {
  let readings: BookReadings | undefined;
  for (const at of readAt) {
    const streamed = [...commits, ...later].filter(({ record, committedAt }) => {
      const behind = at === quietAt ? 0 : (behindMs[shardOfRecord(record)] ?? 0);
      return committedAt <= Math.max(at - behind, at >= quietAt ? quietAt : 0);
    });
    readings = readAgain(readings, book, foldsOf(streamed.map(({ record }) => record)));
  }
  return readings as BookReadings;
};

/** Compares as the reconciler does. @param since of what the books count beside readings */
function findingsOf(
  readings: BookReadings,
  inBooks: readonly JournalRecord[],
  since: number,
): readonly Finding[] {
  const counted = wholeOf(readings, ({ shard, newestAt }) => {
    const within = inBooks.filter(
      (record) =>
        shardOfRecord(record) === shard && recordedAtOf(record) >= since && recordedAtOf(record) <= newestAt,
    );
    return within.length;
  });
  return compareBook(readings.book, counted, sumsOf(inBooks, cutsOf(readings.book, counted))).findings;
}

/** How long before the first reading the books count beside them: longer than anything is on its way. */
const befores = fc.nat(500).map((ms) => 200 + ms);
const sinceOf = ({ readAt }: History, before: number): number => (readAt[0] ?? start) - before;
const recordsOf = ({ commits, later }: History): readonly JournalRecord[] =>
  [...commits, ...later].map(({ record }) => record);

describe("whatever way commits, shards and readings are interleaved, and wherever the cut is", () => {
  test("a true history has no finding", () => {
    fc.assert(
      fc.property(histories, befores, (history, before) => {
        expect(findingsOf(readingsOf(history), recordsOf(history), sinceOf(history, before))).toEqual([]);
      }),
      { numRuns: 100 },
    );
  });

  test("one record that the books have not is found", () => {
    fc.assert(
      fc.property(histories, befores, fc.nat(), (history, before, pick) => {
        const lost = history.commits[pick % history.commits.length]?.record;
        const inBooks = recordsOf(history).filter((record) => record !== lost);
        const [first] = findingsOf(readingsOf(history), inBooks, sinceOf(history, before));
        expect(first?.what).toMatch(/^the ledger has \d+ records, the books \d+$/);
      }),
      { numRuns: 100 },
    );
  });

  test("one record that moved something else in the books is found, by accounts", () => {
    fc.assert(
      fc.property(histories, befores, fc.nat(), (history, before, pick) => {
        const known = history.commits[pick % history.commits.length]?.record as JournalRecord;
        const other = withOneMore(known);
        fc.pre(other !== undefined);
        const inBooks = recordsOf(history).map((record) => (record === known ? other : record));
        const found = findingsOf(readingsOf(history), inBooks, sinceOf(history, before));
        expect(found.map(({ invariant }) => invariant)).toEqual(found.map(() => "same_balances"));
        // Two accounts of one merchant are one line, and may come to the same.
        if (found.length === 0) expect(isWithinUsers(known)).toBe(true);
      }),
      { numRuns: 100 },
    );
  });

  test("one record that the ledger has not is found, but for what says that it was recorded while folds were read", () => {
    fc.assert(
      fc.property(histories, befores, fc.uuid(), fc.nat(2_000), (history, before, id, earlier) => {
        const readings = readingsOf(history);
        const added = entryRecord({
          ...{ id: `je_${id}` as EntryId, book: history.book, state: "posted", execution: "e" },
          ...{ effectiveAt: start, recordedAt: start - 1 - earlier },
          legs: [debit("acc_a" as AccountId, 5n, usd), credit("acc_b" as AccountId, 5n, usd)],
        });
        const { newestAt = 0 } = readings.shards[shardOfRecord(added)]?.[0] ?? {};
        // Nothing was ever recorded in its shard: then it may be on its way.
        fc.pre(newestAt > 0);
        const [first] = findingsOf(readings, [...recordsOf(history), added], sinceOf(history, before));
        expect(first?.what).toMatch(/^the ledger has \d+ records, the books \d+$/);
      }),
      { numRuns: 100 },
    );
  });
});

function isWithinUsers(record: JournalRecord): boolean {
  if (record.type !== "entry") return false;
  const { legs } = record.entry;
  const [from, to] = [legs.find(({ side }) => side === "debit"), legs.find(({ side }) => side === "credit")];
  return from?.account.startsWith("acc_") === true && to?.account.startsWith("acc_") === true;
}

const record = (id: string, recordedAt: number, amount = 5n): JournalRecord =>
  entryRecord({
    ...{ id: id as EntryId, book: demo, state: "posted", effectiveAt: start, recordedAt, execution: "e" },
    legs: [
      debit("mer_demo:1100:alpha:USD" as AccountId, amount, usd),
      credit("mer_demo:2100:USD" as AccountId, amount, usd),
    ],
  });

test("of several readings the one is taken that lacks nothing of what was recorded before its newest record", () => {
  const [late, newest] = [record("je_1", start), record("je_1", start + 5)];
  const once = readAgain(undefined, demo, foldsOf([newest]));
  const twice = readAgain(once, demo, foldsOf([newest, late]));
  const shard = shardOfRecord(late);
  expect(openCuts(twice)).toEqual([
    { book: demo, shard, newestAt: start + 5 },
    { book: demo, shard, newestAt: start + 5 },
  ]);
  expect(wholeOf(twice, () => 2)[shard]?.records).toBe(2);
  expect(openCuts(readAgain(twice, demo, foldsOf([newest, late])))).toHaveLength(2);
});

test("folds are settled once the newest record of each shard is two seconds old", () => {
  const readings = readAgain(undefined, demo, foldsOf([record("je_1", start), record("je_2", start + 500)]));
  expect(areSettled(readings, start + 2_499)).toBe(false);
  expect(areSettled(readings, start + 2_500)).toBe(true);
  expect(areSettled(readAgain(undefined, demo, foldsOf([])), start)).toBe(true);
});

test("the books lack what folds count, they have not, and nobody parked", () => {
  const readings = lastOf(
    readAgain(undefined, demo, foldsOf([record("je_1", start), record("je_2", start)])),
  );
  expect(lackOf(readings, { records: 0, parked: 0 })).toBe(2);
  expect(lackOf(readings, { records: 0, parked: 1 })).toBe(1);
  expect(lackOf(readings, { records: 1, parked: 1 })).toBe(0);
  expect(lackOf(readings, { records: 3, parked: 0 })).toBe(0);
});

test("what differs is said in words: how many records, what is parked, and each balance", () => {
  const readings = lastOf(
    readAgain(undefined, demo, foldsOf([record("je_1", start), record("je_2", start, 7n)])),
  );
  const books = sumsOf([record("je_1", start)], cutsOf(demo, readings));
  const { findings, records, balances, newestAt } = compareBook(demo, readings, { ...books, parked: 1 });
  expect(findings.map(({ subject, what }) => `${subject}: ${what}`)).toEqual([
    "mer_demo: the ledger has 2 records, the books 1, and 1 are parked",
    "mer_demo:1100:alpha:USD: the ledger has debits 12, credits 0, the books debits 5, credits 0",
    "mer_demo:2100:USD: the ledger has debits 0, credits 12, the books debits 0, credits 5",
  ]);
  expect({ records, balances, newestAt }).toEqual({ records: 2, balances: 2, newestAt: start });
});

test("money that is held is told apart, and a merchant's own accounts are one line of a currency", () => {
  const held = entryRecord({
    ...{ id: "je_1" as EntryId, book: demo, state: "pending", effectiveAt: start, recordedAt: start },
    execution: "e",
    legs: [debit("acc_a" as AccountId, 5n, usd), credit("acc_sales_usd" as AccountId, 5n, usd)],
  });
  const readings = lastOf(readAgain(undefined, demo, foldsOf([held])));
  const { findings } = compareBook(demo, readings, { records: 1, parked: 0, lines: new Map() });
  expect(findings.map(({ subject, what }) => `${subject}: ${what}`)).toEqual([
    "mer_demo acc_sales_usd: the ledger has debits 0, credits 0, held debits 0, credits 5, the books debits 0, credits 0",
    "mer_demo users:USD: the ledger has debits 0, credits 0, held debits 5, credits 0, the books debits 0, credits 0",
  ]);
});
