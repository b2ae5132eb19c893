import fc from "fast-check";
import type { Client, Pool } from "pg";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { Books } from "#adapters/books/books.ts";
import { BooksComparing } from "#adapters/books/comparing.ts";
import { migrateBooks } from "#adapters/books/migrations.ts";
import { BooksProofs } from "#adapters/books/proofs.ts";
import { journalShards, shardOf } from "#adapters/dynamodb/keys.ts";
import { type LedgerEvent, ledgerEventOf } from "#core/events/ledger-event.ts";
import type { AccountId, Book } from "#core/ledger/account.ts";
import { credit, debit, type EntryId, type JournalEntry } from "#core/ledger/entry.ts";
import {
  entryRecord,
  failureRecord,
  type JournalRecord,
  recordedAtOf,
  resolutionRecord,
} from "#core/ledger/journal.ts";
import { voidHold } from "#core/ledger/resolution.ts";
import type { Currency } from "#core/money/currency.ts";
import { type Compared, stateProof } from "#core/proof/archive-proof.ts";
import type { BookSums, Cut } from "#core/proof/compared-folds.ts";
import { journals } from "#tests/support/arbitraries/ledger.ts";
import { type BooksServer, forgetBooks, startBooksServer } from "#tests/support/books-server.ts";
import { sumsOf } from "#tests/support/dealt-folds.ts";
import { demo, noon } from "#tests/support/examples.ts";

let server: BooksServer;
let owner: Client;
let pool: Pool;
let books: Books;
let comparing: BooksComparing;
let proofs: BooksProofs;

beforeAll(async () => {
  server = await startBooksServer();
  owner = server.owner;
  await migrateBooks(owner);
  pool = await server.reconciler();
  books = new Books(pool);
  comparing = new BooksComparing(pool);
  proofs = new BooksProofs(pool);
});
afterAll(() => server?.stop());
beforeEach(() => forgetBooks(owner));

const usd = "USD" as Currency;
const [cash, sales] = ["mer_demo:1000:USD", "acc_sales_usd"] as AccountId[] as [AccountId, AccountId];
const dayMs = 86_400_000;

const entry = (id: string, more: Partial<JournalEntry> = {}): JournalEntry => ({
  ...{ id: id as EntryId, book: demo, state: "posted", effectiveAt: noon, recordedAt: noon, execution: "e" },
  legs: [debit(cash, 5n, usd), credit(sales, 5n, usd)],
  ...more,
});
const post = (...records: readonly JournalRecord[]) => books.post(records.map(ledgerEventOf));
/** All that was ever recorded. */
const beginning = 0;
/** The cuts of a book up to one moment, for all its shards. */
const upTo = (newestAt: number, book: Book = demo): readonly Cut[] =>
  Array.from({ length: journalShards }, (_, shard) => ({ book, shard, newestAt }));

/** For each shard one of the moments at which something was recorded, or none. */
const cutsFor = (book: Book, journal: readonly JournalRecord[], picks: readonly number[]): readonly Cut[] => {
  const moments = [0, ...journal.map(recordedAtOf)];
  return picks.map((pick, shard) => ({ book, shard, newestAt: moments[pick % moments.length] ?? 0 }));
};

const bookIn = ([first]: readonly JournalRecord[]): Book => {
  if (first === undefined) return demo;
  return first.type === "resolution" ? first.resolution.book : first.entry.book;
};
/** Without lines that came to nothing: it is the same whether they are there. */
const moved = ({ lines }: Pick<BookSums, "lines">) =>
  new Map([...lines].filter(([, counters]) => Object.values(counters).some((each) => each !== 0n)));

