import { Logger } from "@aws-lambda-powertools/logger";
import { marshall } from "@aws-sdk/util-dynamodb";
import type { DynamoDBRecord } from "aws-lambda";
import { afterEach, describe, expect, test, vi } from "vitest";
import { journalItem } from "#adapters/dynamodb/journal-codec.ts";
import type { LedgerEvent } from "#core/events/ledger-event.ts";
import type { AccountId, Book } from "#core/ledger/account.ts";
import { credit, debit, type EntryId } from "#core/ledger/entry.ts";
import { entryRecord, type JournalRecord } from "#core/ledger/journal.ts";
import type { Currency } from "#core/money/currency.ts";
import { noon } from "#tests/support/examples.ts";
import { createJournalOutbox } from "./journal-outbox.ts";

const usd = "USD" as Currency;
const record = (id: string): JournalRecord =>
  entryRecord({
    ...{ id: id as EntryId, book: "mer_demo" as Book, state: "posted", execution: "e" },
    ...{ effectiveAt: noon, recordedAt: noon },
    legs: [debit("a" as AccountId, 5n, usd), credit("b" as AccountId, 5n, usd)],
  });

/** A record as the table's stream tells it. */
const streamed = (sequenceNumber: string, id: string): DynamoDBRecord =>
  ({
    dynamodb: {
      SequenceNumber: sequenceNumber,
      NewImage: marshall({ ...journalItem(record(id)), epoch: 1 }),
    },
  }) as DynamoDBRecord;

const three = [streamed("101", "je_1"), streamed("102", "je_2"), streamed("103", "je_3")] as const;

afterEach(() => vi.restoreAllMocks());

/** An outbox whose stream takes `takes` events of each batch, and what it took. */
function outbox(takes = Number.POSITIVE_INFINITY) {
  const published: LedgerEvent[] = [];
  const tell = createJournalOutbox({
    publish: (events) => {
      published.push(...events.slice(0, takes));
      return Promise.resolve(Math.min(takes, events.length));
    },
  });
  return { tell, published };
}

test("each record of the journal is told, in the order of the stream", async () => {
  const { tell, published } = outbox();
  expect(await tell({ Records: [...three] })).toEqual({ batchItemFailures: [] });
  expect(published.map((event) => [event.type, event.record.entry])).toEqual([
    ["ledger.posted", "je_1"],
    ["ledger.posted", "je_2"],
    ["ledger.posted", "je_3"],
  ]);
});

describe("a batch is taken up again", () => {
  test("from the first record that the stream did not take", async () => {
    const { tell } = outbox(1);
    expect(await tell({ Records: [...three] })).toEqual({ batchItemFailures: [{ itemIdentifier: "102" }] });
  });

  test("from a record that cannot be read, behind which nothing is told", async () => {
    vi.spyOn(Logger.prototype, "error").mockImplementation(() => undefined);
    const { tell, published } = outbox();
    const unreadable = { dynamodb: { SequenceNumber: "102", NewImage: { pk: { S: "mer_demo#journal#0" } } } };
    const answer = await tell({ Records: [three[0], unreadable, three[2]] });
    expect(answer).toEqual({ batchItemFailures: [{ itemIdentifier: "102" }] });
    expect(published.map((event) => event.record.entry)).toEqual(["je_1"]);
  });
});
