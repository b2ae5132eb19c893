import { describe, expect, test } from "vitest";
import { exampleAuthorization, examplePayment, noon } from "#tests/support/examples.ts";
import { scriptedPorts } from "#tests/support/saga-ports.ts";
import type { AcquirerOutcome, Inquiry, KnownOutcome } from "../../acquiring/outcome.ts";
import type { PendingOperation } from "../operation.ts";
import type { Payment, Review } from "../payment.ts";
import { settle } from "./settle.ts";

const run = { execution: "saga-1", deadline: noon + 10_000, attempt: 0 };
const authorization = exampleAuthorization;
const notFound: Inquiry = { kind: "not_found" };
const done: AcquirerOutcome = { kind: "approved", reference: "c-1" };
const capture: PendingOperation = { kind: "capture", amount: 60_00n, startedAt: noon };
const review: Review = { operation: "capture", acquirer: "alpha", reason: "no_answer:timeout" };

const automatic = examplePayment({ state: "authorized", authorization });
const manual: Payment = { ...automatic, capture: "manual" };
const capturing: Payment = { ...manual, pendingOperation: capture };
const unknown: Payment = {
  ...examplePayment({ state: "in_review", authorization, review }),
  capture: "manual",
  pendingOperation: capture,
};

// biome-ignore format: a table is read in rows
test.each<{ what: string; payment: Payment; amount: bigint }>([
  { what: "all of an automatic payment",                 payment: automatic,  amount: 100_00n },
  { what: "what the merchant asked for",                 payment: capturing,  amount: 60_00n },
  { what: "what is in review, as it was asked for",      payment: unknown,    amount: 60_00n },
])("$what is captured, and the operation ends with it", async ({ payment, amount }) => {
  const ports = scriptedPorts({ acquirers: { alpha: done }, inquiries: { alpha: notFound } });
  const result = await settle(ports, payment, run);

  expect(result).toMatchObject({ outcome: "captured", payment: { state: "captured", captured: amount } });
  expect(result.payment).not.toHaveProperty("pendingOperation");
  expect(ports.sent).toEqual([{ to: "alpha", operation: "capture", amount, key: `${payment.id}:capture:1` }]);
  expect(ports.changes.map(({ journal }) => journal)).toMatchObject([
    { type: "resolution", resolution: { kind: "posted" } },
  ]);
});

describe("nobody is asked to capture", () => {
  // biome-ignore format: a table is read in rows
  test.each<{ what: string; payment: Payment }>([
    { what: "what nobody asked for",       payment: manual },
    { what: "what is being canceled",      payment: { ...manual, pendingOperation: { kind: "cancel", startedAt: noon } } },
    { what: "what was never authorized",   payment: examplePayment() },
    { what: "what holds nothing",          payment: examplePayment({ state: "in_review", review }) },
    { what: "what was captured",           payment: examplePayment({ state: "captured", authorization, captured: 1n, refunded: 0n }) },
  ])("$what", async ({ payment }) => {
    const ports = scriptedPorts({ acquirers: { alpha: done } });
    expect(await settle(ports, payment, run)).toEqual({ outcome: "concluded", payment });
    expect(ports.asked).toEqual([]);
  });
});

test("a refused capture that was asked for is refused like an automatic one: what it was for is to be released", async () => {
  const ports = scriptedPorts({ acquirers: { alpha: { kind: "declined", code: "operation_refused" } } });
  expect(await settle(ports, capturing, run)).toEqual({
    outcome: "refused",
    payment: capturing,
    authorization,
    reason: "operation_refused",
  });
});

