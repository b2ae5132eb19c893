import { describe, expect, test } from "vitest";
import { exampleAuthorization, examplePayment, noon } from "#tests/support/examples.ts";
import { scriptedPorts } from "#tests/support/saga-ports.ts";
import type { AcquirerOutcome } from "../../acquiring/outcome.ts";
import type { PendingOperation } from "../operation.ts";
import type { Payment, Review } from "../payment.ts";
import { settle } from "./settle.ts";

const run = { execution: "saga-1", deadline: noon + 10_000, attempt: 0 };
const authorization = exampleAuthorization;
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
  const ports = scriptedPorts({ acquirers: { alpha: done } });
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
  const late = { acquirers: { alpha: done }, now: authorization.expiresAt };

  test("is not captured, and nobody is asked, when certainly nobody was", async () => {
    const ports = scriptedPorts(late);
    expect(await settle(ports, capturing, run)).toMatchObject({
      outcome: "refused",
      reason: "authorization_expired",
    });
    expect(ports.asked).toEqual([]);
  });

  test.each([
    { what: "by an earlier try", payment: capturing, attempt: 1 },
    { what: "by whoever put it in review", payment: unknown, attempt: 0 },
  ])("is asked about when it may have been captured in time $what", async ({ payment, attempt }) => {
    const ports = scriptedPorts(late);
    expect(await settle(ports, payment, { ...run, attempt })).toMatchObject({
      outcome: "captured",
      payment: { updatedAt: authorization.expiresAt - 1 },
    });
  });
});

test("a capture whose outcome is unknown again stays in review as it is: nothing is written", async () => {
  const ports = scriptedPorts({ acquirers: { alpha: { kind: "unknown", reason: "no_answer:timeout" } } });
  expect(await settle(ports, unknown, { ...run, attempt: 1 })).toEqual({
    outcome: "concluded",
    payment: unknown,
  });
  expect(ports.changes).toEqual([]);
});
