import { describe, expect, test } from "vitest";
import { exampleEvent } from "#tests/support/example-events.ts";
import {
  day,
  demo,
  exampleAuthorization,
  examplePayment,
  exampleRefund,
  noon,
} from "#tests/support/examples.ts";
import { eventOf, type PublishedEvent } from "../events/payment-event.ts";
import { type AccountId, type Book, type Counters, noCounters } from "../ledger/account.ts";
import { credit, debit, type EntryId, type JournalEntry } from "../ledger/entry.ts";
import { entryRecord, type JournalRecord, resolutionRecord } from "../ledger/journal.ts";
import { foldOn, nothingFolded } from "../ledger/shard-fold.ts";
import { money } from "../money/money.ts";
import { evolve } from "../payments/evolve.ts";
import type { PaymentId } from "../payments/ids.ts";
import type { Payment } from "../payments/payment.ts";
import {
  captureResolution,
  holdEntry,
  refundHold,
  refundPosted,
  refundVoided,
  walletRefund,
  walletTransfer,
} from "../payments/postings.ts";
import type { Refund } from "../payments/refund.ts";
import { checkTexts } from "./items.ts";
import { proofsOf, type StoredBook, trialBalances, type WholeStore } from "./proof.ts";
import type { AccountNote, StoredAccount } from "./stored.ts";

/** A store in which all is well, and stores in which one thing is wrong: each must be found, under its own name. */

const recorder = { now: noon, execution: "run-1" };
const right = <Value>(result: { ok: true; value: Value } | { ok: false; error: unknown }): Value => {
  if (!result.ok) throw new Error(String(result.error));
  return result.value;
};

const created = examplePayment();
const authorized = evolve(created, { type: "authorized", authorization: exampleAuthorization }, noon);
const takenOnly = evolve(
  authorized,
  { type: "captured", authorization: exampleAuthorization, amount: 100_00n },
  noon,
);
const refund = exampleRefund({ state: "succeeded" });
const captured: Payment = { ...takenOnly, refunded: 30_00n, refunds: [refund.id] } as Payment;

const alice = "acc_alice" as AccountId;
const wallet: Payment = {
  ...examplePayment({ state: "captured", captured: 10_00n, refunded: 0n }),
  id: "pay_wallet" as PaymentId,
  total: money(10_00n, "USD"),
  method: { type: "account", account: alice },
  version: 2,
};
const method = { type: "account", account: alice } as const;
const posted = (id: string, legs: JournalEntry["legs"]): JournalRecord =>
  entryRecord({
    id: id as EntryId,
    book: demo,
    state: "posted",
    legs,
    effectiveAt: noon,
    recordedAt: noon,
    execution: "test",
  });

const hold = entryRecord(right(holdEntry(created, exampleAuthorization, recorder)));
const capture = resolutionRecord(
  right(captureResolution(authorized, exampleAuthorization, 100_00n, recorder)),
);
const refundHeld = entryRecord(right(refundHold(refund, exampleAuthorization, recorder)));
const refunded = resolutionRecord(refundPosted(refund, exampleAuthorization, recorder));
const topUp = posted("je_top_up", [
  debit("acc_float" as AccountId, 50_00n, "USD"),
  credit(alice, 50_00n, "USD"),
]);
const transfer = entryRecord(right(walletTransfer(wallet, method, recorder)));

const walletHold = {
  type: "entry" as const,
  entry: {
    id: "je_hold" as EntryId,
    book: demo,
    state: "pending" as const,
    legs: [debit(alice, 5_00n, "USD"), credit("acc_float" as AccountId, 5_00n, "USD")],
    effectiveAt: noon,
    recordedAt: noon,
    expiresAt: noon + day,
    execution: "test",
  },
};

const journal = [hold, capture, refundHeld, refunded, topUp, transfer];
const account = (id: string, change: Partial<StoredAccount>): StoredAccount => {
  const unlimited = 10n ** 30n;
  const stored = {
    ...noCounters,
    id: id as AccountId,
    book: demo,
    currency: "USD" as const,
    normalSide: "credit" as const,
    condition: "open" as const,
    ...change,
  };
  return {
    debitRoom: unlimited - stored.debitsPosted + stored.creditsPosted,
    creditRoom: unlimited - stored.creditsPosted + stored.debitsPosted,
    ...stored,
  };
};
const foldOf = (records: readonly JournalRecord[]) =>
  foldOn(
    nothingFolded,
    records.map((record, n) => ({ sequence: String(n + 1), record })),
  );

