import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { acquirerOutcomes, payments } from "#tests/support/arbitraries/payments.ts";
import { day, exampleAuthorization, examplePayment, minute, noon } from "#tests/support/examples.ts";
import type { AcquirerOutcome } from "../acquiring/outcome.ts";
import {
  cancel,
  checkCapture,
  concludeAuthorization,
  expire,
  fail,
  requireReview,
  resume,
} from "./decide.ts";
import type { PaymentEvent } from "./events.ts";
import { evolve } from "./evolve.ts";
import { heldAuthorizationOf, type Payment, type Review, type Standing } from "./payment.ts";
import { mayMove, type PaymentState } from "./states.ts";

const processing = examplePayment();
const authorized = examplePayment({ state: "authorized", authorization: exampleAuthorization });
const review: Review = { operation: "capture", acquirer: "alpha", reason: "timeout" };

const inReview: Standing = { state: "in_review", authorization: exampleAuthorization, review };
const asked = (outcome: AcquirerOutcome) => ({ acquirer: "beta", outcome });

describe("given a payment in processing, when the acquirer", () => {
  // biome-ignore format: a table is read in rows
  test.each<{ says: string; outcome: AcquirerOutcome; event: PaymentEvent }>([
    { says: "approves until a time of its own",
      outcome: { kind: "approved", reference: "b-1", expiresAt: noon + minute },
      event: { type: "authorized", authorization: { acquirer: "beta", reference: "b-1", expiresAt: noon + minute } } },
    { says: "approves and leaves the time open, it stands for a week",
      outcome: { kind: "approved", reference: "b-1" },
      event: { type: "authorized", authorization: { acquirer: "beta", reference: "b-1", expiresAt: noon + 7 * day } } },
    { says: "wants the customer to act",
      outcome: { kind: "pending", reference: "b-2", redirectUrl: "https://beta.acquirer.test/3ds/b-2" },
      event: { type: "action_required", acquirer: "beta", acquirerReference: "b-2", redirectUrl: "https://beta.acquirer.test/3ds/b-2" } },
    { says: "declines",
      outcome: { kind: "declined", code: "insufficient_funds", reference: "b-3" },
      event: { type: "declined", acquirer: "beta", code: "insufficient_funds" } },
    { says: "was certainly not reached",
      outcome: { kind: "not_attempted", reason: "connection refused" },
      event: { type: "failed", reason: "connection refused" } },
    { says: "does not answer: a person needs to know of all that were asked",
      outcome: { kind: "unknown", reason: "timeout" },
      event: { type: "review_required", review: { operation: "authorize", acquirer: "beta", reason: "timeout" } } },
  ])("$says, then that is the event", ({ outcome, event }) => {
    expect(concludeAuthorization(processing, asked(outcome))).toEqual({ ok: true, value: event });
  });
});

const elsewhere: { given: Standing }[] = [
  { given: { state: "captured", authorization: exampleAuthorization, captured: 1n, refunded: 0n } },
  {
    given: {
      state: "settled",
      authorization: exampleAuthorization,
      captured: 1n,
      refunded: 0n,
      released: 1n,
    },
  },
  { given: { state: "declined", acquirer: "alpha", decline: "do_not_honor" } },
  { given: { state: "failed", failure: "no acquirer" } },
  { given: { state: "canceled", cancellation: "changed their mind" } },
  { given: { state: "expired" } },
];

describe.each(elsewhere)("given a payment that is $given.state", ({ given }) => {
  const payment = examplePayment(given);
  const refused = { ok: false, error: { code: "wrong_state", state: given.state } };

  test.each<AcquirerOutcome>([
    { kind: "approved", reference: "late" },
    { kind: "pending", reference: "late" },
    { kind: "declined", code: "do_not_honor" },
    { kind: "not_attempted", reason: "late" },
    { kind: "unknown", reason: "late" },
  ])("when an authorization is $kind late, then it is refused", (outcome) => {
    expect(concludeAuthorization(payment, asked(outcome))).toEqual(refused);
  });

  test("when it is to be captured, canceled, failed or reviewed, then it is refused", () => {
    expect(checkCapture(payment, 1n, noon)).toEqual(refused);
    expect(cancel(payment, "late")).toEqual(refused);
    expect(fail(payment, "late")).toEqual(refused);
    expect(requireReview(payment, review)).toEqual(refused);
  });
});

