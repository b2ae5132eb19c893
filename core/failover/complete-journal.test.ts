import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { payments, refundsIn } from "#tests/support/arbitraries/payments.ts";
import {
  day,
  exampleAuthorization,
  examplePayment,
  exampleRefund,
  minute,
  noon,
} from "#tests/support/examples.ts";
import { valued } from "#tests/support/valued.ts";
import { type AccountId, salesAccount } from "../ledger/account.ts";
import { debitsOf, type JournalEntry } from "../ledger/entry.ts";
import { entryIdOf, entryRecord, type JournalRecord, resolutionRecord } from "../ledger/journal.ts";
import { authorizationOf, type Payment, type Standing } from "../payments/payment.ts";
import {
  captureResolution,
  expiredResolution,
  holdEntry,
  refundHold,
  refundPosted,
  refundVoided,
  settlementEntry,
  voidResolution,
  walletRefund,
  walletTransfer,
} from "../payments/postings.ts";
import { type Refund, type RefundStanding, refundStates } from "../payments/refund.ts";
import { completeJournal } from "./complete-journal.ts";

const authorization = exampleAuthorization;
const recorder = { now: noon, execution: "saga" };
const review = { operation: "capture", acquirer: "alpha", reason: "timeout" } as const;
const done = { authorization, captured: 100_00n, refunded: 0n };

/** What the saga wrote of the payment. */
const card = examplePayment();
const held = entryRecord(valued(holdEntry(card, authorization, recorder)));
const postedFor = (amount: bigint) =>
  resolutionRecord(valued(captureResolution(card, authorization, amount, recorder)));
const posted = postedFor(100_00n);
const voided = resolutionRecord(voidResolution(card, authorization, recorder));
const late = { ...recorder, now: authorization.expiresAt };
const expired = resolutionRecord(expiredResolution(card, authorization, late) as never);

/** And of its refund. */
const refund = exampleRefund();
const refundHeld = entryRecord(valued(refundHold(refund, authorization, recorder)));
const given = resolutionRecord(refundPosted(refund, authorization, recorder));
const notGiven = resolutionRecord(refundVoided(refund, authorization, recorder));

const account = { type: "account", account: "acc_alice" as AccountId } as const;
const wallet = (standing: Standing): Payment => ({ ...examplePayment(standing), method: account });
const { authorization: _none, ...paid } = done;
const transfer = entryRecord(
  valued(walletTransfer(wallet({ state: "captured", ...paid }), account, recorder)),
);
const { from: _noAcquirer, ...ofWallet } = exampleRefund();
const walletRefundIn = (standing: RefundStanding): Refund => ({ ...ofWallet, ...standing }) as Refund;
const paidBack = entryRecord(valued(walletRefund(walletRefundIn({ state: "succeeded" }), account, recorder)));

/** `authorize.1 posted 6000`: which record it is, and how much it moves where it moves something. */
function named(record: JournalRecord): string {
  const name = entryIdOf(record).slice(`je_${card.id}.`.length);
  if (record.type === "resolution" && record.resolution.kind !== "posted")
    return `${name} ${record.resolution.kind}`;
  const entry = record.type === "resolution" ? record.resolution : record;
  const { legs } = "entry" in entry ? entry.entry : { legs: [] };
  const state = record.type === "resolution" ? "posted" : `${record.entry.state} entry of`;
  return `${name} ${state} ${debitsOf(legs)}`;
}

const hold = "authorize.1 pending entry of 10000";
const heldRefund = "refund.1 pending entry of 3000";
const captured = examplePayment({ state: "captured", ...done });
const settled: Payment & { state: "settled" } = { ...captured, state: "settled", ...done, released: 96_50n };
const released = entryRecord(settlementEntry(settled, recorder) as JournalEntry);

