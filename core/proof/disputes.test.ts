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
import { checkDisputeNotes, checkDisputes, checkDisputesTold, checkDisputeTransition } from "./disputes.ts";

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

describe("a step of a dispute", () => {
  const texts = { text: "signed for", fields: {} };
  const given = evolveDispute(open, { type: "evidence_given", texts, fingerprint: "f" }, noon + minute);
  const reviewed = evolveDispute(given, { type: "evidence_submitted" }, noon + 2 * minute);
  const lost = evolveDispute(reviewed, { type: "decided", outcome: "lost" }, noon + 3 * minute);
  const erased = evolveDispute(lost, { type: "redacted" }, noon + 4 * minute);

  test("is one version further along the table, or evidence that comes or is erased", () => {
    const steps = [undefined, open, given, reviewed, lost, erased];
    for (const [index, after] of steps.slice(1).entries())
      expect(checkDisputeTransition(steps[index], after as Dispute)).toEqual([]);
    expect(checkDisputeTransition(open, won)).toEqual([]);
  });

  // biome-ignore format: a table is read in rows
  test.each<{ what: string; before: Dispute | undefined; after: Dispute; says: RegExp }>([
    { what: "begins at its end", before: undefined, after: won, says: /begins as won, version 2/ },
    { what: "begins with evidence", before: undefined, after: { ...given, version: 1 }, says: /begins as needs_response/ },
    { what: "begins later", before: undefined, after: { ...open, version: 2 }, says: /begins as needs_response, version 2/ },
    { what: "is written over", before: won, after: { ...lost, version: 2 }, says: /moved from won \(version 2\) to lost/ },
    { what: "leaves its end", before: won, after: { ...reviewed, version: 3 }, says: /moved from won/ },
    { what: "misses a version", before: open, after: { ...won, version: 3 }, says: /to won \(version 3\)/ },
    { what: "moves nowhere", before: open, after: { ...open, version: 2 }, says: /to needs_response \(version 2\)/ },
    { what: "loses its evidence", before: given, after: { ...won, version: 3 }, says: /given evidence twice/ },
    { what: "is of more", before: open, after: { ...won, total: money(41_00n, "USD") }, says: /changed what it is about/ },
    { what: "costs more", before: open, after: { ...won, fee: 16_00n }, says: /changed what it is about/ },
    { what: "has more time", before: open, after: { ...won, evidenceDueAt: won.evidenceDueAt + 1 }, says: /changed what it is about/ },
  ])("that $what is found", ({ before, after, says }) => {
    expect(checkDisputeTransition(before, after).map(({ what }) => what)).toEqual([expect.stringMatching(says)]);
  });
});