describe("given an authorized payment of 100.00 USD", () => {
  const { expiresAt } = exampleAuthorization;

  // biome-ignore format: a table is read in rows
  test.each([
    { amount: 1n,       at: noon,          answer: "it may be" },
    { amount: 100_00n,  at: noon,          answer: "it may be" },
    { amount: 100_00n,  at: expiresAt - 1, answer: "it may be" },
    { amount: 100_00n,  at: expiresAt,     answer: "authorization_expired" },
    { amount: 100_01n,  at: noon,          answer: "exceeds_authorized" },
    { amount: 0n,       at: noon,          answer: "exceeds_authorized" },
    { amount: -1n,      at: noon,          answer: "exceeds_authorized" },
    { amount: 100_01n,  at: expiresAt,     answer: "authorization_expired" },
  ])("when $amount is to be captured at $at, then $answer", ({ amount, at, answer }) => {
    const expected = answer === "it may be" ? { ok: true, value: exampleAuthorization } : { ok: false, error: { code: answer } };

    expect(checkCapture(authorized, amount, at)).toEqual(expected);
  });

  test("when it is canceled, then it is", () => {
    expect(cancel(authorized, "out of stock")).toEqual({
      ok: true,
      value: { type: "canceled", reason: "out of stock" },
    });
  });

  test("when its capture is unknown, then a person decides", () => {
    expect(requireReview(authorized, review)).toEqual({
      ok: true,
      value: { type: "review_required", review },
    });
  });

  test("when it is to fail, then it is refused: an acquirer did execute it", () => {
    expect(fail(authorized, "x")).toEqual({ ok: false, error: { code: "wrong_state", state: "authorized" } });
  });
});

// biome-ignore format: a table is read in rows
test.each<{ given: Standing; when: string; decide: (payment: Payment) => unknown; ok: boolean }>([
  { given: { state: "processing" },                     when: "it is captured",  decide: (p) => checkCapture(p, 1n, noon),  ok: false },
  { given: { state: "processing" },                     when: "it is canceled",  decide: (p) => cancel(p, "x"),             ok: false },
  { given: { state: "processing" },                     when: "it fails",        decide: (p) => fail(p, "x"),               ok: true },
  { given: { state: "in_review", review },              when: "it is captured",  decide: (p) => checkCapture(p, 1n, noon),  ok: false },
  { given: { state: "in_review", review },              when: "it is canceled",  decide: (p) => cancel(p, "x"),             ok: false },
  { given: inReview,                                    when: "it is canceled",  decide: (p) => cancel(p, "x"),             ok: true },
  { given: inReview,                                    when: "it is captured",  decide: (p) => checkCapture(p, 1n, noon),  ok: true },
  { given: inReview,                                    when: "it fails",        decide: (p) => fail(p, "x"),               ok: false },
  { given: { state: "in_review", review },              when: "it fails",        decide: (p) => fail(p, "x"),               ok: true },
  { given: { state: "in_review", review },              when: "it needs review", decide: (p) => requireReview(p, review),   ok: false },
  { given: { state: "requires_action", acquirer: "alpha", acquirerReference: "a-1" }, when: "it is canceled", decide: (p) => cancel(p, "x"), ok: true },
  { given: { state: "requires_action", acquirer: "alpha", acquirerReference: "a-1" }, when: "it fails",       decide: (p) => fail(p, "x"),   ok: false },
])("given a payment in $given.state, when $when, then ok is $ok", ({ given, decide, ok }) => {
  expect(decide(examplePayment(given))).toMatchObject({ ok });
});

