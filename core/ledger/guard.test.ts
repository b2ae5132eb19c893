import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { guardedAccounts } from "#tests/support/arbitraries.ts";
import { demo } from "#tests/support/examples.ts";
import {
  type Account,
  type AccountId,
  addCounters,
  type Counters,
  noCounters,
  type Side,
} from "./account.ts";
import { firstByPrecedence, type PostingRefusal, refusalPrecedence } from "./errors.ts";
import { applyGuarded, openingRoom, strain } from "./guard.ts";

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
  { rule: "without limits anything goes out", account: unlimited(), movement: { debitsPosted: 10n ** 15n },  answer: "ok" },
  { rule: "without limits anything comes in", account: unlimited(), movement: { creditsPosted: 10n ** 15n }, answer: "ok" },
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

function unlimited(): Partial<Account> {
  return { minAvailable: -(10n ** 29n), maxBalance: 10n ** 29n };
}

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

/** What can happen to the model's account: a posting at once, a hold, or the end of the oldest hold. */
type Step =
  | { readonly kind: "post" | "hold"; readonly side: Side; readonly amount: bigint }
  | { readonly kind: "void" }
  | { readonly kind: "capture"; readonly percent: number };

interface OpenHold {
  readonly side: Side;
  readonly amount: bigint;
}

const holdsMax = 5;

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    fc.record({
      kind: fc.constantFrom("post", "hold"),
      side: fc.constantFrom<Side>("debit", "credit"),
      amount: fc.bigInt({ min: 1n, max: 40n }),
    }),
    fc.record({ kind: fc.constant("void") }),
    fc.record({ kind: fc.constant("capture"), percent: fc.integer({ min: 1, max: 100 }) }),
  ),
  { maxLength: 15 },
);

/** Every balance that the account could end at: each subset of the open holds may come to be posted. */
function reachable(balance: bigint, normalSide: Side, holds: readonly OpenHold[]): bigint[] {
  return holds.reduce(
    (ends, hold) =>
      ends.flatMap((end) => [end, end + (hold.side === normalSide ? hold.amount : -hold.amount)]),
    [balance],
  );
}
const lowest = (ends: readonly bigint[]) => ends.reduce((low, end) => (end < low ? end : low));
const highest = (ends: readonly bigint[]) => ends.reduce((high, end) => (end > high ? end : high));

describe("against a model that tries every way in which the open holds could end", () => {
  test("a limit refuses exactly what brings an end beyond it, or further beyond it", () => {
    fc.assert(
      fc.property(guardedAccounts, steps, (start, script) => {
        const { normalSide, minAvailable, maxBalance } = start;
        let account = start;
        let balance = (start.creditsPosted - start.debitsPosted) * (normalSide === "credit" ? 1n : -1n);
        let holds: OpenHold[] = [];

        for (const step of script) {
          const next = take(step, holds);
          if (next === undefined) continue;
          const posted = next.side === normalSide ? next.posted : -next.posted;
          const before = reachable(balance, normalSide, holds);
          const after = reachable(balance + posted, normalSide, next.holds);
          const refusals = new Set<PostingRefusal>();
          if (minAvailable !== undefined && lowest(after) < minAvailable && lowest(after) < lowest(before))
            refusals.add("below_min_available");
          if (maxBalance !== undefined && highest(after) > maxBalance && highest(after) > highest(before))
            refusals.add("above_max_balance");

          const result = applyGuarded(account, next.movement);

          expect(result.ok ? undefined : result.error).toBe(firstByPrecedence(refusalPrecedence, refusals));
          if (!result.ok) continue;
          account = result.value;
          balance += posted;
          holds = next.holds;
        }
      }),
      { numRuns: 500 },
    );
  });

  test("the room that a database moves says the same as the counters", () => {
    fc.assert(
      fc.property(guardedAccounts, steps, (start, script) => {
        let account = start;
        let holds: OpenHold[] = [];
        const opening = openingRoom(start);
        const used = strain(start);
        const room = { debit: opening.debit - used.debit, credit: opening.credit - used.credit };

        for (const step of script) {
          const next = take(step, holds);
          if (next === undefined) continue;
          const taken = strain(next.movement);
          const roomSays = (["debit", "credit"] as const).every(
            (side) => taken[side] <= 0n || taken[side] <= room[side],
          );

          const result = applyGuarded(account, next.movement);

          expect(result.ok).toBe(roomSays);
          if (!result.ok) continue;
          account = result.value;
          holds = next.holds;
          room.debit -= taken.debit;
          room.credit -= taken.credit;
        }
        expect(account).toMatchObject(addCounters(account, noCounters));
      }),
    );
  });
});

/** A step as counters that move and holds that stay open; undefined where it does not apply. */
function take(step: Step, holds: readonly OpenHold[]) {
  if (step.kind === "post") {
    const { side, amount } = step;
    return { side, posted: amount, holds: [...holds], movement: counted(side, { posted: amount }) };
  }
  if (step.kind === "hold") {
    if (holds.length === holdsMax) return undefined;
    const { side, amount } = step;
    return {
      side,
      posted: 0n,
      holds: [...holds, { side, amount }],
      movement: counted(side, { pending: amount }),
    };
  }
  const [hold, ...rest] = holds;
  if (hold === undefined) return undefined;
  const { side, amount } = hold;
  const posted = step.kind === "void" ? 0n : (amount * BigInt(step.percent)) / 100n;
  return { side, posted, holds: rest, movement: counted(side, { posted, pending: -amount }) };
}

function counted(side: Side, { posted = 0n, pending = 0n }: { posted?: bigint; pending?: bigint }): Counters {
  return side === "debit"
    ? moved({ debitsPosted: posted, debitsPending: pending })
    : moved({ creditsPosted: posted, creditsPending: pending });
}

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
