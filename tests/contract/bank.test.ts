import { readdirSync, readFileSync } from "node:fs";
import fc from "fast-check";
import type { Client, Pool } from "pg";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { Books } from "#adapters/books/books.ts";
import { migrateBooks } from "#adapters/books/migrations.ts";
import { type Belonging, Settlement } from "#adapters/books/settlement.ts";
import { SettlementEntries } from "#adapters/books/settlement-entries.ts";
import { showBank } from "#cli/settlement.ts";
import type { BankMovement } from "#core/settlement/bank-movement.ts";
import { type BooksServer, forgetBooks, startBooksServer } from "#tests/support/books-server.ts";
import { usd } from "#tests/support/breaks.ts";
import { day, noon } from "#tests/support/examples.ts";
import { bringFile, captured, dayOf, line, on, refunded, refundOf } from "#tests/support/settled.ts";

let server: BooksServer;
let owner: Client;
let pool: Pool;
let books: Books;
let settlement: Settlement;
let entries: SettlementEntries;

beforeAll(async () => {
  server = await startBooksServer();
  owner = server.owner;
  await migrateBooks(owner);
  pool = await server.reconciler();
  [books, settlement, entries] = [new Books(pool), new Settlement(pool), new SettlementEntries(pool)];
});
afterAll(() => server?.stop());
beforeEach(() => forgetBooks(owner));

const hour = 3_600_000;

/** An entry of our account: alpha's day of `noon`, unless said. */
const came = (amount: bigint, reference: string, more: Partial<BankMovement> = {}): BankMovement => ({
  ...{ place: 1, reference, bookedOn: dayOf(noon + day), currency: usd, amount, party: "ALPHA LTD" },
  ...{ words: "…", pays: { acquirer: "alpha", settledOn: dayOf(noon) } },
  ...more,
});

async function bringBank(name: string, movements: readonly BankMovement[], now = noon): Promise<number> {
  const file = await settlement.begin(
    { bucket: "inbound", key: `bank/${name}`, version: "1", acquirer: "bank" },
    new Date(now),
  );
  const placed = movements.map((movement, index) => ({ ...movement, place: index + 1 }));
  const taken = await settlement.takeBank(file, placed, new Date(now));
  await settlement.finish(file, new Date(now));
  return taken;
}

const bookOf = (account: string): string =>
  account
    .replace(/:USD$/, "")
    .replace("mer_operator:", "own:")
    .replace(/^mer_demo:/, "");

/** What was drafted since, each entry as `credit 1050:alpha 95, debit 1000 95`; then it is posted. */
async function drafted(now = noon): Promise<readonly string[]> {
  while (await entries.draft(new Date(now)));
  const found = await entries.unposted(100);
  for (const each of found) await entries.posted(each, new Date(now));
  return found.map(({ entry }) =>
    entry.legs
      .map(({ account, side, amount }) => `${side} ${bookOf(account)} ${amount}`)
      .toSorted()
      .join(", "),
  );
}

/** What our accounts come to by all that was drafted: debits positive; those that come to nothing are left out. */
async function balances(): Promise<Record<string, bigint>> {
  const { rows } = await pool.query(
    `SELECT leg->>'account' AS account, sum(CASE leg->>'side' WHEN 'debit' THEN 1 ELSE -1 END * (leg->>'amount')::numeric)::text AS sum
     FROM settlement.entries, jsonb_array_elements(legs) AS leg GROUP BY 1`,
  );
  return Object.fromEntries(
    rows.filter(({ sum }) => sum !== "0").map(({ account, sum }) => [bookOf(account), BigInt(sum)]),
  );
}

const breaks = async (all = false): Promise<readonly string[]> =>
  (await settlement.breaks(all)).map(
    ({ kind, amount, closedAs }) => `${kind} ${amount}${closedAs === undefined ? "" : ` ${closedAs}`}`,
  );

/** A day of alpha's: 100 and 50, of which it keeps 3, in the demo merchant's book; and 7 in no known book. */
async function dayOfTwoBooks(now = noon): Promise<void> {
  await books.post([captured(1, 100n), captured(2, 50n)]);
  await bringFile(settlement, "1.csv", [
    line(1, 1, 100n, { cost: 2n }),
    line(2, 2, 50n, { cost: 1n }),
    line(3, 9, 7n),
  ]);
  await settlement.look(new Date(now + 2 * hour));
}

