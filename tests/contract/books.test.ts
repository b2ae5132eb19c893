import fc from "fast-check";
import { Client, type Pool } from "pg";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { Books } from "#adapters/books/books.ts";
import { MigrationChanged, migrateBooks } from "#adapters/books/migrations.ts";
import { type LedgerEvent, ledgerEventOf } from "#core/events/ledger-event.ts";
import type { AccountId, Book } from "#core/ledger/account.ts";
import { credit, debit, type EntryId, type JournalEntry } from "#core/ledger/entry.ts";
import { entryRecord, failureRecord, type JournalRecord, resolutionRecord } from "#core/ledger/journal.ts";
import { fold } from "#core/ledger/trial-balance.ts";
import type { Currency } from "#core/money/currency.ts";
import { journals } from "#tests/support/arbitraries/ledger.ts";
import { type BooksServer, startBooksServer } from "#tests/support/books-server.ts";
import { day, demo, noon } from "#tests/support/examples.ts";

/** All there are, in their order. */
const migrations = [
  "0001-records",
  "0002-posting",
  "0003-reading",
  "0004-proofs",
  "0005-settlement",
  "0006-matching",
  "0007-settlement-entries",
  "0008-paid-out",
  "0009-finance",
  "0010-disputes",
  "0011-terms",
  "0012-bank",
  "0013-balanced",
  "0014-drafting",
  "0015-closing",
  "0016-record-days",
  "0018-bank-days",
  "0019-looking",
  "0020-people",
  "0021-said",
];

let server: BooksServer;
let owner: Client;
let pool: Pool;
let books: Books;

beforeAll(async () => {
  server = await startBooksServer();
  owner = server.owner;
});
afterAll(() => server?.stop());

/** New books, which the reconciler's own user posts to. */
beforeEach(async () => {
  await pool?.end();
  await owner.query(
    "DROP SCHEMA IF EXISTS books, settlement CASCADE; DROP TABLE IF EXISTS public.migrations",
  );
  expect(await migrateBooks(owner)).toEqual(migrations);
  pool = await server.reconciler();
  books = new Books(pool);
});

const usd = "USD" as Currency;
const [cash, sales] = ["acc_cash", "acc_sales"] as AccountId[] as [AccountId, AccountId];

const entry = (id: string, amount: bigint, more: Partial<JournalEntry> = {}): JournalEntry => ({
  ...{ id: id as EntryId, book: demo, state: "posted", effectiveAt: noon, recordedAt: noon, execution: "e" },
  legs: [debit(cash, amount, usd), credit(sales, amount, usd)],
  ...more,
});
const told = (id: string, amount: bigint, more: Partial<JournalEntry> = {}): LedgerEvent =>
  ledgerEventOf(entryRecord(entry(id, amount, more)));

const dayOf = (at: number): string => new Date(at).toISOString().slice(0, 10);
const endOfTime = "2099-12-31";

const balancesOf = async (at = endOfTime, book: string = demo): Promise<Readonly<Record<string, bigint>>> =>
  Object.fromEntries(
    (await books.trialBalance(at))
      .filter((is) => is.book === book)
      .map((is) => [is.account, is.debits - is.credits]),
  );

const parked = async (): Promise<readonly string[]> =>
  (await pool.query("SELECT reason FROM books.parked ORDER BY reason")).rows.map(({ reason }) => reason);

test("the books are what the journal folds to, however its records come: doubled, in any order and any batches", async () => {
  const journal = fc
    .tuple(journals({ holds: "any" }), fc.integer({ min: 1, max: 7 }), fc.infiniteStream(fc.nat()))
    .map(([records, batch, order]) => ({ records, batch, shuffled: shuffled(records, order) }));
  await fc.assert(
    fc.asyncProperty(journal, async ({ records, batch, shuffled: brought }) => {
      await owner.query("TRUNCATE books.days, books.accounts, books.parked");
      await owner.query(
        "ALTER TABLE books.records DISABLE TRIGGER only_added; ALTER TABLE books.postings DISABLE TRIGGER only_added",
      );
      await owner.query("TRUNCATE books.records, books.postings");
      await owner.query(
        "ALTER TABLE books.records ENABLE TRIGGER only_added; ALTER TABLE books.postings ENABLE TRIGGER only_added",
      );
      for (let at = 0; at < brought.length; at += batch)
        await books.post(brought.slice(at, at + batch).map(ledgerEventOf));
      expect(await parked()).toEqual([]);
      const lines = await books.trialBalance(endOfTime);
      const of = new Map(
        lines.map(({ account, currency, debits, credits, debitsHeld, creditsHeld }) => [
          account,
          {
            ...{ currency, debitsPosted: debits, creditsPosted: credits },
            ...{ debitsPending: debitsHeld, creditsPending: creditsHeld },
          },
        ]),
      );
      expect(of).toEqual(fold(records));
    }),
    { numRuns: 60 },
  );
});

