import { Client } from "pg";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { Settlement } from "#adapters/books/settlement.ts";
import { acquirerAccount, systemAccount } from "#core/ledger/chart.ts";
import { credit, debit } from "#core/ledger/entry.ts";
import type { SettlementLine } from "#core/settlement/line.ts";
import { forgetBooks, someoneWaits } from "#tests/support/books-server.ts";
import { eur, keyOf, paymentId, usd } from "#tests/support/breaks.ts";
import { day, demo, noon } from "#tests/support/examples.ts";
import { bringFile, captured, heldAndCaptured, line, on, postedAs } from "#tests/support/settled.ts";
import { type SettledBooks, startSettledBooks } from "#tests/support/settled-books.ts";

/** What each condition of the matching's SQL is for: histories that come to something else without it. */

let server: SettledBooks["server"];
let owner: SettledBooks["owner"];
let pool: SettledBooks["pool"];
let books: SettledBooks["books"];
let settlement: SettledBooks["settlement"];

beforeAll(async () => {
  ({ server, owner, pool, books, settlement } = await startSettledBooks());
});
afterAll(() => server?.stop());
beforeEach(() => forgetBooks(owner));

const at = (ms: number): Date => new Date(ms);
const bring = (name: string, lines: readonly SettlementLine[], more?: Parameters<typeof bringFile>[3]) =>
  bringFile(settlement, name, lines, more);

/** Breaks as `kind of which payment: amount currency`, and how they were closed. */
const breaks = async (also = false): Promise<readonly string[]> =>
  (await settlement.breaks(also)).map(
    ({ kind, operationKey, amount, currency, closedAs }) =>
      `${kind} ${Number(/pay_(\d+)/.exec(operationKey ?? "")?.[1])}: ${amount} ${currency}${closedAs === undefined ? "" : ` ${closedAs}`}`,
  );
const decide = (number: number, now = noon) =>
  new Settlement(owner).note(number, {
    ...{ at: at(now), who: "lee", act: "resolved", words: "theirs" },
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
    await bring("1.csv", [line(1, 1, 50n, { kind: "refund" })]);
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
    await someoneWaits(owner);
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
    await books.post(heldAndCaptured(1, 100n, 90n));
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

test("what has not come is missing once, however often it is looked for", async () => {
  await books.post([captured(1, 100n)]);
  for (const days of [4, 5]) await settlement.look(at(noon + days * day));
  expect(await breaks()).toEqual(["missing 1: -100 USD"]);
});

describe("a word about a break", () => {
  beforeEach(async () => {
    await books.post([captured(1, 100n), captured(2, 100n)]);
    await bring("1.csv", [line(1, 1, 90n), line(2, 2, 90n)]);
  });

  test("changes who looks at it only when it says so", async () => {
    const note = (act: "assigned" | "commented", words: string) =>
      new Settlement(owner).note(1, { at: at(noon), who: "lee", act, words });
    await note("assigned", "kim");
    await note("commented", "they wrote");
    expect(await settlement.findBreak(1)).toMatchObject({ assignee: "kim", closedAt: undefined });
    await decide(1);
    expect(await settlement.findBreak(1)).toMatchObject({ assignee: "kim" });
  });

  test("that is closed decides nothing, while another one is open", async () => {
    await decide(1);
    await expect(decide(1)).rejects.toThrow("it is closed");
    expect(await breaks(true)).toEqual(["under 1: -10 USD decided", "under 2: -10 USD"]);
  });

  test("of two at the same time is heard first or not at all", async () => {
    const another = new Client(server.url);
    await another.connect();
    try {
      await another.query("BEGIN");
      await another.query("SELECT settlement.note(1, 'kim', 'resolved', 'ours', NULL, $1)", [at(noon)]);
      const second = expect(decide(1)).rejects.toThrow("it is closed");
      await someoneWaits(another);
      await another.query("COMMIT");
      await second;
    } finally {
      await another.end();
    }
    expect((await settlement.notes(1)).map(({ who }) => who)).toEqual(["kim"]);
  });
});
