import fc from "fast-check";
import { expect, test } from "vitest";
import { payments } from "#tests/support/arbitraries/payments.ts";
import {
  exampleAuthorization,
  examplePayment,
  exampleRefund,
  minute,
  noon,
  refundId,
} from "#tests/support/examples.ts";
import type { RefundId } from "./ids.ts";
import type { PendingOperation } from "./operation.ts";
import type { Authorization, Payment, Standing } from "./payment.ts";
import type { RefundStanding } from "./refund.ts";
import { sameRefundTransition, sameTransition } from "./replay.ts";

const authorization = exampleAuthorization;
const at = (version: number, standing: Standing): Payment => ({ ...examplePayment(standing), version });

const authorized = at(2, { state: "authorized", authorization });
const captured = (amount: bigint, version = 3) =>
  at(version, { state: "captured", authorization, captured: amount, refunded: 0n });
const canceled = at(3, { state: "canceled", authorization, cancellation: "out of stock" });
const expired = at(3, { state: "expired", authorization });
const authorizedBy = (other: Partial<Authorization>) =>
  at(2, { state: "authorized", authorization: { ...authorization, ...other } });

const begun = (pendingOperation: PendingOperation): Payment => ({ ...authorized, pendingOperation });
const capture = { kind: "capture", amount: 60_00n, startedAt: noon } as const;
const refund = { kind: "refund", refund: refundId, amount: 30_00n, startedAt: noon } as const;
const otherId = "re_00000000000000000000000000" as RefundId;
const refunding = (pendingOperation: PendingOperation): Payment => ({
  ...captured(60_00n),
  pendingOperation,
});
const said = (by: string): Payment => ({
  ...at(3, { state: "in_review", review: { operation: "authorize", reason: "timeout" } }),
  words: [{ as: "failed", by, at: noon, seen: 2, evidence: "case 4711" }],
});
const refunded = (amount: bigint): Payment =>
  at(5, { state: "captured", authorization, captured: 60_00n, refunded: amount });

// biome-ignore format: a table is read in rows
test.each<{ rule: string; stored: Payment; intended: Payment; same: boolean }>([
  { rule: "what a first try wrote a minute ago is the same", stored: authorized,          intended: { ...authorized, updatedAt: noon + minute }, same: true },
  { rule: "another version is another transition",           stored: captured(60_00n, 3), intended: captured(60_00n, 4),                         same: false },
  { rule: "another state is another transition",             stored: canceled,            intended: expired,                                     same: false },
  { rule: "another acquirer's promise is another",           stored: authorized,          intended: authorizedBy({ acquirer: "beta" }),          same: false },
  { rule: "another promise of the same acquirer is another", stored: authorized,          intended: authorizedBy({ reference: "alpha-78" }),     same: false },
  { rule: "another amount is another capture",               stored: captured(60_00n),    intended: captured(60_01n),                            same: false },
  { rule: "the same operation is the same",                  stored: begun(capture),      intended: begun({ ...capture }),                       same: true },
  { rule: "a beginning is not what was there before",        stored: begun(capture),      intended: authorized,                                  same: false },
  { rule: "another operation is another",                    stored: begun(capture),      intended: begun({ kind: "cancel", startedAt: noon }),  same: false },
  { rule: "time asking is not the merchant asking",          stored: begun({ kind: "cancel", startedAt: noon }), intended: begun({ kind: "cancel", overdue: true, startedAt: noon }), same: false },
  { rule: "another amount is another operation",             stored: begun(capture),      intended: begun({ ...capture, amount: 60_01n }),       same: false },
  { rule: "asked for at another time it is another",         stored: begun(capture),      intended: begun({ ...capture, startedAt: noon + 1 }),  same: false },
  { rule: "another refund is another operation",             stored: refunding(refund),   intended: refunding({ ...refund, refund: otherId }),   same: false },
  { rule: "a refund whose end is unknown is no end",         stored: refunding(refund),   intended: refunding({ ...refund, inReview: true }),    same: false },
  { rule: "the same word is the same",                       stored: said("ops-1"),           intended: said("ops-1"),                               same: true },
  { rule: "another operator's word is another",              stored: said("ops-1"),           intended: said("ops-2"),                               same: false },
  { rule: "a word is not what was there before",             stored: said("ops-1"),           intended: { ...said("ops-1"), words: [] },             same: false },
  { rule: "a refund that failed is not one that succeeded",  stored: refunded(0n),        intended: refunded(30_00n),                            same: false },
])("$rule", ({ stored, intended, same }) => {
  expect(sameTransition(stored, intended)).toBe(same);
  expect(sameTransition(intended, stored)).toBe(same);
});

test("any payment is the same transition as itself, whenever it was written", () => {
  fc.assert(
    fc.property(payments, fc.nat(), (payment, later) => {
      expect(sameTransition(payment, { ...payment, updatedAt: payment.updatedAt + later })).toBe(true);
    }),
  );
});

// biome-ignore format: a table is read in rows
test.each<{ rule: string; stored: RefundStanding; version: number; intended: RefundStanding; same: boolean }>([
  { rule: "the first try's hold is this one's",   stored: { state: "processing", held: true }, version: 2, intended: { state: "processing", held: true },  same: true },
  { rule: "why it failed does not matter",        stored: { state: "failed", failure: "a" },   version: 2, intended: { state: "failed", failure: "b" },    same: true },
  { rule: "what is not held is not the hold",     stored: { state: "processing", held: false }, version: 2, intended: { state: "processing", held: true }, same: false },
  { rule: "another end is another",               stored: { state: "failed", failure: "a" },   version: 2, intended: { state: "succeeded" },               same: false },
  { rule: "another version is another",           stored: { state: "succeeded" },              version: 3, intended: { state: "succeeded" },               same: false },
])("of a refund, $rule", ({ stored, version, intended, same }) => {
  const written = { ...exampleRefund(stored), version };
  expect(sameRefundTransition(written, { ...exampleRefund(intended), version: 2 })).toBe(same);
});
