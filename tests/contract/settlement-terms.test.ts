import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { Settlement } from "#adapters/books/settlement.ts";
import { SettlementEntries } from "#adapters/books/settlement-entries.ts";
import { agreeTerms, showTerms } from "#cli/settlement.ts";
import type { SettlementLine } from "#core/settlement/line.ts";
import { forgetBooks } from "#tests/support/books-server.ts";
import { paymentId } from "#tests/support/breaks.ts";
import { day, noon } from "#tests/support/examples.ts";
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
const bring = (name: string, lines: readonly SettlementLine[], now = noon) =>
  bringFile(settlement, name, lines, { now });
const agree = (terms: { days?: number; tolerance?: bigint; feePoints?: number }, acquirer = "alpha") =>
  new Settlement(owner).agree({ acquirer, days: 3, tolerance: 0n, feePoints: 0, ...terms }, "lee", at(noon));
const said = async () =>
  (await settlement.breaks(true)).map(({ kind, amount, closedAs, belongsTo }) =>
    [kind, amount, closedAs ?? "open", belongsTo ?? ""].join(" ").trim(),
  );

describe("what differs", () => {
  beforeEach(async () => {
    await books.post([captured(1, 100_00n), captured(2, 100_00n), captured(3, 100_00n), refunded(4, 30_00n)]);
  });

  test("up to the tolerance is of rounding, more or less; one unit beyond is a break", async () => {
    await agree({ tolerance: 2n });
    await bring("1.csv", [
      line(1, 1, 99_98n),
      line(2, 2, 100_02n),
      line(3, 3, 100_03n),
      line(4, 4, -30_02n, refundOf(4)),
    ]);
    expect(await said()).toEqual([
      "under -2 decided rounding",
      "over 2 decided rounding",
      "over 3 open",
      "over -2 decided rounding",
    ]);
    expect((await settlement.notes(1)).map(({ who, words }) => `${who}: ${words}`)).toEqual([
      "terms: within the tolerance that was agreed",
    ]);
  });

  test("by what lacks up to the fee is a cost; what lacks more, or is too much, is none; a refund has no fee", async () => {
    await agree({ feePoints: 150 });
    await bring("1.csv", [
      line(1, 1, 98_50n),
      line(2, 2, 98_49n),
      line(3, 3, 100_01n),
      line(4, 4, -15_00n, refundOf(4)),
    ]);
    expect(await said()).toEqual([
      "under -150 decided costs",
      "under -151 open",
      "over 1 open",
      "under 1500 open",
    ]);
  });

  test("and was tolerated lets its payment settle, and is posted where it belongs", async () => {
    await agree({ tolerance: 2n });
    await bring("1.csv", [line(1, 1, 99_98n), line(2, 2, 99_97n)]);
    const entries = new SettlementEntries(pool);
    await entries.draft(at(noon));
    const claim = await entries.claim(9, at(noon), 60_000);
    expect(claim?.covered.map(({ payment }) => payment)).toEqual([paymentId(1)]);
    const legs = (await entries.unposted(9)).flatMap(({ entry }) => entry.legs);
    expect(legs.map(({ account, side, amount }) => `${side} ${account} ${amount}`)).toContain(
      "debit mer_demo:5200:USD 2",
    );
  });

  test("and was tolerated is open again when it turns out to be more than that, and closes when all has come", async () => {
    await agree({ tolerance: 2n });
    await bring("1.csv", [line(1, 1, 99_99n)]);
    await bring("2.csv", [line(1, 1, 4n, { settledOn: dayOf(noon + day) })], noon + day);
    expect(await said()).toEqual(["under -1 matched rounding", "over 3 open"]);
    await bring(
      "3.csv",
      [
        line(1, 1, -3n, {
          ...refundOf(1),
          operationKey: line(1, 1, 1n).operationKey,
          settledOn: dayOf(noon + 2 * day),
        }),
      ],
      noon + 2 * day,
    );
    expect((await said()).at(-1)).toBe("over 3 matched");
  });

  test("with another acquirer is not what was agreed with this one", async () => {
    await agree({ tolerance: 2n }, "beta");
    await bring("1.csv", [line(1, 1, 99_99n)]);
    expect(await said()).toEqual(["under -1 open"]);
  });
});

test("what an acquirer owes is missing as soon as its own days are over, also where they are few", async () => {
  await agree({ days: 1 });
  await books.post([captured(1, 100n)]);
  await settlement.look(at(noon + day));
  expect(await said()).toEqual([]);
  await settlement.look(at(noon + 2 * day));
  expect(await said()).toEqual(["missing -100 open"]);
});

test("an acquirer is late, and what it owes missing, by its own days", async () => {
  await agree({ days: 5 });
  await agree({ days: 1 }, "beta");
  await books.post([captured(1, 100n), captured(2, 100n), captured(3, 100n)]);
  await bring("1.csv", [line(1, 1, 100n, { settledOn: dayOf(noon + 5 * day) })], noon + 5 * day);
  await bring("2.csv", [line(1, 2, 100n, { settledOn: dayOf(noon + 6 * day) })], noon + 5 * day);
  await settlement.look(at(noon + 5 * day));
  expect(await said()).toEqual(["late 0 open"]);
  await settlement.look(at(noon + 6 * day));
  expect(await said()).toEqual(["late 0 open", "missing -100 open"]);
  // Nobody has spoken of it: three days.
  await owner.query("DELETE FROM settlement.terms");
  await books.post([captured(4, 100n, undefined, noon + 10 * day)]);
  await settlement.look(at(noon + 13 * day));
  expect(await said()).toHaveLength(2);
  await settlement.look(at(noon + 14 * day));
  expect(await said()).toHaveLength(3);
});

describe("from a terminal", () => {
  test("it is said what was agreed, by whom, and what is left out stays", async () => {
    expect(await showTerms(server.url)).toMatch(/each has three days, and no tolerance/);
    await agreeTerms(server.url, "alpha", { days: "5", "fee-points": "150", by: "lee" }, noon);
    expect(await agreeTerms(server.url, "alpha", { tolerance: "1", by: "kim" }, noon)).toMatch(
      /^alpha +5 +1 +1\.5 % +kim +2026-03-01T12:00:00\.000Z$/m,
    );
  });

  test.each([
    [{ days: "0", by: "lee" }, "--days 0: write a whole number from 1 to 90"],
    [{ days: "91", by: "lee" }, "from 1 to 90"],
    [{ tolerance: "-1", by: "lee" }, "--tolerance -1"],
    [{ tolerance: "10001", by: "lee" }, "from 0 to 10000"],
    [{ "fee-points": "1.5", by: "lee" }, "--fee-points 1.5"],
    [{ days: "5" }, "say who you are"],
  ])("%j is refused", async (options, reason) => {
    await expect(agreeTerms(server.url, "alpha", options)).rejects.toThrow(reason);
    expect(await settlement.terms()).toEqual([]);
  });

  test("and not by who only matches", async () => {
    const terms = { acquirer: "alpha", days: 3, tolerance: 0n, feePoints: 0 };
    await expect(settlement.agree(terms, "me", at(noon))).rejects.toThrow("permission denied");
  });
});