describe("an authorization that has expired", () => {
  const late = { acquirers: { alpha: done }, inquiries: { alpha: notFound }, now: authorization.expiresAt };

  test("is not captured, and nobody is asked, when certainly nobody was", async () => {
    const ports = scriptedPorts(late);
    expect(await settle(ports, capturing, run)).toMatchObject({
      outcome: "refused",
      reason: "authorization_expired",
    });
    expect(ports.asked).toEqual([]);
  });

  const found: Inquiry = {
    kind: "found",
    operation: "capture",
    outcome: { kind: "approved", reference: "c-1" },
  };

  describe.each([
    { what: "by an earlier try", payment: capturing, attempt: 1 },
    { what: "by whoever put it in review", payment: unknown, attempt: 0 },
  ])("may have been captured in time $what", ({ payment, attempt }) => {
    test("and it was: that is booked, as of the last moment of its hold", async () => {
      const ports = scriptedPorts({ ...late, inquiries: { alpha: found } });
      expect(await settle(ports, payment, { ...run, attempt })).toMatchObject({
        outcome: "captured",
        payment: { updatedAt: authorization.expiresAt },
      });
      expect(ports.changes).toMatchObject([
        { journal: { resolution: { recordedAt: authorization.expiresAt - 1 } } },
      ]);
      expect(ports.sent).toEqual([]);
    });

    test("and nobody knows of it: it is closed, never asked for again", async () => {
      const ports = scriptedPorts(late);
      expect(await settle(ports, payment, { ...run, attempt })).toMatchObject({
        outcome: "refused",
        reason: "authorization_expired",
      });
      expect(ports.asked).toEqual(["alpha inquire", "alpha reversal"]);
      expect(ports.sent).toMatchObject([{ key: `${payment.id}:reversal:2` }]);
    });

    test.each<AcquirerOutcome>([
      { kind: "unknown", reason: "no_answer:timeout" },
      { kind: "declined", code: "operation_refused" },
    ])("and the acquirer's answer to that is $kind: it is found out about again", async (answer) => {
      const ports = scriptedPorts({ ...late, acquirers: { alpha: answer } });
      await expect(settle(ports, payment, { ...run, attempt })).rejects.toMatchObject({
        name: "AcquirerUnavailable",
      });
      expect(ports.changes).toEqual([]);
    });
  });
});

describe("a capture that may have been asked for before is found out about first", () => {
  const again = { ...run, attempt: 1 };
  const found = (outcome: KnownOutcome): Inquiry => ({ kind: "found", operation: "capture", outcome });

  // biome-ignore format: a table is read in rows
  test.each<{ what: string; inquiry: Inquiry; asks: string[]; outcome: string }>([
    { what: "it was captured",             inquiry: found({ kind: "approved", reference: "c-1" }),             asks: ["alpha inquire"],                  outcome: "captured" },
    { what: "it was refused",              inquiry: found({ kind: "declined", code: "operation_refused" }),    asks: ["alpha inquire"],                  outcome: "refused" },
    { what: "the acquirer knows nothing",  inquiry: notFound,                                                  asks: ["alpha inquire", "alpha capture"], outcome: "captured" },
  ])("$what: $outcome", async ({ inquiry, asks, outcome }) => {
    for (const payment of [capturing, unknown]) {
      const ports = scriptedPorts({ acquirers: { alpha: done }, inquiries: { alpha: inquiry } });
      expect((await settle(ports, payment, again)).outcome).toBe(outcome);
      expect(ports.asked.filter((ask) => !ask.startsWith("commit"))).toEqual(asks);
    }
  });

  test("the acquirer does not say: nothing is asked for, and the step may run again", async () => {
    const ports = scriptedPorts({ acquirers: { alpha: done } });
    await expect(settle(ports, capturing, again)).rejects.toMatchObject({ name: "AcquirerUnavailable" });
    expect(ports.asked).toEqual(["alpha inquire"]);
  });

  test("it is unknown again: the payment stays in review as it is, and nothing is written", async () => {
    const silent = { alpha: { kind: "unknown", reason: "no_answer:timeout" } } as const;
    const ports = scriptedPorts({ acquirers: silent, inquiries: { alpha: notFound } });
    expect(await settle(ports, unknown, again)).toEqual({ outcome: "concluded", payment: unknown });
    expect(ports.changes).toEqual([]);
  });
});