const note = (of: string, record: string, moved: Partial<Counters>): AccountNote => ({
  account: of,
  record,
  moved: { ...noCounters, ...moved },
});

const well: StoredBook = {
  book: demo,
  payments: [captured, wallet],
  refunds: [refund],
  disputes: [],
  disputeNotes: [],
  journal,
  accounts: [
    account("acc_float", { debitsPosted: 50_00n }),
    account(alice, { creditsPosted: 50_00n, debitsPosted: 10_00n }),
  ],
  notes: [
    note("acc_float", "je_top_up", { debitsPosted: 50_00n }),
    note(alice, "je_top_up", { creditsPosted: 50_00n }),
    note(alice, "je_pay_wallet.transfer.1", { debitsPosted: 10_00n }),
    note("acc_sales_usd", "je_pay_wallet.transfer.1", { creditsPosted: 10_00n }),
  ],
  expiring: [],
  shards: [{ name: "mer_demo#journal#00", journal, fold: foldOf(journal) }],
};

/** Long after: their events may be gone, and are another test's matter. */
const later = noon + 60 * day;
const whole = (book: Partial<StoredBook> = {}, more: Partial<WholeStore> = {}): WholeStore => ({
  books: [{ ...well, ...book }],
  answers: [{ book: demo, key: "k1", made: captured.id }],
  events: [],
  disputeEvents: [],
  items: { count: 0, findings: [] },
  ...more,
});
const findingsOf = (store: WholeStore, now = later) =>
  proofsOf(store, now).flatMap(({ findings }) =>
    findings.map(({ invariant, subject, what }) => `${invariant}: ${subject}: ${what}`),
  );

test("nothing is found where nothing is wrong", () => {
  expect(findingsOf(whole())).toEqual([]);
  expect(trialBalances(whole())).toEqual([
    { book: demo, currency: "USD", debits: 190_00n, credits: 190_00n, balanced: true, accounts: 6 },
  ]);
});

const without = (record: JournalRecord) => {
  const rest = journal.filter((each) => each !== record);
  return { journal: rest, shards: [{ name: "mer_demo#journal#00", journal: rest, fold: foldOf(rest) }] };
};
const paid = (payment: Payment) => ({ payments: [payment, wallet] });
const gave = (change: Partial<Refund>) => ({ refunds: [{ ...refund, ...change } as Refund] });
const folded = (change: object) => ({
  shards: [{ name: "mer_demo#journal#00", journal, fold: { ...foldOf(journal), ...change } }],
});
const [oneLine] = foldOf(journal).lines;
if (oneLine === undefined) throw new Error("the fold has lines");
const [lineName, lineCounters] = oneLine;
const other = "mer_other" as Book;