/** Each once at least, every other twice, in an order that the numbers decide. */
function shuffled(records: readonly JournalRecord[], order: Iterator<number>): readonly JournalRecord[] {
  const twice = [...records, ...records.filter((_, index) => index % 2 === 0)];
  return twice
    .map((record) => ({ record, place: Number(order.next().value) }))
    .toSorted((a, b) => a.place - b.place)
    .map(({ record }) => record);
}

describe("what is refused is parked with its reason, and the rest of its batch is posted", () => {
  const good = told("je_good", 5_00n);
  const forged = (event: LedgerEvent, record: Partial<LedgerEvent["record"]>): LedgerEvent => ({
    ...event,
    record: { ...event.record, ...record },
  });
  const [leg] = good.record.legs;

  test.each<[string, LedgerEvent, string]>([
    [
      "debits that are not the credits",
      forged(told("je_bad", 7_00n), {
        legs: [
          { account: cash, side: "debit", amount: 7_00, currency: "USD" },
          { account: sales, side: "credit", amount: 6_99, currency: "USD" },
        ],
      }),
      "does not balance: its posted legs in USD",
    ],
    ["no legs", forged(told("je_bad", 7_00n), { legs: [] }), "moves nothing"],
    ["one leg", forged(told("je_bad", 7_00n), { legs: [leg as NonNullable<typeof leg>] }), "moves nothing"],
    [
      "another event under a known id",
      forged(good, { effective_at: new Date(noon + day).toISOString() }),
      "another event with the id",
    ],
    ["an entry that is there already", { ...good, id: told("je_other", 1n).id }, "there_once"],
    [
      "an account in another currency",
      told("je_bad", 7_00n, {
        legs: [debit(cash, 7n, "EUR" as Currency), credit("acc_x" as AccountId, 7n, "EUR" as Currency)],
      }),
      "days_book_account_currency_fkey",
    ],
  ])("%s", async (_name, bad, reason) => {
    expect(await books.post([good])).toEqual({ posted: 1, parked: 0 });
    expect(await books.post([told("je_1", 1_00n), bad, told("je_2", 2_00n)])).toEqual({
      posted: 2,
      parked: 1,
    });
    expect(await parked()).toEqual([expect.stringContaining(reason)]);
    expect(await balancesOf()).toEqual({ acc_cash: 8_00n, acc_sales: -8_00n });
    // Brought again, it is parked once.
    await books.post([bad]);
    expect(await parked()).toHaveLength(1);
  });
});

test("an entry is undone once", async () => {
  const undo = (id: string) =>
    told(id, 5_00n, {
      reverses: "je_1" as EntryId,
      legs: [debit(sales, 5_00n, usd), credit(cash, 5_00n, usd)],
    });
  await books.post([told("je_1", 5_00n), undo("je_2")]);
  expect(await books.post([undo("je_3")])).toEqual({ posted: 0, parked: 1 });
  expect(await parked()).toEqual([expect.stringContaining("undone_once")]);
  expect(await balancesOf()).toEqual({ acc_cash: 0n, acc_sales: 0n });
});

