import { describe, expect, test } from "vitest";
import {
  exampleAuthorization,
  examplePayment,
  exampleRefund,
  noon,
  refundId,
} from "#tests/support/examples.ts";
import { scriptedPorts } from "#tests/support/saga-ports.ts";
import type { Inquiry, KnownOutcome } from "../../acquiring/outcome.ts";
import type { AccountId } from "../../ledger/account.ts";
import type { PendingOperation } from "../operation.ts";
import type { Payment, Review, Standing } from "../payment.ts";
import type { PaymentEntry, RecoveryPorts } from "./found.ts";
import { giveUp, recover } from "./recover.ts";

const look = { attempt: 0, strays: false, deadline: noon + 10_000, execution: "recovery-1" };
const authorization = exampleAuthorization;
const notFound: Inquiry = { kind: "not_found" };
const silent: Inquiry = { kind: "unavailable", reason: "no_answer:timeout" };
const found = (outcome: KnownOutcome, operation: "authorize" | "void" = "authorize"): Inquiry => ({
  kind: "found",
  operation,
  outcome,
});
const approved = found({ kind: "approved", reference: "alpha-77", expiresAt: authorization.expiresAt });
const declined = found({ kind: "declined", code: "do_not_honor" });
const refusedVoid = found({ kind: "declined", code: "operation_refused" }, "void");
const reversed = { kind: "approved", reference: "r-1" } as const;

const review = (operation: Review["operation"]): Review => ({
  operation,
  acquirer: "alpha",
  reason: "timeout",
});
const unknown = examplePayment({ state: "in_review", review: review("authorize") });
const held = (operation: Review["operation"]): Standing => ({
  state: "in_review",
  authorization,
  review: review(operation),
});
const going = (payment: Payment, pendingOperation: PendingOperation): Payment => ({
  ...payment,
  capture: "manual",
  pendingOperation,
});
const authorized = examplePayment({ state: "authorized", authorization });
const canceling = going(authorized, { kind: "cancel", startedAt: noon });
const waiting = examplePayment({ state: "requires_action", acquirer: "alpha", acquirerReference: "a-1" });
const wallet: Payment = { ...examplePayment(), method: { type: "account", account: "acc_ann" as AccountId } };

/** `beta` knows nothing, and lets go when it is asked to. */
function portsWith(alpha: Inquiry, beta = notFound): RecoveryPorts & ReturnType<typeof scriptedPorts> {
  const ports = scriptedPorts({
    acquirers: { alpha: reversed, beta: reversed },
    inquiries: { alpha, beta },
  });
  return { ...ports, refundOf: async () => exampleRefund({ state: "processing", held: true }) };
}

const again = { attempt: 1 } as const;
// biome-ignore format: a table is read in rows
test.each<{ what: string; payment: Payment; alpha: Inquiry; entry: PaymentEntry }>([
  { what: "what was approved is posted",                        payment: unknown,                                        alpha: approved,    entry: { step: "post", authorization } },
  { what: "what was approved, and lost in a crash, too",        payment: examplePayment(),                               alpha: approved,    entry: { step: "post", authorization } },
  { what: "a hold goes on once another acquirer let go",        payment: examplePayment(held("authorize")),              alpha: approved,    entry: { step: "post", authorization } },
  { what: "another acquirer's void leaves the hold as it is",   payment: examplePayment({ ...held("void"), review: { ...review("void"), acquirer: "beta" } } as Standing), alpha: notFound, entry: { step: "post", authorization } },
  { what: "an unknown capture is settled",                      payment: examplePayment(held("capture")),                alpha: silent,      entry: { step: "settle", ...again } },
  { what: "a capture that was cut off is settled",              payment: authorized,                                     alpha: silent,      entry: { step: "settle", ...again } },
  { what: "an unknown void is asked for again",                 payment: examplePayment(held("void")),                   alpha: notFound,    entry: { step: "compensate", authorization, reason: "operation_refused", ...again } },
  { what: "a void that was refused is a capture to be settled", payment: examplePayment(held("void")),                   alpha: refusedVoid, entry: { step: "settle", ...again } },
  { what: "a cancellation that was cut off goes on",            payment: canceling,                                      alpha: silent,      entry: { step: "compensate", authorization, reason: "requested_by_merchant", ...again } },
  { what: "what a customer was to confirm is taken back",       payment: going(waiting, { kind: "cancel", startedAt: noon }), alpha: silent, entry: { step: "compensate", reason: "requested_by_merchant", ...again } },
  { what: "a customer's answer may have gone unheard",          payment: waiting,                                        alpha: silent,      entry: { step: "resume", ...again } },
  { what: "a wallet's transfer is made again",                  payment: wallet,                                         alpha: silent,      entry: { step: "authorize" } },
])("$what, by the saga at $entry.step", async ({ payment, alpha, entry }) => {
  const found = await recover(portsWith(alpha), payment, look);
  expect(found).toMatchObject({ outcome: "continue_payment", payment, entry });
  expect(found.strays ?? false).toBe(false);
});