describe("what an acquirer pays out for a day", () => {
  test("arrives by one credit: of each book its share", async () => {
    await dayOfTwoBooks();
    await drafted();
    await bringBank("1.xml", [came(154n, "r1")]);
    expect(await drafted()).toEqual([
      "credit 1050:alpha 147, debit 1000 147",
      "credit own:1050:alpha 7, debit own:1000 7",
    ]);
    expect(await balances()).not.toHaveProperty("1050:alpha");
    await settlement.look(new Date(noon + 9 * day));
    expect((await breaks()).filter((each) => each.startsWith("bank"))).toEqual([]);
  });

  test("is booked on the day on which the bank booked it", async () => {
    await dayOfTwoBooks();
    await drafted();
    await bringBank("1.xml", [came(154n, "r1")], noon + 2 * day);
    await entries.draft(new Date(noon + 2 * day));
    const [first] = await entries.unposted(1);
    expect(dayOf(first?.entry.effectiveAt ?? 0)).toBe(dayOf(noon + day));
  });

  test("by two credits arrives with the second; what came first is the operator's until then", async () => {
    await dayOfTwoBooks();
    await drafted();
    await bringBank("1.xml", [came(54n, "r1")]);
    expect(await drafted()).toEqual(["credit own:1050:alpha 54, debit own:1000 54"]);
    await bringBank("2.xml", [came(100n, "r2")]);
    expect(await drafted()).toEqual([
      "credit 1050:alpha 147, debit 1000 147",
      "credit own:1000 47, debit own:1050:alpha 47",
    ]);
  });

  test("is debited, where more was refunded than captured", async () => {
    await books.post([refunded(4, 30n)]);
    await bringFile(settlement, "1.csv", [line(1, 4, -30n, refundOf(4))]);
    await drafted();
    await bringBank("1.xml", [came(-30n, "r1")]);
    expect(await drafted()).toEqual(["credit 1000 30, debit 1050:alpha 30"]);
  });

  test("is not another day's, another currency's or another acquirer's", async () => {
    await books.post([captured(1, 100n)]);
    await bringFile(settlement, "1.csv", [line(1, 1, 100n)]);
    await drafted();
    const other = { acquirer: "beta", settledOn: dayOf(noon) };
    await bringBank("1.xml", [
      came(100n, "r1", { pays: { acquirer: "alpha", settledOn: dayOf(noon + day) } }),
      came(100n, "r2", { currency: "EUR" as typeof usd }),
      came(100n, "r3", { pays: other }),
    ]);
    await drafted();
    expect(await balances()).toMatchObject({ "1050:alpha": 100n });
  });

  test("arrives once, whatever files say so again; twice, where one file says it twice", async () => {
    await books.post([captured(1, 100n)]);
    await bringFile(settlement, "1.csv", [line(1, 1, 100n)]);
    expect(await bringBank("1.camt054.xml", [came(50n, "r1")])).toBe(1);
    expect(await bringBank("1.camt054.xml", [came(50n, "r1")])).toBe(0);
    expect(await bringBank("1.camt053.xml", [came(50n, "r1"), came(50n, "r1")])).toBe(2);
    expect(await bringBank("2.camt053.xml", [came(50n, "r1"), came(50n, "r1")])).toBe(2);
    await drafted();
    expect(await balances()).toMatchObject({ "1000": 100n });
  });

  test("arrives twice where a file says it twice, though far from each other in it", async () => {
    const file = await settlement.begin(
      { bucket: "inbound", key: "bank/1.xml", version: "1", acquirer: "bank" },
      new Date(noon),
    );
    for (const place of [1, 2_001])
      expect(await settlement.takeBank(file, [{ ...came(50n, "r1"), place }], new Date(noon))).toBe(1);
    expect(await settlement.takeBank(file, [{ ...came(50n, "r1"), place: 1 }], new Date(noon))).toBe(0);
    await drafted();
    expect(await balances()).toMatchObject({ "own:1000": 100n });
  });

  test("of which some comes to be known later is even again when the rest has come", async () => {
    await books.post([captured(1, 100n), captured(2, 50n)]);
    await bringFile(settlement, "1.csv", [line(1, 1, 100n)]);
    await bringBank("1.xml", [came(100n, "r1")]);
    await drafted();
    await bringFile(settlement, "2.csv", [line(1, 2, 50n)]);
    expect(await drafted()).toEqual([
      "credit 1100:alpha 50, debit 1050:alpha 50",
      "credit 1000 100, debit 1050:alpha 100",
      "credit own:1050:alpha 100, debit own:1000 100",
    ]);
    await bringBank("2.xml", [came(50n, "r2")]);
    await drafted();
    expect(await balances()).toEqual({ "1000": 150n, "1100:alpha": -150n });
  });

  test("that comes to nothing across books arrives when the bank is past the day", async () => {
    await books.post([captured(1, 7n)]);
    await bringFile(settlement, "1.csv", [line(1, 1, 7n), line(2, 9, -7n, { kind: "refund" })]);
    await settlement.look(new Date(noon + 2 * hour));
    await drafted(noon + 2 * hour);
    await drafted(noon + 9 * day);
    expect(await balances()).toMatchObject({ "1050:alpha": 7n, "own:1050:alpha": -7n });
    await bringBank("1.xml", [came(1n, "r0", { bookedOn: dayOf(noon), pays: undefined })]);
    await drafted(noon + 5 * day);
    expect(await balances()).toMatchObject({ "1050:alpha": 7n });
    await drafted(noon + 6 * day);
    expect(await balances()).toMatchObject({ "1000": 7n });
    expect(await balances()).not.toHaveProperty("1050:alpha");
  });
});

