import type { Client, Pool } from "pg";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { Books } from "#adapters/books/books.ts";
import { migrateBooks } from "#adapters/books/migrations.ts";
import { Settlement } from "#adapters/books/settlement.ts";
import { ledgerEventOf } from "#core/events/ledger-event.ts";
import { acquirerAccount, systemAccount } from "#core/ledger/chart.ts";
import { credit, debit, type EntryId } from "#core/ledger/entry.ts";
import { resolutionRecord } from "#core/ledger/journal.ts";
import type { Resolution } from "#core/ledger/resolution.ts";
import type { SettlementLine } from "#core/settlement/line.ts";
import { type BooksServer, forgetBooks, startBooksServer } from "#tests/support/books-server.ts";
import { eur, keyOf, paymentId, usd } from "#tests/support/breaks.ts";
import { eventually } from "#tests/support/eventually.ts";
import { day, demo, noon } from "#tests/support/examples.ts";
import { captured, dayOf, line, postedAs } from "#tests/support/settled.ts";

/** What each condition of the matching's SQL is for: histories that come to something else without it. */

let server: BooksServer;
let owner: Client;
let pool: Pool;
let books: Books;
let settlement: Settlement;

beforeAll(async () => {
  server = await startBooksServer();
  owner = server.owner;
  await migrateBooks(owner);
  pool = await server.reconciler();
  books = new Books(pool);
  settlement = new Settlement(pool);
});
afterAll(() => server?.stop());
beforeEach(() => forgetBooks(owner));

const at = (ms: number): Date => new Date(ms);
/** A line for which the acquirer settles so many days after the first. */
const on = (days: number, more: Partial<SettlementLine> = {}) => ({
  settledOn: dayOf(noon + days * day),
  ...more,
});

async function bring(
  name: string,
  lines: readonly SettlementLine[],
  { now = noon, acquirer = "alpha", version = "1", bucket = "inbound" } = {},
): Promise<number> {
  const number = await settlement.begin({ bucket, key: `${acquirer}/${name}`, version, acquirer }, at(now));
  const taken = await settlement.take(number, lines, at(now));
  await settlement.finish(number, at(now));
  return taken;
}

/** Breaks as `kind of which payment: amount currency`, and how they were closed. */
const breaks = async (also = false): Promise<readonly string[]> =>
  (await settlement.breaks(also)).map(
    ({ kind, operationKey, amount, currency, closedAs }) =>
      `${kind} ${Number(/pay_(\d+)/.exec(operationKey ?? "")?.[1])}: ${amount} ${currency}${closedAs === undefined ? "" : ` ${closedAs}`}`,
  );
/** Somebody waits for a lock that another one has. */
const someoneWaits = () =>
  eventually(async () => {
    const { rows } = await owner.query("SELECT FROM pg_locks WHERE NOT granted");
    return rows.length > 0 ? true : undefined;
  });
const decide = (number: number, now = noon) =>
  new Settlement(owner).note(number, {
    ...{ at: at(now), who: "lee", act: "resolved", words: "theirs", entry: undefined },
  });

describe("a break that was closed", () => {
  test("by what came opens again when it comes back in the same amount", async () => {
    await books.post([captured(1, 100n)]);
    await bring("1.csv", [line(1, 1, 100n)]);
    await bring("2.csv", [line(1, 1, 100n, on(1))]);
    await bring("3.csv", [line(1, 1, -100n, on(2))]);
    expect(await breaks(true)).toEqual(["duplicate 1: 100 USD matched"]);
    await bring("4.csv", [line(1, 1, 100n, on(3))]);
    expect(await breaks()).toEqual(["duplicate 1: 100 USD", "duplicate 1: -100 USD", "duplicate 1: 100 USD"]);
    expect(await settlement.findBreak(1)).toMatchObject({ closedAt: undefined });
  });

  test("by somebody stays closed while it is judged again in the same amount", async () => {
    await books.post([captured(1, 100n)]);
    await bring("1.csv", [line(1, 1, 90n)]);
    await decide(1);
    await bring("2.csv", [line(1, 1, 5n, on(1, { currency: eur }))]);
    expect(await breaks(true)).toEqual(["under 1: -10 USD decided", "wrong_currency 1: 5 EUR"]);
    await bring("3.csv", [line(1, 1, 1n, on(2))]);
    expect(await breaks()).toEqual(["under 1: -9 USD", "wrong_currency 1: 5 EUR"]);
  });

  test("by somebody is matched when all has come later: what was decided was about money that came", async () => {
    await books.post([captured(1, 100n)]);
    await bring("1.csv", [line(1, 1, 90n)]);
    await decide(1, noon + 1);
    await bring("2.csv", [line(1, 1, 10n, on(1))], { now: noon + day });
    expect(await settlement.findBreak(1)).toMatchObject({ closedAs: "matched", closedAt: at(noon + day) });
  });

  test("by somebody as unexpected is matched when the books hear of it later", async () => {
    await bring("1.csv", [line(1, 1, 100n)]);
    await settlement.look(at(noon + day));
    await decide(1, noon + 1);
    await books.post([captured(1, 100n)]);
    expect(await settlement.findBreak(1)).toMatchObject({ kind: "unexpected", closedAs: "matched" });
  });
});

