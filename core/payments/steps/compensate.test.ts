import { describe, expect, test } from "vitest";
import { exampleAuthorization, examplePayment, noon } from "#tests/support/examples.ts";
import { scriptedPorts, supersededBy } from "#tests/support/saga-ports.ts";
import type { AcquirerOutcome, Inquiry } from "../../acquiring/outcome.ts";
import type { Payment, Standing } from "../payment.ts";
import { compensate } from "./compensate.ts";

const run = { execution: "saga-1", deadline: noon + 10_000, attempt: 0 };
const voided: AcquirerOutcome = { kind: "approved", reference: "v-1" };
const authorized: Standing = { state: "authorized", authorization: exampleAuthorization };
const refusal = (standing?: Standing) => ({
  payment: examplePayment(standing),
  authorization: exampleAuthorization,
  reason: "operation_refused",
});

describe("when the acquirer has voided", () => {
  test("an authorized payment is canceled, and its hold is released in the same write", async () => {
    const ports = scriptedPorts({ acquirers: { alpha: voided } });
    const { payment } = await compensate(ports, refusal(authorized), run);

    expect(payment).toMatchObject({ state: "canceled", cancellation: "operation_refused" });
    expect(ports.changes.map(({ journal }) => journal)).toMatchObject([
      { type: "resolution", resolution: { kind: "voided" } },
    ]);
  });

  test("a payment that was never posted fails, and names what was released; no hold, no journal", async () => {
    const ports = scriptedPorts({ acquirers: { alpha: voided } });
    const { payment } = await compensate(ports, refusal(), run);

    expect(payment).toMatchObject({
      state: "failed",
      failure: "operation_refused",
      authorization: exampleAuthorization,
    });
    expect(ports.changes.map(({ journal }) => journal)).toEqual([undefined]);
  });

  test("a payment that went on with another authorization stays as it is", async () => {
    const other = { ...exampleAuthorization, acquirer: "beta" };
    const ports = scriptedPorts({ acquirers: { alpha: voided } });
    const { payment } = await compensate(ports, refusal({ state: "authorized", authorization: other }), run);

    expect(payment).toMatchObject({ state: "authorized", authorization: other });
    expect(ports.changes).toEqual([]);
  });
});

describe("when an operator says that nothing is held any more", () => {
  const word = { as: "canceled", by: "ops-1", at: noon, seen: 1, evidence: "case 4711" } as const;
  const review = { operation: "void", acquirer: "alpha", reason: "timeout" } as const;
  const inReview: Standing = { state: "in_review", authorization: exampleAuthorization, review };
  const said = { ...refusal(), payment: { ...examplePayment(inReview), words: [word] } };

  test.each<[string, Inquiry]>([
    ["knows nothing", { kind: "not_found" }],
    ["does not answer", { kind: "unavailable", reason: "timeout" }],
    [
      "refused to void",
      { kind: "found", operation: "void", outcome: { kind: "declined", code: "operation_refused" } },
    ],
  ])("the acquirer %s: it is believed, and the hold is released", async (_what, alpha) => {
    const ports = scriptedPorts({ acquirers: { alpha: voided }, inquiries: { alpha } });
    const { payment } = await compensate(ports, said, { ...run, attempt: 1 });

    expect(payment).toMatchObject({ state: "canceled", words: [{ end: "taken" }] });
    expect(ports.changes).toMatchObject([{ journal: { resolution: { kind: "voided" } } }]);
  });

  test.each<[string, AcquirerOutcome]>([
    ["voids", voided],
    ["refuses to", { kind: "declined", code: "operation_refused" }],
    ["does not answer", { kind: "unknown", reason: "no_answer:timeout" }],
    ["is not there", { kind: "not_attempted", reason: "refused" }],
  ])("an acquirer that knows nothing is asked to void all the same, and %s", async (_what, alpha) => {
    const ports = scriptedPorts({ acquirers: { alpha }, inquiries: { alpha: { kind: "not_found" } } });
    const { payment } = await compensate(ports, said, run);

    expect(ports.asked.slice(0, 2)).toEqual(["alpha inquire", "alpha void"]);
    expect(payment).toMatchObject({ state: "canceled", words: [{ end: "taken" }] });
  });
});

describe("when the acquirer has not voided", () => {
  test.each([
    ["it refused", { kind: "declined", code: "operation_refused" }],
    ["it did not answer", { kind: "unknown", reason: "no_answer:timeout" }],
  ] satisfies [string, AcquirerOutcome][])(
    "%s: the payment goes to review, its hold untouched",
    async (_what, outcome) => {
      const ports = scriptedPorts({ acquirers: { alpha: outcome } });
      const { payment } = await compensate(ports, refusal(authorized), run);

      expect(payment).toMatchObject({
        state: "in_review",
        authorization: exampleAuthorization,
        review: { operation: "void", acquirer: "alpha" },
      });
      expect(ports.changes.map(({ journal }) => journal)).toEqual([undefined]);
    },
  );

  test("it certainly did nothing: the step may run again", async () => {
    const ports = scriptedPorts({ acquirers: { alpha: { kind: "not_attempted", reason: "down" } } });
    await expect(compensate(ports, refusal(authorized), run)).rejects.toMatchObject({
      name: "AcquirerUnavailable",
    });
  });

  test("and the payment has ended without it: the stray authorization is looked for, not passed over", async () => {
    const ended = examplePayment({ state: "declined", acquirer: "beta", decline: "do_not_honor" });
    const ports = scriptedPorts({
      acquirers: { alpha: { kind: "declined", code: "operation_refused" } },
      commit: supersededBy(ended),
    });
    expect(await compensate(ports, refusal(), run)).toEqual({ outcome: "stray", payment: ended });
  });

  test("and an earlier try had released it already: that is no stray", async () => {
    const ended = examplePayment({
      state: "canceled",
      authorization: exampleAuthorization,
      cancellation: "operation_refused",
    });
    const ports = scriptedPorts({
      acquirers: { alpha: { kind: "unknown", reason: "answer:http_503" } },
      commit: supersededBy(ended),
    });
    expect(await compensate(ports, refusal(authorized), run)).toEqual({
      outcome: "concluded",
      payment: ended,
    });
  });
});

