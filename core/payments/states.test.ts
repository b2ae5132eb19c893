import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isPaymentState, isTerminal, mayMove, type PaymentState, paymentStates } from "./states.ts";

// The design's table, row by row.
// biome-ignore format: a table is read in rows
const allowed: Record<PaymentState, readonly PaymentState[]> = {
  processing:      ["requires_action", "authorized", "captured", "declined", "failed", "in_review"],
  requires_action: ["processing", "expired", "canceled"],
  authorized:      ["captured", "canceled", "expired", "in_review"],
  in_review:       ["authorized", "captured", "declined", "failed", "canceled"],
  captured:        ["settled"],
  settled:         [],
  declined:        [],
  failed:          [],
  canceled:        [],
  expired:         [],
};

test("the states are those of the table", () => {
  expect(paymentStates.toSorted()).toEqual(Object.keys(allowed).toSorted());
});

describe.each(paymentStates.map((from) => ({ from })))("from $from", ({ from }) => {
  test.each(paymentStates.map((to) => ({ to, may: allowed[from].includes(to) ? "may" : "may not" })))(
    "a payment $may move to $to",
    ({ to, may }) => {
      expect(mayMove(from, to)).toBe(may === "may");
    },
  );
});

test("a state is terminal when nothing leaves it; captured is not, since it still settles", () => {
  expect(paymentStates.filter(isTerminal)).toEqual(["settled", "declined", "failed", "canceled", "expired"]);
});

test("every walk along the table ends in a terminal state, and stays there", () => {
  const choices = fc.array(fc.nat(), { minLength: 200, maxLength: 200 });

  fc.assert(
    fc.property(choices, (picks) => {
      const walk: PaymentState[] = ["processing"];
      for (const pick of picks) {
        const from = walk.at(-1) ?? "processing";
        const targets = paymentStates.filter((to) => mayMove(from, to));
        const to = targets[pick % targets.length];
        if (to === undefined) break;
        expect(isTerminal(from)).toBe(false);
        walk.push(to);
      }
      expect(isTerminal(walk.at(-1) ?? "processing")).toBe(true);
    }),
  );
});

test.each(["processing", "in_review", "settled"])("%s is a state", (text) => {
  expect(isPaymentState(text)).toBe(true);
});

test.each(["", "Processing", "refunded", "toString", "__proto__"])("'%s' is not a state", (text) => {
  expect(isPaymentState(text)).toBe(false);
});