test("whatever is decided applies, and whatever is refused is outside the table", () => {
  const targets: Record<AcquirerOutcome["kind"], PaymentState> = {
    approved: "authorized",
    pending: "requires_action",
    declined: "declined",
    not_attempted: "failed",
    unknown: "in_review",
  };

  fc.assert(
    fc.property(payments, acquirerOutcomes, (payment, outcome) => {
      const target = targets[outcome.kind];

      fc.pre(heldAuthorizationOf(payment) === undefined);
      const decided = concludeAuthorization(payment, asked(outcome));

      expect(decided.ok).toBe(mayMove(payment.state, target));
      if (decided.ok) expect(evolve(payment, decided.value, noon).state).toBe(target);
      else expect(decided.error).toEqual({ code: "wrong_state", state: payment.state });
    }),
  );
});

describe("given a payment in review whose hold stands", () => {
  const payment = examplePayment(inReview);
  const { acquirer, reference } = exampleAuthorization;

  test("when an inquiry finds that authorization, then it is authorized by it, with the expiry that was held", () => {
    const outcome: AcquirerOutcome = { kind: "approved", reference, expiresAt: noon + minute };
    expect(concludeAuthorization(payment, { acquirer, outcome })).toEqual({
      ok: true,
      value: { type: "authorized", authorization: exampleAuthorization },
    });
  });

  test.each<AcquirerOutcome>([
    { kind: "approved", reference: "another" },
    { kind: "declined", code: "do_not_honor" },
    { kind: "not_attempted", reason: "not found" },
  ])(
    "when an inquiry says $kind of another one, then it is refused: the hold would be forgotten",
    (outcome) => {
      expect(concludeAuthorization(payment, asked(outcome))).toEqual({
        ok: false,
        error: { code: "wrong_state", state: "in_review" },
      });
    },
  );
});

describe("a payment that waits for its customer", () => {
  const waiting = examplePayment({ state: "requires_action", acquirer: "alpha", acquirerReference: "a-1" });
  const canceling: Payment = { ...waiting, pendingOperation: { kind: "cancel", startedAt: noon } };

  test("resumes, but not while it is being canceled", () => {
    expect(resume(waiting)).toEqual({ ok: true, value: { type: "resumed" } });
    expect(resume(canceling)).toEqual({
      ok: false,
      error: { code: "operation_in_progress", operation: "cancel" },
    });
    expect(resume(authorized)).toEqual({ ok: false, error: { code: "wrong_state", state: "authorized" } });
  });

  const overdue: Payment = {
    ...waiting,
    pendingOperation: { kind: "cancel", overdue: true, startedAt: noon },
  };
  const inProgress = (operation: string) => ({ error: { code: "operation_in_progress", operation } });
  const { expiresAt } = exampleAuthorization;
  const manual: Payment = { ...authorized, capture: "manual" };
  const capturing: Payment = {
    ...manual,
    pendingOperation: { kind: "capture", amount: 1n, startedAt: noon },
  };

  // biome-ignore format: a table is read in rows
  test.each<{ what: string; payment: Payment; at: number; answer: object }>([
    { what: "not before the acquirer was asked to let go", payment: waiting,                  at: noon + 9 * day, answer: { error: { code: "not_due" } } },
    { what: "not because the merchant cancels it",         payment: canceling,                at: noon + 9 * day, answer: { error: { code: "not_due" } } },
    { what: "once the acquirer has let go",                payment: overdue,                  at: noon,           answer: { value: { type: "expired" } } },
    { what: "authorized, not a moment before its expiry",  payment: manual,                   at: expiresAt - 1,  answer: { error: { code: "not_due" } } },
    { what: "authorized, at its expiry",                   payment: manual,                   at: expiresAt,      answer: { value: { type: "expired" } } },
    { what: "not while it is captured",                    payment: capturing,                at: expiresAt,      answer: inProgress("capture") },
    { what: "not what captures by itself",                 payment: authorized,               at: expiresAt,      answer: { error: { code: "not_due" } } },
    { what: "not in review",                               payment: examplePayment(inReview), at: expiresAt,      answer: { error: { code: "wrong_state", state: "in_review" } } },
  ])("expires: $what", ({ payment, at, answer }) => {
    expect(expire(payment, at)).toMatchObject(answer);
  });
});
