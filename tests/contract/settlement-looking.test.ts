import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { Settlement } from "#adapters/books/settlement.ts";
import { listBreaks } from "#cli/settlement.ts";
import { forgetBooks } from "#tests/support/books-server.ts";
import { day, noon } from "#tests/support/examples.ts";
import { bringFile, captured, line } from "#tests/support/settled.ts";
import { type SettledBooks, startSettledBooks } from "#tests/support/settled-books.ts";

/** What only time shows, piece by piece. */

let world: SettledBooks;
/** Finds so many at a time. */
const looker = (most: number) => new Settlement(world.pool, most);

beforeAll(async () => {
  world = await startSettledBooks();
});
afterAll(() => world?.server.stop());
beforeEach(() => forgetBooks(world.owner));

const at = (ms: number): Date => new Date(ms);
const later = at(noon + 9 * day);
const bring = (...payments: readonly number[]) =>
  bringFile(
    world.settlement,
    `${payments.join("-")}.csv`,
    payments.map((n, index) => line(index + 1, n, 100n)),
  );
const breaks = async (): Promise<readonly string[]> =>
  (await world.settlement.breaks(true)).map(
    ({ kind, operationKey, closedAs }) =>
      `${kind} ${Number(/pay_(\d+)/.exec(operationKey ?? "")?.[1])}${closedAs === undefined ? "" : ` ${closedAs}`}`,
  );
/** Whether there was more, look by look. */
async function looks(most: number, now = later): Promise<readonly boolean[]> {
  const more: boolean[] = [];
  do more.push(await looker(most).look(now));
  while (more.at(-1) && more.length < 9);
  return more;
}

describe("lines that nobody knows of", () => {
  test("are found so many at a time, each once, those that came first before the others", async () => {
    await bring(1, 2, 3);
    await bringFile(world.settlement, "before.csv", [line(1, 4, 1n), line(2, 5, 1n)], { now: noon - day });
    expect(await looker(2).look(later)).toBe(true);
    expect(await breaks()).toEqual(["unexpected 4", "unexpected 5"]);
    expect(await looks(2)).toEqual([true, false]);
    expect(await breaks()).toHaveLength(5);
    expect(await looks(2)).toEqual([false]);
    expect(await breaks()).toHaveLength(5);
  });

  test("are for nobody to post until they are a break, and are posted then", async () => {
    const toPost = async (): Promise<number> =>
      (await world.pool.query("SELECT FROM settlement.movements WHERE to_post")).rowCount ?? 0;
    await bring(1, 2);
    expect(await toPost()).toBe(0);
    await looks(10);
    expect(await toPost()).toBe(2);
    while (await world.entries.draft(later));
    expect(await toPost()).toBe(0);
  });

  test("wait for the books, and are counted until then", async () => {
    await bring(1, 2);
    expect(await looks(1, at(noon + 3_599_999))).toEqual([false]);
    expect(await world.settlement.waiting()).toBe(2);
    expect(await looker(1).look(at(noon + 3_600_000))).toBe(true);
    expect(await world.settlement.waiting()).toBe(1);
  });

  /** As it is where a file and the books that were written at the same time did not see each other. */
  const unmeet = () => world.owner.query("UPDATE settlement.movements SET expected = NULL");

  test("and that the books know after all are no break, however many came behind them", async () => {
    await world.books.post([captured(1, 100n)]);
    await bring(1);
    await unmeet();
    await bringFile(world.settlement, "behind.csv", [line(1, 2, 1n), line(2, 3, 1n)], { now: noon + day });
    await looks(1);
    expect(await breaks()).toEqual(["unexpected 2", "unexpected 3"]);
  });

  test("and that came last are looked for in the books at once", async () => {
    await bring(2, 3);
    await world.books.post([captured(1, 100n)]);
    await bringFile(world.settlement, "last.csv", [line(1, 1, 100n)], { now: noon + 1 });
    await unmeet();
    await looker(1).look(at(noon + 2));
    const { rows } = await world.pool.query("SELECT FROM settlement.movements WHERE expected IS NOT NULL");
    expect(rows).toHaveLength(1);
  });

  test("are found once by two who look at once", async () => {
    await bring(1, 2, 3, 4);
    const other = await world.pool.connect();
    await other.query("BEGIN");
    await other.query("SELECT settlement.look(2, $1, '1 hour')", [later]);
    expect(await looks(2)).toEqual([true, false]);
    await other.query("COMMIT");
    other.release();
    expect(await breaks()).toHaveLength(4);
    expect(new Set(await breaks()).size).toBe(4);
  });
});

