import { describe, expect, test } from "vitest";
import { demo, minute, noon } from "#tests/support/examples.ts";
import { salesAccount, type UserAccountId } from "./account.ts";
import type { EntryId, JournalEntry } from "./entry.ts";
import type { PostingRefusal } from "./errors.ts";
import { entryRecord, failureRecord } from "./journal.ts";
import { decideBatch, refusedBatch, type TakenId } from "./user-batch.ts";
import type { ProposedEntry, UserEntryId } from "./user-entry.ts";

const [a, b] = ["acc_a", "acc_b"] as UserAccountId[] as [UserAccountId, UserAccountId];
const currencies = new Map([
  [a, "USD"],
  [b, "USD"],
] as const);

const proposal = (id: string, more: Partial<ProposedEntry> = {}): ProposedEntry => ({
  id: id as UserEntryId,
  state: "posted",
  legs: [
    { account: a, side: "debit", amount: 5n },
    { account: b, side: "credit", amount: 5n },
  ],
  ...more,
});
const by = (at: number, execution = "request 1") => ({ at, execution });

const decide = (proposals: readonly ProposedEntry[], taken: readonly TakenId[], recordedBy = by(noon)) =>
  decideBatch(
    demo,
    proposals,
    { taken: new Map(taken.map((record) => [record.entry.id, record])), currencies },
    recordedBy,
  );

/** The entry that a proposal became. */
function recorded(proposed: ProposedEntry, recordedBy = by(noon)): JournalEntry {
  const [entry] = ((): readonly JournalEntry[] => {
    const decided = decide([proposed], [], recordedBy);
    return decided.ok ? decided.value : [];
  })();
  if (entry === undefined) throw new Error("an entry");
  return entry;
}

test("entries whose ids are free are recorded together", () => {
  const decided = decide([proposal("je_1"), proposal("je_2")], []);
  expect(decided).toMatchObject({ ok: true, value: [{ id: "je_1" }, { id: "je_2" }] });
});

test("sales accounts are there without being opened", () => {
  const sale = proposal("je_1", {
    legs: [
      { account: a, side: "debit", amount: 5n },
      { account: salesAccount("USD"), side: "credit", amount: 5n },
    ],
  });
  expect(decide([sale], [])).toMatchObject({ ok: true });
});

describe("an id that is taken", () => {
  const stands = entryRecord(recorded(proposal("je_1"), by(noon, "request 0")));
  const later = by(noon + minute);

  test("by the same proposal exists, however much later it comes again", () => {
    expect(decide([proposal("je_1")], [stands], later)).toEqual({
      ok: false,
      error: [{ kind: "exists", entry: stands.entry }],
    });
  });

  test("by this very request, whose reply was lost, was created", () => {
    expect(decide([proposal("je_1")], [stands], by(noon, "request 0"))).toMatchObject({
      error: [{ kind: "created" }],
    });
  });

  const pending = { state: "pending", expiresInSeconds: 60 } as const;
  test.each<[string, Partial<ProposedEntry>, Partial<ProposedEntry>, string]>([
    ["state", {}, { state: "pending" }, "exists_with_different_state"],
    ["legs", {}, { legs: [] }, "exists_with_different_legs"],
    ["effective_at", {}, { effectiveAt: 7 }, "exists_with_different_effective_at"],
    ["effective_at, left out", { effectiveAt: 7 }, {}, "exists_with_different_effective_at"],
    ["expires_at", pending, { ...pending, expiresInSeconds: 61 }, "exists_with_different_expires_at"],
    ["metadata", {}, { metadata: { order: "7" } }, "exists_with_different_metadata"],
  ])("by another proposal names the field: %s", (_field, first, second, code) => {
    const taken = entryRecord(recorded(proposal("je_1", first), by(noon, "request 0")));
    expect(decide([proposal("je_1", second)], [taken], later)).toEqual({
      ok: false,
      error: [{ kind: "replay", code }],
    });
  });

  test("by a refusal is refused for ever, though the money has come in", () => {
    const failure = failureRecord(stands.entry, "below_min_available");
    expect(decide([proposal("je_1")], [failure], later)).toEqual({
      ok: false,
      error: [{ kind: "refused", code: "below_min_available" }],
    });
  });

  test("takes the others of its batch with it", () => {
    const differs = proposal("je_1", { state: "pending" });
    expect(decide([proposal("je_0"), differs], [stands])).toEqual({
      ok: false,
      error: [{ kind: "linked" }, { kind: "replay", code: "exists_with_different_state" }],
    });
  });
});

test("a flaw is told before the books are asked, and takes the others with it", () => {
  expect(decide([proposal("je_1", { legs: [] }), proposal("je_2")], [])).toEqual({
    ok: false,
    error: [{ kind: "flaw", flaw: "too_few_legs" }, { kind: "linked" }],
  });
});

test("what the books refuse of a batch is told of that entry, and the others are told that they hang on it", () => {
  const entries = [recorded(proposal("je_1")), recorded(proposal("je_2"))];
  const refusals = new Map<EntryId, PostingRefusal>([["je_2" as EntryId, "account_frozen"]]);
  expect(refusedBatch(entries, refusals)).toEqual([
    { kind: "linked" },
    { kind: "refused", code: "account_frozen" },
  ]);
});