// biome-ignore format: a table is read in rows
describe.each<[string, WholeStore, string]>([
  ["a leg that is off by one", whole({ journal: [...journal, posted("je_1", [debit(alice, 2n, "USD"), credit(alice, 1n, "USD")])] }), "balanced_entries: je_1: its USD legs sum to 1"],
  ["books that do not balance", whole({ journal: [...journal, posted("je_1", [debit(alice, 2n, "USD")])] }), "trial_balance: posted USD: debits exceed credits by 2"],
  ["an entry that is there twice", whole({ journal: [...journal, topUp] }), "one_entry: je_top_up: mer_demo je_top_up is there twice"],
  ["a hold that was resolved twice", whole({ journal: [...journal, capture] }), `one_entry: je_${captured.id}.authorize.1`],
  ["a balance that the journal does not give", whole({ accounts: [account(alice, { creditsPosted: 1n, debitsPosted: 10_00n })] }), "fold: acc_alice: acc_alice: creditsPosted is 1, the journal says 5000"],
  ["an account beyond its limit", whole({ accounts: [account(alice, { creditsPosted: 50_00n, debitsPosted: 10_00n, debitRoom: -1n })] }), "guarded: acc_alice: room is -1"],
  ["room that the limits do not leave", whole({ accounts: [account(alice, { creditsPosted: 50_00n, debitsPosted: 10_00n, minAvailable: 0n })] }), "guarded: acc_alice: its room is not"],
  ["a fold that counted what is not there", whole(folded({ records: 7 })), "fold: mer_demo#journal#00: counted 7 of 6 records"],
  ["a fold that stays behind", whole(folded({ records: 5 })), "fold: mer_demo#journal#00: 1 of 6 records are not counted yet"],
  ["a fold of another amount", whole(folded({ lines: new Map([...foldOf(journal).lines, [lineName, { ...lineCounters, debitsPosted: 1n }]]) })), `fold: mer_demo#journal#00: ${lineName}: debitsPosted is 1`],
  ["a fold that is off balance by itself", whole(folded({ records: 5, lines: new Map([oneLine]) })), "trial_balance: mer_demo#journal#00: posted USD debits exceed credits by"],
  ["a shard that nobody counted", whole({ shards: [{ name: "mer_demo#journal#00", journal }] }), "6 of 6 records are not counted yet"],
  ["a movement that its account does not list", whole({ notes: well.notes.slice(1) }), "account_entries: acc_float: does not list je_top_up"],
  ["a movement by another amount", whole({ notes: [note("acc_float", "je_top_up", { debitsPosted: 1n }), ...well.notes.slice(1)] }), "account_entries: acc_float: lists je_top_up as 1+0 / 0+0, and it moved 5000+0 / 0+0"],
  ["a movement that never was", whole({ notes: [...well.notes, note(alice, "je_9", {})] }), "account_entries: acc_alice: lists je_9, which did not move it"],
  ["a payment in two books", whole({}, { books: [well, { ...well, book: other, payments: [{ ...wallet, book: other }] }] }), "one_per_key: pay_wallet: is in mer_demo and in mer_other"],
  ["a payment under two keys", whole({}, { answers: [{ book: demo, key: "k1", made: captured.id }, { book: demo, key: "k2", made: captured.id }] }), `one_per_key: ${captured.id}: was made under k1 and k2`],
  ["an answer of a payment that is not there", whole({}, { answers: [{ book: demo, key: "k1", made: "pay_gone" }] }), "one_per_key: k1: mer_demo was told of pay_gone"],
  ["more refunded than captured", whole(paid({ ...captured, refunded: 100_01n } as Payment)), `holds: ${captured.id}: refunded 10001, captured 10000 of 10000`],
  ["a negative refund", whole(paid({ ...captured, refunded: -1n } as Payment)), `holds: ${captured.id}: refunded -1`],
  ["another sum than that of the refunds", whole(paid({ ...captured, refunded: 29_99n } as Payment)), `refunds: ${captured.id}: refunded is 2999, its refunds come to 3000`],
  ["a refund that is not there", whole({ refunds: [] }), `refunds: ${captured.id}: ${refund.id} is not there`],
  ["a refund that its payment does not wait for", whole(gave({ state: "processing", held: true } as Partial<Refund>)), `refunds: ${captured.id}: 0 is to be refunded, its refunds say 3000`],
  ["a refund of no payment", whole({ payments: [wallet] }), `refunds: ${refund.id}: is of ${captured.id}, which is not there`],
  ["a refund in another place", whole(gave({ n: 2 })), `refunds: ${refund.id}: is not number 2`],
  ["a refund in another currency", whole(gave({ total: money(30_00n, "EUR") })), `refunds: ${refund.id}: is of 3000 EUR`],
  ["a refund of another amount than its hold", whole(gave({ total: money(29_00n, "USD") })), `refunds: ${refund.id}: 3000 is in the journal for 2900`],
  ["a succeeded refund that is still held", whole(without(refunded)), `refunds: ${refund.id}: is succeeded, and its hold is held`],
  ["a failed refund that was posted", whole(gave({ state: "failed" })), `refunds: ${refund.id}: is failed, and its hold is posted`],
  ["a refund in review whose hold was posted", whole(gave({ state: "in_review", held: true } as Partial<Refund>)), `refunds: ${refund.id}: is in_review, and its hold is posted`],
  ["a refund whose hold was resolved for other money", whole({ journal: journal.map((record) => record === refunded ? resolutionRecord({ ...refundVoided(refund, exampleAuthorization, recorder), released: [] }) : record) }), `refunds: ${refund.id}: what is resolved is not what was held`],
  ["a captured payment that is still held", whole(without(capture)), `holds: ${captured.id}: is captured, and its hold is held`],
  ["a settled payment whose share is still pending", whole(paid({ ...captured, state: "settled", released: 1n } as Payment)), `holds: ${captured.id}: what became available is not what its settlement left`],
  ["what became available of a payment that is not settled", whole({ journal: [...journal, posted(`je_${captured.id}.settle.1`, [debit(alice, 1n, "USD"), credit("acc_float" as AccountId, 1n, "USD")])] }), `holds: ${captured.id}: what became available is not what its settlement left`],
  ["a wallet's payment without its transfer", whole(without(transfer)), "holds: pay_wallet: is captured, and its transfer is nothing"],
  ["a wallet's payment that never was, with one", whole({ payments: [captured, { ...wallet, state: "failed", failure: "x" } as Payment] }), "holds: pay_wallet: is failed, and its transfer is posted"],
  ["a wallet's payment of another amount", whole({ payments: [captured, { ...wallet, captured: 9_00n } as Payment] }), "holds: pay_wallet: its transfer of 1000 is not what it took, 900"],
  ["a merchant's hold that its time should have ended", whole({ journal: [...journal, walletHold], expiring: [{ hold: walletHold.entry.id, expiresAt: noon + day }] }), "expiry: je_hold: expired at 2026-03-02T12:00:00.000Z, and is not released"],
  ["an amount out of range", whole(paid({ ...captured, total: money(0n, "USD") })), `amounts: ${captured.id}: 0 is out of range`],
])("a store is found with %s", (_what, store, expected) => {
  test("and named", () => {
    expect(findingsOf(store)).toContainEqual(expect.stringContaining(expected));
  });
});

