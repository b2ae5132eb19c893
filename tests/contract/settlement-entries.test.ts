import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Belonging, type Note, Settlement } from "#adapters/books/settlement.ts";
import type { SettlementLine } from "#core/settlement/line.ts";
import { forgetBooks } from "#tests/support/books-server.ts";
import { eur, histories } from "#tests/support/breaks.ts";
import { day, noon } from "#tests/support/examples.ts";
import { bringFile, captured, dayOf, line, refunded, refundOf } from "#tests/support/settled.ts";
import { type SettledBooks, startSettledBooks } from "#tests/support/settled-books.ts";

let server: SettledBooks["server"];
let owner: SettledBooks["owner"];
let pool: SettledBooks["pool"];
let books: SettledBooks["books"];
let settlement: SettledBooks["settlement"];
let entries: SettledBooks["entries"];

beforeAll(async () => {
  ({ server, owner, pool, books, settlement, entries } = await startSettledBooks());
});
afterAll(() => server?.stop());
beforeEach(() => forgetBooks(owner));

const at = (ms: number): Date => new Date(ms);
/** Long enough after `noon` for what nobody knows of to be a break. */
const later = noon + 2 * 3_600_000;

const bring = (name: string, lines: readonly SettlementLine[], now = noon) =>
  bringFile(settlement, name, lines, { now });

async function decide(number: number, belongsTo: Belonging, act: Note["act"] = "resolved"): Promise<void> {
  await new Settlement(owner).note(number, { at: at(noon), who: "lee", act, words: "so" }, belongsTo);
}

async function draft(now = noon): Promise<void> {
  while (await entries.draft(at(now)));
}

const codeOf = (account: string): string =>
  account.split(":").slice(0, -1).join(":").replace("mer_demo:", "");

/** What was drafted since, each entry as `debit 1050:alpha 95, debit 5000 5, credit 1100:alpha 100`; then it is posted. */
async function drafted(now = noon): Promise<readonly string[]> {
  await draft(now);
  const found = await entries.unposted(100);
  for (const each of found) await entries.posted(each, at(now));
  return found.map(({ entry }) =>
    entry.legs
      .map(({ account, side, amount }) => `${side} ${codeOf(account)} ${amount}`)
      .toSorted()
      .join(", "),
  );
}

