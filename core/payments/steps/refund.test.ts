import { describe, expect, test } from "vitest";
import {
  exampleAuthorization,
  examplePayment,
  exampleRefund,
  noon,
  refundId,
} from "#tests/support/examples.ts";
import { scriptedPorts } from "#tests/support/saga-ports.ts";
import type { AcquirerOutcome, KnownOutcome } from "../../acquiring/outcome.ts";
import type { AccountId } from "../../ledger/account.ts";
import type { RefundWord } from "../operator-word.ts";
import type { Payment } from "../payment.ts";
import type { RefundChange, RefundCommitted, RefundOfPayment } from "../ports.ts";
import type { Refund, RefundStanding } from "../refund.ts";
import { giveBack } from "./give-back.ts";
import { holdRefund } from "./hold-refund.ts";
import { reviewRefund } from "./review-refund.ts";

const authorization = exampleAuthorization;
const run = { execution: "saga-1", deadline: noon + 10_000, attempt: 0 };
const inquiries = { alpha: { kind: "not_found" } } as const;
const approved: AcquirerOutcome = { kind: "approved", reference: "r-1" };

/** A captured payment whose refund of 30.00 is in progress. */
const payment: Payment = {
  ...examplePayment({ state: "captured", authorization, captured: 100_00n, refunded: 0n }),
  refunds: [refundId],
  pendingOperation: { kind: "refund", refund: refundId, amount: 30_00n, startedAt: noon },
};
const of = (standing?: RefundStanding): RefundOfPayment => ({ payment, refund: exampleRefund(standing) });
const review = { operation: "refund", acquirer: "alpha", reason: "no_answer:timeout" } as const;
const held: RefundStanding = { state: "processing", held: true };
const unknown: RefundStanding = { state: "in_review", held: true, review };

const ended = (refund: Refund): RefundOfPayment => {
  const { pendingOperation: _, ...rest } = payment;
  return { payment: { ...rest, version: 2 }, refund };
};
const kindsOf = (changes: readonly RefundChange[]) =>
  changes.map(({ journal }) => (journal?.type === "resolution" ? journal.resolution.kind : journal?.type));

describe("a refund of which an operator has said what became of it", () => {
  const said = (as: RefundWord["as"], isHeld = true): RefundOfPayment => {
    const word: RefundWord = { as, by: "ops-1", at: noon, seen: 1, evidence: "case 4711" };
    return { payment, refund: { ...exampleRefund({ ...unknown, held: isHeld }), words: [word] } };
  };
  const silent = { alpha: { kind: "unavailable", reason: "timeout" } } as const;
  const giving = (outcome: KnownOutcome) =>
    ({ alpha: { kind: "found", operation: "refund", outcome } }) as const;

  // biome-ignore format: a table is read in rows
  test.each<{ as: RefundWord["as"]; answer: string; inquiries: Inquiries; becomes: string; end: string }>([
    { as: "succeeded", answer: "nothing",         inquiries: silent,                                             becomes: "succeeded", end: "taken" },
    { as: "succeeded", answer: "that it knows none", inquiries,                                                  becomes: "succeeded", end: "taken" },
    { as: "failed",    answer: "nothing",         inquiries: silent,                                             becomes: "failed",    end: "taken" },
    { as: "succeeded", answer: "that it refused", inquiries: giving({ kind: "declined", code: "do_not_honor" }), becomes: "failed",    end: "overruled" },
    { as: "failed",    answer: "that it gave",    inquiries: giving({ kind: "approved", reference: "r-1" }),     becomes: "succeeded", end: "overruled" },
  ])("as $as, and its acquirer says $answer, is $becomes, and nobody is asked to give again", async ({ as, inquiries: all, becomes, end }) => {
    const ports = scriptedPorts({ acquirers: { alpha: approved }, inquiries: all });
    const { refund } = await giveBack(ports, said(as), { ...run, attempt: 1 });

    expect(refund).toMatchObject({ state: becomes, words: [{ end }] });
    expect(kindsOf(ports.refundChanges)).toEqual([becomes === "succeeded" ? "posted" : "voided"]);
    expect(ports.asked).not.toContain("alpha refund");
  });

  // biome-ignore format: a table is read in rows
  test.each<{ as: RefundWord["as"]; inquiries: Inquiries; closed: string[] }>([
    { as: "failed",    inquiries,                                                           closed: [`${payment.id}:reversal:3`] },
    { as: "failed",    inquiries: silent,                                                   closed: [`${payment.id}:reversal:3`] },
    { as: "failed",    inquiries: giving({ kind: "pending", reference: "r-1" }),            closed: [`${payment.id}:reversal:3`] },
    { as: "failed",    inquiries: giving({ kind: "declined", code: "operation_refused" }),  closed: [] },
    { as: "succeeded", inquiries,                                                           closed: [] },
  ])("as $as is closed under $closed, so that nothing of it arrives later", async ({ as, inquiries: all, closed }) => {
    const ports = scriptedPorts({ acquirers: { alpha: approved }, inquiries: all });
    await giveBack(ports, said(as), { ...run, attempt: 1 });
    expect(ports.sent.map(({ operation, key }) => [operation, key])).toEqual(closed.map((key) => ["reversal", key]));
  });

  test("as failed, but was executed before it could be closed, is asked about again", async () => {
    const executed = { kind: "declined", code: "operation_refused" } as const;
    const ports = scriptedPorts({ acquirers: { alpha: executed }, inquiries });
    await expect(giveBack(ports, said("failed"), { ...run, attempt: 1 })).rejects.toThrow(
      "executed after all",
    );
    expect(ports.refundChanges).toEqual([]);
  });

  test("as failed, before anything was set aside, ends without a hold", async () => {
    const ports = scriptedPorts({});
    const { outcome, refund } = await holdRefund(ports, said("failed", false), run);

    expect([outcome, refund]).toMatchObject(["concluded", { state: "failed", words: [{ end: "taken" }] }]);
    expect(kindsOf(ports.refundChanges)).toEqual([undefined]);
  });
});