describe("of several breaks that are judged at once", () => {
  test("one closes and another one of its kind, of another payment, stays", async () => {
    await books.post([captured(1, 100n), captured(2, 100n)]);
    await bring("1.csv", [line(1, 1, 60n), line(2, 2, 60n)]);
    await bring("2.csv", [line(1, 1, 40n, on(1)), line(2, 2, 20n, on(1))]);
    expect(await breaks(true)).toEqual(["under 1: -40 USD matched", "under 2: -20 USD"]);
  });

  test("one closes and another one of its kind and payment, of another movement, stays", async () => {
    await books.post([captured(1, 100n)]);
    await bring("1.csv", [line(1, 1, 100n, on(1)), line(2, 1, 50n, on(2))]);
    expect(await breaks()).toEqual(["duplicate 1: 50 USD"]);
    // With what came before it, the second of them completes it, and the last one is there twice.
    await bring("2.csv", [line(1, 1, -50n), line(2, 1, 20n, on(3))]);
    expect(await breaks(true)).toEqual(["duplicate 1: 50 USD matched", "duplicate 1: 20 USD"]);
  });

  test("those that nobody knows of close one by one, as the books hear of each", async () => {
    await bring("1.csv", [line(1, 1, 100n), line(2, 2, 100n)]);
    await settlement.look(at(noon + day));
    await books.post([captured(2, 100n)]);
    expect(await breaks(true)).toEqual(["unexpected 1: 100 USD", "unexpected 2: 100 USD matched"]);
  });
});

describe("what comes for one operation", () => {
  test("in other currencies is no duplicate, however often, and is none of what is owed", async () => {
    await books.post([captured(1, 100n)]);
    const other = { currency: eur };
    await bring("1.csv", [line(1, 1, 100n), line(2, 1, 100n, on(1))]);
    await bring("2.csv", [line(1, 1, 7n, other), line(2, 1, 8n, on(1, other)), line(3, 1, 9n, on(2, other))]);
    expect(await breaks()).toEqual([
      "duplicate 1: 100 USD",
      "wrong_currency 1: 7 EUR",
      "wrong_currency 1: 8 EUR",
      "wrong_currency 1: 9 EUR",
    ]);
  });

  test("in one day under one reference has an order of its own, and not that in which it came", async () => {
    await books.post([captured(1, 100n)]);
    await bring("1.csv", [line(1, 1, 50n, { kind: "chargeback" })]);
    await bring("2.csv", [line(1, 1, 100n)]);
    // The capture comes first: it is whole, and the other one is too much behind it.
    expect(await breaks()).toEqual(["duplicate 1: 50 USD"]);
  });

  test("from another acquirer is not this one's, also when the books hear of it last", async () => {
    await bring("1.csv", [line(1, 1, 100n, { acquirer: "beta" })], { acquirer: "beta" });
    await books.post([captured(1, 100n)]);
    await settlement.look(at(noon + day));
    expect(await breaks()).toEqual(["unexpected 1: 100 USD"]);
    const { rows } = await pool.query("SELECT settled FROM settlement.expected");
    expect(rows).toEqual([{ settled: "0" }]);
  });

  test("is owed once: an entry of its name in another book is posted, and nothing more is owed", async () => {
    const [ours, theirs] = [captured(1, 100n), captured(1, 70n)];
    const elsewhere = JSON.parse(JSON.stringify(theirs).replaceAll("mer_demo", "mer_shop")) as typeof theirs;
    await books.post([ours]);
    expect(await books.post([{ ...elsewhere, id: captured(2, 1n).id }])).toEqual({ posted: 1, parked: 0 });
    const { rows } = await pool.query("SELECT book, gross FROM settlement.expected");
    expect(rows).toEqual([{ book: "mer_demo", gross: "100" }]);
  });
});