describe("what an acquirer paid", () => {
  test("is one entry of a day for each book and currency: what is on its way, its cost, and what is owed no more", async () => {
    await books.post([captured(1, 100n), captured(2, 50n), captured(3, 7n, eur), refunded(4, 30n)]);
    await bring("1.csv", [
      line(1, 1, 100n, { cost: 2n }),
      line(2, 2, 50n, { cost: 1n }),
      line(3, 3, 7n, { currency: eur }),
      line(4, 4, -30n, refundOf(4)),
    ]);
    expect(await drafted()).toEqual([
      "credit 1100:alpha 7, debit 1050:alpha 7",
      "credit 1100:alpha 120, debit 1050:alpha 117, debit 5000 3",
    ]);
    expect(await drafted()).toEqual([]);
  });

  test("counts on its own day, and never before it has come", async () => {
    await books.post([captured(1, 100n), captured(2, 50n)]);
    await bring("1.csv", [line(1, 1, 100n), line(2, 2, 50n, { settledOn: dayOf(noon + 2 * day) })]);
    await draft(noon + day);
    const found = await entries.unposted(9);
    expect(found.map(({ entry }) => [entry.id, entry.effectiveAt, entry.recordedAt, entry.book])).toEqual([
      ["je_settlement.1", Date.parse(dayOf(noon)), noon + day, "mer_demo"],
      ["je_settlement.2", noon + day, noon + day, "mer_demo"],
    ]);
    expect(await entries.unposted(9)).toEqual(found);
  });

  test("on a day of refunds alone is owed to the acquirer", async () => {
    await books.post([refunded(4, 30n)]);
    await bring("1.csv", [line(1, 4, -30n, { ...refundOf(4), cost: 1n })]);
    expect(await drafted()).toEqual(["credit 1050:alpha 31, debit 1100:alpha 30, debit 5000 1"]);
  });

  test("that nobody knows of is in the operator's own book once it is a break, and moves when it is known", async () => {
    await bring("1.csv", [line(1, 1, 100n, { cost: 2n })]);
    expect(await drafted()).toEqual([]);
    await settlement.look(at(later));
    const own = "mer_operator";
    expect(await drafted()).toEqual([
      `credit ${own}:1100:alpha 100, debit ${own}:1050:alpha 98, debit ${own}:5000 2`,
      `credit ${own}:1900 100, debit ${own}:1100:alpha 100`,
    ]);
    await books.post([captured(1, 100n)]);
    expect(await drafted()).toEqual([
      "credit 1100:alpha 100, debit 1050:alpha 98, debit 5000 2",
      `credit ${own}:1050:alpha 98, credit ${own}:5000 2, debit ${own}:1100:alpha 100`,
      `credit ${own}:1100:alpha 100, debit ${own}:1900 100`,
    ]);
  });

  const costOfDay = { operationKey: undefined, kind: "cost", reference: "fees", cost: 3n } as const;

  test("costs of a day in one line are the operator's; lines that say the same costs take their place", async () => {
    await books.post([captured(1, 100n)]);
    await bring("1.xml", [line(1, 1, 100n), line(2, 1, 0n, costOfDay)]);
    expect(await drafted()).toEqual([
      "credit 1100:alpha 100, debit 1050:alpha 100",
      "credit mer_operator:1050:alpha 3, debit mer_operator:5000 3",
    ]);
    await bring("1.csv", [line(1, 1, 100n, { cost: 3n })]);
    expect(await drafted()).toEqual([
      "credit 1050:alpha 3, debit 5000 3",
      "credit mer_operator:5000 3, debit mer_operator:1050:alpha 3",
    ]);
    // Another day's lines say nothing of this one's costs.
    await bring("2.xml", [line(1, 1, 0n, { ...costOfDay, settledOn: dayOf(noon + day) })]);
    expect(await drafted()).toEqual(["credit mer_operator:1050:alpha 3, debit mer_operator:5000 3"]);
  });

  test("costs of a day in one line are not those that another acquirer, or another currency, has in its lines", async () => {
    await books.post([captured(1, 100n, eur)]);
    await bring("1.csv", [line(1, 1, 100n, { currency: eur, cost: 3n })]);
    const beta = { acquirer: "beta" };
    await bringFile(settlement, "1.csv", [line(1, 9, 7n, { cost: 3n, ...beta })], beta);
    await bring("1.xml", [line(1, 1, 0n, costOfDay)]);
    expect(await drafted()).toEqual([
      "credit 1100:alpha 100, debit 1050:alpha 97, debit 5000 3",
      "credit mer_operator:1050:alpha 3, debit mer_operator:5000 3",
    ]);
  });

  test("costs of a day in one line behind the lines are known already", async () => {
    await books.post([captured(1, 100n)]);
    await bring("1.csv", [line(1, 1, 100n, { cost: 3n })]);
    await bring("1.xml", [line(1, 1, 100n), line(2, 1, 0n, costOfDay)]);
    expect(await drafted()).toEqual(["credit 1100:alpha 100, debit 1050:alpha 97, debit 5000 3"]);
  });
});

