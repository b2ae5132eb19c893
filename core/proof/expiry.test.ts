import { describe, expect, test } from "vitest";
import { day, demo, exampleAuthorization, examplePayment, minute, noon } from "#tests/support/examples.ts";
import type { AccountId } from "../ledger/account.ts";
import { credit, debit, type EntryId, type Hold } from "../ledger/entry.ts";
import { entryRecord, type JournalRecord, resolutionRecord } from "../ledger/journal.ts";
import { expireHold, postHold, type Resolution, voidHold } from "../ledger/resolution.ts";
import { holdEntry } from "../payments/postings.ts";
import { checkExpiry, lateMsMax } from "./expiry.ts";

const expiresAt = noon + 10 * minute;
const hold: Hold = {
  id: "je_hold" as EntryId,
  book: demo,
  state: "pending",
  legs: [debit("acc_a" as AccountId, 5n, "USD"), credit("acc_b" as AccountId, 5n, "USD")],
  effectiveAt: noon,
  recordedAt: noon,
  expiresAt,
  execution: "test",
};
const opened = entryRecord(hold);
const note = { hold: hold.id, expiresAt };
const ended = (resolution: Resolution | undefined): JournalRecord[] => {
  if (resolution === undefined) throw new Error("it has expired");
  return [opened, resolutionRecord(resolution)];
};
const postedAt = (at: number): Resolution => {
  const posted = postHold(
    { ...hold, expiresAt: Number.POSITIVE_INFINITY },
    {
      ...{ id: "je_hold.post.1" as EntryId, legs: hold.legs },
      ...{ at, execution: "test" },
    },
  );
  if (!posted.ok) throw new Error(posted.error);
  return posted.value;
};
const whatIn = (journal: readonly JournalRecord[], notes = [note], now = noon) =>
  checkExpiry(journal, notes, now).map(({ what }) => what);

describe("a merchant's hold", () => {
  test("that stands, and that a sweep will find, is right until the sweeps are late", () => {
    expect(whatIn([opened], [note], expiresAt + lateMsMax - 1)).toEqual([]);
    expect(whatIn([opened], [note], expiresAt + lateMsMax)).toEqual([
      "expired at 2026-03-01T12:10:00.000Z, and is not released",
    ]);
  });

  test("that no sweep will find is found at once, and so is one that is noted for another time", () => {
    expect(whatIn([opened], [])).toEqual(["no sweep will find it"]);
    expect(whatIn([opened], [{ ...note, expiresAt: expiresAt + 1 }])).toEqual(["no sweep will find it"]);
  });

  test("that never expires needs no note", () => {
    const { expiresAt: _, ...unexpiring } = hold;
    expect(whatIn([entryRecord(unexpiring)], [], noon + 400 * day)).toEqual([]);
  });

  test("that has ended is right with or without its note, which a sweep takes away later", () => {
    const all = [postedAt(expiresAt - 1), voidHold(hold, noon, "test"), expireHold(hold, expiresAt, "test")];
    for (const end of all)
      for (const notes of [[note], []]) expect(whatIn(ended(end), notes, noon + day)).toEqual([]);
  });

  test("that was posted too late, or expired too early, is found", () => {
    expect(whatIn(ended(postedAt(expiresAt)))).toEqual(["was posted after its expiry"]);
    const early = expireHold(hold, expiresAt, "test");
    if (early === undefined) throw new Error("it has expired");
    expect(whatIn(ended({ ...early, recordedAt: expiresAt - 1 }))).toEqual(["expired before its time"]);
  });
});

test("a payment's hold ends with its payment, and needs no note", () => {
  const entry = holdEntry(examplePayment(), exampleAuthorization, { now: noon, execution: "test" });
  if (!entry.ok) throw new Error(entry.error);
  expect(checkExpiry([entryRecord(entry.value)], [], noon + 60 * day)).toEqual([]);
});
