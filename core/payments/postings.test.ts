import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { authorizations, paymentsIn } from "#tests/support/arbitraries/payments.ts";
import {
  exampleAuthorization,
  examplePayment,
  exampleRefund,
  minute,
  noon,
} from "#tests/support/examples.ts";
import type { AccountId } from "../ledger/account.ts";
import { checkEntry, type Leg } from "../ledger/entry.ts";
import { entryRecord, resolutionRecord } from "../ledger/journal.ts";
import { fold } from "../ledger/trial-balance.ts";
import type { Currency } from "../money/currency.ts";
import type { FeeSchedule } from "../pricing/fee-schedule.ts";
import type { Payment } from "./payment.ts";
import {
  captureResolution,
  expiredResolution,
  holdEntry,
  refundHold,
  refundPosted,
  refundVoided,
  voidResolution,
  walletRefund,
  walletTransfer,
} from "./postings.ts";

const authorization = exampleAuthorization;
const payment = examplePayment();
const recorder = { now: noon + minute, execution: "saga-1" };

/** Legs as an accountant writes them. */
const written = (legs: readonly Leg[]) =>
  legs.map((leg) => `${leg.side} ${leg.account} ${leg.amount} ${leg.currency}`);

const priced = (total: bigint, currency: Currency, fees: FeeSchedule): Payment => ({
  ...payment,
  total: { amount: total, currency },
  fees,
});

describe("an authorization of 100.00 USD", () => {
  test("holds all of it: debit 1100, credit 2100, pending until the acquirer's expiry", () => {
    const hold = holdEntry(payment, authorization, recorder);

    expect(hold).toEqual({
      ok: true,
      value: {
        id: `je_${payment.id}.authorize.1`,
        book: "mer_demo",
        state: "pending",
        legs: [
          { side: "debit", account: "mer_demo:1100:alpha:USD", amount: 100_00n, currency: "USD" },
          { side: "credit", account: "mer_demo:2100:USD", amount: 100_00n, currency: "USD" },
        ],
        effectiveAt: noon + minute,
        recordedAt: noon + minute,
        expiresAt: authorization.expiresAt,
        execution: "saga-1",
      },
    });
  });

  test("of an amount out of range is refused", () => {
    const tooMuch = priced(10n ** 15n + 1n, "USD", payment.fees);

    expect(holdEntry(tooMuch, authorization, recorder)).toEqual({ ok: false, error: "amount_out_of_range" });
  });

  test("is released whole by a void", () => {
    expect(voidResolution(payment, authorization, recorder)).toEqual({
      kind: "voided",
      hold: `je_${payment.id}.authorize.1`,
      book: "mer_demo",
      released: holdOf(payment).legs,
      recordedAt: noon + minute,
      execution: "saga-1",
    });
  });
});

test("an authorization that has expired releases its hold as expired, and not a moment before", () => {
  const at = (now: number) => expiredResolution(payment, authorization, { ...recorder, now });
  expect(at(authorization.expiresAt - 1)).toBeUndefined();
  expect(at(authorization.expiresAt)).toMatchObject({ kind: "expired", released: holdOf(payment).legs });
});

describe("a refund of 30.00 USD", () => {
  const hold = (from: 2100 | 2110) => refundHold({ ...exampleRefund(), n: 2, from }, authorization, recorder);

  test("holds it, without end: debit what the merchant is owed, credit 1100", () => {
    const held = hold(2100);
    expect(held).toMatchObject({
      value: { id: `je_${payment.id}.refund.2`, state: "pending", execution: "saga-1" },
    });
    expect(held).not.toHaveProperty("value.expiresAt");
    expect(held.ok && written(held.value.legs)).toEqual([
      "debit mer_demo:2100:USD 3000 USD",
      "credit mer_demo:1100:alpha:USD 3000 USD",
    ]);
  });

  test("of a settled payment debits what the merchant could be paid out", () => {
    const held = hold(2110);
    expect(held.ok && written(held.value.legs)[0]).toBe("debit mer_demo:2110:USD 3000 USD");
  });

  test("posts what it holds once the acquirer gave it back, and releases it when it did not", () => {
    const refund = { ...exampleRefund({ state: "processing", held: true }), n: 2 };
    const held = hold(2100);
    const legs = held.ok ? held.value.legs : [];
    expect(refundPosted(refund, authorization, recorder)).toEqual({
      kind: "posted",
      hold: `je_${payment.id}.refund.2`,
      book: "mer_demo",
      released: legs,
      recordedAt: noon + minute,
      execution: "saga-1",
      entry: { id: `je_${payment.id}.refunded.2`, legs, effectiveAt: noon + minute },
    });
    expect(refundVoided(refund, authorization, recorder)).toMatchObject({ kind: "voided", released: legs });
  });
});

