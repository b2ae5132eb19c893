import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { journals } from "#tests/support/arbitraries/ledger.ts";
import { demo, noon } from "#tests/support/examples.ts";
import type { AccountId } from "./account.ts";
import { credit, debit, type EntryId } from "./entry.ts";
import { entryRecord, failureRecord, type JournalRecord } from "./journal.ts";
import {
  countOn,
  currencyOfLine,
  type FoldLine,
  foldOn,
  lineOf,
  nothingCounted,
  nothingFolded,
  type ShardFold,
  type StreamedRecord,
  sumOfFolds,
} from "./shard-fold.ts";
import { fold } from "./trial-balance.ts";

/** Records with the places that a stream gives them: growing, in uneven steps, across a change in length. */
const streamed = (records: readonly JournalRecord[]): StreamedRecord[] =>
  records.map((record, index) => ({ record, sequence: String(7n + BigInt(index) ** 3n) }));

const linesOf = ({ lines }: Pick<ShardFold, "lines">) => [...lines].toSorted(([a], [b]) => (a < b ? -1 : 1));

/** What the folds must come to: the fold of the journal, its guarded user accounts added up by currency. */
function expectedLines(records: readonly JournalRecord[]) {
  const whole = fold(records);
  const each = [...whole].map(([account, counters]) => ({
    watermark: "1",
    records: 0,
    newestAt: 0,
    lines: new Map([[lineOf(account, counters.currency), counters]]),
  }));
  return linesOf(sumOfFolds(each));
}

const transfer = (id: string, from: string, to: string, amount: bigint): JournalRecord =>
  entryRecord({
    id: id as EntryId,
    book: demo,
    state: "posted",
    legs: [debit(from as AccountId, amount, "USD"), credit(to as AccountId, amount, "USD")],
    effectiveAt: noon,
    recordedAt: noon,
    execution: "first",
  });

describe("a shard that a failover counted from its journal", () => {
  const old = [
    transfer("je_1", "mer_demo:1000:USD", "mer_demo:2100:USD", 5n),
    transfer("je_2", "acc_a", "acc_b", 3n),
  ];
  const since = transfer("je_3", "mer_demo:1000:USD", "mer_demo:2100:USD", 7n);
  const counted = countOn(countOn(nothingCounted(2), old.slice(0, 1)), old.slice(1));

  test("comes to what its journal adds up to", () => {
    expect(linesOf(counted)).toEqual(expectedLines(old));
    expect(counted.records).toBe(2);
  });

  test("passes over what the stream of its region brings of earlier epochs, and counts what was written since", () => {
    const brought = [...old, since].map((record, index) => ({
      ...{ record, sequence: String(index + 1), epoch: index < old.length ? 1 : 2 },
    }));
    const folded = foldOn(counted, brought);
    expect(linesOf(folded)).toEqual(expectedLines([...old, since]));
    expect(folded).toMatchObject({ records: 3, watermark: "3", countedBefore: 2 });
    expect(foldOn(folded, brought)).toBe(folded);
  });
});

describe("records that the stream brings", () => {
  test("come to what the journal adds up to", () => {
    fc.assert(
      fc.property(journals({ holds: "any" }), (records) => {
        const folded = foldOn(nothingFolded, streamed(records));
        expect(linesOf(folded)).toEqual(expectedLines(records));
        expect(folded.records).toBe(records.length);
      }),
    );
  });

  test("are counted once, however they are cut into batches and however often each comes again", () => {
    const cuts = fc.array(fc.record({ size: fc.integer({ min: 1, max: 5 }), again: fc.nat({ max: 5 }) }), {
      minLength: 40,
      maxLength: 40,
    });
    fc.assert(
      fc.property(journals({ holds: "any" }), cuts, (records, batches) => {
        const stream = streamed(records);
        let folded = nothingFolded;
        let done = 0;
        for (const { size, again } of batches) {
          // A batch that comes again begins somewhere before what is new.
          folded = foldOn(folded, stream.slice(Math.max(0, done - again), done + size));
          done = Math.min(stream.length, done + size);
        }
        folded = foldOn(folded, stream.slice(done));
        expect(folded).toEqual(foldOn(nothingFolded, stream));
        expect(foldOn(folded, stream)).toBe(folded);
      }),
    );
  });

  test("are told by number where one place has more digits than the other", () => {
    const first = { sequence: "9", record: transfer("je_1", "mer_demo:1000:USD", "mer_demo:2100:USD", 5n) };
    const second = { sequence: "10", record: transfer("je_2", "mer_demo:1000:USD", "mer_demo:2100:USD", 7n) };
    const folded = foldOn(foldOn(nothingFolded, [first]), [second]);
    expect([folded.records, folded.watermark]).toEqual([2, "10"]);
    expect(foldOn(folded, [first])).toBe(folded);
  });

  test("without a place are counted nowhere", () => {
    const record = transfer("je_1", "acc_a", "acc_b", 1n);
    for (const sequence of ["", "1.5", "-1", "9".repeat(41)])
      expect(() => foldOn(nothingFolded, [{ sequence, record }])).toThrow("is a sequence number");
  });
});

test("an entry that was refused moves nothing and is counted: as many records as the journal has", () => {
  const entry = transfer("je_1", "acc_a", "acc_b", 1n);
  if (entry.type !== "entry") throw new Error("an entry");
  const folded = foldOn(nothingFolded, [
    { sequence: "1", record: failureRecord(entry.entry, "below_min_available") },
  ]);
  expect(folded).toEqual({ watermark: "1", records: 1, newestAt: noon, lines: new Map() });
});

test("guarded accounts of the merchant are one line per currency; system and sales accounts stand alone", () => {
  const folded = foldOn(
    nothingFolded,
    streamed([
      transfer("je_1", "acc_alice", "acc_bob", 5n),
      transfer("je_2", "acc_bob", "acc_sales_usd", 3n),
      transfer("je_3", "mer_demo:1000:USD", "mer_demo:2110:USD", 9n),
    ]),
  );
  const posted = [...folded.lines].map(([line, { debitsPosted, creditsPosted }]) => [
    line,
    debitsPosted,
    creditsPosted,
  ]);
  expect(posted).toEqual([
    ["users:USD", 8n, 5n],
    ["acc_sales_usd", 0n, 3n],
    ["mer_demo:1000:USD", 9n, 0n],
    ["mer_demo:2110:USD", 0n, 9n],
  ]);
});

test.each([
  ["mer_demo:2100:USD", "USD"],
  ["mer_demo:1100:alpha:EUR", "EUR"],
  ["users:JPY", "JPY"],
  ["acc_sales_kwd", "KWD"],
])("the line %s is in %s", (line, currency) => {
  expect(currencyOfLine(line as FoldLine)).toBe(currency);
});