describe("a difference", () => {
  async function paid(amount: bigint): Promise<void> {
    await books.post([captured(1, 100n)]);
    await bringFile(settlement, "1.csv", [line(1, 1, 100n)]);
    await bringBank("1.xml", [came(amount, "r1")]);
    await drafted();
  }
  const look = (ms: number) => settlement.look(new Date(noon + ms));

  test.each([
    ["bank_over 1", 101n],
    ["bank_under -1", 99n],
  ])("is a break (%s) after an hour, and in suspense", async (found, amount) => {
    await paid(amount);
    await look(hour - 1);
    expect(await breaks()).toEqual([]);
    await look(hour);
    expect(await breaks()).toEqual([found]);
    await drafted();
    expect(await balances()).toMatchObject({ "own:1000": amount, "own:1900": 100n - amount });
    const suspense = (await entries.suspense())[0];
    expect(suspense?.drafted).toBe(amount - 100n);
    expect(await settlement.findBreak(1)).toMatchObject({
      reference: `alpha ${dayOf(noon)}`,
      book: undefined,
    });
  });

  test.each([
    ["bank_over -1", -31n],
    ["bank_under 1", -29n],
  ])("is a break (%s) of a day that the acquirer takes money for", async (found, amount) => {
    await books.post([refunded(4, 30n)]);
    await bringFile(settlement, "1.csv", [line(1, 4, -30n, refundOf(4))]);
    await bringBank("1.xml", [came(amount, "r1")]);
    await drafted();
    await look(hour);
    expect(await breaks()).toEqual([found]);
  });

  test("is a break in time, though another file says the same once more", async () => {
    await paid(99n);
    await bringBank("2.xml", [came(99n, "r1")], noon + hour / 2);
    await drafted(noon + hour / 2);
    await look(hour);
    expect(await breaks()).toEqual(["bank_under -1"]);
  });

  test("is none where the rest has come, and nobody has drafted it yet", async () => {
    await paid(99n);
    await bringBank("2.xml", [came(1n, "r2")], noon + hour / 2);
    await look(2 * hour);
    expect(await breaks(true)).toEqual([]);
  });

  test("closes by itself when the rest comes", async () => {
    await paid(99n);
    await look(hour);
    await drafted();
    await bringBank("2.xml", [came(1n, "r2")]);
    await drafted();
    expect(await breaks(true)).toEqual(["bank_under -1 matched"]);
    expect(await balances()).toEqual({ "1000": 100n, "1100:alpha": -100n });
  });

  test("that comes behind what was even has its hour again", async () => {
    await paid(99n);
    await look(hour);
    await bringBank("2.xml", [came(1n, "r2")]);
    await drafted(noon + hour);
    await books.post([captured(2, 3n)]);
    await bringFile(settlement, "2.csv", [line(1, 2, 3n)]);
    await drafted(noon + 2 * hour);
    await look(3 * hour - 1);
    expect(await breaks(true)).toEqual(["bank_under -1 matched"]);
    await look(3 * hour);
    expect(await breaks(true)).toEqual(["bank_under -3"]);
  });

  test.each<[Belonging, Record<string, bigint>]>([
    ["rounding", { "1000": 100n, "own:1000": -1n, "own:5200": 1n }],
    ["losses", { "1000": 100n, "own:1000": -1n, "own:5100": 1n }],
    ["receivable", { "1050:alpha": 100n, "own:1000": 99n, "own:1050:alpha": -99n }],
  ])(
    "that somebody decides is %s moves there, and the books have their shares unless it is still to come",
    async (as, expected) => {
      await paid(99n);
      await look(hour);
      await drafted();
      await new Settlement(owner).note(
        1,
        { at: new Date(noon), who: "lee", act: "resolved", words: "so" },
        as,
      );
      await drafted();
      expect(await balances()).toEqual({ ...expected, "1100:alpha": -100n });
      await look(day);
      expect(await breaks()).toEqual([]);
      // It is about money that has come since.
      await bringBank("2.xml", [came(1n, "r2")]);
      await drafted();
      expect(await balances()).toEqual({ "1000": 100n, "1100:alpha": -100n });
    },
  );

  test("that was decided is open again when it is another one", async () => {
    await paid(98n);
    await look(hour);
    await new Settlement(owner).note(
      1,
      { at: new Date(noon), who: "lee", act: "resolved", words: "so" },
      "losses",
    );
    await drafted();
    await bringBank("2.xml", [came(1n, "r2")]);
    await drafted();
    expect(await breaks()).toEqual(["bank_under -1"]);
    expect(await balances()).toEqual({
      ...{ "1050:alpha": 100n, "1100:alpha": -100n },
      ...{ "own:1000": 99n, "own:1050:alpha": -100n, "own:1900": 1n },
    });
  });

  test("is a whole entry that names no acquirer and day, each by itself", async () => {
    await bringBank("1.xml", [came(5n, "r1", { pays: undefined }), came(-3n, "r2", { pays: undefined })]);
    await drafted();
    await look(hour);
    expect(await breaks()).toEqual(["bank_unexpected 5", "bank_unexpected -3"]);
    await drafted();
    expect(await balances()).toEqual({ "own:1000": 2n, "own:1900": -2n });
    expect(await settlement.findBreak(2)).toMatchObject({ acquirer: "bank", reference: "r2 -3 1" });
  });

  test("is a day of which nothing came, where the bank told of that day at all", async () => {
    await books.post([captured(1, 100n), captured(2, 50n, usd, noon + day)]);
    await bringFile(settlement, "1.csv", [line(1, 1, 100n), line(2, 2, 50n, on(1))]);
    await drafted();
    await look(9 * day);
    expect(await breaks()).toEqual([]);
    await bringBank("1.xml", [came(5n, "r1", { pays: undefined })]);
    await drafted();
    await look(6 * day);
    expect(await breaks()).toEqual(["bank_unexpected 5"]);
    await look(7 * day);
    expect(await breaks()).toEqual(["bank_unexpected 5", "bank_missing -50"]);
  });

  test("of a day that an entry pays without saying so is made up for by it, when both are decided as the same", async () => {
    await books.post([captured(1, 100n)]);
    await bringFile(settlement, "1.csv", [line(1, 1, 100n)]);
    await bringBank("1.xml", [came(100n, "r1", { pays: undefined, bookedOn: dayOf(noon) })]);
    await drafted();
    await look(6 * day);
    expect(await breaks()).toEqual(["bank_unexpected 100", "bank_missing -100"]);
    const word = { at: new Date(noon), who: "lee", act: "resolved", words: "so" } as const;
    for (const n of [1, 2]) await new Settlement(owner).note(n, word, "losses");
    await drafted();
    expect(await balances()).toEqual({ "1000": 100n, "1100:alpha": -100n });
  });

  test("stands against closing its day", async () => {
    await paid(99n);
    await look(hour);
    const against = async (upTo: string) =>
      (await owner.query("SELECT * FROM books.against($1) WHERE what = 'open_breaks'", [upTo])).rowCount;
    expect([await against(dayOf(noon - day)), await against(dayOf(noon))]).toEqual([0, 1]);
  });
});