describe("a wallet", () => {
  const wallet = { type: "account", account: "acc_ann" as AccountId } as const;

  test("pays into the merchant's sales, whole and at once", () => {
    const entry = walletTransfer(payment, wallet, recorder);
    expect(entry).toMatchObject({ value: { id: `je_${payment.id}.transfer.1`, state: "posted" } });
    expect(entry.ok && written(entry.value.legs)).toEqual([
      "debit acc_ann 10000 USD",
      "credit acc_sales_usd 10000 USD",
    ]);
  });

  test("is paid back from there", () => {
    const entry = walletRefund(exampleRefund(), wallet, recorder);
    expect(entry).toMatchObject({ value: { id: `je_${payment.id}.refunded.1`, state: "posted" } });
    expect(entry.ok && written(entry.value.legs)).toEqual([
      "debit acc_sales_usd 3000 USD",
      "credit acc_ann 3000 USD",
    ]);
  });

  test.each(["acc_sales_usd", "acc_sales_eur"])(
    "is none of the merchant's sales, which have no limit: %s",
    (account) => {
      const sales = { type: "account", account: account as AccountId } as const;
      expect(walletTransfer(payment, sales, recorder)).toEqual({ ok: false, error: "account_repeated" });
    },
  );
});

function holdOf(of: Payment) {
  const hold = holdEntry(of, authorization, recorder);
  if (!hold.ok) throw new Error(hold.error);
  return hold.value;
}

describe("a capture", () => {
  test("resolves the hold under the capture's own entry id", () => {
    expect(captureResolution(payment, authorization, 100_00n, recorder)).toMatchObject({
      ok: true,
      value: {
        kind: "posted",
        hold: `je_${payment.id}.authorize.1`,
        released: holdOf(payment).legs,
        recordedAt: noon + minute,
        execution: "saga-1",
        entry: { id: `je_${payment.id}.capture.1`, effectiveAt: noon + minute },
      },
    });
  });

  // biome-ignore format: a table is read in rows
  test.each<{ rule: string; of: Payment; amount: bigint; legs: string[] }>([
    { rule: "splits into the merchant's share and the fee",
      of: priced(100_00n, "USD", { basisPoints: 290, fixed: 30n }), amount: 100_00n,
      legs: ["debit mer_demo:1100:alpha:USD 10000 USD", "credit mer_demo:2100:USD 9680 USD", "credit mer_demo:4000:USD 320 USD"] },
    { rule: "of a part pays the fee of that part",
      of: priced(100_00n, "USD", { basisPoints: 290, fixed: 30n }), amount: 50_00n,
      legs: ["debit mer_demo:1100:alpha:USD 5000 USD", "credit mer_demo:2100:USD 4825 USD", "credit mer_demo:4000:USD 175 USD"] },
    { rule: "that is free has no fee leg",
      of: priced(100_00n, "USD", { basisPoints: 0, fixed: 0n }), amount: 100_00n,
      legs: ["debit mer_demo:1100:alpha:USD 10000 USD", "credit mer_demo:2100:USD 10000 USD"] },
    { rule: "whose percentage rounds to nothing has no fee leg",
      of: priced(100_00n, "JPY", { basisPoints: 290, fixed: 0n }), amount: 1n,
      legs: ["debit mer_demo:1100:alpha:JPY 1 JPY", "credit mer_demo:2100:JPY 1 JPY"] },
    { rule: "smaller than its fee is all fee and leaves the merchant nothing, not a debt",
      of: priced(100_00n, "USD", { basisPoints: 290, fixed: 30n }), amount: 29n,
      legs: ["debit mer_demo:1100:alpha:USD 29 USD", "credit mer_demo:4000:USD 29 USD"] },
    { rule: "of exactly its fee is all fee",
      of: priced(100_00n, "USD", { basisPoints: 0, fixed: 30n }), amount: 30n,
      legs: ["debit mer_demo:1100:alpha:USD 30 USD", "credit mer_demo:4000:USD 30 USD"] },
    { rule: "one unit above its fee leaves the merchant that unit",
      of: priced(100_00n, "KWD", { basisPoints: 0, fixed: 30n }), amount: 31n,
      legs: ["debit mer_demo:1100:alpha:KWD 31 KWD", "credit mer_demo:2100:KWD 1 KWD", "credit mer_demo:4000:KWD 30 KWD"] },
  ])("$rule", ({ of, amount, legs }) => {
    const resolution = captureResolution(of, authorization, amount, recorder);
    if (!resolution.ok || resolution.value.kind !== "posted") throw new Error("the capture was refused");

    expect(written(resolution.value.entry.legs)).toEqual(legs);
  });

  // biome-ignore format: a table is read in rows
  test.each([
    { flaw: "more than was authorized", amount: 100_01n, at: noon,                        error: "exceeds_hold" },
    { flaw: "nothing",                  amount: 0n,      at: noon,                        error: "too_few_legs" },
    { flaw: "less than nothing",        amount: -5n,     at: noon,                        error: "too_few_legs" },
    { flaw: "an expired authorization", amount: 1n,      at: authorization.expiresAt,     error: "hold_expired" },
  ])("of $flaw is refused: $error", ({ amount, at, error }) => {
    expect(captureResolution(payment, authorization, amount, { ...recorder, now: at })).toEqual({ ok: false, error });
  });

  test("releases the hold that was posted, though the payment has moved on since", () => {
    const hold = holdEntry(examplePayment(), authorization, recorder);
    const later = {
      ...examplePayment({ state: "authorized", authorization }),
      version: 2,
      updatedAt: noon + minute,
    };
    const resolution = captureResolution(later, authorization, 100_00n, {
      ...recorder,
      now: noon + 9 * minute,
    });
    if (!hold.ok || !resolution.ok) throw new Error("refused");

    expect(resolution.value.hold).toBe(hold.value.id);
    expect(resolution.value.released).toEqual(hold.value.legs);
  });
});

