import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { journals } from "#tests/support/arbitraries/ledger.ts";
import { demo, noon } from "#tests/support/examples.ts";
import type { Currency } from "../money/currency.ts";
import type { AccountId } from "./account.ts";
import { credit, debit, type EntryId, type JournalEntry } from "./entry.ts";
import { entryRecord, type JournalRecord, resolutionRecord } from "./journal.ts";
import { voidHold } from "./resolution.ts";
import { type Balances, fold, trialBalance } from "./trial-balance.ts";

const [a, b] = ["acc_a", "acc_b"] as AccountId[] as [AccountId, AccountId];

const transfer = (
  amount: bigint,
  currency: Currency = "USD",
  state: JournalEntry["state"] = "posted",
): JournalEntry => ({
  id: "je_1" as EntryId,
  book: demo,
  state,
  legs: [debit(a, amount, currency), credit(b, amount, currency)],
  effectiveAt: noon,
  recordedAt: noon,
  execution: "first",
});

/** Per currency, over all accounts: posted debits − posted credits, and pending ones. */
function sums(balances: Balances): bigint[] {
  const perCurrency = new Map<string, bigint>();
  for (const account of balances.values()) {
    const add = (key: string, by: bigint) => perCurrency.set(key, (perCurrency.get(key) ?? 0n) + by);
    add(`${account.currency} posted`, account.debitsPosted - account.creditsPosted);
    add(`${account.currency} pending`, account.debitsPending - account.creditsPending);
  }
  return [...perCurrency.values()];
}

const pendingOf = (balances: Balances): bigint[] =>
  [...balances.values()].flatMap(({ debitsPending, creditsPending }) => [debitsPending, creditsPending]);

/** In the order of the accounts' ids, so that folds in another order compare. */
const sorted = (balances: Balances) => [...balances].toSorted(([x], [y]) => (x < y ? -1 : 1));

describe("the fold of any journal", () => {
  test("sums to zero per currency, posted and pending, after every record", () => {
    fc.assert(
      fc.property(journals({ holds: "any" }), (records) => {
        let balances = fold([]);
        for (const record of records) {
          balances = fold([record], balances);
          expect(sums(balances).every((sum) => sum === 0n)).toBe(true);
        }
      }),
    );
  });

  test("never has a pending counter below zero, nor a posted one that shrinks", () => {
    fc.assert(
      fc.property(journals({ holds: "any" }), (records) => {
        let before = fold([]);
        for (const record of records) {
          const after = fold([record], before);
          expect(pendingOf(after).every((pending) => pending >= 0n)).toBe(true);
          for (const [account, { debitsPosted, creditsPosted }] of before) {
            const now = after.get(account);
            expect(now !== undefined && now.debitsPosted >= debitsPosted).toBe(true);
            expect(now !== undefined && now.creditsPosted >= creditsPosted).toBe(true);
          }
          before = after;
        }
      }),
    );
  });

  test("has nothing pending once all holds are resolved", () => {
    fc.assert(
      fc.property(journals({ holds: "resolved" }), (records) => {
        expect(pendingOf(fold(records)).every((pending) => pending === 0n)).toBe(true);
      }),
    );
  });

  test("does not depend on the order in which a stream brings the records", () => {
    const shuffled = journals({ holds: "any" }).chain((records) =>
      fc.tuple(fc.constant(records), fc.shuffledSubarray(records, { minLength: records.length })),
    );

    fc.assert(
      fc.property(shuffled, ([records, reordered]) => {
        expect(sorted(fold(reordered))).toEqual(sorted(fold(records)));
      }),
    );
  });

  test("goes on from any checkpoint, which it leaves as it was", () => {
    fc.assert(
      fc.property(journals({ holds: "any" }), fc.nat(), (records, pick) => {
        const cut = records.length === 0 ? 0 : pick % records.length;
        const checkpoint = fold(records.slice(0, cut));
        const kept = sorted(checkpoint);

        expect(sorted(fold(records.slice(cut), checkpoint))).toEqual(sorted(fold(records)));
        expect(sorted(checkpoint)).toEqual(kept);
      }),
    );
  });

  test("has a balanced trial balance in each of its currencies", () => {
    fc.assert(
      fc.property(journals({ holds: "any" }), (records) => {
        const balances = fold(records);
        const currencies = new Set([...balances.values()].map((account) => account.currency));
        const trials = [...currencies].map((currency) => trialBalance(balances, currency));

        expect(trials.every((trial) => trial.balanced && trial.debits === trial.credits)).toBe(true);
        expect(trials.reduce((sum, trial) => sum + trial.accounts, 0)).toBe(balances.size);
      }),
    );
  });
});

test("an account that moves in a second currency stops the fold", () => {
  const records: JournalRecord[] = [entryRecord(transfer(5n, "USD")), entryRecord(transfer(5n, "EUR"))];

  expect(() => fold(records)).toThrow("acc_a holds one currency");
});

describe("a trial balance", () => {
  test("sums posted debits and credits of one currency and counts its accounts", () => {
    const inYen = { ...transfer(900n, "JPY"), legs: [debit("acc_c" as AccountId, 900n, "JPY")] };
    const balances = fold([entryRecord(transfer(5n)), entryRecord(transfer(7n)), entryRecord(inYen)]);

    expect(trialBalance(balances, "USD")).toEqual({
      currency: "USD",
      debits: 12n,
      credits: 12n,
      balanced: true,
      accounts: 2,
    });
  });

  test("leaves out what is only held", () => {
    const balances = fold([entryRecord(transfer(5n)), entryRecord(transfer(7n, "USD", "pending"))]);

    expect(trialBalance(balances, "USD")).toMatchObject({ debits: 5n, credits: 5n, balanced: true });
  });

  test("counts accounts that moved and hold nothing any more", () => {
    const hold = { ...transfer(5n), state: "pending" as const };
    const balances = fold([entryRecord(hold), resolutionRecord(voidHold(hold, noon, "second"))]);

    expect(trialBalance(balances, "USD")).toMatchObject({ debits: 0n, credits: 0n, accounts: 2 });
  });

  test("of a currency that nothing moved in is empty and balanced", () => {
    expect(trialBalance(fold([]), "EUR")).toEqual({
      currency: "EUR",
      debits: 0n,
      credits: 0n,
      balanced: true,
      accounts: 0,
    });
  });

  test.each([
    { tampering: "a debit lost", legs: [credit(b, 5n, "USD")], debits: 0n, credits: 5n },
    { tampering: "a credit lost", legs: [debit(a, 5n, "USD")], debits: 5n, credits: 0n },
  ])("shows $tampering", ({ legs, debits, credits }) => {
    const balances = fold([entryRecord({ ...transfer(5n), legs })]);

    expect(trialBalance(balances, "USD")).toMatchObject({ debits, credits, balanced: false });
  });
});
