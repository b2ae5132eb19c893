import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Note, Settlement } from "#adapters/books/settlement.ts";
import type { SettlementLine } from "#core/settlement/line.ts";
import { forgetBooks } from "#tests/support/books-server.ts";
import { breaksBy, eur, histories } from "#tests/support/breaks.ts";
import { day, demo, noon } from "#tests/support/examples.ts";
import { bringFile, captured, dayOf, line, refunded, refundOf } from "#tests/support/settled.ts";
import { type SettledBooks, startSettledBooks } from "#tests/support/settled-books.ts";

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

const bring = (name: string, lines: readonly SettlementLine[], now = noon, acquirer = "alpha") =>
  bringFile(settlement, name, lines, { now, acquirer });

/** Open breaks as `kind of what: amount currency`. */
const open = async (also = false): Promise<readonly string[]> =>
  (await settlement.breaks(also)).map(
    ({ kind, operationKey, reference, amount, currency, closedAs }) =>
      `${kind} ${operationKey === undefined ? reference : Number(/pay_(\d+)/.exec(operationKey)?.[1])}: ${amount} ${currency}${closedAs === undefined ? "" : ` ${closedAs}`}`,
  );

describe("what an acquirer settles", () => {
  test("is what the books say that it owes: captures, and refunds the other way", async () => {
    await books.post([captured(1, 100n), refunded(1, 30n)]);
    expect(await bring("1.csv", [line(1, 1, 100n), line(2, 1, -30n, refundOf(1))])).toBe(2);
    await settlement.look(at(noon + 30 * day));
    expect(await open()).toEqual([]);
    const { rows } = await pool.query("SELECT gross, settled FROM settlement.expected ORDER BY gross");
    expect(rows).toEqual([
      { gross: "-30", settled: "-30" },
      { gross: "100", settled: "100" },
    ]);
  });

  test("is matched also when the books hear of it later than the file", async () => {
    await bring("1.csv", [line(1, 1, 100n)]);
    await settlement.look(at(noon + 2 * 3_600_000));
    expect(await open()).toEqual(["unexpected 1: 100 USD"]);
    await books.post([captured(1, 100n)]);
    expect(await open()).toEqual([]);
    expect(await open(true)).toEqual(["unexpected 1: 100 USD matched"]);
  });

  test("is said by several files, and by one of them twice, and counts once", async () => {
    await books.post([captured(1, 100n), captured(2, 50n)]);
    const lines = [line(1, 1, 100n), line(2, 2, 50n)];
    expect(await bring("1.csv", lines)).toBe(2);
    expect(await bring("1.csv", lines)).toBe(0);
    expect(await bring("1.xml", lines)).toBe(2);
    expect(await open()).toEqual([]);
    expect((await settlement.files(9)).map(({ key, lines: said, flaws }) => [key, said, flaws])).toEqual([
      ["alpha/1.xml", 2, 0],
      ["alpha/1.csv", 2, 0],
    ]);
  });

  test("in parts is a break until the last part has come", async () => {
    await books.post([captured(1, 100n)]);
    await bring("1.csv", [line(1, 1, 60n)]);
    expect(await open()).toEqual(["under 1: -40 USD"]);
    await bring("2.csv", [line(1, 1, 40n, { settledOn: dayOf(noon + day) })], noon + day);
    expect(await open()).toEqual([]);
    expect(await open(true)).toEqual(["under 1: -40 USD matched"]);
  });

  test("of another acquirer settles nothing of this one's", async () => {
    await books.post([captured(1, 100n)]);
    await bring("1.csv", [line(1, 1, 100n, { acquirer: "beta" })], noon, "beta");
    await settlement.look(at(noon + 30 * day));
    expect(await open()).toEqual(["unexpected 1: 100 USD", "missing 1: -100 USD"]);
  });
});

