import { describe, expect, test } from "vitest";
import { type AccountId, addCounters, available, classOf } from "./account.ts";

const counters = { debitsPosted: 30n, debitsPending: 7n, creditsPosted: 100n, creditsPending: 11n };

describe("what is available", () => {
  test("of a credit account is what came in, less what went out and what may still go out", () => {
    expect(available(counters, "credit")).toBe(100n - 30n - 7n);
  });

  test("of a debit account is the mirror image", () => {
    expect(available(counters, "debit")).toBe(30n - 100n - 11n);
  });

  test("does not count on what may still come in", () => {
    const nothingPending = { ...counters, creditsPending: 0n };

    expect(available(counters, "credit")).toBe(available(nothingPending, "credit"));
  });
});

test("counters add up one by one", () => {
  const more = { debitsPosted: 1n, debitsPending: -2n, creditsPosted: 3n, creditsPending: -4n };

  expect(addCounters(counters, more)).toEqual({
    debitsPosted: 31n,
    debitsPending: 5n,
    creditsPosted: 103n,
    creditsPending: 7n,
  });
});

test.each([
  { account: "acc_wallet", accountClass: "user" },
  { account: "mer_demo:2100:USD", accountClass: "system" },
  { account: "mer_demo:1100:alpha:USD", accountClass: "system" },
  { account: "mer_acc_:2100:USD", accountClass: "system" },
])("$account is a $accountClass account", ({ account, accountClass }) => {
  expect(classOf(account as AccountId)).toBe(accountClass);
});
