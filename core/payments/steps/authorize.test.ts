import { describe, expect, test } from "vitest";
import { examplePayment, noon } from "#tests/support/examples.ts";
import { scriptedPorts, supersededBy } from "#tests/support/saga-ports.ts";
import type { AcquirerOutcome } from "../../acquiring/outcome.ts";
import { CardUnreadable } from "../../cards/card-unreadable.ts";
import { evolve } from "../evolve.ts";
import type { Authorization } from "../payment.ts";
import type { Change, Committed } from "../ports.ts";
import { authorize } from "./authorize.ts";

const deadline = noon + 10_000;
const approved: AcquirerOutcome = { kind: "approved", reference: "r-1", expiresAt: noon + 60_000 };
const down: AcquirerOutcome = { kind: "not_attempted", reason: "no_connection:ECONNREFUSED" };
const silent: AcquirerOutcome = { kind: "unknown", reason: "no_answer:timeout" };
const declined: AcquirerOutcome = { kind: "declined", code: "insufficient_funds" };
const wrongCurrency: AcquirerOutcome = { kind: "declined", code: "currency_not_supported" };
const later: AcquirerOutcome = { kind: "pending", reference: "r-1" };

describe("acquirers are asked in order, and the next one only when this one certainly holds nothing", () => {
  // biome-ignore format: a table is read in rows
  test.each([
    { alpha: approved,      beta: approved, asks: ["alpha"],         ends: "approved by alpha" },
    { alpha: down,          beta: approved, asks: ["alpha", "beta"], ends: "approved by beta" },
    { alpha: down,          beta: down,     asks: ["alpha", "beta"], ends: "failed" },
    { alpha: silent,        beta: approved, asks: ["alpha"],         ends: "in_review" },
    { alpha: down,          beta: silent,   asks: ["alpha", "beta"], ends: "in_review" },
    { alpha: declined,      beta: approved, asks: ["alpha"],         ends: "declined" },
    { alpha: wrongCurrency, beta: approved, asks: ["alpha", "beta"], ends: "approved by beta" },
    { alpha: wrongCurrency, beta: down,     asks: ["alpha", "beta"], ends: "declined" },
    { alpha: later,         beta: approved, asks: ["alpha"],         ends: "requires_action" },
  ])("alpha $alpha.kind, beta $beta.kind: $ends", async ({ alpha, beta, asks, ends }) => {
    const ports = scriptedPorts({ acquirers: { alpha, beta } });
    const result = await authorize(ports, examplePayment(), { deadline });

    expect(ports.asked.filter((ask) => ask.endsWith("authorize"))).toEqual(asks.map((name) => `${name} authorize`));
    expect(result.outcome === "approved" ? `approved by ${result.authorization.acquirer}` : result.payment.state).toBe(ends);
  });
});

test("an approval writes nothing: it is posted, with its hold, by the next step", async () => {
  const ports = scriptedPorts({ acquirers: { alpha: approved } });
  await authorize(ports, examplePayment(), { deadline });
  expect(ports.changes).toEqual([]);
});

test("the acquirer sends the customer back to us, whether or not the merchant has a page", async () => {
  const ports = scriptedPorts({ acquirers: { alpha: approved } });
  const payment = examplePayment();
  const returnUrl = `https://api.test/return/${payment.id}`;
  await authorize(ports, payment, { deadline });
  await authorize(ports, { ...payment, returnUrl: "https://shop.test/done" }, { deadline });
  expect(ports.sent.map((sent) => sent.returnUrl)).toEqual([returnUrl, returnUrl]);
});

test("a way back that cannot be signed now is VaultUnavailable: nobody was asked, and the step may run again", async () => {
  const ports = scriptedPorts({ acquirers: { alpha: approved } });
  const returns = { urlFor: () => Promise.reject(new Error("throttled")) };
  await expect(authorize({ ...ports, returns }, examplePayment(), { deadline })).rejects.toMatchObject({
    name: "VaultUnavailable",
  });
  expect(ports.sent).toEqual([]);
});

test("no acquirer at all: the payment fails, and nobody was asked", async () => {
  const ports = scriptedPorts({});
  const { payment } = await authorize(ports, examplePayment(), { deadline });
  expect(payment).toMatchObject({ state: "failed", failure: "no_acquirer_available" });
});