test("whatever comes in whatever order: our account has what came, and nothing is on its way but what has not", async () => {
  const steps = fc.shuffledSubarray(["books", "file", "late", "bank1", "bank2", "again", "other"] as const, {
    minLength: 7,
  });
  await fc.assert(
    fc.asyncProperty(
      steps,
      fc.tuple(fc.integer({ min: -3, max: 3 }), fc.integer({ min: 90, max: 110 })),
      fc.array(fc.boolean(), { minLength: 7, maxLength: 7 }),
      async (order, [first, second], drafts) => {
        await forgetBooks(owner);
        const credits = [first, second].map(BigInt).map((amount, n) => ({ amount, n }));
        const told = credits
          .filter(({ amount }) => amount !== 0n)
          .map(({ amount, n }) => came(amount, `r${n}`));
        const does: Record<(typeof order)[number], () => Promise<unknown>> = {
          books: () => books.post([captured(1, 60n), captured(2, 40n)]),
          file: () => bringFile(settlement, "1.csv", [line(1, 1, 60n, { cost: 1n }), line(2, 9, 2n)]),
          late: () => bringFile(settlement, "2.csv", [line(1, 2, 40n)]),
          bank1: () => bringBank("1.xml", told.slice(0, 1)),
          bank2: () => bringBank("2.xml", told.slice(1)),
          again: () => bringBank("3.xml", told),
          other: () => bringBank("4.xml", [came(8n, "r9", { pays: undefined })]),
        };
        for (const [n, step] of order.entries()) {
          await does[step]();
          if (drafts[n] === true) await drafted();
          if (n % 3 === 2) await settlement.look(new Date(noon + (n + 1) * hour));
        }
        await settlement.look(new Date(noon + 10 * hour));
        await drafted(noon + 11 * hour);
        await settlement.look(new Date(noon + 20 * hour));
        await drafted(noon + 20 * hour);
        const [sum, due] = [BigInt(first + second), 101n];
        const isEven = sum === due;
        const has = await balances();
        const of = (account: string) => has[account] ?? 0n;
        expect(of("1000") + of("own:1000")).toBe(sum + 8n);
        expect(of("1000")).toBe(isEven ? 99n : 0n);
        expect(of("1050:alpha")).toBe(isEven ? 0n : 99n);
        // What is on its way over all books is what has not come: of what is in question, suspense has the other side.
        expect(of("1050:alpha") + of("own:1050:alpha")).toBe(0n);
        expect(of("own:1900")).toBe(due - sum - 8n - 2n);
        expect((await breaks()).filter((each) => each.startsWith("bank")).toSorted()).toEqual(
          [
            "bank_unexpected 8",
            ...(isEven ? [] : [`bank_${sum > due ? "over" : "under"} ${sum - due}`]),
          ].toSorted(),
        );
      },
    ),
    {
      numRuns: 150,
      examples: [
        [["bank1", "bank2", "again", "other", "late", "file", "books"], [1, 100], Array(7).fill(true)],
      ],
    },
  );
}, 120_000);