type Inquiries = NonNullable<Parameters<typeof scriptedPorts>[0]["inquiries"]>;

describe("the money of a refund is set aside", () => {
  test.each([of(), of({ ...unknown, held: false })])(
    "from $refund.state: the hold is written with the refund, and the payment is not touched",
    async (begun) => {
      const ports = scriptedPorts({});
      const result = await holdRefund(ports, begun, run);

      expect(result).toMatchObject({ outcome: "held", payment, refund: { held: true, version: 2 } });
      expect(ports.refundChanges).toMatchObject([
        { journal: { type: "entry", entry: { id: `je_${payment.id}.refund.1`, state: "pending" } } },
      ]);
      expect(ports.refundChanges[0]).not.toHaveProperty("payment");
    },
  );

  test("once: what is held already passes, and nothing is written", async () => {
    const ports = scriptedPorts({});
    expect(await holdRefund(ports, of(held), run)).toEqual({ outcome: "held", ...of(held) });
    expect(ports.asked).toEqual([]);
  });

  test("unless an account refuses: then the refund fails, and nobody is asked for it", async () => {
    const commitRefund = ({ journal }: RefundChange): RefundCommitted | undefined =>
      journal === undefined ? undefined : { kind: "refused", refusal: "below_min_available" };
    const ports = scriptedPorts({ commitRefund });
    const result = await holdRefund(ports, of(), run);

    expect(result).toMatchObject({
      outcome: "concluded",
      payment: { refunded: 0n, version: 2 },
      refund: { state: "failed", failure: "below_min_available" },
    });
    expect(result.payment).not.toHaveProperty("pendingOperation");
  });

  test("for a refund that another run has ended, nothing happens", async () => {
    const over = ended(exampleRefund({ state: "succeeded" }));
    const ports = scriptedPorts({ commitRefund: () => ({ kind: "superseded", ...over }) });
    expect(await holdRefund(ports, of(), run)).toEqual({ outcome: "concluded", ...over });
  });

  test("a wallet is paid back at once, from the merchant's sales", async () => {
    const { from: _, ...refund } = exampleRefund();
    const { authorization: __, ...captured } = payment as Payment & { authorization: unknown };
    const method = { type: "account", account: "acc_ann" as AccountId } as const;
    const ports = scriptedPorts({});
    const result = await holdRefund(ports, { payment: { ...captured, method } as Payment, refund }, run);

    expect(result).toMatchObject({
      outcome: "concluded",
      payment: { refunded: 30_00n },
      refund: { state: "succeeded" },
    });
    expect(ports.refundChanges).toMatchObject([
      { journal: { type: "entry", entry: { id: `je_${payment.id}.refunded.1`, state: "posted" } } },
    ]);
  });
});

