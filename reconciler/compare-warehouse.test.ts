import { expect, test } from "vitest";
import type { AccountId } from "#core/ledger/account.ts";
import type { NetBalance } from "#core/proof/ledgers.ts";
import { demo } from "#tests/support/examples.ts";
import { compareWarehouse } from "./compare-warehouse.ts";

const minute = 60_000;
const day = 86_400_000;
const midnight = Date.UTC(2030, 0, 10);

const balance = (account: string, posted: bigint, held = 0n): NetBalance => ({
  ...{ book: demo, account: account as AccountId, currency: "USD", posted, held },
});

interface Night {
  readonly loadedUntil?: number | undefined;
  readonly comparedUntil?: string | undefined;
  readonly ours?: readonly NetBalance[];
  readonly theirs?: readonly NetBalance[];
}

/** @returns what was said, and of which days both were asked. */
async function compared({ loadedUntil, comparedUntil, ours = [], theirs = [] }: Night) {
  const asked: (readonly [number, number])[] = [];
  const telling = (balances: readonly NetBalance[]) => async (since: number, until: number) => {
    asked.push([since, until]);
    return balances;
  };
  const said = await compareWarehouse({
    books: { movedBetween: telling(ours), comparedUntil: async () => comparedUntil },
    warehouse: { movedBetween: telling(theirs), loadedUntil: async () => loadedUntil },
  });
  return { ...said, asked };
}

test("a stage without a warehouse, and one that was never loaded, say so: that is no finding", async () => {
  expect(await compareWarehouse(undefined)).toEqual({
    half: { left_out: "this stage has no warehouse" },
    findings: [],
  });
  expect(await compared({})).toEqual({ half: { left_out: "it was never loaded" }, findings: [], asked: [] });
});

test("the first time it is the last day that came to its end in the warehouse, and ten minutes to be on the stream", async () => {
  const of = async (loadedUntil: number) => (await compared({ loadedUntil })).half;
  const ninth = { since: "2030-01-09", until: "2030-01-10", accounts: 0, differ: 0 };
  expect(await of(midnight + 10 * minute)).toEqual(ninth);
  expect(await of(midnight + day)).toEqual(ninth);
  expect(await of(midnight + 10 * minute - 1)).toMatchObject({ since: "2030-01-08", until: "2030-01-09" });
  expect((await compared({ loadedUntil: midnight + day })).asked).toEqual([
    [midnight - day, midnight],
    [midnight - day, midnight],
  ]);
});

test("then it is all days since the last one that was the same; none twice, and a month of them at most", async () => {
  const of = async (comparedUntil: string) =>
    (await compared({ loadedUntil: midnight + 30 * minute, comparedUntil })).half;
  expect(await of("2030-01-07")).toMatchObject({ since: "2030-01-07", until: "2030-01-10" });
  expect(await of("2030-01-10")).toEqual({ left_out: "no day has come to its end in it since 2030-01-10" });
  expect(await of("2029-06-01")).toMatchObject({ since: "2029-12-10", until: "2030-01-10" });
});

test("each account that differs is named, with what both have of which days", async () => {
  const { half, findings } = await compared({
    loadedUntil: midnight + 30 * minute,
    ours: [balance("acc_a", 5n), balance("acc_b", -5n, 2n), balance("acc_c", 0n)],
    theirs: [balance("acc_a", 5n), balance("acc_b", -5n), balance("acc_d", 1n)],
  });
  expect(half).toMatchObject({ accounts: 4, differ: 2 });
  expect(findings.map(({ subject, what }) => `${subject}: ${what}`)).toEqual([
    "mer_demo acc_b USD: the books have -5 and 2 held, the warehouse -5, of what was recorded from 2030-01-09 to before 2030-01-10",
    "mer_demo acc_d USD: the books have 0, the warehouse 1, of what was recorded from 2030-01-09 to before 2030-01-10",
  ]);
});