test("two payments that name one authorization are found", () => {
  const twin = { ...captured, id: "pay_2" as PaymentId };
  expect(findingsOf(whole({ payments: [captured, twin, wallet] }))).toContainEqual(
    `one_reference: pay_2: names alpha/alpha-77, and so does ${captured.id}`,
  );
});

test("a wallet that was paid back is one entry more", () => {
  const back: Refund = { ...refund, payment: wallet.id, total: money(3_00n, "USD") };
  const { from: _from, ...walletBack } = back;
  const entry = entryRecord(right(walletRefund(walletBack, method, recorder)));
  const payments = [takenOnly, { ...wallet, refunded: 3_00n, refunds: [refund.id] } as Payment];
  const cardOnly = journal.filter((record) => record !== refundHeld && record !== refunded);
  const holdsOf = (records: readonly JournalRecord[]) =>
    findingsOf(whole({ payments, refunds: [walletBack], journal: records })).filter((each) =>
      /^(holds|refunds)/.test(each),
    );
  expect(holdsOf([...cardOnly, entry])).toEqual([]);
  expect(holdsOf(cardOnly)).toEqual([`refunds: ${refund.id}: is succeeded, and its entry is nothing`]);
});

describe("events of a moment ago", () => {
  const first = eventOf(undefined, created);
  const second = eventOf(created, authorized);
  const book = { payments: [authorized], refunds: [] };
  const found = (events: readonly PublishedEvent[]) =>
    findingsOf(whole(book, { events }), noon + day).filter((each) => /^(outbox|sink|transitions)/.test(each));

  test("tell each version, along the table", () => {
    expect(found([first, second])).toEqual([]);
    expect(found([first])).toEqual([`outbox: ${created.id}: version 2 has no event`]);
    expect(found([second])).toContain(`sink: ${created.id}: 2 is there, and 1 is missing`);
  });

  test("of a way that no payment may go are found", () => {
    const back = exampleEvent({ version: 2 });
    const declined = { ...first, data: { ...first.data, state: "declined" } };
    const skipped = { ...back, data: { ...back.data, state: "settled" } };
    expect(found([first, skipped])).toContain(
      `transitions: ${created.id}: moved from processing to settled (version 2)`,
    );
    expect(found([declined, second])).toContain(`transitions: ${created.id}: begins as declined`);
  });

  test("of old payments may be gone", () => {
    expect(findingsOf(whole(book), later).filter((each) => each.startsWith("outbox"))).toEqual([]);
  });
});

describe("texts of an item", () => {
  const found = (item: unknown) => checkTexts("x", item).map(({ what }) => what);

  test("that read as a card number, or a member that is a security code, are found wherever they are", () => {
    expect(found({ description: "4242 4242 4242 4242" })).toEqual(["description reads as a card number"]);
    expect(found({ a: { b: ["x", "5555555555554444"] } })).toEqual(["b reads as a card number"]);
    expect(found({ card: { cvc: "123" } })).toEqual(["has a member cvc"]);
  });

  test("of a card that may be shown are not, nor is a place in a stream", () => {
    expect(found({ last4: "4242", amount: 4242424242424242, bytes: new Uint8Array(3) })).toEqual([]);
    expect(found({ watermark: "4242424242424242" })).toEqual([]);
  });

  test("of 13 digits behind a plus are a phone, where a phone belongs", () => {
    expect(found({ phone: "+4915112345678" })).toEqual([]);
    expect(found({ phone: "+378282246310005" })).toEqual(["phone reads as a card number"]);
    expect(found({ phone: "4915112345678", note: "+4915112345678" })).toEqual([
      "phone reads as a card number",
      "note reads as a card number",
    ]);
  });
});
