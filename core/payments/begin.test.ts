import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { payments } from "#tests/support/arbitraries/payments.ts";
import { exampleAuthorization, examplePayment, noon, refundId } from "#tests/support/examples.ts";
import { beginCancel, beginCapture, beginExpiry, beginRefund, refundsMax } from "./begin.ts";
import { actionLifetimeMs } from "./due.ts";
import { evolve } from "./evolve.ts";
import type { Payment, Standing } from "./payment.ts";

const authorization = exampleAuthorization;
const manual = (standing: Standing): Payment => ({ ...examplePayment(standing), capture: "manual" });
const authorized = manual({ state: "authorized", authorization });
const waiting = manual({ state: "requires_action", acquirer: "alpha", acquirerReference: "a-1" });
const taken = { authorization, captured: 60_00n, refunded: 20_00n };
const captured = manual({ state: "captured", ...taken });
const settled = manual({ state: "settled", ...taken, released: 1n });
const canceling: Payment = { ...authorized, pendingOperation: { kind: "cancel", startedAt: noon - 1 } };
const refunding: Payment = {
  ...captured,
  refunds: [refundId],
  pendingOperation: { kind: "refund", refund: refundId, amount: 1n, startedAt: noon - 1 },
};
const request = (amount: bigint) => ({ id: refundId, amount, fingerprint: "r1" });
const wrongState = (state: string) => ({ code: "wrong_state", state });
const inProgress = (operation: string) => ({ code: "operation_in_progress", operation });

describe("a capture is asked for", () => {
  // biome-ignore format: a table is read in rows
  test.each<{ of: string; payment: Payment; amount: bigint; at?: number; refused?: object }>([
    { of: "all that is authorized",                    payment: authorized,                           amount: 100_00n },
    { of: "a part of it",                              payment: authorized,                           amount: 1n },
    { of: "nothing",                                   payment: authorized,                           amount: 0n,      refused: { code: "exceeds_authorized" } },
    { of: "more",                                      payment: authorized,                           amount: 100_01n, refused: { code: "exceeds_authorized" } },
    { of: "what has expired",                          payment: authorized, at: authorization.expiresAt, amount: 1n,   refused: { code: "authorization_expired" } },
    { of: "what is being canceled, whatever the amount", payment: canceling,                          amount: 100_01n, refused: inProgress("cancel") },
    { of: "what captures by itself",                   payment: { ...authorized, capture: "automatic" }, amount: 1n,   refused: inProgress("capture") },
    { of: "what was captured",                         payment: captured,                             amount: 1n,      refused: wrongState("captured") },
    { of: "what waits for its customer",               payment: waiting,                              amount: 1n,      refused: wrongState("requires_action") },
  ])("of $of", ({ payment, amount, at = noon, refused }) => {
    const operation = { kind: "capture", amount, startedAt: at };
    expect(beginCapture(payment, amount, at)).toEqual(
      refused === undefined ? { ok: true, value: { type: "operation_started", operation } } : { ok: false, error: refused },
    );
  });

  test("not of a payment in review: what is unknown is found out about first", () => {
    const review = { operation: "capture", acquirer: "alpha", reason: "timeout" } as const;
    const unknown = manual({ state: "in_review", authorization, review });
    expect(beginCapture(unknown, 1n, noon)).toEqual({ ok: false, error: wrongState("in_review") });
  });
});

describe("a cancellation is asked for", () => {
  // biome-ignore format: a table is read in rows
  test.each<{ of: string; payment: Payment; refused?: object }>([
    { of: "what is authorized",          payment: authorized },
    { of: "what waits for its customer", payment: waiting },
    { of: "what is being canceled",      payment: canceling,                              refused: inProgress("cancel") },
    { of: "what captures by itself",     payment: { ...authorized, capture: "automatic" }, refused: inProgress("capture") },
    { of: "what was captured",           payment: captured,                               refused: wrongState("captured") },
    { of: "what has only begun",         payment: examplePayment(),                       refused: wrongState("processing") },
  ])("of $of", ({ payment, refused }) => {
    const operation = { kind: "cancel", startedAt: noon };
    expect(beginCancel(payment, noon)).toEqual(
      refused === undefined ? { ok: true, value: { type: "operation_started", operation } } : { ok: false, error: refused },
    );
  });
});