describe("the card", () => {
  test("that is gone fails the payment before anyone is asked", async () => {
    const ports = scriptedPorts({ acquirers: { alpha: approved }, reveal: async () => undefined });
    const { payment } = await authorize(ports, examplePayment(), { deadline });
    expect(payment).toMatchObject({ state: "failed", failure: "card_token_not_found" });
    expect(ports.asked).toEqual(["vault reveal", "commit failed"]);
  });

  test("that the vault cannot give now is VaultUnavailable: the step may run again", async () => {
    const ports = scriptedPorts({
      acquirers: { alpha: approved },
      reveal: () => Promise.reject(new Error("throttled")),
    });
    await expect(authorize(ports, examplePayment(), { deadline })).rejects.toMatchObject({
      name: "VaultUnavailable",
    });
    expect(ports.asked).toEqual(["vault reveal"]);
  });

  test("that was tampered with is not asked for again: a person looks", async () => {
    const ports = scriptedPorts({ reveal: () => Promise.reject(new CardUnreadable("another merchant's")) });
    await expect(authorize(ports, examplePayment(), { deadline })).rejects.toMatchObject({
      name: "CardUnreadable",
    });
  });
});

test("a payment that is past processing is left alone: a second run of the saga asks nobody", async () => {
  const ports = scriptedPorts({ acquirers: { alpha: approved } });
  const canceled = examplePayment({ state: "canceled", cancellation: "requested" });
  expect(await authorize(ports, canceled, { deadline })).toEqual({ outcome: "concluded", payment: canceled });
  expect(ports.asked).toEqual([]);
});

describe("an acquirer that did not answer, behind a payment that another run of the saga moved", () => {
  const elsewhere: Authorization = { acquirer: "beta", reference: "r-2", expiresAt: noon + 60_000 };
  const authorized = evolve(examplePayment(), { type: "authorized", authorization: elsewhere }, noon);
  const captured = evolve(authorized, { type: "captured", authorization: elsewhere, amount: 100_00n }, noon);

  test("is not swallowed when the payment ended at another acquirer", async () => {
    const ports = scriptedPorts({ acquirers: { alpha: silent }, commit: supersededBy(captured) });
    expect(await authorize(ports, examplePayment(), { deadline })).toEqual({
      outcome: "stray",
      payment: captured,
    });
  });

  test("takes a payment that is held at another acquirer to review", async () => {
    const commit = (change: Change): Committed =>
      change.before.state === "processing"
        ? { kind: "superseded", current: authorized }
        : { kind: "applied", payment: change.after };
    const ports = scriptedPorts({ acquirers: { alpha: silent }, commit });
    const { payment } = await authorize(ports, examplePayment(), { deadline });
    expect(payment).toMatchObject({
      state: "in_review",
      authorization: elsewhere,
      review: { operation: "authorize", acquirer: "alpha" },
    });
  });

  test.each([
    {
      what: "for the same reason: whoever looks asks every acquirer",
      operation: "authorize",
      ends: "concluded",
    },
    { what: "for another reason: nobody would find it", operation: "capture", ends: "stray" },
  ] as const)("behind a payment that is looked into $what", async ({ operation, ends }) => {
    const review = { operation, acquirer: "beta", reason: "no_answer:timeout" } as const;
    const reviewed = evolve(authorized, { type: "review_required", review }, noon);
    const ports = scriptedPorts({ acquirers: { alpha: silent }, commit: supersededBy(reviewed) });
    expect(await authorize(ports, examplePayment(), { deadline })).toMatchObject({ outcome: ends });
  });

  test("is no news when it was this run's own wait for the customer that was ended meanwhile", async () => {
    const canceled = examplePayment({ state: "canceled", acquirer: "alpha", cancellation: "requested" });
    const ports = scriptedPorts({ acquirers: { alpha: later }, commit: supersededBy(canceled) });
    expect(await authorize(ports, examplePayment(), { deadline })).toEqual({
      outcome: "concluded",
      payment: canceled,
    });
  });

  test("is no news when the other run got its answer from the same acquirer", async () => {
    const ports = scriptedPorts({ acquirers: { beta: silent }, commit: supersededBy(captured) });
    expect(await authorize(ports, examplePayment(), { deadline })).toEqual({
      outcome: "concluded",
      payment: captured,
    });
  });
});
