import { expect, test } from "vitest";
import { exampleAuthorization, examplePayment } from "#tests/support/examples.ts";
import { checkAfterSeconds } from "./check.ts";
import type { Payment, Standing } from "./payment.ts";

const captured: Standing = {
  state: "captured",
  authorization: exampleAuthorization,
  captured: 1n,
  refunded: 0n,
};
const authorized: Standing = { state: "authorized", authorization: exampleAuthorization };
const inReview: Standing = { state: "in_review", review: { operation: "authorize", reason: "no_answer" } };
const refund = { kind: "refund", refund: "re_1", amount: 1n, startedAt: 0 } as Payment["pendingOperation"] &
  object;

// biome-ignore format: a table is read in rows
test.each<[string, Standing, Partial<Payment>, number | undefined]>([
  ["whose saga may have died",                     { state: "processing" }, {},                                        60],
  ["whose customer may never come back",           { state: "requires_action", acquirer: "alpha", acquirerReference: "r" }, {}, 900],
  ["whose outcome is unknown",                     inReview,   {},                                                     5],
  ["that goes on by itself",                       authorized, {},                                                     undefined],
  ["whose capture may have died",                  authorized, { pendingOperation: { kind: "capture", amount: 1n, startedAt: 0 } }, 60],
  ["whose refund may have died",                   captured,   { pendingOperation: refund },                           60],
  ["whose refund's outcome is unknown",            captured,   { pendingOperation: { ...refund, inReview: true } as Payment["pendingOperation"] & object }, 5],
  ["that nothing is asked of any more",            captured,   {},                                                     undefined],
  ["that is over",                                 { state: "declined", acquirer: "alpha", decline: "do_not_honor" }, {}, undefined],
])("a payment %s", (_what, standing, more, seconds) => {
  expect(checkAfterSeconds({ ...examplePayment(standing), ...more } as Payment)).toBe(seconds);
});
