import fc from "fast-check";
import { expect, test } from "vitest";
import { entries } from "#tests/support/arbitraries/ledger.ts";
import { demo, noon } from "#tests/support/examples.ts";
import type { AccountId, Book } from "./account.ts";
import { credit, debit, type EntryId, type JournalEntry } from "./entry.ts";
import { entryRecord, failureRecord } from "./journal.ts";
import { answerReplay, compareReplay } from "./replay.ts";

const [a, b, c] = ["acc_a", "acc_b", "acc_c"] as AccountId[] as [AccountId, AccountId, AccountId];

const existing: JournalEntry = {
  id: "je_1" as EntryId,
  book: demo,
  state: "pending",
  legs: [debit(a, 5n, "USD"), credit(b, 5n, "USD")],
  effectiveAt: noon,
  recordedAt: noon,
  expiresAt: noon + 1_000,
  execution: "first",
};
const { expiresAt: _, ...unexpiring } = existing;

// biome-ignore format: a table is read in rows
const proposals: { proposal: string; proposed: JournalEntry; answer: string }[] = [
  { proposal: "the same",                  proposed: { ...existing },                                           answer: "exists" },
  { proposal: "the same, recorded later",  proposed: { ...existing, recordedAt: noon + 9 },                     answer: "exists" },
  { proposal: "the same, by another saga", proposed: { ...existing, execution: "second" },                      answer: "exists" },
  { proposal: "the same legs, turned",     proposed: { ...existing, legs: existing.legs.toReversed() },         answer: "exists" },
  { proposal: "another book",              proposed: { ...existing, book: "mer_other" as Book },                answer: "exists_with_different_book" },
  { proposal: "posted at once",            proposed: { ...existing, state: "posted" },                          answer: "exists_with_different_state" },
  { proposal: "another amount",            proposed: { ...existing, legs: [debit(a, 6n, "USD"), credit(b, 6n, "USD")] }, answer: "exists_with_different_legs" },
  { proposal: "another currency",          proposed: { ...existing, legs: [debit(a, 5n, "EUR"), credit(b, 5n, "EUR")] }, answer: "exists_with_different_legs" },
  { proposal: "another account",           proposed: { ...existing, legs: [debit(a, 5n, "USD"), credit(c, 5n, "USD")] }, answer: "exists_with_different_legs" },
  { proposal: "sides exchanged",           proposed: { ...existing, legs: [credit(a, 5n, "USD"), debit(b, 5n, "USD")] }, answer: "exists_with_different_legs" },
  { proposal: "a leg more",                proposed: { ...existing, legs: [...existing.legs, debit(c, 1n, "USD")] },     answer: "exists_with_different_legs" },
  { proposal: "a leg less",                proposed: { ...existing, legs: existing.legs.slice(1) },             answer: "exists_with_different_legs" },
  { proposal: "another effective time",    proposed: { ...existing, effectiveAt: noon + 1 },                    answer: "exists_with_different_effective_at" },
  { proposal: "another expiry",            proposed: { ...existing, expiresAt: noon + 2_000 },                  answer: "exists_with_different_expires_at" },
  { proposal: "of another entry undone",   proposed: { ...existing, reverses: "je_0" as EntryId },              answer: "exists_with_different_reverses" },
  { proposal: "notes",                     proposed: { ...existing, metadata: { order: "7" } },                 answer: "exists_with_different_metadata" },
  { proposal: "no notes, said aloud",      proposed: { ...existing, metadata: {} },                             answer: "exists" },
  { proposal: "no expiry",                 proposed: unexpiring,                                                answer: "exists_with_different_expires_at" },
];

test.each(proposals)("$proposal: $answer", ({ proposed, answer }) => {
  expect(compareReplay(existing, proposed)).toBe(answer);
});

test.each(proposals)("$proposal: the answer is the same the other way round", ({ proposed, answer }) => {
  expect(compareReplay(proposed, existing)).toBe(answer);
});

test("of several differences the first by precedence is named: book, state, legs, effective_at, expires_at", () => {
  const proposed = { ...existing, expiresAt: noon };
  const answers = [
    compareReplay(existing, proposed),
    compareReplay(existing, Object.assign(proposed, { effectiveAt: 0 })),
    compareReplay(existing, Object.assign(proposed, { legs: [] })),
    compareReplay(existing, Object.assign(proposed, { state: "posted" })),
    compareReplay(existing, Object.assign(proposed, { book: "mer_other" })),
  ];

  expect(answers.map((answer) => answer.replace("exists_with_different_", ""))).toEqual([
    "expires_at",
    "effective_at",
    "legs",
    "state",
    "book",
  ]);
});

test("any entry is a replay of itself, and any two are compared alike from both sides", () => {
  fc.assert(
    fc.property(entries, entries, (left, right) => {
      expect(compareReplay(left, left)).toBe("exists");
      expect(compareReplay(left, right)).toBe(compareReplay(right, left));
    }),
  );
});

test("an id that was refused gives the same refusal again, whatever has come in meanwhile", () => {
  const refused = failureRecord(existing, "below_min_available");

  expect(answerReplay(refused, { ...existing, recordedAt: noon + 60_000 })).toBe("below_min_available");
  expect(answerReplay(entryRecord(existing), existing)).toBe("exists");
});

test("an id that was refused is still told when the second proposal is another one", () => {
  const refused = failureRecord(existing, "account_frozen");

  expect(answerReplay(refused, { ...existing, state: "posted" })).toBe("exists_with_different_state");
});