describe("the acquirer is asked to give it back", () => {
  // biome-ignore format: a table is read in rows
  test.each<{ says: AcquirerOutcome; from: RefundStanding; state: string; refunded: bigint; journal: string; }>([
    { says: approved,                                        from: held,    state: "succeeded", refunded: 30_00n, journal: "posted" },
    { says: approved,                                        from: unknown, state: "succeeded", refunded: 30_00n, journal: "posted" },
    { says: { kind: "declined", code: "operation_refused" }, from: held,    state: "failed",    refunded: 0n,     journal: "voided" },
    { says: { kind: "declined", code: "operation_refused" }, from: unknown, state: "failed",    refunded: 0n,     journal: "voided" },
  ])("from $from.state: it has $says.kind, so the refund has $state, and its hold is $journal", async ({ says, from, state, refunded, journal }) => {
    const ports = scriptedPorts({ acquirers: { alpha: says }, inquiries });
    const result = await giveBack(ports, of(from), run);

    expect(result).toMatchObject({ outcome: "concluded", payment: { refunded, version: 2 }, refund: { state } });
    expect(result.payment).not.toHaveProperty("pendingOperation");
    expect(ports.sent).toEqual([
      { to: "alpha", operation: "refund", amount: 30_00n, key: `${payment.id}:refund:1` },
    ]);
    expect(kindsOf(ports.refundChanges)).toEqual([journal]);
  });

  test.each<AcquirerOutcome>([
    { kind: "unknown", reason: "no_answer:timeout" },
    { kind: "pending", reference: "r-1" },
  ])(
    "$kind: the refund goes to review, its hold stands, and the payment knows that it is not over",
    async (says) => {
      const ports = scriptedPorts({ acquirers: { alpha: says }, inquiries });
      const { payment: after, refund } = await giveBack(ports, of(held), run);

      expect(refund).toMatchObject({
        state: "in_review",
        held: true,
        review: { operation: "refund", acquirer: "alpha" },
      });
      expect(after).toMatchObject({ state: "captured", refunded: 0n, pendingOperation: { inReview: true } });
      expect(kindsOf(ports.refundChanges)).toEqual([undefined]);
    },
  );

  test("unknown again: it stays in review as it is", async () => {
    const ports = scriptedPorts({
      acquirers: { alpha: { kind: "unknown", reason: "no_answer:timeout" } },
      inquiries,
    });
    expect(await giveBack(ports, of(unknown), run)).toEqual({ outcome: "concluded", ...of(unknown) });
    expect(ports.refundChanges).toEqual([]);
  });

  test("after it did, and did not say so: what it did is found out, and not asked for again", async () => {
    const found = {
      kind: "found",
      operation: "refund",
      outcome: { kind: "approved", reference: "r-1" },
    } as const;
    const silent = { kind: "unknown", reason: "no_answer:timeout" } as const;
    for (const [standing, attempt] of [
      [unknown, 0],
      [held, 1],
    ] as const) {
      const ports = scriptedPorts({ acquirers: { alpha: silent }, inquiries: { alpha: found } });
      const { refund } = await giveBack(ports, of(standing), { ...run, attempt });
      expect(refund.state).toBe("succeeded");
      expect(ports.sent).toEqual([]);
    }
  });

  test("though somebody has said meanwhile that it failed: people are told, for the books lack what is gone", async () => {
    const failed = ended(exampleRefund({ state: "failed", failure: "operation_refused" }));
    const told: string[] = [];
    for (const outcome of [approved, { kind: "declined", code: "do_not_honor" } as const]) {
      const ports = scriptedPorts({
        acquirers: { alpha: outcome },
        commitRefund: () => ({ kind: "superseded", ...failed }),
      });
      const watched = { ...ports, onAstray: ({ id }: Refund) => told.push(id) };
      expect(await giveBack(watched, of(held), run)).toEqual({ outcome: "concluded", ...failed });
    }
    expect(told).toEqual([refundId]);
  });

  test("and certainly did nothing: the step may run again", async () => {
    const ports = scriptedPorts({ acquirers: { alpha: { kind: "not_attempted", reason: "down" } } });
    await expect(giveBack(ports, of(held), run)).rejects.toMatchObject({ name: "AcquirerUnavailable" });
  });

  test("not before the money is held, and not after the end", async () => {
    const ports = scriptedPorts({ acquirers: { alpha: approved } });
    for (const stands of [of(), ended(exampleRefund({ state: "failed", failure: "x" }))])
      expect(await giveBack(ports, stands, run)).toEqual({ outcome: "concluded", ...stands });
    expect(ports.asked).toEqual([]);
  });

  test("and the acquirer pays out meanwhile: the refund ends in the settled payment", async () => {
    const settled = { ...payment, state: "settled", version: 2 } as Payment;
    const commitRefund = ({ payment: change }: RefundChange, from: Payment): RefundCommitted | undefined =>
      from.state === "captured" && change !== undefined
        ? { kind: "superseded", payment: settled, refund: exampleRefund(held) }
        : undefined;
    const ports = scriptedPorts({ acquirers: { alpha: approved }, commitRefund });
    expect(await giveBack(ports, of(held), run)).toMatchObject({
      payment: { state: "settled", refunded: 30_00n, version: 3 },
      refund: { state: "succeeded" },
    });
    expect(ports.sent).toHaveLength(1);
  });
});

describe("a lost step of a refund", () => {
  test.each([
    { step: "hold", operation: "post" },
    { step: "give_back", operation: "refund" },
  ] as const)("$step is not known: the refund waits for evidence", async ({ step, operation }) => {
    const ports = scriptedPorts({});
    const { refund } = await reviewRefund(ports, { ...of(held), step, error: "States.Timeout" });
    expect(refund).toMatchObject({
      state: "in_review",
      held: true,
      review: { operation, acquirer: "alpha", reason: "States.Timeout" },
    });
  });

  test("may have ended it: then that stands", async () => {
    const over = ended(exampleRefund({ state: "succeeded" }));
    const ports = scriptedPorts({ commitRefund: () => ({ kind: "superseded", ...over }) });
    expect(await reviewRefund(ports, { ...of(held), step: "give_back", error: "x" })).toEqual({
      outcome: "concluded",
      ...over,
    });
  });
});