describe("for any authorized payment and any part of it", () => {
  const captures = fc.tuple(paymentsIn("authorized"), authorizations).chain(([of, held]) =>
    fc.record({
      of: fc.constant(of),
      held: fc.constant(held),
      amount: fc.oneof(
        fc.bigInt({ min: 1n, max: of.total.amount }),
        fc.bigInt({ min: 1n, max: of.total.amount < 50n ? of.total.amount : 50n }),
      ),
    }),
  );

  test("fee and merchant's share are not negative and make up the capture; all that was held is released", () => {
    fc.assert(
      fc.property(captures, ({ of, held, amount }) => {
        const inTime = { now: held.expiresAt - 1, execution: "saga-1" };
        const hold = holdEntry(of, held, inTime);
        const resolution = captureResolution(of, held, amount, inTime);
        if (!hold.ok || !resolution.ok || resolution.value.kind !== "posted") throw new Error("refused");
        const { entry, released } = resolution.value;
        const sideSum = (side: string) =>
          entry.legs.reduce((sum, leg) => (leg.side === side ? sum + leg.amount : sum), 0n);

        expect(checkEntry({ book: of.book, legs: entry.legs })).toMatchObject({ ok: true });
        expect(entry.legs.every((leg) => leg.amount > 0n)).toBe(true);
        expect([sideSum("debit"), sideSum("credit")]).toEqual([amount, amount]);
        expect(released).toEqual(hold.value.legs);
      }),
    );
  });

  test("the books then hold the capture, and nothing is pending", () => {
    fc.assert(
      fc.property(captures, ({ of, held, amount }) => {
        const inTime = { now: held.expiresAt - 1, execution: "saga-1" };
        const hold = holdEntry(of, held, inTime);
        const resolution = captureResolution(of, held, amount, inTime);
        if (!hold.ok || !resolution.ok) throw new Error("refused");
        const balances = [...fold([entryRecord(hold.value), resolutionRecord(resolution.value)]).values()];

        expect(
          balances.every((account) => account.debitsPending === 0n && account.creditsPending === 0n),
        ).toBe(true);
        expect(balances.reduce((sum, account) => sum + account.debitsPosted, 0n)).toBe(amount);
        expect(balances.reduce((sum, account) => sum + account.creditsPosted, 0n)).toBe(amount);
      }),
    );
  });

  test("one minor unit more than was held is refused", () => {
    fc.assert(
      fc.property(paymentsIn("authorized"), authorizations, (of, held) => {
        fc.pre(of.total.amount < 10n ** 15n);
        const inTime = { now: held.expiresAt - 1, execution: "saga-1" };
        expect(captureResolution(of, held, of.total.amount + 1n, inTime)).toEqual({
          ok: false,
          error: "exceeds_hold",
        });
      }),
    );
  });
});
