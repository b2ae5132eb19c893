import { Client } from "pg";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { Books } from "#adapters/books/books.ts";
import { Settlement } from "#adapters/books/settlement.ts";
import type { SettlementLine } from "#core/settlement/line.ts";
import { forgetBooks, someoneWaits } from "#tests/support/books-server.ts";
import { eur, keyOf } from "#tests/support/breaks.ts";
import { day, noon } from "#tests/support/examples.ts";
import { bringFile, captured, line, on } from "#tests/support/settled.ts";
import { type SettledBooks, startSettledBooks } from "#tests/support/settled-books.ts";

/** How a file is taken: what each condition of its SQL is for. */

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

describe("a file", () => {
  test("is another one under its name in another bucket, and in another version", async () => {
    const begin = (bucket: string, version: string) =>
      settlement.begin({ bucket, key: "alpha/1.csv", version, acquirer: "alpha" }, at(noon));
    const all = [await begin("a", "1"), await begin("b", "1"), await begin("a", "2"), await begin("a", "1")];
    expect(all).toEqual([all[0], all[1], all[2], all[0]]);
    expect(new Set(all).size).toBe(3);
  });

  test.each<[string, Partial<SettlementLine>]>([
    ["day", on(1)],
    ["kind", { kind: "chargeback" }],
    ["reference", { reference: "other" }],
    ["operation", { operationKey: keyOf(2) }],
    ["operation, where one has none", { operationKey: undefined }],
    ["dispute", { dispute: "dsp_1" }],
    ["currency", { currency: eur }],
  ])(
    "that says two things of another %s says each for the first time, in one batch or in two",
    async (_what, more) => {
      const [one, two] = [line(1, 1, 100n), line(2, 1, 100n, more)];
      await bring("1.csv", [one]);
      await bring("1.csv", [two]);
      await bring("2.csv", [one, two]);
      await bring("3.csv", [two]);
      const { rows } = await pool.query(
        "SELECT occurrence, count(*)::int FROM settlement.movements GROUP BY 1",
      );
      expect(rows).toEqual([{ occurrence: 1, count: 2 }]);
      expect(await settlement.flaws("alpha/2.csv")).toEqual([]);
    },
  );

  test("of another acquirer says the same of its own", async () => {
    const theirs = line(1, 1, 120n, { acquirer: "beta" });
    for (const name of ["1.csv", "2.csv"]) {
      expect(await bring(name, [line(1, 1, 100n)])).toBe(1);
      expect(await bring(name, [theirs], { acquirer: "beta" })).toBe(1);
    }
    const { rows } = await pool.query("SELECT acquirer, gross FROM settlement.movements ORDER BY acquirer");
    expect(rows).toEqual([
      { acquirer: "alpha", gross: "100" },
      { acquirer: "beta", gross: "120" },
    ]);
    expect((await settlement.files(9)).map(({ flaws }) => flaws)).toEqual([0, 0, 0, 0]);
  });

  test("of which one part of a place was taken has the others taken when it is read again", async () => {
    expect(await bring("1.csv", [line(1, 1, 100n)])).toBe(1);
    expect(await bring("1.csv", [line(1, 1, 100n), line(1, 2, 100n)])).toBe(1);
  });

  test("that is taken by two is taken by one after the other", async () => {
    const left = { bucket: "inbound", key: "alpha/1.csv", version: "1", acquirer: "alpha" };
    const file = await settlement.begin(left, at(noon));
    await owner.query("BEGIN");
    await owner.query("SELECT FROM settlement.files FOR NO KEY UPDATE");
    const taking = settlement.take(file, [line(1, 1, 100n)], at(noon));
    await someoneWaits(owner);
    const { rows } = await owner.query(
      "SELECT FROM pg_locks WHERE relation = 'settlement.movements'::regclass AND mode = 'RowExclusiveLock'",
    );
    // Nor has it written anything by then.
    expect(rows).toEqual([]);
    await owner.query("COMMIT");
    expect(await taking).toBe(1);
  });

  test("whose lines contradict what was said before has a thousand of them kept, and that there were more", async () => {
    const all = Array.from({ length: 1_500 }, (_, n) => line(n + 1, n + 1, 100n));
    await bring("1.csv", all);
    await bring(
      "2.csv",
      all.map((each) => ({ ...each, gross: 90n })),
    );
    const flaws = await settlement.flaws("alpha/2.csv");
    expect(flaws).toHaveLength(1_001);
    expect(flaws.filter(({ reason }) => reason.startsWith("more than 1000 flaws"))).toHaveLength(1);
  });

  test("with a thousand flaws has them all, and does not say that there were more when it is read again", async () => {
    const left = { bucket: "inbound", key: "alpha/1.csv", version: "1", acquirer: "alpha" };
    const file = await settlement.begin(left, at(noon));
    const flaw = (place: number) => ({ place, reason: "no line", text: "x", endsFile: false });
    for (const _ of ["read", "read again"])
      for (let place = 1; place <= 1_000; place += 1) await settlement.refuse(file, flaw(place));
    const flaws = await settlement.flaws("alpha/1.csv");
    expect(flaws).toHaveLength(1_000);
    expect(new Set(flaws.map(({ reason }) => reason))).toEqual(new Set(["no line"]));
    // Nor does another file have fewer for that.
    const other = await settlement.begin({ ...left, key: "alpha/2.csv" }, at(noon));
    await settlement.refuse(other, flaw(1));
    expect(await settlement.flaws("alpha/2.csv")).toEqual([flaw(1)]);
  });

  test("that says the same twice says it in the order of its places, and of their parts", async () => {
    const said = [line(1, 1, 10n), line(2, 1, 20n)];
    await bring("1.csv", said);
    await bring("2.csv", said.toReversed());
    expect(await settlement.flaws("alpha/2.csv")).toEqual([]);
    const file = await settlement.begin(
      { bucket: "inbound", key: "alpha/3.csv", version: "1", acquirer: "alpha" },
      at(noon),
    );
    const parts = said.map((each, index) => ({
      ...each,
      place: 1,
      part: index + 1,
      gross: Number(each.gross),
      cost: 0,
    }));
    await pool.query("SELECT settlement.take($1, $2, $3)", [
      file,
      JSON.stringify(parts.toReversed()),
      at(noon),
    ]);
    expect(await settlement.flaws("alpha/3.csv")).toEqual([]);
  });
});