describe("a hold", () => {
  const held = (id: string) => told(id, 5_00n, { state: "pending" });
  const ended = (id: string, kind: "posted" | "voided", as = `${id}.capture`, at = noon + 1): LedgerEvent => {
    const { legs } = entry(id, 5_00n);
    const end = { hold: id as EntryId, book: demo, released: legs, recordedAt: at, execution: "e" };
    return ledgerEventOf(
      resolutionRecord(
        kind === "voided"
          ? { ...end, kind }
          : { ...end, kind, entry: { id: as as EntryId, legs, effectiveAt: at } },
      ),
    );
  };

  test("ends once", async () => {
    await books.post([held("je_1"), ended("je_1", "posted")]);
    expect(await books.post([ended("je_1", "voided", "", noon + 2)])).toEqual({ posted: 0, parked: 1 });
    expect(await parked()).toEqual([expect.stringContaining("ended_once")]);
    expect(await balancesOf()).toEqual({ acc_cash: 5_00n, acc_sales: -5_00n });
  });

  test.each([
    ["another hold was posted", [held("je_2"), ended("je_2", "posted", "je_taken")]],
    ["another entry is there", [told("je_taken", 5_00n)]],
  ])("is not posted under an id under which %s", async (_name, before) => {
    await books.post([held("je_1"), ...before]);
    expect(await books.post([ended("je_1", "posted", "je_taken")])).toEqual({ posted: 0, parked: 1 });
    expect(await parked()).toEqual([expect.stringContaining("there_once")]);
  });
});

test("what the ledger refused is there, and moves nothing", async () => {
  const refused = ledgerEventOf(failureRecord(entry("je_1", 5_00n), "below_min_available"));
  expect(await books.post([refused])).toEqual({ posted: 1, parked: 0 });
  expect(await balancesOf()).toEqual({});
});

test("eight that bring the same at once post it once, and none of them fails", async () => {
  const events = Array.from({ length: 50 }, (_, n) => told(`je_${n}`, BigInt(n + 1)));
  const outcomes = await Promise.all(
    Array.from({ length: 8 }, (_, turn) =>
      books.post([...events.slice(turn * 5), ...events.slice(0, turn * 5)]),
    ),
  );
  expect(outcomes.reduce((sum, { posted }) => sum + posted, 0)).toBe(50);
  expect(await parked()).toEqual([]);
  expect(await balancesOf()).toEqual({ acc_cash: 1275n, acc_sales: -1275n });
});

test("those that post to the same accounts at once do not wait for each other for ever", async () => {
  const accounts = Array.from({ length: 40 }, (_, n) => `acc_${n}` as AccountId);
  const batch = (turn: number) =>
    accounts.map((account, n) => {
      const other = accounts[(n * 7 + turn * 13 + 1) % accounts.length] as AccountId;
      const at = noon + ((n * turn) % 9) * day;
      return told(`je_${turn}_${n}`, 1n, {
        legs: [debit(account, 1n, usd), credit(other, 1n, usd)],
        ...{ effectiveAt: at, recordedAt: at },
      });
    });
  const outcomes = await Promise.all(Array.from({ length: 24 }, (_, turn) => books.post(batch(turn))));
  expect(outcomes.every(({ posted }) => posted === accounts.length)).toBe(true);
});

test("balances are of any day, and a statement goes from one to the next", async () => {
  const at = (days: number) => ({ effectiveAt: noon + days * day, recordedAt: noon + days * day + 1 });
  const elsewhere = told("je_1", 100n, { ...at(0), book: "mer_other" as Book });
  await books.post([told("je_3", 4n, at(2)), told("je_1", 1n, at(0)), told("je_2", 2n, at(1)), elsewhere]);
  expect(await balancesOf(dayOf(noon - day))).toEqual({});
  expect(await balancesOf(dayOf(noon + day))).toEqual({ acc_cash: 3n, acc_sales: -3n });
  expect(await balancesOf(dayOf(noon + day), "mer_other")).toEqual({ acc_cash: 100n, acc_sales: -100n });
  const lines = await books.statement(demo, cash, { first: dayOf(noon + day), last: dayOf(noon + 9 * day) });
  expect(lines.map(({ entry: id, bookedOn, balance }) => [id, bookedOn, balance])).toEqual([
    ["je_2", dayOf(noon + day), 3n],
    ["je_3", dayOf(noon + 2 * day), 7n],
  ]);
  expect(await books.statement("mer_none" as Book, cash, { first: "2000-01-01", last: endOfTime })).toEqual(
    [],
  );
});

