import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { refundsIn } from "#tests/support/arbitraries/payments.ts";
import { examplePayment, exampleRefund, minute, noon, refundId } from "#tests/support/examples.ts";
import { InvariantViolation } from "../kernel/invariant.ts";
import type { Review } from "./payment.ts";
import {
  createRefund,
  evolveRefund,
  type RefundEvent,
  type RefundStanding,
  type RefundState,
  refundMayMove,
  refundStates,
} from "./refund.ts";
import { fromRefundRecord, toRefundRecord } from "./refund-record.ts";

const review: Review = { operation: "post", acquirer: "alpha", reason: "timeout" };
const waiting: RefundStanding = { state: "processing", held: false };
const held: RefundStanding = { state: "processing", held: true };
const unknown: RefundStanding = { state: "in_review", held: true, review };

// biome-ignore format: a table is read in rows
test.each<{ given: RefundStanding; when: RefundEvent; becomes: RefundStanding }>([
  { given: waiting, when: { type: "held" },                             becomes: held },
  { given: waiting, when: { type: "failed", reason: "account_frozen" }, becomes: { state: "failed", failure: "account_frozen" } },
  { given: waiting, when: { type: "review_required", review },          becomes: { state: "in_review", held: false, review } },
  { given: held,    when: { type: "succeeded" },                        becomes: { state: "succeeded" } },
  { given: held,    when: { type: "failed", reason: "do_not_honor" },   becomes: { state: "failed", failure: "do_not_honor" } },
  { given: held,    when: { type: "review_required", review },          becomes: unknown },
  { given: unknown, when: { type: "succeeded" },                        becomes: { state: "succeeded" } },
  { given: unknown, when: { type: "failed", reason: "not_executed" },   becomes: { state: "failed", failure: "not_executed" } },
  { given: { ...unknown, held: false }, when: { type: "held" },         becomes: unknown },
])("given a refund in $given.state, held $given.held, when $when.type, then it is $becomes.state", ({ given, when, becomes }) => {
  expect(evolveRefund({ ...exampleRefund(given), reason: "broken" }, when, noon + minute)).toStrictEqual({
    ...exampleRefund(becomes),
    reason: "broken",
    version: 2,
    updatedAt: noon + minute,
  });
});

describe("a refund of a payment that is redacted", () => {
  test("loses its reason and the digest of its request, where it stands", () => {
    const refund = { ...exampleRefund({ state: "succeeded" }), reason: "Jane is ill" };
    const { reason: _reason, ...rest } = refund;
    const after = evolveRefund(refund, { type: "redacted" }, noon + minute);
    const course = { version: 2, updatedAt: noon + minute };
    expect(after).toStrictEqual({ ...rest, ...course, fingerprint: "erased" });
    expect(() => evolveRefund(after, { type: "redacted" }, noon)).toThrow("has something to erase");
  });

  test("begins without what people write", () => {
    const redacted = { ...examplePayment(), redactedAt: noon };
    const asked = { id: refundId, amount: 1n, reason: "Jane is ill", fingerprint: "f2" };
    expect(createRefund(redacted, asked, noon)).not.toHaveProperty("reason");
    expect(createRefund(redacted, asked, noon).fingerprint).toBe("erased");
    expect(createRefund(examplePayment(), asked, noon)).toMatchObject({
      reason: asked.reason,
      fingerprint: "f2",
    });
  });
});

describe("a fact that does not apply is a broken invariant", () => {
  // biome-ignore format: a table is read in rows
  test.each<{ rule: string; given: RefundStanding; when: RefundEvent }>([
    { rule: "it is held once",                          given: held,                                 when: { type: "held" } },
    { rule: "an acquirer is asked for what is held",    given: waiting,                              when: { type: "succeeded" } },
    { rule: "what has succeeded stays so",              given: { state: "succeeded" },               when: { type: "failed", reason: "late" } },
    { rule: "what has failed stays so",                 given: { state: "failed", failure: "x" },    when: { type: "review_required", review } },
    { rule: "what is in review is not put there again", given: unknown,                              when: { type: "review_required", review } },
  ])("$rule", ({ given, when }) => {
    expect(() => evolveRefund(exampleRefund(given), when, noon)).toThrow(InvariantViolation);
  });
});

test("a refund to a wallet needs no hold", () => {
  const { from: _, ...wallet } = exampleRefund(waiting);
  expect(evolveRefund(wallet, { type: "succeeded" }, noon).state).toBe("succeeded");
});

// biome-ignore format: a table is read in rows
const allowed: Record<RefundState, readonly RefundState[]> = {
  processing: ["succeeded", "failed", "in_review"],
  in_review:  ["succeeded", "failed"],
  succeeded:  [],
  failed:     [],
};

test("refunds move along their table", () => {
  for (const from of refundStates)
    expect(refundStates.filter((to) => refundMayMove(from, to)).toSorted()).toEqual(allowed[from].toSorted());
});

describe.each(refundStates.map((state) => ({ state })))("any refund in $state", ({ state }) => {
  test("comes back from its record as it was, through JSON and all", () => {
    fc.assert(
      fc.property(refundsIn(state), (refund) => {
        const record = toRefundRecord(refund);
        expect(JSON.parse(JSON.stringify(record))).toStrictEqual(record);
        expect(fromRefundRecord(JSON.parse(JSON.stringify(record)))).toStrictEqual(refund);
      }),
      { numRuns: 50 },
    );
  });
});

test("a refund's record is plain JSON in snake case", () => {
  expect(toRefundRecord({ ...exampleRefund(unknown), reason: "broken" })).toStrictEqual({
    id: "re_9b9tk4vw5fsbzwtrhqmn4dx7x9",
    payment: "pay_9b9tk4vw5fsbzwtrhqmn4dx7x9",
    book: "mer_demo",
    n: 1,
    amount: 3_000,
    currency: "USD",
    reason: "broken",
    fingerprint: "r1",
    from: 2100,
    created_at: noon,
    updated_at: noon,
    version: 1,
    state: "in_review",
    held: true,
    review: { operation: "post", acquirer: "alpha", reason: "timeout" },
  });
});