describe("a break", () => {
  test("is more or less than is owed, by what it differs", async () => {
    await books.post([captured(1, 100n), captured(2, 100n)]);
    await bring("1.csv", [line(1, 1, 101n), line(2, 2, 99n)]);
    expect(await open()).toEqual(["over 1: 1 USD", "under 2: -1 USD"]);
    // Of what it takes, too: more is more.
    await books.post([refunded(3, 30n), refunded(4, 30n)]);
    await bring("2.csv", [line(1, 3, -31n, refundOf(3)), line(2, 4, -29n, refundOf(4))]);
    expect((await open()).slice(2)).toEqual(["over 3: -1 USD", "under 4: 1 USD"]);
  });

  test("is what comes twice: on another day, or in the same file", async () => {
    await books.post([captured(1, 100n), captured(2, 50n)]);
    await bring("1.csv", [line(1, 1, 100n), line(2, 2, 50n), line(3, 2, 50n)]);
    expect(await open()).toEqual(["duplicate 2: 50 USD"]);
    await bring("2.csv", [line(1, 1, 100n, { settledOn: dayOf(noon + day) })], noon + day);
    expect(await open()).toEqual(["duplicate 2: 50 USD", "duplicate 1: 100 USD"]);
    // Taken back by the acquirer.
    await bring("3.csv", [line(1, 1, -100n, { settledOn: dayOf(noon + 2 * day) })], noon + 2 * day);
    expect(await open()).toEqual(["duplicate 2: 50 USD"]);
  });

  test("is what comes in another currency, and does not settle what is owed", async () => {
    await books.post([captured(1, 100n)]);
    await bring("1.csv", [line(1, 1, 100n, { currency: eur })]);
    expect(await open()).toEqual(["wrong_currency 1: 100 EUR"]);
  });

  test("is what nobody knows of once the books are no longer behind, a chargeback too; costs are none", async () => {
    const unknown = { operationKey: undefined, kind: "chargeback" as const, reference: "c-1" };
    await bring("1.csv", [
      line(1, 1, -100n, unknown),
      line(2, 2, 0n, { operationKey: undefined, kind: "cost", reference: "fees", cost: 5n }),
    ]);
    await settlement.look(at(noon + 3_599_000));
    expect(await open()).toEqual([]);
    expect(await settlement.waiting()).toBe(1);
    await settlement.look(at(noon + 3_600_000));
    expect(await open()).toEqual(["unexpected c-1: -100 USD"]);
    expect(await settlement.waiting()).toBe(0);
  });

  test("is what has not come after three days; what comes then is late, which somebody has to see", async () => {
    await books.post([captured(1, 100n), captured(2, 100n)]);
    await bring("1.csv", [line(1, 2, 100n, { settledOn: dayOf(noon + 3 * day) })], noon + 3 * day);
    await settlement.look(at(noon + 3 * day));
    expect(await open()).toEqual([]);
    await settlement.look(at(noon + 4 * day));
    expect(await open()).toEqual(["missing 1: -100 USD"]);
    await bring("2.csv", [line(1, 1, 100n, { settledOn: dayOf(noon + 4 * day) })], noon + 4 * day);
    expect(await open()).toEqual(["late 1: 0 USD"]);
  });

  const word = (act: Note["act"], words: string): Note => ({ at: at(noon), who: "lee", act, words });

  test("is assigned, talked about and decided, and stays decided until it is another amount", async () => {
    await books.post([captured(1, 100n), captured(2, 1n)]);
    await bring("1.csv", [line(1, 1, 90n)]);
    const as = new Settlement(owner);
    await as.note(1, word("assigned", "kim"));
    expect(await settlement.findBreak(1)).toMatchObject({ kind: "under", assignee: "kim", book: demo });
    await as.note(1, word("resolved", "their fee"), "costs");
    expect(await settlement.findBreak(1)).toMatchObject({
      ...{ closedAs: "decided", closedAt: at(noon), belongsTo: "costs" },
    });
    await expect(as.note(1, word("resolved", "again"))).rejects.toThrow("it is closed");
    await as.note(1, word("commented", "they wrote"));
    expect((await settlement.notes(1)).map(({ act, words }) => `${act} ${words}`)).toEqual([
      "assigned kim",
      "resolved their fee",
      "commented they wrote",
    ]);
    // The same file again, and another that says the same.
    await bring("1.csv", [line(1, 1, 90n)]);
    await bring("1.xml", [line(1, 1, 90n)]);
    expect(await open()).toEqual([]);
    await bring("2.csv", [line(1, 1, 4n, { settledOn: dayOf(noon + day) })], noon + day);
    expect(await open()).toEqual(["under 1: -6 USD"]);
  });

  test("cannot be talked away by who only matches, nor its notes changed by anybody", async () => {
    await books.post([captured(1, 100n)]);
    await bring("1.csv", [line(1, 1, 90n)]);
    await expect(settlement.note(1, word("resolved", "mine"))).rejects.toThrow("permission denied");
    await expect(pool.query("DELETE FROM settlement.breaks")).rejects.toThrow("permission denied");
    await new Settlement(owner).note(1, word("commented", "first"));
    await expect(owner.query("UPDATE settlement.notes SET words = 'other'")).rejects.toThrow(
      "only ever added to",
    );
  });
});