describe("what is not in question", () => {
  const versions = async (table: string): Promise<Readonly<Record<string, string>>> =>
    Object.fromEntries(
      (
        await owner.query(
          `SELECT ${table} AS number, xmin::text FROM settlement.${table === "movement" ? "movements" : table}`,
        )
      ).rows.map(({ number, xmin }) => [number, xmin]),
    );

  test("is not written again: other operations, and movements that are known", async () => {
    await books.post([captured(1, 100n), captured(2, 100n)]);
    await bring("1.csv", [line(1, 1, 60n), line(2, 2, 60n)]);
    const before = [await versions("expected"), await versions("movement")] as const;
    await bring("2.csv", [line(1, 1, 40n, on(1))]);
    const after = [await versions("expected"), await versions("movement")] as const;
    expect(after[0]["2"]).toBe(before[0]["2"]);
    expect(after[0]["1"]).not.toBe(before[0]["1"]);
    expect(after[1]["1"]).toBe(before[1]["1"]);
  });

  test("is not met by the way: what was written at the same time waits for the next look", async () => {
    await books.post([captured(1, 100n), captured(2, 100n)]);
    await bring("1.csv", [line(1, 2, 100n)]);
    // As it is where a file and the books that were written at the same time did not see each other.
    await owner.query("UPDATE settlement.movements SET expected = NULL");
    await bring("2.csv", [line(1, 1, 100n)]);
    const met = async () =>
      (await pool.query("SELECT expected FROM settlement.movements ORDER BY movement")).rows.map(
        ({ expected }) => expected,
      );
    expect(await met()).toEqual([null, "1"]);
    await settlement.look(at(noon));
    expect(await met()).toEqual(["2", "1"]);
  });

  test("what is owed is locked before what came: who holds the one gets the other", async () => {
    await books.post([captured(1, 100n)]);
    await bring("1.csv", [line(1, 1, 100n)]);
    await owner.query("UPDATE settlement.movements SET expected = NULL");
    await owner.query("BEGIN");
    await owner.query("SELECT FROM settlement.expected FOR NO KEY UPDATE");
    const looking = settlement.look(at(noon));
    await someoneWaits();
    await expect(owner.query("SELECT FROM settlement.movements FOR UPDATE NOWAIT")).resolves.toBeDefined();
    await owner.query("COMMIT");
    await looking;
  });
});

describe("owed is", () => {
  const owed = async () =>
    (
      await pool.query("SELECT expected, operation_key, gross FROM settlement.expected ORDER BY expected")
    ).rows.map((row) => [Number(row.expected), row.operation_key, Number(row.gross)]);
  const receivable = acquirerAccount(demo, 1100, "alpha", usd);
  const pending = systemAccount(demo, 2100, usd);
  const legs = (amount: bigint) => [debit(receivable, amount, usd), credit(pending, amount, usd)];

  test("what a hold was posted with, and not what it released", async () => {
    const [hold, name] = [`je_${paymentId(1)}.authorize.1`, `je_${paymentId(1)}.capture.1`] as EntryId[];
    const resolution: Resolution = {
      ...{ kind: "posted", hold: hold as EntryId, book: demo, released: legs(100n), recordedAt: noon + 1 },
      ...{ execution: "e", entry: { id: name as EntryId, legs: legs(90n), effectiveAt: noon } },
    };
    await books.post([
      postedAs(hold ?? "", legs(100n), noon, { state: "pending" }),
      ledgerEventOf(resolutionRecord(resolution)),
    ]);
    expect(await owed()).toEqual([[1, keyOf(1), 90]]);
  });

  test("nothing of an entry that is of no operation, or that comes to nothing, and the books have it all the same", async () => {
    const there = [
      postedAs("je_settled.1", legs(5n)),
      postedAs(`x_je_${paymentId(1)}.capture.1`, legs(5n)),
      postedAs(`je_${paymentId(2)}.capture.1.reversal`, legs(5n)),
      postedAs(`je_${paymentId(3)}.capture.1`, [debit(receivable, 5n, usd), credit(receivable, 5n, usd)]),
    ];
    expect(await books.post(there)).toEqual({ posted: 4, parked: 0 });
    expect(await owed()).toEqual([]);
  });

  test("looked for in what was added, and not in all the books again", async () => {
    for (const n of [1, 2, 3]) await books.post([captured(n, 100n)]);
    // Whatever had been tried once more would have used up a number.
    expect(await owed()).toEqual([1, 2, 3].map((n) => [n, keyOf(n), 100]));
  });
});

