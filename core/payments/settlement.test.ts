import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { authorizations, paymentsIn } from "#tests/support/arbitraries/payments.ts";
import { exampleAuthorization, examplePayment, minute, noon, refundId } from "#tests/support/examples.ts";
import { valued } from "#tests/support/valued.ts";
import { type AccountId, noCounters } from "../ledger/account.ts";
import { checkEntry, type Leg } from "../ledger/entry.ts";
import { entryRecord, type JournalRecord, resolutionRecord } from "../ledger/journal.ts";
import { fold } from "../ledger/trial-balance.ts";
import type { Payment } from "./payment.ts";
import { captureResolution, holdEntry } from "./postings.ts";
import { settlementOf } from "./settlement.ts";

const authorization = exampleAuthorization;
const recorder = { now: noon + minute, execution: "reconciler" };
const captured = (refunded = 0n): Payment =>
  examplePayment({ state: "captured", authorization, captured: 100_00n, refunded });

const legsOf = (journal: JournalRecord | undefined): readonly Leg[] =>
  journal?.type === "entry" ? journal.entry.legs : [];
const written = (journal: JournalRecord | undefined) =>
  legsOf(journal).map((leg) => `${leg.side} ${leg.account} ${leg.amount} ${leg.currency}`);

describe("a captured payment that its acquirer has paid out", () => {
  // Its fee is 2.9 % and 30.
  // biome-ignore format: a table is read in rows
  test.each([
    { refunded: 0n,      released: 96_80n, legs: ["debit mer_demo:2100:USD 9680 USD", "credit mer_demo:2110:USD 9680 USD"] },
    { refunded: 40_00n,  released: 56_80n, legs: ["debit mer_demo:2100:USD 5680 USD", "credit mer_demo:2110:USD 5680 USD"] },
    { refunded: 96_80n,  released: 0n,     legs: [] },
    { refunded: 100_00n, released: -3_20n, legs: ["debit mer_demo:2110:USD 320 USD", "credit mer_demo:2100:USD 320 USD"] },
  ])("of which $refunded went back makes $released available", ({ refunded, released, legs }) => {
    const payment = captured(refunded);
    const { before, after, journal } = valued(settlementOf(payment, recorder));
    expect(before).toBe(payment);
    expect(after).toEqual({
      ...{ ...payment, state: "settled", released },
      ...{ version: payment.version + 1, updatedAt: noon + minute },
    });
    expect(written(journal)).toEqual(legs);
  });

  test("has one entry, named after it, at the time of its settlement", () => {
    const { journal } = valued(settlementOf(captured(), recorder));
    expect(journal).toMatchObject({
      type: "entry",
      entry: {
        ...{ id: `je_${captured().id}.settle.1`, book: "mer_demo", state: "posted" },
        ...{ effectiveAt: noon + minute, recordedAt: noon + minute, execution: "reconciler" },
      },
    });
  });

  test("waits for the refund that goes on with it", () => {
    const pendingOperation = { kind: "refund", refund: refundId, amount: 1n, startedAt: noon } as const;
    expect(settlementOf({ ...captured(), pendingOperation }, recorder)).toEqual({
      ok: false,
      error: { code: "operation_in_progress", operation: "refund" },
    });
  });
});

test("a wallet's payment has no acquirer who would settle it", () => {
  const wallet = examplePayment({ state: "captured", captured: 100_00n, refunded: 0n });
  expect(settlementOf(wallet, recorder)).toEqual({
    ok: false,
    error: { code: "wrong_state", state: "captured" },
  });
});

test("what is not captured, or settled already, does not settle", () => {
  for (const state of ["authorized", "settled", "in_review", "canceled", "processing"] as const)
    fc.assert(
      fc.property(paymentsIn(state), (payment) => {
        expect(settlementOf(payment, recorder)).toMatchObject({ error: { code: "wrong_state", state } });
      }),
      { numRuns: 10 },
    );
});

test("whatever was captured: what was pending is available, to the last unit", () => {
  fc.assert(
    fc.property(paymentsIn("authorized"), authorizations, fc.nat({ max: 100 }), (held, promise, percent) => {
      const amount = (held.total.amount * BigInt(percent)) / 100n || 1n;
      const at = { now: promise.expiresAt - 1, execution: "e" };
      const hold = valued(holdEntry(held, promise, { ...at, now: promise.expiresAt - 2 }));
      const capture = valued(captureResolution(held, promise, amount, at));
      const { pendingOperation: _, ...rest } = held;
      const paid = {
        ...rest,
        state: "captured",
        authorization: promise,
        captured: amount,
        refunded: 0n,
      } as Payment;
      const { journal } = valued(settlementOf(paid, recorder));
      if (journal !== undefined && journal.type === "entry") expect(checkEntry(journal.entry).ok).toBe(true);
      const before = fold([entryRecord(hold), resolutionRecord(capture)]);
      const after = fold([
        entryRecord(hold),
        resolutionRecord(capture),
        ...(journal === undefined ? [] : [journal]),
      ]);
      const of = (code: number, balances: typeof after) => {
        const { creditsPosted, debitsPosted } =
          balances.get(`${held.book}:${code}:${held.total.currency}` as AccountId) ?? noCounters;
        return creditsPosted - debitsPosted;
      };
      expect(of(2100, after)).toBe(0n);
      expect(of(2110, after)).toBe(of(2100, before));
    }),
  );
});