test("a refund goes on in its own saga, which inquires first", async () => {
  const captured = examplePayment({ state: "captured", authorization, captured: 100_00n, refunded: 0n });
  const operation = { kind: "refund", refund: refundId, amount: 30_00n, startedAt: noon } as const;
  const payment: Payment = { ...captured, refunds: [refundId], pendingOperation: operation };
  expect(await recover(portsWith(silent), payment, look)).toEqual({
    outcome: "continue_refund",
    payment,
    refund: exampleRefund({ state: "processing", held: true }),
    ...again,
  });
});

describe("an unknown authorization", () => {
  test("is asked about at every acquirer, though its review names one", async () => {
    const ports = portsWith(approved);
    await recover(ports, unknown, look);
    expect(ports.asked).toEqual(["alpha inquire", "beta inquire", "beta reversal"]);
  });

  test("that nobody knows of is closed at the second look, and not at the first", async () => {
    const first = portsWith(notFound);
    expect(await recover(first, unknown, look)).toMatchObject({ outcome: "ask_again" });
    expect(first.asked).not.toContain("alpha reversal");
    const second = portsWith(notFound);
    expect(await recover(second, unknown, { ...look, ...again })).toMatchObject({
      outcome: "concluded",
      payment: { state: "failed", failure: "not_executed" },
    });
    expect(second.asked).toEqual(
      expect.arrayContaining(["alpha reversal", "beta reversal", "commit failed"]),
    );
  });

  test("that was declined is declined, once nobody else can approve it", async () => {
    const ports = portsWith(declined);
    expect(await recover(ports, unknown, { ...look, ...again })).toMatchObject({
      payment: { state: "declined", acquirer: "alpha", decline: "do_not_honor" },
    });
    expect(ports.asked).toContain("beta reversal");
  });

  test("that one acquirer approved does not wait for another that is silent: it is a stray, if anything", async () => {
    const ports = portsWith(approved, silent);
    expect(await recover(ports, unknown, look)).toMatchObject({
      outcome: "continue_payment",
      entry: { step: "post", authorization },
      strays: true,
    });
  });

  const deciding = found({ kind: "pending", reference: "b-1" });

  test("that one acquirer approved does not leave it to another to decide later", async () => {
    const ports = portsWith(approved, deciding);
    expect(await recover(ports, unknown, look)).toMatchObject({ entry: { step: "post" }, strays: false });
    expect(ports.asked).toContain("beta reversal");
  });

  test("that two acquirers may yet decide waits for one of them", async () => {
    const ports = portsWith(deciding, deciding);
    await recover(ports, examplePayment(), { ...look, ...again });
    expect(ports.asked.filter((ask) => ask.endsWith("reversal"))).toEqual(["beta reversal"]);
    expect(ports.changes).toMatchObject([{ after: { state: "requires_action", acquirer: "alpha" } }]);
  });

  test("is not called failed when there is nobody to ask", async () => {
    const { acquirers, ...ports } = portsWith(approved);
    expect(
      await recover({ ...ports, acquirers: { ...acquirers, names: [] } }, examplePayment(), look),
    ).toMatchObject({ outcome: "ask_again" });
    expect(ports.changes).toEqual([]);
  });

  test("stands, without an expiry of its own, for a week from the payment's creation, whenever it is found", async () => {
    const ports = portsWith(found({ kind: "approved", reference: "alpha-77" }));
    const lateNow = { ...ports, now: () => noon + 5 * 24 * 3_600_000 };
    expect(await recover(lateNow, unknown, look)).toMatchObject({
      entry: { authorization: { expiresAt: unknown.createdAt + 7 * 24 * 3_600_000 } },
    });
  });

  test("is left as it is while an acquirer does not answer", async () => {
    const ports = portsWith(silent);
    expect(await recover(ports, unknown, { ...look, ...again })).toMatchObject({
      outcome: "ask_again",
      payment: unknown,
    });
    expect(ports.changes).toEqual([]);
  });
});