describe("a file", () => {
  test("is another one under its name in another bucket, and in another version", async () => {
    const begin = (bucket: string, version: string) =>
      settlement.begin({ bucket, key: "alpha/1.csv", version, acquirer: "alpha" }, at(noon));
    const all = [await begin("a", "1"), await begin("b", "1"), await begin("a", "2"), await begin("a", "1")];
    expect(all).toEqual([all[0], all[1], all[2], all[0]]);
    expect(new Set(all).size).toBe(3);
  });

  test.each<[string, Partial<SettlementLine>]>([
    ["day", on(1)],
    ["kind", { kind: "chargeback" }],
    ["reference", { reference: "other" }],
    ["operation", { operationKey: keyOf(2) }],
    ["operation, where one has none", { operationKey: undefined }],
    ["dispute", { dispute: "dsp_1" }],
    ["currency", { currency: eur }],
  ])(
    "that says two things of another %s says each for the first time, in one batch or in two",
    async (_what, more) => {
      const [one, two] = [line(1, 1, 100n), line(2, 1, 100n, more)];
      await bring("1.csv", [one]);
      await bring("1.csv", [two]);
      await bring("2.csv", [one, two]);
      await bring("3.csv", [two]);
      const { rows } = await pool.query(
        "SELECT occurrence, count(*)::int FROM settlement.movements GROUP BY 1",
      );
      expect(rows).toEqual([{ occurrence: 1, count: 2 }]);
      expect(await settlement.flaws("alpha/2.csv")).toEqual([]);
    },
  );

  test("of another acquirer says the same of its own", async () => {
    const theirs = line(1, 1, 120n, { acquirer: "beta" });
    for (const name of ["1.csv", "2.csv"]) {
      expect(await bring(name, [line(1, 1, 100n)])).toBe(1);
      expect(await bring(name, [theirs], { acquirer: "beta" })).toBe(1);
    }
    const { rows } = await pool.query("SELECT acquirer, gross FROM settlement.movements ORDER BY acquirer");
    expect(rows).toEqual([
      { acquirer: "alpha", gross: "100" },
      { acquirer: "beta", gross: "120" },
    ]);
    expect((await settlement.files(9)).map(({ flaws }) => flaws)).toEqual([0, 0, 0, 0]);
  });

  test("that is taken by two is taken by one after the other", async () => {
    const left = { bucket: "inbound", key: "alpha/1.csv", version: "1", acquirer: "alpha" };
    const file = await settlement.begin(left, at(noon));
    await owner.query("BEGIN");
    await owner.query("SELECT FROM settlement.files FOR NO KEY UPDATE");
    const taking = settlement.take(file, [line(1, 1, 100n)], at(noon));
    await someoneWaits();
    const { rows } = await owner.query(
      "SELECT FROM pg_locks WHERE relation = 'settlement.movements'::regclass AND mode = 'RowExclusiveLock'",
    );
    // Nor has it written anything by then.
    expect(rows).toEqual([]);
    await owner.query("COMMIT");
    expect(await taking).toBe(1);
  });

  test("whose lines contradict what was said before has a thousand of them kept, and that there were more", async () => {
    const all = Array.from({ length: 1_500 }, (_, n) => line(n + 1, n + 1, 100n));
    await bring("1.csv", all);
    await bring(
      "2.csv",
      all.map((each) => ({ ...each, gross: 90n })),
    );
    const flaws = await settlement.flaws("alpha/2.csv");
    expect(flaws).toHaveLength(1_001);
    expect(flaws.filter(({ reason }) => reason.startsWith("more than 1000 flaws"))).toHaveLength(1);
  });

  test("with a thousand flaws has them all, and does not say that there were more when it is read again", async () => {
    const left = { bucket: "inbound", key: "alpha/1.csv", version: "1", acquirer: "alpha" };
    const file = await settlement.begin(left, at(noon));
    const flaw = (place: number, endsFile = false) => ({ place, reason: "no line", text: "x", endsFile });
    for (const _ of ["read", "read again"]) {
      for (let place = 1; place <= 1_000; place += 1) await settlement.refuse(file, flaw(place));
      await settlement.refuse(file, flaw(1_001, true));
    }
    const flaws = await settlement.flaws("alpha/1.csv");
    expect(flaws).toHaveLength(1_001);
    expect(new Set(flaws.map(({ reason }) => reason))).toEqual(new Set(["no line"]));
  });

  test("that says the same twice says it in the order of its places, and of their parts", async () => {
    const said = [line(1, 1, 10n), line(2, 1, 20n)];
    await bring("1.csv", said);
    await bring("2.csv", said.toReversed());
    expect(await settlement.flaws("alpha/2.csv")).toEqual([]);
    const file = await settlement.begin(
      { bucket: "inbound", key: "alpha/3.csv", version: "1", acquirer: "alpha" },
      at(noon),
    );
    const parts = said.map((each, index) => ({
      ...each,
      place: 1,
      part: index + 1,
      gross: Number(each.gross),
      cost: 0,
    }));
    await pool.query("SELECT settlement.take($1, $2, $3)", [
      file,
      JSON.stringify(parts.toReversed()),
      at(noon),
    ]);
    expect(await settlement.flaws("alpha/3.csv")).toEqual([]);
  });
});
