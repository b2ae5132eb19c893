import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { noon } from "#tests/support/examples.ts";
import { type Arrival, TornPayment } from "#tests/support/torn-payment.ts";
import { capturedOf, type Payment, refundedOf } from "../payments/payment.ts";
import { refundMayMove } from "../payments/refund.ts";
import type { Arrived } from "./arrived.ts";
import { type CaughtUp, catchUp } from "./catch-up.ts";

const now = noon + 60_000;

/** What was caught up with, a line for each version and finding. */
function told({ payment, refunds, torn }: CaughtUp): string[] {
  return [
    ...payment.map((each) => {
      const going = each.pendingOperation === undefined ? "" : `, ${each.pendingOperation.kind} goes on`;
      return `payment ${each.state} ${capturedOf(each)}-${refundedOf(each)}${going}`;
    }),
    ...refunds.map((each) => `refund ${each.n} ${each.state}${"held" in each && each.held ? " held" : ""}`),
    ...torn.map(({ what }) => what.replaceAll(/(pay|re)_\w+/g, "$1")),
  ];
}

const manual = () => TornPayment.card({ capture: "manual" }).authorize();
const captured = () => TornPayment.card().authorize().capture();
/** Two refunds that are alike, of which one was given. The records are two of the payment, then two of each. */
const twins = (first: boolean) => {
  const one = captured().beginRefund(30n).holdRefund();
  const two = (first ? one.giveBack() : one.refuseRefund()).beginRefund(30n).holdRefund();
  return first ? two.refuseRefund() : two.giveBack();
};
const wallets = (first: boolean) => {
  const one = TornPayment.wallet().pay().beginRefund(30n);
  const two = (first ? one.giveBack() : one.refuseRefund()).beginRefund(30n);
  return first ? two.refuseRefund() : two.giveBack();
};

// biome-ignore format: a table is read in rows
const rows: [what: string, torn: TornPayment, arrival: Arrival, expected: string[]][] = [
  ["all of it", captured().beginRefund(30n).holdRefund().giveBack(), {}, []],

  // A hold's end in the journal, its payment still holds.
  ["a capture, by its record", manual().asksCapture(60n).capture(60n), { payment: 3 }, ["payment captured 60-0"]],
  ["a capture, before it was asked for", manual().asksCapture(60n).capture(60n), { payment: 2 }, ["payment captured 60-0"]],
  ["a release, by its record", manual().release(), { payment: 2 }, ["payment canceled 0-0"]],
  ["an expiry, by its record", manual().expire(), { payment: 2 }, ["payment expired 0-0"]],
  ["an expiry, by its record and out of review", manual().inReview().outOfReview().expire(), { payment: 3 },
    ["payment authorized 0-0", "payment expired 0-0"]],

  // A hold in the journal, its payment knows nothing of it.
  ["a hold, by its record", manual(), { payment: 1 }, []],

  // A refund, its payment has not begun it, or not ended it.
  ["a refund that began", captured().beginRefund(30n), { payment: 3 }, ["payment captured 10000-0, refund goes on"]],
  ["a refund that succeeded", captured().beginRefund(30n).holdRefund().giveBack(), { payment: 4 }, ["payment captured 10000-30"]],
  ["a refund that failed", captured().beginRefund(30n).refuseRefund(), { payment: 4 }, ["payment captured 10000-0"]],
  ["a refund that began and succeeded", captured().beginRefund(30n).holdRefund().giveBack(), { payment: 3 },
    ["payment captured 10000-0, refund goes on", "payment captured 10000-30"]],
  ["a refund in review", captured().beginRefund(30n).holdRefund().refundInReview(), { payment: 4 },
    ["payment captured 10000-0, refund goes on"]],
  ["two refunds, one after the other", twins(true), { payment: 3 },
    ["payment captured 10000-0, refund goes on", "payment captured 10000-30",
     "payment captured 10000-30, refund goes on", "payment captured 10000-30"]],

  // A payment that has begun or ended a refund, an older refund: by the journal, and by how much the payment grew.
  ["of two that are alike, the first was given", twins(true), { refunds: [1, 2] },
    ["refund 1 processing held", "refund 1 succeeded", "refund 2 failed"]],
  ["of two that are alike, the second was given", twins(false), { refunds: [2, 2] }, ["refund 1 failed", "refund 2 succeeded"]],
  ["of two that are alike, the second was given, and one record arrived", twins(false), { refunds: [2, 2], without: [3] },
    ["refund 1 failed", "refund 2 succeeded"]],
  ["of two that are alike, one was given, and no record says which", twins(false), { refunds: [2, 2], without: [3, 5] },
    ["ended with pay, and what it came to is not known", "ended with pay, and what it came to is not known"]],
  ["two of a wallet that are alike, the first was given", wallets(true), { refunds: [1, 1] }, ["refund 1 succeeded", "refund 2 failed"]],
  ["two of a wallet that are alike, the second was given", wallets(false), { refunds: [1, 1] }, ["refund 1 failed", "refund 2 succeeded"]],
  ["a refund was given, and its record did not arrive", captured().beginRefund(30n).holdRefund().giveBack(), { refunds: [2], without: [3] },
    ["refund 1 succeeded"]],
  ["a refund was not given, and its record did not arrive", captured().beginRefund(30n).holdRefund().refuseRefund(), { refunds: [2], without: [3] },
    ["refund 1 failed"]],
  ["a refund ended before the next, of which the payment knows nothing",
    captured().beginRefund(30n).holdRefund().giveBack().beginRefund(20n).holdRefund().giveBack(),
    { payment: 5, refunds: [2, 3], without: [3] },
    ["payment captured 10000-30, refund goes on", "payment captured 10000-50", "refund 1 succeeded"]],
  ["all that was given back is of those that are not known to have ended",
    captured().beginRefund(30n).holdRefund().giveBack().beginRefund(20n).holdRefund().giveBack(),
    { refunds: [2, 2], without: [3, 5] }, ["refund 1 succeeded", "refund 2 succeeded"]],

  // A payment that waits for a refund, or has ended one, and the refund did not arrive.
  ["a refund that goes on and did not arrive", captured().beginRefund(30n), { refunds: [0] },
    ["refund 1 processing", "did not arrive, and goes on from what pay says: its reason is lost"]],
  ["a refund that ended and did not arrive", captured().beginRefund(30n).holdRefund().giveBack(), { refunds: [0] },
    ["ended with pay, and did not arrive: what it came to is not known"]],
  ["one of two did not arrive, and the other's record neither", twins(true), { refunds: [0, 2], without: [5] },
    ["ended with pay, and what it came to is not known", "ended with pay, and did not arrive: what it came to is not known"]],

  // What cannot be.
  ["a refund that is not the next", twins(true), { payment: 3, refunds: [0, 2] },
    ["is refund 2 of pay, which cannot have begun it as it stands"]],
];

