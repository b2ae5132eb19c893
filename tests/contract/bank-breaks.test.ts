import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Belonging, Settlement } from "#adapters/books/settlement.ts";
import { type BankWorld, came, hour, startBankWorld } from "#tests/support/bank-world.ts";
import { forgetBooks } from "#tests/support/books-server.ts";
import { usd } from "#tests/support/breaks.ts";
import { day, noon } from "#tests/support/examples.ts";
import { bringFile, captured, dayOf, line, on, refunded, refundOf } from "#tests/support/settled.ts";

let server: BankWorld["server"];
let owner: BankWorld["owner"];
let books: BankWorld["books"];
let settlement: BankWorld["settlement"];
let entries: BankWorld["entries"];
let bringBank: BankWorld["bringBank"];
let drafted: BankWorld["drafted"];
let balances: BankWorld["balances"];
let breaks: BankWorld["breaks"];

beforeAll(async () => {
  ({ server, owner, books, settlement, entries, bringBank, drafted, balances, breaks } =
    await startBankWorld());
});
afterAll(() => server?.stop());
beforeEach(() => forgetBooks(owner));

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