test("files that are taken at once, and books that are posted meanwhile, come to the same", async () => {
  const all = Array.from({ length: 60 }, (_, n) => n + 1);
  const parts = all.map((n) => line(n, n, 40n));
  const rests = all.map((n) => line(n, n, 60n, { settledOn: dayOf(noon + day) }));
  await Promise.all([
    bring("1.csv", parts),
    bring("2.csv", rests.toReversed()),
    bring("1.xml", parts),
    bring("1.csv", parts),
    ...all.map((n) => books.post([captured(n, 100n)])),
  ]);
  await settlement.look(at(noon));
  expect(await open()).toEqual([]);
  const { rows } = await pool.query(
    "SELECT count(*)::int, count(settled_on)::int AS settled, min(settled)::int, max(settled)::int FROM settlement.expected",
  );
  expect(rows).toEqual([{ count: 60, settled: 60, min: 100, max: 100 }]);
});

test("two files of an acquirer that say another amount of one movement: the second is put aside, with both", async () => {
  await books.post([captured(1, 100n)]);
  await bring("1.csv", [line(1, 1, 100n, { cost: 2n })]);
  await bring("1.xml", [line(7, 1, 120n, { cost: 2n })]);
  expect(await open()).toEqual([]);
  expect(await settlement.flaws("alpha/1.xml")).toEqual([
    {
      place: 7,
      reason: "an earlier line says gross 100, cost 2",
      text: "gross 120, cost 2",
      endsFile: false,
    },
  ]);
});

test("what one file says it costs is known, though another says it for the whole day only, before or after it", async () => {
  await bring("1.xml", [line(1, 1, 100n), line(2, 2, 100n, { cost: 3n })]);
  await bring("1.csv", [line(1, 1, 100n, { cost: 2n }), line(2, 2, 100n)]);
  const { rows } = await pool.query("SELECT cost FROM settlement.movements ORDER BY cost");
  expect(rows).toEqual([{ cost: "2" }, { cost: "3" }]);
  expect(await settlement.flaws("alpha/1.csv")).toEqual([]);
  await bring("2.csv", [line(1, 1, 100n, { cost: 4n })]);
  expect(await settlement.flaws("alpha/2.csv")).toMatchObject([
    { reason: "an earlier line says gross 100, cost 2" },
  ]);
});

test("what of a file could not be taken is kept with its reason, once", async () => {
  const file = await settlement.begin(
    { bucket: "inbound", key: "alpha/1.csv", version: "1", acquirer: "alpha" },
    at(noon),
  );
  const flaw = { place: 3, reason: "no amount", text: "a\u0000b", endsFile: true };
  await settlement.refuse(file, flaw);
  await settlement.refuse(file, flaw);
  expect(await settlement.flaws("alpha/1.csv")).toEqual([{ ...flaw, text: "a\ufffdb" }]);
  expect(await settlement.files(1)).toMatchObject([
    { readAt: undefined, lines: 0, flaws: 1, endedBy: "3: no amount" },
  ]);
});

let runs = 0;
test("breaks are the same in whatever order books and files come, however they are cut and repeated", async () => {
  await fc.assert(
    fc.asyncProperty(
      histories,
      fc.infiniteStream(fc.nat()),
      fc.integer({ min: 1, max: 4 }),
      async ({ owed, files }, order, cut) => {
        // Payments of its own: nothing has to be forgotten between two histories.
        runs += 1;
        const run = runs;
        const first = runs * 10;
        // Each file is a day of its own, and a movement has a reference of its own: the same one is never said twice.
        const lines = files.map((said, index) =>
          said.map(({ n, gross, currency }, place) =>
            line(place + 1, first + n, gross, {
              ...{
                currency,
                reference: `${run}-${index}-${place}`,
                settledOn: dayOf(noon + (index % 3) * day),
              },
            }),
          ),
        );
        const steps = [
          ...owed.map(
            ({ n, amount }) =>
              () =>
                books.post([captured(first + n, amount)]),
          ),
          ...lines.flatMap((said, index) =>
            Array.from({ length: Math.ceil(said.length / cut) }, (_, part) => async () => {
              await bring(`${run}-${index}.csv`, said.slice(part * cut, part * cut + cut));
              if (part % 2 === 0)
                await bring(`${run}-${index}.csv`, said.slice(part * cut, part * cut + cut));
            }),
          ),
        ];
        const shuffled = steps
          .map((step) => ({ step, place: Number(order.next().value) }))
          .toSorted((a, b) => a.place - b.place);
        for (const { step } of shuffled) await step();
        await settlement.look(at(noon + 2 * day));
        const found = (await settlement.breaks(false))
          .map((each) => ({ ...each, n: Number(/pay_(\d+)/.exec(each.operationKey ?? "")?.[1]) - first }))
          .filter(({ n }) => n > 0 && n < 10)
          .map(({ kind, n, amount, currency }) => `${kind} ${n} ${amount} ${currency}`);
        expect(found.toSorted()).toEqual(breaksBy(owed, lines.flat(), first).toSorted());
      },
    ),
    { numRuns: 100 },
  );
});