describe("what has not come", () => {
  test("is found so much at a time, over all acquirers, each once", async () => {
    const elsewhere = (n: number) =>
      JSON.parse(JSON.stringify(captured(n, 100n)).replaceAll("alpha", "beta")) as ReturnType<
        typeof captured
      >;
    await world.books.post([
      captured(1, 100n),
      captured(2, 100n),
      captured(3, 100n),
      elsewhere(4),
      elsewhere(5),
    ]);
    expect(await looker(4).look(later)).toBe(true);
    expect(await breaks()).toEqual(["missing 1", "missing 2", "missing 3", "missing 4"]);
    expect(await looks(4)).toEqual([false]);
    expect(await breaks()).toHaveLength(5);
    expect(await looks(1)).toEqual([false]);
  });

  test("does not wait behind what came in another amount", async () => {
    await world.books.post([captured(1, 90n), captured(2, 90n), captured(3, 90n)]);
    await bring(1, 2);
    expect(await looks(1)).toEqual([true, true, true, false]);
    expect(await breaks()).toEqual(["over 1", "over 2", "missing 3"]);
  });

  test("of an acquirer with days of its own waits for them, and keeps nobody else waiting", async () => {
    await new Settlement(world.owner).agree(
      { acquirer: "alpha", days: 30, tolerance: 0n, feePoints: 0 },
      "lee",
      at(noon),
    );
    const other = JSON.parse(JSON.stringify(captured(2, 100n)).replaceAll("alpha", "beta"));
    await world.books.post([captured(1, 100n), other]);
    expect(await looks(1)).toEqual([true, false]);
    expect(await breaks()).toEqual(["missing 2"]);
    await looks(1, at(noon + 31 * day));
    expect(await breaks()).toEqual(["missing 2", "missing 1"]);
  });

  test("is found once by two who look at once", async () => {
    await world.books.post([captured(1, 100n), captured(2, 100n)]);
    const other = await world.pool.connect();
    await other.query("BEGIN");
    await other.query("SELECT settlement.look(1, $1, '1 hour')", [later]);
    expect(await looks(1)).toEqual([true, false]);
    await other.query("COMMIT");
    other.release();
    expect(await breaks()).toEqual(["missing 1", "missing 2"]);
  });

  test("is matched when it comes, and is never missing again", async () => {
    await world.books.post([captured(1, 100n)]);
    await looks(1);
    await bring(1);
    await bringFile(world.settlement, "back.csv", [line(1, 1, -100n, { reference: "back" })]);
    await looks(1, at(noon + 20 * day));
    expect((await breaks())[0]).toBe("missing 1 matched");
    expect((await breaks()).filter((each) => each.startsWith("missing"))).toHaveLength(1);
  });
});

test("of more breaks than a person looks at the oldest are shown, and that there are more is said", async () => {
  await bringFile(
    world.settlement,
    "many.csv",
    Array.from({ length: 1_001 }, (_, n) => line(n + 1, n, 100n)),
  );
  await looks(10_000);
  const shown = await listBreaks(world.server.url, false);
  expect(shown.split("\n").filter((each) => each.startsWith("brk_"))).toHaveLength(1_000);
  expect(shown).toContain("there are more: `breaks ages` counts those that are open");
});
