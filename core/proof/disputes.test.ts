import { describe, expect, test } from "vitest";
import {
  exampleAuthorization,
  exampleDispute,
  examplePayment,
  minute,
  noon,
} from "#tests/support/examples.ts";
import { valued } from "#tests/support/valued.ts";
import { type Dispute, evolveDispute } from "../disputes/dispute.ts";
import { chargebackEntry, chargebackWonEntry } from "../disputes/postings.ts";
import { type DisputeEvent, disputeEventOf } from "../events/dispute-event.ts";
import { entryRecord, type JournalRecord } from "../ledger/journal.ts";
import { money } from "../money/money.ts";
import type { Payment } from "../payments/payment.ts";
import { checkDisputeNotes, checkDisputes, checkDisputesTold } from "./disputes.ts";

const authorization = exampleAuthorization;
const payment = examplePayment({ state: "captured", authorization, captured: 100_00n, refunded: 0n });
const open = exampleDispute();
const won = evolveDispute(open, { type: "decided", outcome: "won" }, noon + minute);
const recorder = { now: noon, execution: "e" };
const taken = entryRecord(valued(chargebackEntry(open, recorder)));
const returned = entryRecord(valued(chargebackWonEntry(open, recorder)));

const found = (
  disputes: readonly Dispute[],
  journal: readonly JournalRecord[],
  payments: readonly Payment[] = [payment],
) => checkDisputes({ payments, disputes, journal }).map(({ what }) => what);

describe("a dispute and its entries", () => {
  test("agree where it is open and charged back, or won and returned", () => {
    expect(found([open], [taken])).toEqual([]);
    expect(found([won], [taken, returned])).toEqual([]);
  });

  // biome-ignore format: a table is read in rows
  test.each<{ what: string; disputes: Dispute[]; journal: JournalRecord[]; payments?: Payment[]; says: RegExp }>([
    { what: "it was never charged back", disputes: [open], journal: [], says: /its chargeback is nothing/ },
    { what: "it is won and was not returned", disputes: [won], journal: [taken], says: /its chargeback_won is nothing/ },
    { what: "it is open and was returned", disputes: [open], journal: [taken, returned], says: /its chargeback_won is entry/ },
    { what: "another sum was charged back", disputes: [{ ...open, fee: 0n }], journal: [taken], says: /is not of 4000 and a fee of 0/ },
    { what: "an entry has no dispute", disputes: [], journal: [taken], says: /is of dsp_.*not there/ },
    { what: "it has no payment", disputes: [open], journal: [taken], payments: [], says: /is of pay_.*not there/ },
    { what: "its payment was never captured", disputes: [open], journal: [taken], payments: [examplePayment({ state: "authorized", authorization })], says: /is authorized/ },
    { what: "it is of another currency", disputes: [{ ...open, total: money(40_00n, "EUR") }], journal: [], says: /is of 4000 EUR/ },
    { what: "it is of nothing", disputes: [{ ...open, total: money(0n, "USD") }], journal: [], says: /is of 0 USD/ },
    { what: "another acquirer captured it", disputes: [{ ...open, acquirer: "beta" }], journal: [], says: /is told by beta/ },
  ])("do not where $what", ({ disputes, journal, payments, says }) => {
    expect(found(disputes, journal, payments)).toContainEqual(expect.stringMatching(says));
  });
});

test("a dispute is noted beside its payment, and nothing else is", () => {
  const note = { payment: open.payment, dispute: open.id };
  expect(checkDisputeNotes([open], [note])).toEqual([]);
  expect(checkDisputeNotes([open], [])).toHaveLength(1);
  expect(checkDisputeNotes([], [note])).toHaveLength(1);
});

describe("what is told of a dispute", () => {
  const events = [disputeEventOf(undefined, open), disputeEventOf(open, won)];
  const told = (delivered: readonly DisputeEvent[], disputes: readonly Dispute[] = [won]) =>
    checkDisputesTold(disputes, delivered).map(({ what }) => what);
  const [first, last] = events as [DisputeEvent, DisputeEvent];

  test("is each of its versions, in any order and however often", () => {
    expect(told([...events].reverse())).toEqual([]);
    expect(told([...events, ...events])).toEqual([]);
  });

  // biome-ignore format: a table is read in rows
  test.each<{ what: string; delivered: DisputeEvent[]; disputes?: Dispute[]; says: RegExp }>([
    { what: "lacks a version", delivered: [last], says: /version 1 has no event/ },
    { what: "is told otherwise", delivered: [first, { ...last, data: { ...last.data, amount: 1 } }], says: /as something that it is not/ },
    { what: "has an id that is not its own", delivered: [first, { ...last, id: first.id }], says: /not its own/ },
    { what: "is told to another merchant", delivered: [first, { ...last, book: "mer_other" }], says: /told to mer_other/ },
    { what: "moves off the table", delivered: [{ ...first, data: { ...first.data, state: "lost" } }, last], says: /moved from lost to won/ },
    { what: "was never committed", delivered: events, disputes: [open], says: /never committed/ },
    { what: "is of no dispute", delivered: events, disputes: [], says: /is not stored/ },
  ])("is wrong where it $what", ({ delivered, disputes, says }) => {
    expect(told(delivered, disputes)).toContainEqual(expect.stringMatching(says));
  });
});
