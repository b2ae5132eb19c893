import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Belonging, Settlement } from "#adapters/books/settlement.ts";
import { acquirerAccount, systemAccount } from "#core/ledger/chart.ts";
import { credit, debit } from "#core/ledger/entry.ts";
import type { SettlementLine } from "#core/settlement/line.ts";
import { forgetBooks } from "#tests/support/books-server.ts";
import { eur, paymentId, usd } from "#tests/support/breaks.ts";
import { day, demo, noon } from "#tests/support/examples.ts";
import { bringFile, captured, line, postedAs, refunded, refundOf } from "#tests/support/settled.ts";
import { type SettledBooks, startSettledBooks } from "#tests/support/settled-books.ts";

let server: SettledBooks["server"];
let owner: SettledBooks["owner"];
let books: SettledBooks["books"];
let settlement: SettledBooks["settlement"];
let entries: SettledBooks["entries"];

beforeAll(async () => {
  ({ server, owner, books, settlement, entries } = await startSettledBooks());
});
afterAll(() => server?.stop());
beforeEach(() => forgetBooks(owner));

const at = (ms: number): Date => new Date(ms);
const bring = (name: string, lines: readonly SettlementLine[], now = noon) =>
  bringFile(settlement, name, lines, { now });

const decide = (number: number, belongsTo: Belonging) =>
  new Settlement(owner).note(number, { at: at(noon), who: "lee", act: "resolved", words: "so" }, belongsTo);

describe("a payment is paid out", () => {
  const claimed = async (now = noon, count = 9) =>
    (await entries.claim(count, at(now), 60_000))?.covered.map(({ payment }) => payment);

  test("once its capture has come, whole or more; once for everybody who asks", async () => {
    await books.post([1, 2, 3, 4].map((n) => captured(n, 100n)));
    await bring("1.csv", [line(1, 1, 100n), line(2, 2, 101n), line(3, 3, 99n)]);
    expect(await claimed()).toEqual([paymentId(1), paymentId(2)]);
    expect(await claimed()).toBeUndefined();
  });

  test("is not its refund's settlement", async () => {
    await books.post([captured(1, 100n), refunded(1, 30n)]);
    await bring("1.csv", [line(1, 1, -30n, refundOf(1))]);
    expect(await claimed()).toBeUndefined();
  });

  test("when somebody decides that what lacks will not come, and not while it is still owed, or another question is open", async () => {
    await books.post([captured(1, 100n), captured(2, 100n), captured(3, 100n)]);
    await bring(
      "1.csv",
      [1, 2, 3].map((n) => line(n, n, 99n)),
    );
    await bring("2.csv", [line(1, 3, 1n, { currency: eur })]);
    await decide(1, "receivable");
    await decide(2, "costs");
    await decide(3, "costs");
    expect(await claimed()).toEqual([paymentId(2)]);
    await decide(4, "losses");
    expect(await claimed()).toEqual([paymentId(3)]);
  });

  test("not because of what somebody said before he decided that it is still owed", async () => {
    await books.post([captured(1, 100n)]);
    await bring("1.csv", [line(1, 1, 99n)]);
    const word = { at: at(noon), who: "lee", act: "commented", words: "their fee?" } as const;
    await new Settlement(owner).note(1, word, "costs");
    await decide(1, "receivable");
    expect(await claimed()).toBeUndefined();
  });

  test("by another one if whoever took it does not say so in time; and never again once it was", async () => {
    await books.post([captured(1, 100n)]);
    await bring("1.csv", [line(1, 1, 100n)]);
    expect(await claimed()).toHaveLength(1);
    expect(await claimed(noon + 59_999)).toBeUndefined();
    const again = await entries.claim(9, at(noon + 60_000), 60_000);
    expect(again).toMatchObject({ book: "mer_demo", covered: [{ payment: paymentId(1) }] });
    await entries.released(again?.covered ?? [], at(noon));
    expect(await claimed(noon + day)).toBeUndefined();
  });

  test("one after the other, where one is taken at a time", async () => {
    await books.post([1, 2, 3].map((n) => captured(n, 100n)));
    await bring(
      "1.csv",
      [1, 2, 3].map((n) => line(n, n, 100n)),
    );
    for (const n of [1, 2, 3]) {
      const claim = await entries.claim(1, at(noon), 60_000);
      expect(claim?.covered.map(({ payment }) => payment)).toEqual([paymentId(n)]);
      await entries.released(claim?.covered ?? [], at(noon));
    }
    expect(await claimed(noon + day)).toBeUndefined();
  });

  test("is no dispute that was won, though the acquirer owed it too", async () => {
    await books.post([
      postedAs(`je_${paymentId(1)}.chargeback_won.${"0".repeat(26)}`, [
        debit(acquirerAccount(demo, 1100, "alpha", usd), 100n, usd),
        credit(systemAccount(demo, 2110, usd), 100n, usd),
      ]),
    ]);
    const { rowCount } = await owner.query("UPDATE settlement.expected SET settled = gross");
    expect(rowCount).toBe(1);
    expect(await claimed()).toBeUndefined();
  });

  test("with others of its book and currency, so many at a time", async () => {
    await books.post([...[1, 2, 3].map((n) => captured(n, 100n)), captured(4, 100n, eur)]);
    await bring(
      "1.csv",
      [1, 2, 3].map((n) => line(n, n, 100n)),
    );
    await bring("2.csv", [line(1, 4, 100n, { currency: eur })]);
    expect(await claimed(noon, 2)).toEqual([paymentId(4)]);
    expect(await claimed(noon, 2)).toEqual([paymentId(1), paymentId(2)]);
    expect(await claimed(noon, 2)).toEqual([paymentId(3)]);
  });

  test("by two who ask at once, each of them once", async () => {
    await books.post(Array.from({ length: 60 }, (_, n) => captured(n, 100n)));
    await bring(
      "1.csv",
      Array.from({ length: 60 }, (_, n) => line(n + 1, n, 100n)),
    );
    const all = (await Promise.all(Array.from({ length: 12 }, () => claimed(noon, 10)))).flatMap(
      (each) => each ?? [],
    );
    expect(new Set(all).size).toBe(all.length);
  });
});