test("files of both sides that come at once, while several draft, come out even", async () => {
  const days = Array.from({ length: 6 }, (_, n) => n);
  const ofDay = (n: number) => ({ acquirer: "alpha", settledOn: dayOf(noon + n * day) });
  await books.post(days.flatMap((n) => [captured(2 * n, 100n), captured(2 * n + 1, 50n)]));
  await Promise.all([
    ...days.map((n) =>
      bringFile(settlement, `${n}.csv`, [line(1, 2 * n, 100n, on(n)), line(2, 2 * n + 1, 50n, on(n))]),
    ),
    ...days.map((n) => bringBank(`a${n}.xml`, [came(70n, `a${n}`, { pays: ofDay(n) })])),
    bringBank(
      "b.xml",
      days.map((n) => came(80n, `b${n}`, { pays: ofDay(n) })),
    ),
    bringBank(
      "c.xml",
      days.toReversed().map((n) => came(80n, `b${n}`, { pays: ofDay(n) })),
    ),
    ...Array.from({ length: 8 }, (_, n) => entries.draft(new Date(noon + n))),
    settlement.look(new Date(noon + 9 * day)),
  ]);
  await drafted(noon + 9 * day);
  expect(await balances()).toEqual({ "1000": 900n, "1100:alpha": -900n });
  expect((await settlement.breaks(false)).filter(({ kind }) => kind.startsWith("bank"))).toEqual([]);
});