describe("what is behind catches up", () => {
  test.each(rows)("%s", (_what, torn, arrival, expected) => {
    expect(told(catchUp(torn.arrived(arrival), now))).toEqual(expected);
  });

  test("a capture that was not asked for is not taken: a person is told", () => {
    const other = manual().asksCapture(60n).capture(60n);
    const asked = manual().asksCapture(70n);
    const arrived = { ...other.arrived(), payment: asked.payment };
    expect(told(catchUp(arrived, now))).toEqual([
      "is authorized, and its hold is posted: the two do not fit",
    ]);
  });
});

const ends = ["begun", "held", "in review", "given", "refused", "refused at once"] as const;

function refund(torn: TornPayment, amount: bigint, end: (typeof ends)[number]): void {
  torn.beginRefund(amount);
  if (torn.payment.method.type !== "account" && end !== "begun" && end !== "refused at once")
    torn.holdRefund();
  if (end === "in review") torn.refundInReview();
  if (end === "given") torn.giveBack();
  if (end.startsWith("refused")) torn.refuseRefund();
}

/** Payments' lives, each step where it may be. */
const lives: fc.Arbitrary<TornPayment> = fc
  .tuple(
    fc.constantFrom("automatic", "manual", "wallet"),
    fc.constantFrom("authorized", "captured", "captured", "captured", "released", "expired"),
    fc.array(fc.tuple(fc.constantFrom(10n, 20n), fc.constantFrom(...ends)), { maxLength: 4 }),
  )
  .map(([kind, end, refunds]) => {
    const torn =
      kind === "wallet" ? TornPayment.wallet().pay() : TornPayment.card({ capture: kind as "manual" });
    if (kind !== "wallet") torn.authorize();
    if (kind !== "wallet" && end === "released") torn.release();
    if (kind !== "wallet" && end === "expired") torn.expire();
    if (kind !== "wallet" && end === "captured")
      (kind === "manual" ? torn.asksCapture(60_00n) : torn).capture(kind === "manual" ? 60_00n : undefined);
    for (const [amount, came] of refunds)
      if (torn.payment.state === "captured" && torn.payment.pendingOperation === undefined)
        refund(torn, amount, came);
    return torn;
  });

/** Any part of each item, and any of the records. */
const arrivals = fc.record({
  payment: fc.nat(),
  refunds: fc.array(fc.nat(), { minLength: 4, maxLength: 4 }),
  lost: fc.array(fc.boolean(), { minLength: 12, maxLength: 12 }),
});

const tornLives = fc.tuple(lives, arrivals).map(([torn, { payment, refunds, lost }]) => ({
  torn,
  arrived: torn.arrived({
    payment: 1 + (payment % torn.versions.length),
    refunds: torn.refunds.map((versions, index) => (refunds[index] ?? 0) % (versions.length + 1)),
    without: lost.flatMap((isLost, place) => (isLost ? [place] : [])),
  }),
}));

const afterwards = (arrived: Arrived, { payment, refunds }: CaughtUp): Arrived => ({
  ...arrived,
  payment: payment.at(-1) ?? arrived.payment,
  refunds: [...new Map([...arrived.refunds, ...refunds].map((each) => [each.id, each])).values()],
});

describe("whatever part of a payment arrived", () => {
  test("it catches up once: the second time there is nothing left", () => {
    fc.assert(
      fc.property(tornLives, ({ arrived }) => {
        const again = catchUp(afterwards(arrived, catchUp(arrived, now)), now);
        expect([again.payment, again.refunds]).toEqual([[], []]);
      }),
      { numRuns: 1_000 },
    );
  });

  test("nothing is made up: what it catches up with, it had come to before", () => {
    const money = (payment: Payment) =>
      `${payment.state} ${capturedOf(payment)} ${refundedOf(payment)} ${payment.refunds?.length ?? 0}`;
    fc.assert(
      fc.property(tornLives, ({ torn, arrived }) => {
        const caught = catchUp(arrived, now);
        const was = torn.versions.map(money);
        for (const payment of caught.payment) expect(was).toContain(money(payment));
        for (const { n, state } of caught.refunds)
          if (!refundMayMove(state, "failed")) expect(state).toBe(torn.refunds[n - 1]?.at(-1)?.state);
      }),
      { numRuns: 1_000 },
    );
  });
});
