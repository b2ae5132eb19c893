import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { journals } from "#tests/support/arbitraries/ledger.ts";
import { demo, noon } from "#tests/support/examples.ts";
import type { AccountId } from "../ledger/account.ts";
import { credit, debit, type EntryId, type Leg } from "../ledger/entry.ts";
import { entryRecord, type JournalRecord, resolutionRecord } from "../ledger/journal.ts";
import { voidHold } from "../ledger/resolution.ts";
import { foldOn, nothingFolded, type ShardFold } from "../ledger/shard-fold.ts";
import type { Finding } from "./finding.ts";
import { checkAppendOnly, checkFolds, checkJournal } from "./ledger.ts";

/** Checkers that nothing can fail would prove nothing: each is given what it is there to find. */

const bank = "mer_demo:1000:USD" as AccountId;
const pending = "mer_demo:2100:USD" as AccountId;

const record = (id: string, legs: readonly Leg[]): JournalRecord =>
  entryRecord({
    id: id as EntryId,
    book: demo,
    state: "posted",
    legs,
    effectiveAt: noon,
    recordedAt: noon,
    execution: "first",
  });
const transfer = (id: string, amount: bigint): JournalRecord =>
  record(id, [debit(bank, amount, "USD"), credit(pending, amount, "USD")]);

const folded = (records: readonly JournalRecord[]): ShardFold =>
  foldOn(
    nothingFolded,
    records.map((each, index) => ({ record: each, sequence: String(index + 1) })),
  );
const namesOf = (findings: readonly Finding[]) => findings.map(({ invariant }) => invariant);

test("nothing is wrong with any journal, nor with its folds, wherever they stand", () => {
  fc.assert(
    fc.property(journals({ holds: "any" }), fc.nat({ max: 30 }), (records, behind) => {
      const fold = folded(records.slice(0, Math.max(0, records.length - behind)));
      expect(checkJournal(records)).toEqual([]);
      expect(checkFolds([{ name: "00", fold, journal: records.toReversed() }])).toEqual([]);
      expect(checkAppendOnly(records.slice(behind), records)).toEqual([]);
    }),
  );
});

describe("a journal", () => {
  test("with an entry that does not balance is found out twice: by itself, and by the books", () => {
    const crooked = record("je_1", [debit(bank, 5n, "USD"), credit(pending, 4n, "USD")]);
    expect(namesOf(checkJournal([crooked]))).toEqual(["balanced_entries", "trial_balance"]);
  });

  test("with an id twice is found out", () => {
    expect(namesOf(checkJournal([transfer("je_1", 5n), transfer("je_1", 5n)]))).toEqual(["one_entry"]);
  });

  test("with a hold that ended twice is found out", () => {
    const held = transfer("je_1", 5n);
    if (held.type !== "entry") throw new Error("an entry");
    const hold = { ...held.entry, state: "pending" as const };
    const release = resolutionRecord(voidHold(hold, noon, "first"));
    const again = resolutionRecord(voidHold(hold, noon, "second"));
    expect(namesOf(checkJournal([entryRecord(hold), release, again]))).toContain("one_entry");
  });
});

describe("a fold", () => {
  const journal = [transfer("je_1", 5n), transfer("je_2", 7n)];
  const check = (fold: ShardFold) => namesOf(checkFolds([{ name: "00", fold, journal }]));
  const right = folded(journal);

  test("that counted a record twice is found out", () => {
    expect(check({ ...folded([...journal, ...journal]), records: 2 })).toEqual(["fold", "fold"]);
    expect(check(folded([...journal, ...journal]))).toEqual(["fold"]);
  });

  test("that left a record out and says that it did not is found out", () => {
    expect(check({ ...folded(journal.slice(1)), records: 2 })).toEqual(["fold", "fold"]);
  });

  test("that has an account too many is found out", () => {
    const lines = new Map(right.lines);
    lines.set("mer_demo:2110:USD" as AccountId, {
      currency: "USD",
      debitsPosted: 1n,
      debitsPending: 0n,
      creditsPosted: 1n,
      creditsPending: 0n,
    });
    expect(check({ ...right, lines })).toEqual(["fold", "fold"]);
  });

  test("that does not balance is found out, though it is behind its journal", () => {
    const behind = folded(journal.slice(1));
    const lines = new Map([...behind.lines].slice(1));
    expect(check({ ...behind, lines })).toEqual(["trial_balance"]);
  });
});

describe("between two readings of the journal", () => {
  const before = [transfer("je_1", 5n), transfer("je_2", 7n)];

  test("a record may come, and none may go", () => {
    expect(checkAppendOnly(before, [...before, transfer("je_3", 1n)])).toEqual([]);
    expect(checkAppendOnly(before, before.slice(1))).toEqual([
      { invariant: "append_only", subject: "je_1", what: "is gone from the journal" },
    ]);
  });

  test("none may change", () => {
    expect(checkAppendOnly(before, [transfer("je_1", 6n), transfer("je_2", 7n)])).toEqual([
      { invariant: "append_only", subject: "je_1", what: "was written over" },
    ]);
  });
});