describe("a period that was closed", () => {
  const close = (upTo: string) => owner.query("SELECT books.close($1, 'Ada')", [upTo]);

  test("stays as it was: what is recorded later about it counts on the day after it", async () => {
    await books.post([told("je_1", 1n)]);
    await close(dayOf(noon));
    const later = { recordedAt: Date.now() + day };
    expect(await books.post([told("je_late", 2n, later)])).toEqual({ posted: 1, parked: 0 });
    expect(await balancesOf(dayOf(noon))).toEqual({ acc_cash: 1n, acc_sales: -1n });
    expect(await balancesOf(dayOf(noon + day))).toEqual({ acc_cash: 3n, acc_sales: -3n });
  });

  test("takes what was recorded before it was closed, so that the same records make the same books", async () => {
    await close(dayOf(noon));
    await books.post([told("je_1", 1n)]);
    expect(await balancesOf(dayOf(noon))).toEqual({ acc_cash: 1n, acc_sales: -1n });
  });

  test("is not closed while somebody posts", async () => {
    const another = await pool.connect();
    try {
      await another.query("BEGIN");
      await another.query("SELECT books.post($1)", [JSON.stringify([told("je_1", 1n)])]);
      await owner.query("SET lock_timeout = 50");
      await expect(close(dayOf(noon))).rejects.toThrow("lock timeout");
      await another.query("COMMIT");
      await close(dayOf(noon));
    } finally {
      await owner.query("RESET lock_timeout");
      another.release();
    }
  });

  test("is closed once, and never before it is over", async () => {
    await close(dayOf(noon));
    await expect(close(dayOf(noon))).rejects.toThrow("is closed already");
    await expect(close(dayOf(Date.now()))).rejects.toThrow("is not over yet");
  });
});

describe("nobody changes what is written", () => {
  beforeEach(() => books.post([told("je_1", 1n)]));

  test.each(["records", "postings"])("the owner of books.%s does not", async (table) => {
    await expect(owner.query(`DELETE FROM books.${table}`)).rejects.toThrow("only ever added to");
    await expect(owner.query(`UPDATE books.${table} SET book = 'x'`)).rejects.toThrow("only ever added to");
    await expect(owner.query(`TRUNCATE books.${table} CASCADE`)).rejects.toThrow("only ever added to");
  });

  test("the owner adds no leg that does not balance", async () => {
    const event = told("je_1", 1n).id;
    await expect(
      owner.query(
        `INSERT INTO books.postings VALUES ('${event}', 'posted', 9, 'mer_demo', 'acc_cash', 'USD', 'debit', 1, '2026-01-01')`,
      ),
    ).rejects.toThrow("does not balance");
  });

  test.each([
    "INSERT INTO books.records DEFAULT VALUES",
    "INSERT INTO books.days VALUES ('mer_demo', 'acc_cash', 'USD', '2026-01-01', 1, 0, 0, 0)",
    "UPDATE books.days SET debits = 0",
    "DELETE FROM books.parked",
    "SELECT books.add('[]')",
    "SELECT books.close('2026-01-01', 'me')",
  ])("the reconciler may not: %s", async (statement) => {
    await expect(pool.query(statement)).rejects.toThrow("permission denied");
  });
});

describe("migrations", () => {
  test("are carried out once, also by two at the same time", async () => {
    await owner.query("DROP SCHEMA books, settlement CASCADE; DROP TABLE public.migrations");
    const another = new Client(server.url);
    await another.connect();
    try {
      const applied = await Promise.all([migrateBooks(owner), migrateBooks(another)]);
      expect(applied.map(({ length }) => length).toSorted()).toEqual([0, migrations.length]);
    } finally {
      await another.end();
    }
  });

  test("that were changed afterwards are refused, with what to do", async () => {
    await owner.query("UPDATE public.migrations SET digest = 'x' WHERE name = '0001-records.sql'");
    const refused = migrateBooks(owner);
    await expect(refused).rejects.toThrow(MigrationChanged);
    await expect(refused).rejects.toThrow("0001-records.sql is not what was carried out");
  });
});
