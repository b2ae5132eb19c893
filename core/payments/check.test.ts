import { describe, expect, test } from "vitest";
import { exampleAuthorization, examplePayment } from "#tests/support/examples.ts";
import { checkAfterSeconds, whatToDo } from "./check.ts";
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

describe("a reminder whose time has come", () => {
  const now = examplePayment().updatedAt + 60_000;
  // biome-ignore format: a table is read in rows
  test.each<[string, Standing, number, number, ReturnType<typeof whatToDo>]>([
    ["finds a saga that died",                            { state: "processing" }, 1, now,         { kind: "recover" }],
    ["finds that all is done",                            captured,                1, now,         { kind: "nothing" }],
    ["knows that what came later has its own",            inReview,                0, now,         { kind: "nothing" }],
    ["finds a capture that died",                         authorized,              0, now,         { kind: "recover" }],
    ["lets a capture that has just begun go on",          authorized,              0, now - 10_000, { kind: "later", seconds: 10 }],
  ])("%s", (_what, standing, version, at, todo) => {
    expect(whatToDo(examplePayment(standing), { version }, at)).toEqual(todo);
  });

  test("leaves a payment alone that waits for its merchant", () => {
    const manual = { ...examplePayment(authorized), capture: "manual" } as Payment;
    expect(whatToDo(manual, { version: 1 }, now)).toEqual({ kind: "nothing" });
  });
});