test("whatever the cut of each shard, the books say what the journal up to there adds up to, book by book", async () => {
  const picks = fc.array(fc.nat(), { minLength: journalShards, maxLength: journalShards });
  const histories = fc.tuple(journals({ holds: "any" }), picks);
  await fc.assert(
    fc.asyncProperty(histories, histories, async ([one, oneAt], [other, otherAt]) => {
      fc.pre(bookIn(one) !== bookIn(other));
      await forgetBooks(owner);
      await post(...one, ...other);
      const cuts = [...cutsFor(bookIn(one), one, oneAt), ...cutsFor(bookIn(other), other, otherAt)];
      const sums = await comparing.sumsUpTo(cuts, beginning);
      const counts = await comparing.recordsUpTo(cuts, beginning);
      const counted = await comparing.countedUpTo(cuts, beginning);
      for (const records of [one, other]) {
        const book = bookIn(records);
        const own = cuts.filter((cut) => cut.book === book);
        const model = sumsOf(records, own);
        const said = sums.get(book) ?? expect.fail(`nothing is said of ${book}`);
        expect(said).toMatchObject({ records: model.records, parked: 0 });
        expect(counts.get(book)).toEqual({ records: model.records, parked: 0 });
        expect(moved(said)).toEqual(moved(model));
        expect(own.reduce((sum, cut) => sum + counted(cut), 0)).toBe(model.records);
      }
    }),
    { numRuns: 60 },
  );
});

test("the books know the shard of an entry as the ledger does", async () => {
  const ids = Array.from({ length: 200 }, (_, index) => `je_pay_é${index}`);
  const { rows } = await pool.query(
    "SELECT books.journal_shard(id) AS shard FROM unnest($1::text[]) AS each (id)",
    [ids],
  );
  expect(rows.map(({ shard }) => shard)).toEqual(ids.map((id) => shardOf(id, journalShards)));
});

test("a record that came late for a period that was closed counts by when it was recorded, and not by its day", async () => {
  await owner.query(
    "INSERT INTO books.closings (ends_on, closed_by, closed_at) VALUES ('2026-03-31', 'ann', $1)",
    [new Date(noon + dayMs)],
  );
  await post(entryRecord(entry("je_1")), entryRecord(entry("je_2", { recordedAt: noon + 2 * dayMs })));
  const { rows } = await pool.query("SELECT booked_on::text AS day FROM books.records ORDER BY entry");
  expect(rows).toEqual([{ day: "2026-03-01" }, { day: "2026-04-01" }]);
  const at = async (newestAt: number) => (await comparing.sumsUpTo(upTo(newestAt), beginning)).get(demo);
  expect((await at(noon))?.records).toBe(1);
  expect((await at(noon))?.lines.get(cash)?.debitsPosted).toBe(5n);
  expect((await at(noon + 2 * dayMs))?.lines.get(cash)?.debitsPosted).toBe(10n);
});

test("what the ledger refused is a record, and moves nothing", async () => {
  await post(failureRecord(entry("je_1"), "below_min_available"));
  expect((await comparing.sumsUpTo(upTo(noon), beginning)).get(demo)).toEqual({
    records: 1,
    parked: 0,
    lines: new Map(),
  });
});

test("what was recorded before the moment that is named is taken away from nothing: it lies behind no cut", async () => {
  await post(entryRecord(entry("je_1")), entryRecord(entry("je_2", { recordedAt: noon + 10 })));
  const at = async (since: number) => (await comparing.recordsUpTo(upTo(noon - 1), since)).get(demo)?.records;
  expect(await at(noon)).toBe(0);
  expect(await at(noon + 1)).toBe(1);
  expect(await at(noon + 11)).toBe(2);
});

test("a record that was refused is parked for its book, until it is there; what is no record is nobody's", async () => {
  const told = ledgerEventOf(entryRecord(entry("je_1")));
  const lopsided = { ...told, record: { ...told.record, legs: told.record.legs.slice(0, 1) } } as LedgerEvent;
  await books.post([lopsided]);
  await books.park("no JSON", "it is no JSON");
  await books.park("[]", "it is no event");
  const said = async () => (await comparing.recordsUpTo(upTo(noon), beginning)).get(demo);
  expect(await said()).toEqual({ records: 0, parked: 1 });
  await books.post([told]);
  expect(await said()).toEqual({ records: 1, parked: 0 });
});

test("a book that has no record has none up to any cut", async () => {
  expect(await comparing.books()).toEqual([]);
  expect((await comparing.sumsUpTo(upTo(noon), beginning)).get(demo)).toEqual({
    records: 0,
    parked: 0,
    lines: new Map(),
  });
  await post(entryRecord(entry("je_1")));
  expect(await comparing.books()).toEqual([demo]);
});

