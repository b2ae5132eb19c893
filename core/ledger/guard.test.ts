import fc from "fast-check";
import { expect, test } from "vitest";
import { demo } from "#tests/support/examples.ts";
import { type Account, type AccountId, type Counters, noCounters } from "./account.ts";
import { firstByPrecedence, type PostingRefusal, refusalPrecedence } from "./errors.ts";
import { applyGuarded } from "./guard.ts";

/** A customer's wallet with 100 in it; it may not go below zero, nor above 500. */
const wallet: Account = {
  id: "acc_wallet" as AccountId,
  book: demo,
  currency: "USD",
  normalSide: "credit",
  condition: "open",
  ...noCounters,
  creditsPosted: 100n,
  minAvailable: 0n,
  maxBalance: 500n,
};

const moved = (counters: Partial<Counters>): Counters => ({ ...noCounters, ...counters });

// biome-ignore format: a table is read in rows
test.each<{ rule: string; account?: Partial<Account>; movement: Partial<Counters>; answer: "ok" | PostingRefusal }>([
  { rule: "all that is there may go out",                       movement: { debitsPosted: 100n },   answer: "ok" },
  { rule: "one more may not",                                   movement: { debitsPosted: 101n },   answer: "below_min_available" },
  { rule: "a hold counts as gone",                              movement: { debitsPending: 101n },  answer: "below_min_available" },
  { rule: "what others hold is gone", account: { debitsPending: 30n }, movement: { debitsPosted: 71n }, answer: "below_min_available" },
  { rule: "what may come in is not there yet", account: { creditsPending: 50n }, movement: { debitsPosted: 101n }, answer: "below_min_available" },
  { rule: "an overdraft that was granted may be used", account: { minAvailable: -50n }, movement: { debitsPosted: 150n }, answer: "ok" },
  { rule: "and not passed",           account: { minAvailable: -50n },  movement: { debitsPosted: 151n },  answer: "below_min_available" },
  { rule: "a floor above zero is kept", account: { minAvailable: 40n }, movement: { debitsPosted: 61n },   answer: "below_min_available" },
  { rule: "up to the highest balance it may come in",           movement: { creditsPosted: 400n },  answer: "ok" },
  { rule: "and not above",                                      movement: { creditsPosted: 401n },  answer: "above_max_balance" },
  { rule: "what may come in counts as there",                   movement: { creditsPending: 401n }, answer: "above_max_balance" },
  { rule: "what may still go out makes no room", account: { debitsPending: 90n }, movement: { creditsPosted: 401n }, answer: "above_max_balance" },
  { rule: "an account beyond its floor may be paid into", account: { debitsPosted: 300n }, movement: { creditsPosted: 1n }, answer: "ok" },
  { rule: "and a hold on it released", account: { debitsPosted: 300n, debitsPending: 9n }, movement: { debitsPending: -9n }, answer: "ok" },
  { rule: "and a hold on it posted in full", account: { debitsPosted: 300n, debitsPending: 9n }, movement: { debitsPending: -9n, debitsPosted: 9n }, answer: "ok" },
  { rule: "and nothing taken out",     account: { debitsPosted: 300n }, movement: { debitsPosted: 1n }, answer: "below_min_available" },
  { rule: "an account above its ceiling may pay out", account: { creditsPosted: 900n }, movement: { debitsPosted: 1n }, answer: "ok" },
  { rule: "and nothing be paid in",    account: { creditsPosted: 900n }, movement: { creditsPosted: 1n }, answer: "above_max_balance" },
  { rule: "a frozen account takes nothing", account: { condition: "frozen" }, movement: { creditsPosted: 1n }, answer: "account_frozen" },
  { rule: "a closed account takes nothing", account: { condition: "closed" }, movement: { creditsPosted: 1n }, answer: "account_closed" },
  { rule: "frozen comes before a limit", account: { condition: "frozen" }, movement: { debitsPosted: 101n }, answer: "account_frozen" },
  { rule: "closed comes before a limit", account: { condition: "closed" }, movement: { creditsPosted: 401n }, answer: "account_closed" },
  { rule: "of both limits the floor comes first", movement: { debitsPending: 101n, creditsPending: 401n }, answer: "below_min_available" },
])("$rule: $answer", ({ account, movement, answer }) => {
  const result = applyGuarded({ ...wallet, ...account }, moved(movement));

  expect(result.ok ? "ok" : result.error).toBe(answer);
});

test("an account without limits takes anything", () => {
  const { minAvailable: _floor, maxBalance: _ceiling, ...unlimited } = wallet;

  expect(applyGuarded(unlimited, moved({ debitsPosted: 10n ** 15n }))).toMatchObject({ ok: true });
  expect(applyGuarded(unlimited, moved({ creditsPosted: 10n ** 15n }))).toMatchObject({ ok: true });
});

test("an account that takes a movement is the same but for its counters", () => {
  expect(applyGuarded(wallet, moved({ debitsPosted: 40n, creditsPending: 5n }))).toEqual({
    ok: true,
    value: { ...wallet, debitsPosted: 40n, creditsPending: 5n },
  });
});

test("a debit account's limits are the mirror image", () => {
  const cash: Account = { ...wallet, normalSide: "debit", debitsPosted: 100n, creditsPosted: 0n };

  expect(applyGuarded(cash, moved({ creditsPosted: 100n }))).toMatchObject({ ok: true });
  expect(applyGuarded(cash, moved({ creditsPosted: 101n }))).toEqual({
    ok: false,
    error: "below_min_available",
  });
  expect(applyGuarded(cash, moved({ debitsPosted: 400n }))).toMatchObject({ ok: true });
  expect(applyGuarded(cash, moved({ debitsPosted: 401n }))).toEqual({
    ok: false,
    error: "above_max_balance",
  });
});

test("refusals come in the documented precedence", () => {
  expect(refusalPrecedence).toEqual([
    "account_not_found",
    "account_currency_differs",
    "account_closed",
    "account_frozen",
    "below_min_available",
    "above_max_balance",
  ]);
});

test("of several refusals the first by precedence is answered, in whatever order they came", () => {
  fc.assert(
    fc.property(fc.shuffledSubarray([...refusalPrecedence]), (refusals) => {
      const first = refusalPrecedence.find((refusal) => refusals.includes(refusal));
      expect(firstByPrecedence(refusalPrecedence, new Set(refusals))).toBe(first);
    }),
  );
});