describe("a payment in review", () => {
  const review = { operation: "capture", acquirer: "alpha", reason: "no_answer:timeout" } as const;

  test("whose hold stands is canceled, like an authorized one", async () => {
    const ports = scriptedPorts({ acquirers: { alpha: voided } });
    const held: Standing = { state: "in_review", authorization: exampleAuthorization, review };
    const { payment } = await compensate(ports, refusal(held), run);
    expect(payment).toMatchObject({ state: "canceled", authorization: exampleAuthorization });
    expect(ports.changes.map(({ journal }) => journal)).toMatchObject([{ resolution: { kind: "voided" } }]);
  });

  test("that was never posted fails, and names what was found and released", async () => {
    const ports = scriptedPorts({ acquirers: { alpha: voided } });
    const { payment } = await compensate(ports, refusal({ state: "in_review", review }), run);
    expect(payment).toMatchObject({ state: "failed", authorization: exampleAuthorization });
    expect(ports.changes.map(({ journal }) => journal)).toEqual([undefined]);
  });

  test("that is held elsewhere stays as it is: only the stray authorization was to be released", async () => {
    const other = { ...exampleAuthorization, acquirer: "beta" };
    const ports = scriptedPorts({ acquirers: { alpha: voided } });
    const { payment } = await compensate(
      ports,
      refusal({ state: "in_review", authorization: other, review }),
      run,
    );
    expect(payment).toMatchObject({ state: "in_review", authorization: other });
    expect(ports.changes).toEqual([]);
  });
});

test("a void that may have been asked for before is found out about first", async () => {
  const found = {
    kind: "found",
    operation: "void",
    outcome: { kind: "approved", reference: "v-1" },
  } as const;
  const ports = scriptedPorts({
    acquirers: { alpha: { kind: "unknown", reason: "no_answer:timeout" } },
    inquiries: { alpha: found },
  });
  const { payment } = await compensate(ports, refusal(authorized), { ...run, attempt: 1 });
  expect(payment.state).toBe("canceled");
  expect(ports.sent).toEqual([]);
});

describe("what a customer was to confirm", () => {
  const waiting = examplePayment({ state: "requires_action", acquirer: "alpha", acquirerReference: "a-1" });
  const canceling: Payment = { ...waiting, pendingOperation: { kind: "cancel", startedAt: noon } };
  const abort = { payment: canceling, reason: "requested" };

  test("is reversed under a key of its own, and then canceled", async () => {
    const ports = scriptedPorts({ acquirers: { alpha: voided } });
    const { payment } = await compensate(ports, abort, run);
    expect(payment).toMatchObject({ state: "canceled", cancellation: "requested" });
    expect(payment).not.toHaveProperty("pendingOperation");
    expect(ports.sent).toMatchObject([
      { to: "alpha", operation: "reversal", key: `${payment.id}:reversal:1` },
    ]);
  });

  test("expires when time asked for it", async () => {
    const ports = scriptedPorts({ acquirers: { alpha: voided } });
    const overdue: Payment = {
      ...waiting,
      pendingOperation: { kind: "cancel", overdue: true, startedAt: noon },
    };
    expect(await compensate(ports, { ...abort, payment: overdue }, run)).toMatchObject({
      payment: { state: "expired" },
    });
  });

  test.each([
    ["it refused", { kind: "declined", code: "operation_refused" }],
    ["it did not answer", { kind: "unknown", reason: "no_answer:timeout" }],
  ] satisfies [string, AcquirerOutcome][])(
    "goes on waiting, and its operation with it, when the acquirer did not let go: %s",
    async (_what, outcome) => {
      const ports = scriptedPorts({ acquirers: { alpha: outcome } });
      expect(await compensate(ports, abort, run)).toEqual({ outcome: "concluded", payment: canceling });
      expect(ports.changes).toEqual([]);
    },
  );

  test("is asked for again when the acquirer certainly did nothing", async () => {
    const ports = scriptedPorts({ acquirers: { alpha: { kind: "not_attempted", reason: "down" } } });
    await expect(compensate(ports, abort, run)).rejects.toMatchObject({ name: "AcquirerUnavailable" });
  });

  test("is left alone when nobody asked: without an operation others could go on with it meanwhile", async () => {
    const ports = scriptedPorts({ acquirers: { alpha: voided } });
    expect(await compensate(ports, { ...abort, payment: waiting }, run)).toEqual({
      outcome: "concluded",
      payment: waiting,
    });
    expect(ports.asked).toEqual([]);
  });
});
