import { describe, expect, test } from "vitest";
import { exampleEvent } from "#tests/support/example-events.ts";
import { noon } from "#tests/support/examples.ts";
import type { AccountId, Book } from "../ledger/account.ts";
import { credit, debit, type EntryId } from "../ledger/entry.ts";
import { entryRecord } from "../ledger/journal.ts";
import type { Currency } from "../money/currency.ts";
import { ledgerEventOf } from "./ledger-event.ts";
import { isOfLedger, parseStreamed, subjectOf } from "./streamed.ts";

const usd = "USD" as Currency;
const ofPayment = exampleEvent();
const ofLedger = ledgerEventOf(
  entryRecord({
    ...{ id: "je_1" as EntryId, book: "mer_demo" as Book, state: "posted", execution: "e" },
    ...{ effectiveAt: noon, recordedAt: noon },
    legs: [debit("a" as AccountId, 5n, usd), credit("b" as AccountId, 5n, usd)],
  }),
);

test.each([
  ["a change of a payment", ofPayment, ofPayment.data.id, false],
  ["a record of the journal", ofLedger, "je_1", true],
] as const)("%s is read back, with whom it is about", (_, event, subject, isLedgers) => {
  const read = parseStreamed(JSON.stringify(event));
  expect(read).toEqual({ ok: true, event });
  expect([subjectOf(event), isOfLedger(event)]).toEqual([subject, isLedgers]);
});

describe("what no schema knows says why", () => {
  test.each([
    ["no JSON", "{", "it is no JSON text"],
    ["nothing", "null", /^it: /],
    ["a type that nobody has", JSON.stringify({ ...ofPayment, type: "payment.lost" }), /^type: /],
    ["a later schema", JSON.stringify({ ...ofPayment, schema: 2 }), /^schema: /],
    [
      "an amount that is no integer",
      JSON.stringify({
        ...ofLedger,
        record: { ...ofLedger.record, legs: [{ ...ofLedger.record.legs[0], amount: 0.5 }] },
      }),
      /^record\.legs\.0\.amount: /,
    ],
    [
      "a record without its entry",
      JSON.stringify({ ...ofLedger, record: { legs: [], released: [] } }),
      /^record\.entry: /,
    ],
  ])("%s", (_, text, reason) => {
    expect(parseStreamed(text)).toEqual({ ok: false, reason: expect.stringMatching(reason) });
  });
});
