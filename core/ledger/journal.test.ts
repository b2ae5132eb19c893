import { describe, expect, test } from "vitest";
import { demo, noon } from "#tests/support/examples.ts";
import type { AccountId } from "./account.ts";
import { credit, debit, type EntryId, type Hold, type JournalEntry } from "./entry.ts";
import { entryIdOf, entryRecord, failureRecord, movements, resolutionRecord } from "./journal.ts";
import { postHold, voidHold } from "./resolution.ts";

const [a, b, fee] = ["acc_a", "acc_b", "acc_fee"] as AccountId[] as [AccountId, AccountId, AccountId];

const hold: Hold = {
  id: "je_hold" as EntryId,
  book: demo,
  state: "pending",
  legs: [debit(a, 100n, "USD"), credit(b, 100n, "USD")],
  effectiveAt: noon,
  recordedAt: noon,
  execution: "first",
};
const still = { currency: "USD", debitsPosted: 0n, debitsPending: 0n, creditsPosted: 0n, creditsPending: 0n };

describe("the movements of", () => {
  test("a posted entry are its legs, on the posted counters", () => {
    const entry: JournalEntry = { ...hold, state: "posted" };

    expect(Object.fromEntries(movements(entryRecord(entry)))).toEqual({
      acc_a: { ...still, debitsPosted: 100n },
      acc_b: { ...still, creditsPosted: 100n },
    });
  });

  test("a hold are its legs, on the pending counters", () => {
    expect(Object.fromEntries(movements(entryRecord(hold)))).toEqual({
      acc_a: { ...still, debitsPending: 100n },
      acc_b: { ...still, creditsPending: 100n },
    });
  });

  test("a void take the hold back", () => {
    expect(Object.fromEntries(movements(resolutionRecord(voidHold(hold, noon, "second"))))).toEqual({
      acc_a: { ...still, debitsPending: -100n },
      acc_b: { ...still, creditsPending: -100n },
    });
  });

  test("an expiry take the hold back", () => {
    const expired = { ...voidHold(hold, noon, "second"), kind: "expired" as const, effectiveAt: noon };

    expect(Object.fromEntries(movements(resolutionRecord(expired)))).toEqual({
      acc_a: { ...still, debitsPending: -100n },
      acc_b: { ...still, creditsPending: -100n },
    });
  });

  test("a post take all of the hold back, and post what it posts, on new accounts too", () => {
    const legs = [debit(a, 60n, "USD"), credit(b, 55n, "USD"), credit(fee, 5n, "USD")];
    const posted = postHold(hold, { id: "je_post" as EntryId, legs, at: noon, execution: "second" });
    if (!posted.ok) throw new Error(posted.error);

    expect(Object.fromEntries(movements(resolutionRecord(posted.value)))).toEqual({
      acc_a: { ...still, debitsPending: -100n, debitsPosted: 60n },
      acc_b: { ...still, creditsPending: -100n, creditsPosted: 55n },
      acc_fee: { ...still, creditsPosted: 5n },
    });
  });

  test("both sides of one account are kept apart", () => {
    const entry: JournalEntry = {
      ...hold,
      state: "posted",
      legs: [debit(a, 5n, "USD"), credit(a, 2n, "USD"), credit(b, 3n, "USD")],
    };

    expect(movements(entryRecord(entry)).get(a)).toEqual({ ...still, debitsPosted: 5n, creditsPosted: 2n });
  });

  test("two currencies on one account cannot be added up", () => {
    const entry: JournalEntry = {
      ...hold,
      legs: [debit(a, 5n, "USD"), credit(a, 3n, "EUR"), debit(b, 3n, "EUR"), credit(b, 5n, "USD")],
    };

    expect(() => movements(entryRecord(entry))).toThrow("acc_a holds one currency");
  });
});

test("a hold's record and its resolution's lie under the same entry", () => {
  expect(entryIdOf(entryRecord(hold))).toBe("je_hold");
  expect(entryIdOf(resolutionRecord(voidHold(hold, noon, "second")))).toBe("je_hold");
});

test("an entry that was refused moves nothing", () => {
  expect(movements(failureRecord(hold, "account_closed")).size).toBe(0);
});
