import { marshall, unmarshall } from "@aws-sdk/util-dynamodb";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { EntryId } from "#core/ledger/entry.ts";
import { refusalPrecedence } from "#core/ledger/errors.ts";
import { entryRecord, failureRecord, type JournalRecord, resolutionRecord } from "#core/ledger/journal.ts";
import { expireHold, postHold, voidHold } from "#core/ledger/resolution.ts";
import { entries, holdsAndPosts } from "#tests/support/arbitraries/ledger.ts";
import { instants } from "#tests/support/arbitraries/values.ts";
import { type JournalItem, journalItem, journalRecord } from "./journal-codec.ts";

/** Through DynamoDB's own encoding, where numbers are text and absent is not undefined. */
const stored = (record: JournalRecord): JournalRecord =>
  journalRecord(unmarshall(marshall(journalItem(record))) as JournalItem);

describe("a journal record comes back as it was written", () => {
  test("an entry, and one that was refused", () => {
    fc.assert(
      fc.property(entries, fc.constantFrom(...refusalPrecedence), (entry, refusal) => {
        expect(stored(entryRecord(entry))).toStrictEqual(entryRecord(entry));
        expect(stored(failureRecord(entry, refusal))).toStrictEqual(failureRecord(entry, refusal));
      }),
      { numRuns: 50 },
    );
  });

  test("a hold that was posted, voided or has expired", () => {
    fc.assert(
      fc.property(holdsAndPosts, instants, ({ hold, legs }, at) => {
        const posted = postHold(hold, { id: "je_post" as EntryId, legs, at, execution: "saga" });
        const expired = expireHold({ ...hold, expiresAt: at }, at, "sweep");
        for (const resolution of [
          posted.ok ? posted.value : undefined,
          voidHold(hold, at, "saga"),
          expired,
        ]) {
          if (resolution === undefined) continue;
          expect(stored(resolutionRecord(resolution))).toStrictEqual(resolutionRecord(resolution));
        }
      }),
      { numRuns: 50 },
    );
  });
});