describe("what is in question", () => {
  test("is in suspense for as long as it is open: more is a credit, less a debit", async () => {
    await books.post([captured(1, 100n), captured(2, 100n)]);
    await bring("1.csv", [line(1, 1, 103n), line(2, 2, 60n)]);
    expect(await entries.suspense()).toMatchObject([{ open: -37n, drafted: 0n }]);
    expect(await drafted()).toEqual([
      "credit 1100:alpha 163, debit 1050:alpha 163",
      "credit 1100:alpha 37, debit 1900 37",
    ]);
    expect(await entries.suspense()).toMatchObject([
      { currency: "USD", open: -37n, drafted: -37n, booked: 0n },
    ]);
    await bring("2.csv", [line(1, 2, 40n, { settledOn: dayOf(noon + day) })], noon + day);
    // Until the next draft it is more than what is open.
    expect(await entries.suspense()).toMatchObject([{ open: 3n, drafted: -37n }]);
    expect(await drafted(noon + day)).toEqual([
      "credit 1100:alpha 40, debit 1050:alpha 40",
      "credit 1900 40, debit 1100:alpha 40",
    ]);
    expect(await entries.suspense()).toMatchObject([{ open: 3n, drafted: 3n }]);
  });

  test.each<[Belonging, string[]]>([
    ["receivable", ["credit 1900 10, debit 1100:alpha 10"]],
    ["costs", ["credit 1900 10, debit 5000 10"]],
    ["losses", ["credit 1900 10, debit 5100 10"]],
    ["rounding", ["credit 1900 10, debit 5200 10"]],
  ])("goes to %s when somebody says that it belongs there", async (belongsTo, expected) => {
    await books.post([captured(1, 100n)]);
    await bring("1.csv", [line(1, 1, 90n)]);
    await drafted();
    await decide(1, belongsTo, "commented");
    expect(await drafted()).toEqual([]);
    expect(await entries.claim(9, at(noon), 60_000)).toBeUndefined();
    await decide(1, belongsTo);
    expect(await drafted()).toEqual(expected);
    expect(await entries.suspense()).toEqual([]);
    // What is said behind it moves nothing.
    for (const other of ["receivable", "losses"] as const) await decide(1, other, "commented");
    expect(await drafted()).toEqual([]);
    expect(await settlement.findBreak(1)).toMatchObject({ belongsTo, movedBy: "je_settlement.3" });
  });

  test("names the entry that moved it last: of its own book and currency, and not one of others", async () => {
    await books.post([captured(1, 100n), captured(2, 100n, eur), captured(3, 100n)]);
    const other = line(2, 2, 90n, { currency: eur });
    await bring("1.csv", [line(1, 1, 90n), other, line(3, 9, 7n), line(4, 3, 90n)]);
    await settlement.look(at(later));
    await draft(later);
    const ids = (await entries.unposted(9)).map(({ entry }) => entry);
    const movedIn = (account: string) =>
      ids.find(({ legs }) => legs.some((leg) => leg.account === account))?.id;
    const named = async () => (await settlement.breaks(false)).map(({ movedBy }) => movedBy);
    const [demo, euro, own] = ["demo:1900:USD", "demo:1900:EUR", "operator:1900:USD"].map((each) =>
      movedIn(`mer_${each}`),
    );
    expect(new Set([demo, euro, own]).size).toBe(3);
    expect((await named()).toSorted()).toEqual([demo, demo, euro, own].toSorted());
    // The first closes; the others stay where they are.
    await bring("2.csv", [line(1, 1, 10n, { settledOn: dayOf(noon + day) })], noon + day);
    await draft(noon + day);
    expect((await named()).toSorted()).toEqual([demo, euro, own].toSorted());
  });

  test("comes back from where it was decided to belong, when it turns out to be another amount, or nothing", async () => {
    await books.post([captured(1, 100n)]);
    await bring("1.csv", [line(1, 1, 90n)]);
    await decide(1, "losses");
    expect(await drafted()).toEqual([
      "credit 1100:alpha 90, debit 1050:alpha 90",
      "credit 1100:alpha 10, debit 5100 10",
    ]);
    await bring("2.csv", [line(1, 1, 4n, { settledOn: dayOf(noon + day) })], noon + day);
    expect(await drafted(noon + day)).toEqual([
      "credit 1100:alpha 4, debit 1050:alpha 4",
      "credit 5100 10, debit 1100:alpha 4, debit 1900 6",
    ]);
    await decide(1, "losses");
    await drafted(noon + day);
    await bring("3.csv", [line(1, 1, 6n, { settledOn: dayOf(noon + 2 * day) })], noon + 2 * day);
    expect(await drafted(noon + 2 * day)).toEqual([
      "credit 1100:alpha 6, debit 1050:alpha 6",
      "credit 5100 6, debit 1100:alpha 6",
    ]);
    expect(await settlement.findBreak(1)).toMatchObject({ closedAs: "matched" });
  });

  test("of a payment that the books hear of later, is undone though somebody had decided it", async () => {
    await bring("1.csv", [line(1, 1, 100n)]);
    await settlement.look(at(later));
    await decide(1, "losses");
    await drafted();
    await books.post([captured(1, 100n)]);
    expect(await drafted()).toEqual([
      "credit 1100:alpha 100, debit 1050:alpha 100",
      "credit mer_operator:1050:alpha 100, debit mer_operator:1100:alpha 100",
      "credit mer_operator:1100:alpha 100, debit mer_operator:5100 100",
    ]);
  });
});

