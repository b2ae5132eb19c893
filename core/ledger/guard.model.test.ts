import fc from "fast-check";
import { expect, test } from "vitest";
import { guardedAccounts } from "#tests/support/arbitraries/ledger.ts";
import { type Account, type Counters, noCounters, type Side } from "./account.ts";
import type { PostingRefusal } from "./errors.ts";
import { applyGuarded, openingRoom, strain } from "./guard.ts";

/** What can happen to an account: a posting at once, a hold, or the end of its oldest hold. */
type Step =
  | { readonly kind: "post"; readonly side: Side; readonly amount: number }
  | { readonly kind: "hold"; readonly side: Side; readonly amount: number }
  | { readonly kind: "void" }
  | { readonly kind: "capture"; readonly percent: number };

const sides = fc.constantFrom<Side>("debit", "credit");
const smallAmounts = fc.integer({ min: 1, max: 40 });

const scripts: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant("post"), side: sides, amount: smallAmounts }),
    fc.record({ kind: fc.constant("hold"), side: sides, amount: smallAmounts }),
    fc.record({ kind: fc.constant("void") }),
    fc.record({ kind: fc.constant("capture"), percent: fc.integer({ min: 1, max: 100 }) }),
  ),
  { maxLength: 15 },
);

interface OpenHold {
  readonly side: Side;
  readonly amount: number;
}

/** The account as a child would keep it: what is on it, and which holds are open. */
interface Model {
  /** Towards the account's normal side. */
  readonly balance: number;
  readonly holds: readonly OpenHold[];
}

/** The model tries every subset of the open holds: more of them would make it slow, not better. */
const holdsMax = 5;

const modelOf = (account: Account): Model => ({
  balance: signed(account, "credit", account.creditsPosted) + signed(account, "debit", account.debitsPosted),
  holds: [],
});

const signed = (account: Account, side: Side, amount: bigint | number): number =>
  side === account.normalSide ? Number(amount) : -Number(amount);

/** Every balance at which the account could end: each of its open holds may come to be posted or not. */
const ends = (account: Account, { balance, holds }: Model): number[] =>
  holds.reduce(
    (soFar, hold) => soFar.flatMap((end) => [end, end + signed(account, hold.side, hold.amount)]),
    [balance],
  );

/** What a step makes of the model and by how much it moves the counters; undefined where it does not apply. */
function take(account: Account, model: Model, step: Step): { model: Model; movement: Counters } | undefined {
  const { balance, holds } = model;
  switch (step.kind) {
    case "post":
      return {
        model: { balance: balance + signed(account, step.side, step.amount), holds },
        movement: counted(step.side, { posted: step.amount, pending: 0 }),
      };
    case "hold":
      if (holds.length === holdsMax) return undefined;
      return {
        model: { balance, holds: [...holds, step] },
        movement: counted(step.side, { posted: 0, pending: step.amount }),
      };
    case "void":
    case "capture": {
      const [hold, ...others] = holds;
      if (hold === undefined) return undefined;
      const posted = step.kind === "void" ? 0 : Math.floor((hold.amount * step.percent) / 100);
      return {
        model: { balance: balance + signed(account, hold.side, posted), holds: others },
        movement: counted(hold.side, { posted, pending: -hold.amount }),
      };
    }
  }
}

const counted = (side: Side, { posted, pending }: { posted: number; pending: number }): Counters =>
  side === "debit"
    ? { ...noCounters, debitsPosted: BigInt(posted), debitsPending: BigInt(pending) }
    : { ...noCounters, creditsPosted: BigInt(posted), creditsPending: BigInt(pending) };

/** A limit refuses what brings the worst end beyond it, or further beyond it. */
function refusalIn(account: Account, before: Model, after: Model): PostingRefusal | undefined {
  const [endsBefore, endsAfter] = [ends(account, before), ends(account, after)];
  const [lowest, highest] = [Math.min(...endsAfter), Math.max(...endsAfter)];
  const { minAvailable, maxBalance } = account;
  if (minAvailable !== undefined && lowest < minAvailable && lowest < Math.min(...endsBefore))
    return "below_min_available";
  if (maxBalance !== undefined && highest > maxBalance && highest > Math.max(...endsBefore))
    return "above_max_balance";
  return undefined;
}

test("limits refuse exactly what a model refuses that tries every way in which the open holds could end", () => {
  fc.assert(
    fc.property(guardedAccounts, scripts, (start, script) => {
      let account = start;
      let model = modelOf(start);
      for (const step of script) {
        const next = take(account, model, step);
        if (next === undefined) continue;

        const result = applyGuarded(account, next.movement);

        expect(result.ok ? undefined : result.error).toBe(refusalIn(account, model, next.model));
        if (result.ok) {
          account = result.value;
          model = next.model;
        }
      }
    }),
    { numRuns: 500 },
  );
});

test("one number per side, moved by each movement that was taken, refuses just the same", () => {
  fc.assert(
    fc.property(guardedAccounts, scripts, (start, script) => {
      let account = start;
      let model = modelOf(start);
      const room = { ...openingRoom(start) };
      spend(room, start);
      for (const step of script) {
        const next = take(account, model, step);
        if (next === undefined) continue;
        const taken = strain(next.movement);
        const hasRoom = (side: Side) => taken[side] <= 0n || taken[side] <= room[side];

        const result = applyGuarded(account, next.movement);

        expect(result.ok).toBe(hasRoom("debit") && hasRoom("credit"));
        if (result.ok) {
          account = result.value;
          model = next.model;
          spend(room, next.movement);
        }
      }
    }),
  );
});

function spend(room: { debit: bigint; credit: bigint }, movement: Counters): void {
  const taken = strain(movement);
  room.debit -= taken.debit;
  room.credit -= taken.credit;
}
