import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { Settlement } from "#adapters/books/settlement.ts";
import { sayWhatPays, showBank } from "#cli/bank.ts";
import type { BankMovement } from "#core/settlement/bank-movement.ts";
import { type BankWorld, came, hour, startBankWorld } from "#tests/support/bank-world.ts";
import { forgetBooks, someoneWaits } from "#tests/support/books-server.ts";
import { day, noon } from "#tests/support/examples.ts";
import { bringFile, captured, dayOf, line, on } from "#tests/support/settled.ts";

let world: BankWorld;

beforeAll(async () => {
  world = await startBankWorld();
});
afterAll(() => world?.server.stop());
beforeEach(() => forgetBooks(world.owner));

const paid = dayOf(noon);
const booked = dayOf(noon + day);
const said = { acquirer: "alpha", date: paid, by: "lee", reason: "their advice of payment 4711" };
const nameless: Partial<BankMovement> = { pays: undefined };

/** Alpha settles 100 for a day, and the bank has so much of it, in words that name no day. */
async function arrived(amount: bigint, more: Partial<BankMovement> = nameless): Promise<void> {
  const { books, settlement, bringBank, drafted } = world;
  await books.post([captured(1, 100n)]);
  await bringFile(settlement, "1.csv", [line(1, 1, 100n)]);
  await bringBank("1.xml", [came(amount, "r1", more)]);
  await drafted();
}
const say = (more: Partial<typeof said> & { readonly at?: string } = {}, reference = "r1"): Promise<string> =>
  sayWhatPays(world.server.url, reference, { ...said, ...more }, noon);

test("an entry that names no day pays the one that somebody says, and the books have their shares", async () => {
  await arrived(100n);
  expect(await world.balances()).toMatchObject({ "own:1000": 100n, "1050:alpha": 100n });
  await say();
  expect(await world.drafted()).toEqual([
    "credit 1050:alpha 100, debit 1000 100",
    "credit own:1000 100, debit own:1050:bank 100",
  ]);
  expect(await world.balances()).toEqual({ "1000": 100n, "1100:alpha": -100n });
  expect(await showBank(world.server.url)).toMatch(
    new RegExp(`^alpha ${paid} +USD +${booked} +r1 +100 +100 +100 +even, says lee$`, "m"),
  );
});

test("breaks of the entry and of the day close by themselves, also what was decided of them", async () => {
  await arrived(100n);
  await world.settlement.look(new Date(noon + 9 * day));
  // The bank has to be past the day: before its first entry nobody asks.
  expect(await world.breaks()).toEqual(["bank_unexpected 100"]);
  await new Settlement(world.owner).note(
    1,
    { at: new Date(noon), who: "kim", act: "resolved", words: "nobody's" },
    "losses",
  );
  await world.drafted();
  expect(await world.balances()).toMatchObject({ "own:5100": -100n });
  await say();
  await world.drafted();
  expect(await world.breaks(true)).toEqual(["bank_unexpected 100 matched"]);
  expect(await world.balances()).toEqual({ "1000": 100n, "1100:alpha": -100n });
});

test("what it comes to beside is a break of the day, as ever", async () => {
  await arrived(99n);
  await say();
  await world.drafted();
  await world.settlement.look(new Date(noon + hour));
  expect(await world.breaks()).toEqual(["bank_under -1"]);
});

test("another word counts from then on: what it was taken for waits again", async () => {
  await arrived(100n);
  await world.books.post([captured(2, 100n)]);
  await bringFile(world.settlement, "2.csv", [line(1, 2, 100n, on(1))]);
  await say();
  await world.drafted();
  const next = dayOf(noon + day);
  await say({ date: next, by: "kim", reason: "lee looked at the wrong day" });
  await world.drafted();
  const shown = await showBank(world.server.url);
  expect(shown).toMatch(
    new RegExp(`^alpha ${next} +USD +${booked} +r1 +100 +100 +100 +even, says kim$`, "m"),
  );
  expect(shown).toMatch(new RegExp(`^alpha ${paid} +USD +0 +100 +nothing came yet$`, "m"));
  expect(await world.balances()).toEqual({ "1000": 100n, "1050:alpha": 100n, "1100:alpha": -200n });
  const { rows } = await world.pool.query(
    "SELECT who, words FROM settlement.bank_decisions ORDER BY decision",
  );
  expect(rows).toEqual([
    { who: "lee", words: said.reason },
    { who: "kim", words: "lee looked at the wrong day" },
  ]);
});