describe("each day counts its records", () => {
  test("as they come, once, and a day that counts others is named", async () => {
    const record = entryRecord(entry("je_1"));
    await post(
      record,
      record,
      entryRecord(entry("je_2", { effectiveAt: noon + dayMs, recordedAt: noon + dayMs })),
    );
    await post(record, entryRecord(entry("je_3")));
    const { rows } = await pool.query(
      "SELECT booked_on::text AS day, records FROM books.record_days ORDER BY 1",
    );
    expect(rows).toEqual([
      { day: "2026-03-01", records: "2" },
      { day: "2026-03-02", records: "1" },
    ]);
    expect(await proofs.uncounted("1970-01-01")).toEqual([]);
    await owner.query("UPDATE books.record_days SET records = records + 1 WHERE booked_on = '2026-03-01'");
    expect(await proofs.uncounted("1970-01-01")).toEqual([
      "mer_demo: 2026-03-01 has 2 records, and counts 3",
    ]);
    expect(await proofs.uncounted("2026-03-02")).toEqual([]);
    await owner.query("DELETE FROM books.record_days");
    expect(await proofs.uncounted("2026-03-02")).toEqual([
      "mer_demo: 2026-03-02 has 1 records, and counts 0",
    ]);
  });

  test("those that were there before anything was counted too", async () => {
    await post(entryRecord(entry("je_1")), entryRecord(entry("je_2")));
    await owner.query(`DROP TABLE books.record_days; DROP TRIGGER counted ON books.records;
      DROP FUNCTION books.count_records, books.journal_shard;
      DELETE FROM public.migrations WHERE name = '0016-record-days.sql'`);
    expect(await migrateBooks(owner)).toEqual(["0016-record-days"]);
    await post(entryRecord(entry("je_3")));
    expect((await comparing.recordsUpTo(upTo(noon), beginning)).get(demo)?.records).toBe(3);
  });

  test("and none is lost when eight post to one day at once", async () => {
    await Promise.all(Array.from({ length: 8 }, (_, index) => post(entryRecord(entry(`je_${index}`)))));
    expect(await proofs.uncounted("1970-01-01")).toEqual([]);
  });
});

test("what was recorded between two moments is what it moved, account by account: what was held and released too", async () => {
  const hold = { ...entry("je_h", { state: "pending" }), state: "pending" as const };
  await post(
    entryRecord(entry("je_before", { recordedAt: noon - 1 })),
    entryRecord(entry("je_first")),
    entryRecord(hold),
    resolutionRecord(voidHold(hold, noon + 5, "e")),
    entryRecord(entry("je_after", { recordedAt: noon + 5 })),
  );
  const all = (since: number, until: number) => comparing.movedBetween(since, until);
  const of = (account: AccountId, posted: bigint, held: bigint) => ({
    book: demo,
    account,
    currency: "USD",
    posted,
    held,
  });
  expect(new Set(await all(noon, noon + 5))).toEqual(new Set([of(cash, 5n, 5n), of(sales, -5n, -5n)]));
  expect(new Set(await all(noon, noon + 6))).toEqual(new Set([of(cash, 10n, 0n), of(sales, -10n, 0n)]));
});

test("the last day that was the same in the warehouse is what the newest proof says that found it so", async () => {
  const say = async (warehouse: Compared["warehouse"] | undefined) => {
    const ledger = { left_out: "it is about the other half" };
    const compared = warehouse && { ledger, warehouse };
    const statement = stateProof(await proofs.head(), {
      ...{ provenAt: noon, files: [], books: [], findings: [], compared },
    });
    expect(await proofs.add(JSON.stringify(statement), [])).toBe(true);
    return comparing.comparedUntil();
  };
  expect(await say(undefined)).toBeUndefined();
  expect(await say({ since: "2026-02-27", until: "2026-02-28", accounts: 2, differ: 0 })).toBe("2026-02-28");
  expect(await say({ since: "2026-02-28", until: "2026-03-01", accounts: 2, differ: 1 })).toBe("2026-02-28");
  expect(await say({ left_out: "no day has come to its end" })).toBe("2026-02-28");
  expect(await say({ since: "2026-02-28", until: "2026-03-02", accounts: 2, differ: 0 })).toBe("2026-03-02");
});