test("whatever comes and is decided in whatever order: suspense is what is open, and receivables are what is owed", async () => {
  const decisions = fc.array(
    fc.tuple(fc.nat(8), fc.constantFrom<Belonging>("receivable", "costs", "losses", "rounding")),
    { maxLength: 4 },
  );
  await fc.assert(
    fc.asyncProperty(
      histories,
      decisions,
      fc.array(fc.boolean(), { minLength: 8, maxLength: 8 }),
      async (history, decided, drafts) => {
        await forgetBooks(owner);
        const steps: (() => Promise<unknown>)[] = [
          ...history.files.map(
            (file, f) => () =>
              bring(
                `${f}.csv`,
                file.map(({ n, gross, currency }, i) =>
                  line(i + 1, n, gross, {
                    currency,
                    cost: 1n,
                    reference: `a-${f}-${i}`,
                    settledOn: dayOf(noon + f * day),
                    ...(gross < 0n && { kind: "refund" }),
                  }),
                ),
              ),
          ),
          () => books.post(history.owed.map(({ n, amount }) => captured(n, amount))),
          () => settlement.look(at(noon + 9 * day)),
        ];
        for (const [n, step] of steps.entries()) {
          await step();
          for (const [which, belongsTo] of decided) {
            const found = (await settlement.breaks(false))[which];
            if (found !== undefined && (which + n) % 3 === 0) await decide(found.number, belongsTo);
          }
          if (drafts[n] === true) await draft();
        }
        await settlement.look(at(noon + 9 * day));
        await draft();
        const all = await entries.unposted(1_000);
        const sums = new Map<string, bigint>();
        for (const { entry } of all)
          for (const { account, side, amount } of entry.legs)
            sums.set(account, (sums.get(account) ?? 0n) + (side === "credit" ? amount : -amount));
        const of = (account: string) => sums.get(account) ?? 0n;

        const breaks = await settlement.breaks(true);
        for (const book of ["mer_demo", "mer_operator"])
          for (const currency of ["USD", "EUR"]) {
            const ours = breaks.filter(
              (each) => (each.book ?? "mer_operator") === book && each.currency === currency,
            );
            const sum = (some: typeof ours) => some.reduce((total, { amount }) => total + amount, 0n);
            expect(of(`${book}:1900:${currency}`)).toBe(
              sum(ours.filter(({ closedAs }) => closedAs === undefined)),
            );
            for (const [belongsTo, code] of [
              ["losses", 5100],
              ["rounding", 5200],
            ] as const)
              expect(of(`${book}:${code}:${currency}`)).toBe(
                sum(ours.filter((each) => each.closedAs === "decided" && each.belongsTo === belongsTo)),
              );
            const [{ gross, cost }] = (
              await pool.query(
                `SELECT coalesce(sum(gross), 0)::text AS gross, coalesce(sum(cost), 0)::text AS cost FROM settlement.movements
             WHERE coalesce((SELECT book FROM settlement.expected WHERE expected.expected = movements.expected), 'mer_operator') = $1
             AND currency = $2`,
                [book, currency],
              )
            ).rows;
            expect(of(`${book}:1050:alpha:${currency}`)).toBe(BigInt(cost) - BigInt(gross));
            const moved = sum(
              ours.filter(
                (each) =>
                  each.closedAs !== "matched" &&
                  !(each.closedAs === "decided" && each.belongsTo === "receivable"),
              ),
            );
            expect(of(`${book}:1100:alpha:${currency}`)).toBe(BigInt(gross) - moved);
          }
      },
    ),
    { numRuns: 150 },
  );
}, 120_000);

test("what is drafted some at a time is asked for until there is no more, of movements and of breaks", async () => {
  await books.post([captured(1, 100n), captured(2, 100n)]);
  await bring("1.csv", [line(1, 1, 90n), line(2, 2, 90n)]);
  const draftOne = async () =>
    (await pool.query("SELECT settlement.draft(1, $1) AS more", [at(noon)])).rows[0].more;
  expect([await draftOne(), await draftOne(), await draftOne()]).toEqual([true, true, false]);
  await decide(1, "costs");
  expect([await draftOne(), await draftOne()]).toEqual([true, false]);
});

test("who only matches cannot write entries, nor change what is drafted", async () => {
  await expect(
    pool.query(
      "INSERT INTO settlement.entries (book, currency, moved_on, legs, drafted_at) VALUES ('b', 'USD', now(), '[]', now())",
    ),
  ).rejects.toThrow("permission denied");
  await expect(pool.query("SELECT settlement.write_entries('[]', now())")).rejects.toThrow(
    "permission denied",
  );
  await expect(pool.query("UPDATE settlement.breaks SET suspended = 0")).rejects.toThrow("permission denied");
});