test.each<Payment>([
  examplePayment({ state: "captured", authorization, captured: 1n, refunded: 0n }),
  examplePayment({ state: "expired", authorization }),
  { ...authorized, capture: "manual" },
])("nothing is left to do for what is $state, $capture", async (payment) => {
  const ports = portsWith(silent);
  expect(await recover(ports, payment, look)).toEqual({ outcome: "concluded", payment });
  expect(ports.asked).toEqual([]);
});

describe("an acquirer that may hold money which the payment does not know of", () => {
  const strays = { ...look, strays: true };
  const captured = examplePayment({ state: "captured", authorization, captured: 1n, refunded: 0n });
  const declinedByBeta = examplePayment({ state: "declined", acquirer: "beta", decline: "do_not_honor" });

  // biome-ignore format: a table is read in rows
  test.each<{ what: string; payment: Payment; alpha: Inquiry; beta: Inquiry; reversed: string[] }>([
    { what: "approved, and another one captured",  payment: captured,       alpha: approved, beta: approved, reversed: ["beta"] },
    { what: "may still get the request",           payment: captured,       alpha: approved, beta: notFound, reversed: ["beta"] },
    { what: "declined",                            payment: captured,       alpha: approved, beta: declined, reversed: [] },
    { what: "approved what another one declined",  payment: declinedByBeta, alpha: approved, beta: declined, reversed: ["alpha"] },
  ])("$what: $reversed is made to let go", async ({ payment, alpha, beta, reversed: names }) => {
    const ports = portsWith(alpha, beta);
    expect(await recover(ports, payment, strays)).toMatchObject({ outcome: "concluded", payment, strays: false });
    expect(ports.asked.filter((ask) => ask.endsWith("reversal"))).toEqual(names.map((name) => `${name} reversal`));
    expect(ports.changes).toEqual([]);
  });

  test("is asked again while it is silent, though the payment is over", async () => {
    expect(await recover(portsWith(approved, silent), captured, strays)).toMatchObject({
      outcome: "ask_again",
      strays: true,
    });
  });

  test("is so beside a void that is unknown, too", async () => {
    const voiding = examplePayment({ state: "in_review", review: review("void") });
    const ports = portsWith(found({ kind: "declined", code: "do_not_honor" }), approved);
    expect(await recover(ports, voiding, { ...strays, ...again })).toMatchObject({ strays: false });
    expect(ports.asked.filter((ask) => ask.endsWith("reversal"))).toEqual(["beta reversal"]);
  });

  test("does not bring a payment that stands well into review, in the end", async () => {
    const manual: Payment = { ...authorized, capture: "manual" };
    expect(await recover(portsWith(approved, silent), manual, strays)).toMatchObject({
      outcome: "ask_again",
      payment: manual,
      standsWell: true,
    });
  });

  test("keeps nothing else waiting", async () => {
    expect(await recover(portsWith(approved, silent), authorized, strays)).toMatchObject({
      outcome: "continue_payment",
      entry: { step: "settle" },
      strays: true,
    });
  });
});

describe("in the end a person is left with what is unknown", () => {
  test.each([
    ["of an authorization", examplePayment(), "authorize"],
    ["of a capture", going(authorized, { kind: "capture", amount: 1n, startedAt: noon }), "capture"],
    ["of a void that the merchant asked for", canceling, "void"],
  ])("%s", async (_what, payment, operation) => {
    const ports = portsWith(silent);
    expect(await giveUp(ports, payment, "no answer")).toMatchObject({
      state: "in_review",
      review: { operation, reason: "no answer" },
    });
  });

  test("and of what is over already nobody is told anew", async () => {
    const ports = portsWith(silent);
    await giveUp(ports, examplePayment({ state: "expired", authorization }), "no answer");
    expect(ports.changes).toEqual([]);
  });
});
