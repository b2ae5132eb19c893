import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { Settlement } from "#adapters/books/settlement.ts";
import { showBank } from "#cli/bank.ts";
import { type BankWorld, came, hour, startBankWorld } from "#tests/support/bank-world.ts";
import { forgetBooks } from "#tests/support/books-server.ts";
import type { usd } from "#tests/support/breaks.ts";
import { day, noon } from "#tests/support/examples.ts";
import { bringFile, captured, dayOf, line, on, refunded, refundOf } from "#tests/support/settled.ts";

let server: BankWorld["server"];
let owner: BankWorld["owner"];
let pool: BankWorld["pool"];
let books: BankWorld["books"];
let settlement: BankWorld["settlement"];
let entries: BankWorld["entries"];
let bringBank: BankWorld["bringBank"];
let drafted: BankWorld["drafted"];
let balances: BankWorld["balances"];
let breaks: BankWorld["breaks"];
let dayOfTwoBooks: BankWorld["dayOfTwoBooks"];

beforeAll(async () => {
  ({ server, owner, pool, books, settlement, entries, bringBank, drafted, balances, breaks, dayOfTwoBooks } =
    await startBankWorld());
});
afterAll(() => server?.stop());
beforeEach(() => forgetBooks(owner));

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

test("who only matches cannot change what the bank said, nor what it cleared", async () => {
  for (const sql of [
    "UPDATE settlement.bank_movements SET amount = 1",
    "UPDATE settlement.shares SET cleared = 0",
    "INSERT INTO settlement.payouts (acquirer, settled_on, currency, changed_at) VALUES ('a', now(), 'USD', now())",
    "SELECT settlement.draft_bank(1, now())",
  ])
    await expect(pool.query(sql)).rejects.toThrow("permission denied");
});