describe("of costs", () => {
  const costs = async () =>
    (await pool.query("SELECT cost FROM settlement.movements ORDER BY movement")).rows.map(({ cost }) =>
      Number(cost),
    );

  test("the first that is said stays, and the same once more is no contradiction", async () => {
    await bring("1.csv", [line(1, 1, 100n, { cost: 2n })]);
    await bring("2.csv", [line(1, 1, 100n, { cost: 2n })]);
    expect(await settlement.flaws("alpha/2.csv")).toEqual([]);
    await bring("3.csv", [line(1, 1, 100n, { cost: 4n })]);
    expect(await settlement.flaws("alpha/3.csv")).toHaveLength(1);
    expect(await costs()).toEqual([2]);
  });

  test("parts of one place that contradict the same are one flaw, and the file is taken", async () => {
    await bring("1.csv", [line(1, 1, 100n), line(2, 2, 100n)]);
    expect(await bring("2.csv", [line(1, 1, 90n), line(1, 2, 90n)])).toBe(2);
    expect(await settlement.flaws("alpha/2.csv")).toMatchObject([{ place: 1 }]);
  });
});

test("a file is read when its end was reached first, and no other one with it", async () => {
  const begin = (name: string) =>
    settlement.begin({ bucket: "inbound", key: `alpha/${name}`, version: "1", acquirer: "alpha" }, at(noon));
  const one = await begin("1.csv");
  await begin("2.csv");
  await settlement.finish(one, at(noon + 1));
  await settlement.finish(one, at(noon + 2));
  expect((await settlement.files(9)).map(({ key, readAt }) => [key, readAt])).toEqual([
    ["alpha/2.csv", undefined],
    ["alpha/1.csv", at(noon + 1)],
  ]);
});

describe("what comes while somebody looks", () => {
  /** By a connection of its own, which has not said yet that it is done. */
  async function meanwhile(
    work: (other: Client) => Promise<unknown>,
    look: () => Promise<unknown>,
  ): Promise<void> {
    const other = new Client(server.url);
    await other.connect();
    try {
      await other.query("BEGIN");
      await work(other);
      await look();
      await other.query("COMMIT");
    } finally {
      await other.end();
    }
  }
  const look = () => settlement.look(at(noon + 9 * day));

  test("is not missing", async () => {
    await books.post([captured(1, 100n)]);
    await meanwhile((other) => bringFile(new Settlement(other), "1.csv", [line(1, 1, 100n)]), look);
    await look();
    expect(await settlement.breaks(true)).toEqual([]);
  });

  test("is not unexpected", async () => {
    await bring("1.csv", [line(1, 1, 100n)]);
    await meanwhile((other) => new Books(other).post([captured(1, 100n)]), look);
    await look();
    expect((await settlement.breaks(true)).map(({ kind }) => kind)).not.toContain("unexpected");
  });
});
