import fc from "fast-check";
import { expect, test } from "vitest";
import { journals } from "#tests/support/arbitraries/ledger.ts";
import { demo } from "#tests/support/examples.ts";
import type { AccountId } from "../ledger/account.ts";
import { credit, debit, type EntryId } from "../ledger/entry.ts";
import { entryRecord, recordedAtOf } from "../ledger/journal.ts";
import type { Currency } from "../money/currency.ts";
import { balancesOf, checkSameBalances, type NetBalance, upTo } from "./ledgers.ts";

const usd = "USD" as Currency;
const balance = (account: string, posted: bigint, held = 0n): NetBalance => ({
  ...{ book: demo, account: account as AccountId, currency: "USD", posted, held },
});
const wordsOf = (ledger: readonly NetBalance[], others: readonly NetBalance[]) =>
  checkSameBalances("the books", ledger, others).map(({ subject, what }) => `${subject}: ${what}`);

test("the same balances are no finding, whatever their order; an account that never moved is missing anywhere", () => {
  const [a, b] = [balance("acc_a", 5n), balance("acc_b", -5n, 2n)];
  expect(wordsOf([a, b], [b, a])).toEqual([]);
  expect(wordsOf([a, b, balance("acc_c", 0n)], [a, b])).toEqual([]);
});

test("each account that differs is named, with both balances", () => {
  expect(wordsOf([balance("acc_a", 5n), balance("acc_b", -5n)], [balance("acc_a", 6n)])).toEqual([
    "mer_demo acc_a USD: the ledger has 5, the books 6",
    "mer_demo acc_b USD: the ledger has -5, the books 0",
  ]);
  expect(wordsOf([], [balance("mer_demo:1100:alpha:USD", 1n, 3n)])).toEqual([
    "mer_demo:1100:alpha:USD: the ledger has 0, the books 1 and 3 held",
  ]);
});

test("a journal's balances up to a moment have what was recorded at it, and nothing of later; what is only held is held", () => {
  const entry = (id: string, state: "posted" | "pending", amount: bigint, recordedAt: number) =>
    entryRecord({
      ...{ id: id as EntryId, book: demo, state, effectiveAt: 0, recordedAt, execution: "e" },
      legs: [debit("acc_a" as AccountId, amount, usd), credit("acc_b" as AccountId, amount, usd)],
    });
  const journal = [
    entry("je_1", "posted", 1n, 1),
    entry("je_2", "pending", 20n, 2),
    entry("je_3", "posted", 300n, 3),
  ];
  expect(upTo(journal, 2)).toEqual(journal.slice(0, 2));
  expect(balancesOf(demo, upTo(journal, 2))).toEqual([
    balance("acc_a", 1n, 20n),
    balance("acc_b", -1n, -20n),
  ]);
});

test("what a journal adds up to balances, at each of its moments", () => {
  fc.assert(
    fc.property(journals({ holds: "any" }), fc.nat(), (journal, n) => {
      const moment = journal.length === 0 ? 0 : recordedAtOf(journal[n % journal.length] ?? expect.fail());
      const before = upTo(journal, moment);
      expect(before.every((record) => recordedAtOf(record) <= moment)).toBe(true);
      const balances = balancesOf(demo, before);
      for (const currency of new Set(balances.map((each) => each.currency)))
        for (const kind of ["posted", "held"] as const)
          expect(
            balances.filter((each) => each.currency === currency).reduce((sum, each) => sum + each[kind], 0n),
          ).toBe(0n);
    }),
  );
});