test("the end of a wait for the customer begins when its day is over, and not earlier", () => {
  const due = noon + actionLifetimeMs;
  const operation = { kind: "cancel", overdue: true, startedAt: due };
  expect(beginExpiry(waiting, due)).toEqual({ ok: true, value: { type: "operation_started", operation } });
  expect(beginExpiry(waiting, due - 1)).toEqual({ ok: false, error: { code: "not_due" } });
  expect(beginExpiry(authorized, due)).toEqual({ ok: false, error: wrongState("authorized") });
  const leaving: Payment = { ...waiting, pendingOperation: { kind: "cancel", startedAt: noon } };
  expect(beginExpiry(leaving, due)).toEqual({ ok: false, error: inProgress("cancel") });
});

describe("a refund is asked for", () => {
  // biome-ignore format: a table is read in rows
  test.each<{ of: string; payment: Payment; amount: bigint; refused: object }>([
    { of: "nothing",                           payment: captured,   amount: 0n,      refused: { code: "exceeds_captured" } },
    { of: "more than is left",                 payment: captured,   amount: 40_01n,  refused: { code: "exceeds_captured" } },
    { of: "what is being refunded",            payment: refunding,  amount: 40_01n,  refused: inProgress("refund") },
    { of: "what is only authorized",           payment: authorized, amount: 1n,      refused: wrongState("authorized") },
    { of: "what has had too many",             payment: { ...captured, refunds: Array(refundsMax).fill(refundId) }, amount: 1n, refused: { code: "too_many_refunds" } },
  ])("of $of", ({ payment, amount, refused }) => {
    expect(beginRefund(payment, request(amount), noon)).toEqual({ ok: false, error: refused });
  });

  test("of all that is left: the next one of its payment, from what the acquirer still owes", () => {
    const earlier: Payment = { ...captured, refunds: [refundId] };
    expect(beginRefund(earlier, { ...request(40_00n), reason: "broken" }, noon)).toEqual({
      ok: true,
      value: {
        event: {
          type: "operation_started",
          operation: { kind: "refund", refund: refundId, amount: 40_00n, startedAt: noon },
        },
        refund: {
          id: refundId,
          payment: captured.id,
          book: "mer_demo",
          n: 2,
          total: { currency: "USD", amount: 40_00n },
          reason: "broken",
          fingerprint: "r1",
          from: 2100,
          createdAt: noon,
          updatedAt: noon,
          version: 1,
          state: "processing",
          held: false,
        },
      },
    });
  });

  test("of a settled payment: from what the merchant could have been paid out", () => {
    expect(beginRefund(settled, request(1n), noon)).toMatchObject({
      value: { refund: { n: 1, from: 2110 } },
    });
  });

  test("of a wallet's payment: from no account of the chart", () => {
    const wallet: Payment = {
      ...examplePayment({ state: "captured", captured: 100_00n, refunded: 0n }),
      method: { type: "account", account: "acc_ann" as never },
    };
    const begun = beginRefund(wallet, request(1n), noon);
    expect(begun.ok && begun.value.refund).not.toHaveProperty("from");
  });
});

test("whatever may begin applies, and then nothing else may", () => {
  fc.assert(
    fc.property(payments, fc.bigInt({ min: 1n, max: 200n }), (payment, amount) => {
      const at = payment.updatedAt;
      const begun = [
        beginCapture(payment, amount, at),
        beginCancel(payment, at),
        beginRefund(payment, request(amount), at),
      ];
      for (const begin of begun) {
        if (!begin.ok) continue;
        const after = evolve(payment, "event" in begin.value ? begin.value.event : begin.value, at);
        const { kind } = after.pendingOperation ?? {};
        for (const second of [
          beginCapture(after, amount, at),
          beginCancel(after, at),
          beginRefund(after, request(amount), at),
        ])
          expect(second.ok).toBe(false);
        expect(kind).toBeDefined();
      }
    }),
  );
});