test("`settlement bank` shows each entry with the day that it pays, and days that were not paid", async () => {
  expect(await showBank(server.url)).toContain("told of nothing");
  const days = [0, 1, 2, 3, 4];
  await books.post(days.map((n) => captured(n, 100n)));
  await bringFile(
    settlement,
    "1.csv",
    days.map((n) => line(n + 1, n, 100n, on(n))),
  );
  const pays = (n: number) => ({ pays: { acquirer: "alpha", settledOn: dayOf(noon + n * day) } });
  await bringBank("1.xml", [
    came(60n, "r0", pays(0)),
    came(40n, "r1", pays(0)),
    came(99n, "r2", pays(1)),
    came(98n, "r3", pays(2)),
  ]);
  await bringBank("2.xml", [came(7n, "r4", { pays: undefined })]);
  await drafted();
  await settlement.look(new Date(noon + hour));
  const decided = (await settlement.breaks(false)).find(({ amount }) => amount === -2n)?.number ?? 0;
  await new Settlement(owner).note(
    decided,
    { at: new Date(noon), who: "lee", act: "resolved", words: "so" },
    "losses",
  );
  await drafted();
  await bringBank("3.xml", [came(100n, "r5", pays(4))]);
  const shown = (await showBank(server.url))
    .split("\n")
    .slice(1)
    .map((each) => each.trim().split(/ {2,}/).join(" | "));
  const booked = dayOf(noon + day);
  const alpha = (n: number) => `alpha ${dayOf(noon + n * day)} | USD`;
  expect(shown).toEqual([
    `${alpha(4)} | ${booked} | r5 | 100 | 0 | 100 | is being looked at`,
    `${alpha(3)} | 0 | 100 | nothing came yet`,
    `${alpha(2)} | ${booked} | r3 | 98 | 98 | 100 | decided`,
    `${alpha(1)} | ${booked} | r2 | 99 | 99 | 100 | -1`,
    `USD | ${booked} | r4 | 7 | 7 | 0 | names no acquirer and day`,
    `${alpha(0)} | ${booked} | r0 | 60 | 100 | 100 | even`,
    `${alpha(0)} | ${booked} | r1 | 40 | 100 | 100 | even`,
  ]);
});

test("what was on its way before there were bank statements arrives too", async () => {
  const folder = "adapters/books/sql/migrations";
  const [before, own] = [
    readdirSync(folder)
      .toSorted()
      .filter((name) => name < "0012"),
    readFileSync(`${folder}/0012-bank.sql`, "utf8"),
  ];
  await owner.query("DROP SCHEMA books, settlement CASCADE");
  for (const name of before) await owner.query(readFileSync(`${folder}/${name}`, "utf8"));
  await owner.query(
    `INSERT INTO settlement.movements (acquirer, settled_on, kind, reference, currency, occurrence, gross, cost, received_at,
       posted_book, posted_cost, to_post)
     SELECT 'alpha', $1, 'capture', n::text, 'USD', 1, 100, 2, now(), book, 2, false
     FROM (VALUES (1, 'mer_demo'), (2, 'mer_demo'), (3, 'mer_operator'), (4, NULL)) AS each (n, book)`,
    [dayOf(noon)],
  );
  await owner.query(own);
  await bringBank("1.xml", [came(294n, "r1")]);
  expect(await drafted()).toEqual([
    "credit 1050:alpha 196, debit 1000 196",
    "credit own:1050:alpha 98, debit own:1000 98",
  ]);
});

test("who only matches cannot change what the bank said, nor what it cleared", async () => {
  for (const sql of [
    "UPDATE settlement.bank_movements SET amount = 1",
    "UPDATE settlement.shares SET cleared = 0",
    "INSERT INTO settlement.payouts (acquirer, settled_on, currency, changed_at) VALUES ('a', now(), 'USD', now())",
    "SELECT settlement.draft_bank(1, now())",
  ])
    await expect(pool.query(sql)).rejects.toThrow("permission denied");
});
