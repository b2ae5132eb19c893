import fc from "fast-check";
import { expect, test } from "vitest";
import { demo, exampleDispute, minute, noon } from "#tests/support/examples.ts";
import { valued } from "#tests/support/valued.ts";
import { isBalanced } from "../ledger/entry.ts";
import { amountMax, money } from "../money/money.ts";
import type { Dispute } from "./dispute.ts";
import { chargebackEntry, chargebackWonEntry } from "./postings.ts";

const recorder = { now: noon + minute, execution: "run-1" };
const tail = exampleDispute().id.slice("dsp_".length);
const legsOf = (entry: ReturnType<typeof chargebackEntry>): string[] =>
  valued(entry).legs.map(({ account, side, amount }) => `${account} ${side} ${amount}`);

test("a chargeback takes what was disputed and the fee from what is available", () => {
  expect(legsOf(chargebackEntry(exampleDispute(), recorder))).toEqual([
    `${demo}:2110:USD debit 5500`,
    `${demo}:1100:alpha:USD credit 4000`,
    `${demo}:4200:USD credit 1500`,
  ]);
});

test("without a fee it has no leg for one", () => {
  expect(legsOf(chargebackEntry({ ...exampleDispute(), fee: 0n }, recorder))).toEqual([
    `${demo}:2110:USD debit 4000`,
    `${demo}:1100:alpha:USD credit 4000`,
  ]);
});

test("won, what was disputed returns to where it was taken from, and the fee does not", () => {
  expect(legsOf(chargebackWonEntry(exampleDispute(), recorder))).toEqual([
    `${demo}:1100:alpha:USD debit 4000`,
    `${demo}:2110:USD credit 4000`,
  ]);
});

test("both pass limits, name their dispute, and say when the money moved", () => {
  const opened = { ...exampleDispute(), openedAt: noon };
  expect(valued(chargebackEntry(opened, recorder))).toMatchObject({
    id: `je_${opened.payment}.chargeback.${tail}`,
    ...{ forced: true, state: "posted", effectiveAt: noon, recordedAt: noon + minute, execution: "run-1" },
  });
  expect(valued(chargebackWonEntry(opened, recorder))).toMatchObject({
    id: `je_${opened.payment}.chargeback_won.${tail}`,
    ...{ forced: true, effectiveAt: noon + minute },
  });
});

test("whatever is disputed, at whatever fee, both sides come to the same", () => {
  const amounts = fc.bigInt({ min: 1n, max: amountMax - 1_000_000n });
  fc.assert(
    fc.property(amounts, fc.bigInt({ min: 0n, max: 1_000_000n }), (amount, fee) => {
      const dispute: Dispute = { ...exampleDispute(), total: money(amount, "USD"), fee };
      for (const entry of [chargebackEntry(dispute, recorder), chargebackWonEntry(dispute, recorder)])
        expect(isBalanced(valued(entry).legs)).toBe(true);
    }),
  );
});