test("an entry whose words name another day than it pays is moved there too", async () => {
  await arrived(100n, { pays: { acquirer: "alpha", settledOn: dayOf(noon - day) } });
  await say();
  await world.drafted();
  expect(await world.balances()).toEqual({ "1000": 100n, "1100:alpha": -100n });
});

test("what the bank tells once more stays where it was said to be", async () => {
  await arrived(100n);
  await say();
  await world.bringBank("2.xml", [came(100n, "r1", nameless)]);
  await world.drafted();
  expect(await world.balances()).toEqual({ "1000": 100n, "1100:alpha": -100n });
});

test.each([
  ["who says it", { by: "" }, "say who you are"],
  ["how it is known", { reason: "" }, "say how you know"],
  ["a day of the calendar", { date: "2026-02-30" }, "is no day"],
  [
    "a day of which something is on its way",
    { date: "2026-01-02" },
    "nothing of alpha for 2026-01-02 in USD is on its way",
  ],
  ["an acquirer that there is", { acquirer: "alhpa" }, "nothing of alhpa"],
  ["no entry for an acquirer", { acquirer: "bank", date: booked }, "nothing of bank"],
])("it takes %s, and changes nothing without", async (_, without, message) => {
  await arrived(100n);
  await world.bringBank("2.xml", [came(3n, "r3", nameless)]);
  await world.drafted();
  await expect(say(without)).rejects.toThrow(message);
  expect(await world.drafted()).toEqual([]);
});

test("it takes no day that is paid in another currency", async () => {
  await arrived(100n, { ...nameless, currency: "EUR" as BankMovement["currency"] });
  await expect(say()).rejects.toThrow(`nothing of alpha for ${paid} in EUR is on its way`);
});

test("it takes an entry that is there, and no day that it pays already", async () => {
  await arrived(100n);
  await expect(say({}, "r2")).rejects.toThrow("the bank has told of no entry r2");
  await say();
  await expect(say()).rejects.toThrow("r1: it pays that day already");
});

test("of several entries of a reference it takes the one of a day", async () => {
  await arrived(100n);
  await world.bringBank("2.xml", [came(3n, "r1", { ...nameless, bookedOn: dayOf(noon + 2 * day) })]);
  await expect(say()).rejects.toThrow(`--at ${booked} or ${dayOf(noon + 2 * day)}`);
  await say({ at: booked });
  await world.drafted();
  expect(await world.balances()).toMatchObject({ "1000": 100n, "own:1000": 3n });
  await world.bringBank("3.xml", [came(4n, "r1", nameless)]);
  await expect(say({ at: booked })).rejects.toThrow("nothing tells them apart");
});

test("it waits for whoever drafts what the entry was of, and the next one sees it", async () => {
  const { books, settlement, bringBank, pool, owner, drafted, balances } = world;
  await books.post([captured(1, 100n)]);
  await bringFile(settlement, "1.csv", [line(1, 1, 100n)]);
  await drafted();
  await bringBank("1.xml", [came(100n, "r1", nameless)]);
  const other = await pool.connect();
  await other.query("BEGIN");
  await other.query("SELECT settlement.draft(100, $1)", [new Date(noon)]);
  const saying = say();
  await someoneWaits(owner);
  await other.query("COMMIT");
  other.release();
  await saying;
  await drafted();
  expect(await balances()).toEqual({ "1000": 100n, "1100:alpha": -100n });
});

test("who only matches cannot say it, nor take back what was said", async () => {
  await arrived(100n);
  await say();
  await expect(
    world.pool.query("SELECT settlement.pays(1, 'alpha', '2026-01-01', 'lee', 'so', now())"),
  ).rejects.toThrow("permission denied");
  await expect(world.owner.query("DELETE FROM settlement.bank_decisions")).rejects.toThrow(
    "only ever added to",
  );
});