// biome-ignore format: a table is read in rows
const rows: readonly [what: string, payment: Payment, refunds: readonly Refund[], journal: readonly JournalRecord[], written: readonly string[]][] = [
  // A payment that moved, without its record.
  ["authorized, without its hold", examplePayment({ state: "authorized", authorization }), [], [], [hold]],
  ["authorized", examplePayment({ state: "authorized", authorization }), [], [held], []],
  ["captured, without anything", captured, [], [], [hold, "authorize.1 posted 10000"]],
  ["captured, with its hold alone", captured, [], [held], ["authorize.1 posted 10000"]],
  ["captured, with the end of its hold alone", captured, [], [posted], [hold]],
  ["captured", captured, [], [held, posted], []],
  ["captured in part", examplePayment({ state: "captured", ...done, captured: 60_00n }), [], [held], ["authorize.1 posted 6000"]],
  ["settled, without anything", settled, [], [], [hold, "authorize.1 posted 10000", "settle.1 posted entry of 9650"]],
  ["settled, without what became available", settled, [], [held, posted], ["settle.1 posted entry of 9650"]],
  ["settled, with the end of its hold alone", settled, [], [posted], [hold, "settle.1 posted entry of 9650"]],
  ["settled", settled, [], [held, posted, released], []],
  ["settled, of which nothing was left", { ...settled, released: 0n }, [], [held, posted], []],
  ["moved by a refund long after its hold would have ended", { ...captured, updatedAt: noon + 30 * day }, [], [held], ["authorize.1 posted 10000"]],
  ["released, without anything", examplePayment({ state: "canceled", authorization, cancellation: "asked" }), [], [], [hold, "authorize.1 voided"]],
  ["released, with its hold", examplePayment({ state: "canceled", authorization, cancellation: "asked" }), [], [held], ["authorize.1 voided"]],
  ["released", examplePayment({ state: "canceled", authorization, cancellation: "asked" }), [], [held, voided], []],
  ["ended by time, with its hold", examplePayment({ state: "expired", authorization }), [], [held], ["authorize.1 expired"]],
  ["ended by time", examplePayment({ state: "expired", authorization }), [], [held, expired], []],
  ["in review with what it holds", examplePayment({ state: "in_review", authorization, review }), [], [], [hold]],
  // One that never moved any money.
  ["that began", examplePayment(), [], [], []],
  ["whose customer never came", examplePayment({ state: "expired", acquirer: "alpha" }), [], [], []],
  ["declined", examplePayment({ state: "declined", acquirer: "alpha", decline: "do_not_honor" }), [], [], []],
  ["failed after its authorization was let go", examplePayment({ state: "failed", authorization, failure: "x" }), [], [], []],
  ["in review about its authorization", examplePayment({ state: "in_review", review }), [], [], []],
  // What the journal is ahead of is for others to follow.
  ["that knows nothing of its hold", examplePayment(), [], [held], []],
  ["whose capture the journal alone has", examplePayment({ state: "authorized", authorization }), [], [held, posted], []],
  // Refunds.
  ["given back, without anything", captured, [exampleRefund({ state: "succeeded" })], [held, posted], [heldRefund, "refund.1 posted 3000"]],
  ["given back, with its hold", captured, [exampleRefund({ state: "succeeded" })], [held, posted, refundHeld], ["refund.1 posted 3000"]],
  ["given back, with the end of its hold alone", captured, [exampleRefund({ state: "succeeded" })], [held, posted, given], [heldRefund]],
  ["given back", captured, [exampleRefund({ state: "succeeded" })], [held, posted, refundHeld, given], []],
  ["not given back, with its hold", captured, [exampleRefund({ state: "failed", failure: "x" })], [held, posted, refundHeld], ["refund.1 voided"]],
  ["not given back, with the end of its hold alone", captured, [exampleRefund({ state: "failed", failure: "x" })], [held, posted, notGiven], [heldRefund]],
  ["not given back before anything was held", captured, [exampleRefund({ state: "failed", failure: "x" })], [held, posted], []],
  ["being given back, without its hold", captured, [exampleRefund({ state: "processing", held: true })], [held, posted], [heldRefund]],
  ["in review, without its hold", captured, [exampleRefund({ state: "in_review", held: true, review })], [held, posted], [heldRefund]],
  ["about to be held", captured, [exampleRefund({ state: "processing", held: false })], [held, posted], []],
  ["whose hold the journal alone has", captured, [exampleRefund({ state: "processing", held: false })], [held, posted, refundHeld], []],
  ["given back before anything of it arrived", captured, [exampleRefund({ state: "succeeded" })], [], [hold, "authorize.1 posted 10000", heldRefund, "refund.1 posted 3000"]],
  // Wallets.
  ["a wallet's, without its transfer", wallet({ state: "captured", ...paid }), [], [], ["transfer.1 posted entry of 10000"]],
  ["a wallet's", wallet({ state: "captured", ...paid }), [], [transfer], []],
  ["a wallet's that was refused", wallet({ state: "failed", failure: "x" }), [], [], []],
  ["a wallet's, given back, without its entry", wallet({ state: "captured", ...paid }), [walletRefundIn({ state: "succeeded" })], [transfer], ["refunded.1 posted entry of 3000"]],
  ["a wallet's, given back", wallet({ state: "captured", ...paid }), [walletRefundIn({ state: "succeeded" })], [transfer, paidBack], []],
  ["a wallet's, not given back", wallet({ state: "captured", ...paid }), [walletRefundIn({ state: "failed", failure: "x" })], [transfer], []],
];

