import { describe, expect, test } from "vitest";
import { exampleEvent } from "#tests/support/example-events.ts";
import { examplePayment, minute, noon } from "#tests/support/examples.ts";
import type { EventId } from "../events/event-id.ts";
import { type LedgerEvent, ledgerEventOf } from "../events/ledger-event.ts";
import type { PublishedEvent } from "../events/payment-event.ts";
import { eventOf } from "../events/payment-event.ts";
import type { AccountId, Book } from "../ledger/account.ts";
import { credit, debit, type EntryId } from "../ledger/entry.ts";
import { entryRecord, type JournalRecord } from "../ledger/journal.ts";
import type { Currency } from "../money/currency.ts";
import { evolve } from "../payments/evolve.ts";
import type { PaymentId } from "../payments/ids.ts";
import { checkJournalTold, checkOutbox, checkSink } from "./events.ts";

const usd = "USD" as Currency;
const created = examplePayment();
const declined = evolve(
  created,
  { type: "declined", acquirer: "alpha", code: "do_not_honor" },
  noon + minute,
);
const events = [eventOf(undefined, created), eventOf(created, declined)] as const;
const [first, second] = events;

const whatOf = (findings: readonly { readonly what: string }[]): string[] => findings.map(({ what }) => what);

describe("what is committed is told, and nothing else", () => {
  test("also when it is told again, and in another order", () => {
    expect(checkOutbox([declined], events)).toEqual([]);
    expect(checkOutbox([declined], [second, first, second])).toEqual([]);
    const { id, ...rest } = second;
    expect(checkOutbox([declined], [...events, { ...rest, id }])).toEqual([]);
    expect(checkOutbox([], [])).toEqual([]);
  });

  const elsewhere = { ...second, id: "evt_00000000000000000000000000" as EventId };
  test.each<[string, readonly PublishedEvent[], string]>([
    ["a version that nobody was told of", [second], "version 1 has no event"],
    [
      "an event of what was never committed",
      [...events, exampleEvent({ version: 3 })],
      "version 3 has an event, and was never committed",
    ],
    ["another id on a second delivery", [...events, elsewhere], "version 2 was told in two ways"],
    [
      "an id that is not the change's own",
      [first, elsewhere],
      `version 2 has the id ${elsewhere.id}, which is not its own`,
    ],
    ["another merchant", [first, { ...second, book: "mer_other" }], "version 2 is told to mer_other"],
    [
      "another outcome",
      [first, { ...second, data: { ...second.data, state: "captured" } }],
      "version 2 is told as something that it is not",
    ],
  ])("%s is found", (_what, delivered, what) => {
    expect(checkOutbox([declined], delivered)).toEqual([{ invariant: "outbox", subject: created.id, what }]);
  });

  describe("and what people wrote is told sealed", () => {
    const written = { ...created, textKey: Buffer.alloc(32, 7).toString("base64url") };
    const captured = evolve(written, { type: "captured", amount: 1n }, noon + minute);
    const wrote = [eventOf(undefined, written), eventOf(written, captured)] as const;
    const redacted = evolve(captured, { type: "redacted" }, noon + 2 * minute);

    test("before a redaction and after it", () => {
      expect(JSON.stringify(wrote)).not.toContain("order-1001");
      expect(checkOutbox([captured], wrote)).toEqual([]);
      const all = [...wrote, eventOf(captured, redacted)];
      expect(checkOutbox([redacted], all)).toEqual([]);
      expect(all.map(({ type }) => type)).toContain("payment.redacted");
    });

    test.each<[string, Partial<PublishedEvent>, string]>([
      ["another seal", { sealed: wrote[1].sealed ?? "" }, "version 1 has not sealed what its payment says"],
      [
        "a text that is not sealed",
        { data: { ...wrote[0].data, reference: "order-1001" } },
        "version 1 tells its reference without a seal",
      ],
    ])("%s is found, in an earlier version too", (_what, change, what) => {
      const delivered = [{ ...wrote[0], ...change }, wrote[1]];
      expect(whatOf(checkOutbox([captured], delivered))).toEqual([what]);
    });
  });

  test("events of a payment that is not there are found", () => {
    expect(whatOf(checkOutbox([], [first]))).toEqual(["has events, and is not stored"]);
  });
});

describe("each record of the journal is told, and nothing else", () => {
  const record = entryRecord({
    ...{ id: "je_1" as EntryId, book: "mer_demo" as Book, state: "posted", execution: "e" },
    ...{ effectiveAt: noon, recordedAt: noon },
    legs: [debit("a" as AccountId, 5n, usd), credit("b" as AccountId, 5n, usd)],
  });
  const event = ledgerEventOf(record);

  test("also when it is told again", () => {
    expect(checkJournalTold([record], [event, event])).toEqual([]);
    expect(checkJournalTold([], [])).toEqual([]);
  });

  test.each<[string, readonly JournalRecord[], readonly LedgerEvent[], string]>([
    ["a record that nobody was told of", [record], [], "its entry has no event"],
    [
      "another amount",
      [record],
      [event, { ...event, record: { ...event.record, legs: [] } }],
      "its entry is told as something that it is not",
    ],
    ["what is in no journal", [], [event], `${event.id} tells of a record that is not there`],
  ])("%s is found", (_what, records, delivered, what) => {
    expect(checkJournalTold(records, delivered)).toEqual([
      { invariant: "journal told", subject: "je_1", what },
    ]);
  });
});

describe("a sink applies an event once", () => {
  test("and has those of each payment without a gap", () => {
    const other = exampleEvent({ id: "pay_other" as PaymentId });
    expect(checkSink([second, other, first])).toEqual([]);
  });

  test.each<[string, readonly PublishedEvent[], string]>([
    ["twice", [first, second, second], `${second.id} was applied twice`],
    ["without the one before", [second], "2 is there, and 1 is missing"],
  ])("one that was applied %s is found", (_what, applied, what) => {
    expect(checkSink(applied)).toEqual([{ invariant: "sink", subject: created.id, what }]);
  });
});