describe("what the journal lacks of a payment", () => {
  test.each(rows)("%s", (_what, payment, refunds, journal, expected) => {
    const { records, torn } = completeJournal({ payment, refunds, journal }, "failover");
    expect(records.map(named)).toEqual(expected);
    expect(torn).toEqual([]);
  });

  test("was recorded when the step was written, by the failover", () => {
    const moved = { ...captured, updatedAt: noon + minute };
    const { records } = completeJournal({ payment: moved, refunds: [], journal: [] }, "failover");
    const recorded = records.map((record) =>
      record.type === "resolution" ? record.resolution : record.entry,
    );
    expect(recorded).toMatchObject([
      { recordedAt: noon + minute, execution: "failover", expiresAt: authorization.expiresAt },
      { recordedAt: noon + minute, execution: "failover" },
    ]);
  });
});

// biome-ignore format: a table is read in rows
test.each<[what: string, payment: Payment, refunds: readonly Refund[], journal: readonly JournalRecord[], found: RegExp]>([
  ["a capture of a hold that was released", captured, [], [held, voided], /pay_\S+ is captured, and its hold is voided/],
  ["a release of a hold that was posted", examplePayment({ state: "canceled", authorization, cancellation: "asked" }), [], [held, posted], /is canceled, and its hold is posted/],
  ["a refund that succeeded, and was not given", captured, [exampleRefund({ state: "succeeded" })], [held, posted, refundHeld, notGiven], /re_\S+ succeeded, and its hold is voided/],
  ["a refund that failed, and was given", captured, [exampleRefund({ state: "failed", failure: "x" })], [held, posted, refundHeld, given], /re_\S+ failed, and its hold is posted/],
  ["a refund of what was never authorized", examplePayment(), [exampleRefund()], [], /re_\S+ is of pay_\S+, which was never authorized/],
  ["a transfer out of sales", { ...wallet({ state: "captured", ...paid }), method: { ...account, account: salesAccount("USD") } }, [], [], /is captured, and its transfer cannot be written/],
])("%s is a person's to decide, and nothing is written", (_what, payment, refunds, journal, found) => {
  const { records, torn } = completeJournal({ payment, refunds, journal }, "failover");
  expect(records).toEqual([]);
  expect(torn.map(({ subject, what }) => `${subject} ${what}`)).toEqual([expect.stringMatching(found)]);
});

/** Refunds of a payment, one of each kind that the numbers pick, as its payment lists them. */
const refundsOf = (payment: Payment): fc.Arbitrary<Refund[]> =>
  fc.array(fc.constantFrom(...refundStates).chain(refundsIn), { maxLength: 3 }).map((refunds) =>
    refunds.map((each, index) => ({
      ...each,
      ...{ payment: payment.id, book: payment.book, n: index + 1 },
      total: { ...each.total, currency: payment.total.currency },
    })),
  );

/** The holds of refunds that failed, and their ends: what was written of them does not follow from the refund. */
function ofFailed(payment: Payment, refunds: readonly Refund[]): JournalRecord[] {
  const by = authorizationOf(payment);
  if (by === undefined || payment.method.type === "account") return [];
  return refunds
    .filter(({ state }) => state === "failed")
    .flatMap((each) => [
      entryRecord(valued(refundHold(each, by, { now: each.updatedAt, execution: "failover" }))),
      resolutionRecord(refundVoided(each, by, { now: each.updatedAt, execution: "failover" })),
    ]);
}

const arrivals = payments
  .chain((payment) => refundsOf(payment).map((refunds) => ({ payment, refunds })))
  .chain(({ payment, refunds }) => {
    const whole = completeJournal({ payment, refunds, journal: [] }, "failover").records;
    return fc
      .tuple(fc.subarray([...whole]), fc.subarray(ofFailed(payment, refunds)))
      .map(([some, failed]) => ({ payment, refunds, whole, some, failed }));
  });

const placeOf = (record: JournalRecord): string => `${entryIdOf(record)} ${record.type}`;

test("whatever part of the journal arrived, it is whole after it was completed, and a second time adds nothing", () => {
  fc.assert(
    fc.property(arrivals, ({ payment, refunds, whole, some, failed }) => {
      const journal = [...some, ...failed];
      const first = completeJournal({ payment, refunds, journal }, "failover");
      const after = [...journal, ...first.records];
      const places = after.map(placeOf);
      expect(new Set(places).size).toBe(places.length);
      expect(whole.filter((record) => !after.some((each) => isDeepStrictEqual(each, record)))).toEqual([]);
      const second = completeJournal({ payment, refunds, journal: after }, "failover");
      expect(second).toEqual({ records: [], torn: first.torn });
    }),
    { numRuns: 200 },
  );
});
