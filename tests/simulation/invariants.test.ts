import { marshall } from "@aws-sdk/util-dynamodb";
import { describe, expect, test } from "vitest";
import { guardedAccountItem } from "#adapters/dynamodb/guarded-accounts.ts";
import { journalItem } from "#adapters/dynamodb/journal-codec.ts";
import { readStored, storedAccount } from "#adapters/dynamodb/stored.ts";
import { type Account, type AccountId, noCounters } from "#core/ledger/account.ts";
import { credit, debit, type EntryId, type JournalEntry } from "#core/ledger/entry.ts";
import { entryRecord, type JournalRecord, resolutionRecord } from "#core/ledger/journal.ts";
import { money } from "#core/money/money.ts";
import { evolve } from "#core/payments/evolve.ts";
import type { Payment } from "#core/payments/payment.ts";
import { captureResolution, holdEntry, voidResolution } from "#core/payments/postings.ts";
import {
  type AcquirerAuthorization,
  checkAgreement,
  checkOneReference,
  checkRecorded,
} from "#core/proof/acquirers.ts";
import { checkStored } from "#core/proof/book.ts";
import type { Finding } from "#core/proof/finding.ts";
import { checkAppend, checkEpoch, checkKeys, checkNoCards } from "#core/proof/items.ts";
import { checkAccounts, checkMovement, checkRoom } from "#core/proof/ledger.ts";
import { checkTransition } from "#core/proof/payments.ts";
import type { StoredAccount } from "#core/proof/stored.ts";
import { demo, exampleAuthorization, examplePayment, minute, noon } from "#tests/support/examples.ts";

/** Checkers that nothing can fail would prove nothing: each is given what it is there to find. */

const recorder = { now: noon, execution: "run-1" };
const processing = examplePayment();
const authorized = evolve(processing, { type: "authorized", authorization: exampleAuthorization }, noon);
const captured = evolve(
  authorized,
  { type: "captured", authorization: exampleAuthorization, amount: 100_00n },
  noon + minute,
);
const canceled = evolve(authorized, { type: "canceled", reason: "test" }, noon + minute);

const hold = ((): JournalRecord => {
  const entry = holdEntry(processing, exampleAuthorization, recorder);
  if (!entry.ok) throw new Error(entry.error);
  return entryRecord(entry.value);
})();
const capture = ((at = noon): JournalRecord => {
  const resolution = captureResolution(authorized, exampleAuthorization, 100_00n, { ...recorder, now: at });
  if (!resolution.ok) throw new Error(resolution.error);
  return resolutionRecord(resolution.value);
})();
const release = resolutionRecord(voidResolution(authorized, exampleAuthorization, recorder));

const namesOf = (findings: readonly Finding[]) => [...new Set(findings.map(({ invariant }) => invariant))];
const check = (payments: readonly Payment[], journal: readonly JournalRecord[]) =>
  namesOf(checkStored({ payments, refunds: [], disputes: [], journal, accounts: [] }));

describe("a payment and its hold", () => {
  // biome-ignore format: a table is read in rows
  test.each<[string, Payment, readonly JournalRecord[]]>([
    ["processing, with nothing", processing, []],
    ["authorized, with its hold", authorized, [hold]],
    ["captured, with its hold posted", captured, [hold, capture]],
    ["canceled, with its hold voided", canceled, [hold, release]],
  ])("agree: %s", (_case, payment, journal) => {
    expect(check([payment], journal)).toEqual([]);
  });

  // biome-ignore format: a table is read in rows
  test.each<[string, Payment, readonly JournalRecord[], string]>([
    ["authorized, without a hold", authorized, [], "holds"],
    ["processing, with a hold", processing, [hold], "holds"],
    ["captured, with its hold still there", captured, [hold], "holds"],
    ["captured, with its hold voided", captured, [hold, release], "holds"],
    ["captured for less than was posted", { ...captured, captured: 1n } as Payment, [hold, capture], "holds"],
    ["captured beyond its total", { ...captured, captured: 100_01n } as Payment, [hold, capture], "holds"],
    ["refunded beyond what was captured", { ...captured, refunded: 100_01n } as Payment, [hold, capture], "holds"],
    ["held for another amount", { ...authorized, total: money(1n, "USD") }, [hold], "holds"],
    ["of an amount out of range", { ...processing, total: money(0n, "USD") }, [], "amounts"],
    ["resolved twice", captured, [hold, capture, release], "one_entry"],
    ["posted after its expiry", captured, [expiredAt(noon), capture], "holds"],
  ])("do not: %s", (_case, payment, journal, invariant) => {
    expect(check([payment], journal)).toContain(invariant);
  });

  function expiredAt(expiresAt: number): JournalRecord {
    if (hold.type !== "entry") throw new Error("a hold is an entry");
    return entryRecord({ ...hold.entry, expiresAt });
  }
});

const posted = (legs: JournalEntry["legs"], id = "je_1"): JournalRecord =>
  entryRecord({
    id: id as EntryId,
    book: demo,
    state: "posted",
    legs,
    effectiveAt: noon,
    recordedAt: noon,
    execution: "test",
  });
const bank = "mer_demo:1000:USD" as AccountId;
const shop = "acc_shop" as AccountId;

test("an entry that does not balance is found, and so are the books that it leaves", () => {
  const journal = [posted([debit(bank, 5n, "USD"), credit(shop, 4n, "USD")])];
  expect(check([], journal)).toEqual(["balanced_entries", "trial_balance"]);
});

test("two currencies do not make up for each other", () => {
  const journal = [posted([debit(bank, 5n, "USD"), credit("acc_euro" as AccountId, 5n, "EUR")])];
  expect(check([], journal)).toEqual(["balanced_entries", "trial_balance"]);
});

test("an id that is used twice is found", () => {
  const legs = [debit(bank, 5n, "USD"), credit(shop, 5n, "USD")];
  expect(check([], [posted(legs), posted(legs)])).toEqual(["one_entry"]);
});

describe("a guarded account", () => {
  const account: Account = {
    ...noCounters,
    id: shop,
    book: demo,
    currency: "USD",
    normalSide: "credit",
    condition: "open",
    creditsPosted: 5n,
    minAvailable: 0n,
  };
  const stored: StoredAccount = storedAccount(guardedAccountItem(account));
  const journal = [posted([debit(bank, 5n, "USD"), credit(shop, 5n, "USD")])];
  const findingsOf = (change: Partial<StoredAccount>) =>
    namesOf(checkAccounts({ accounts: [{ ...stored, ...change }], journal }));

  test("equals the fold of its journal, and keeps the room that its limits leave", () => {
    expect(findingsOf({})).toEqual([]);
    expect(checkRoom(stored, { minAvailable: 0n })).toEqual([]);
  });

  test("is found when it does not", () => {
    expect(findingsOf({ creditsPosted: 6n })).toEqual(["fold"]);
    expect(findingsOf({ currency: "EUR" })).toEqual(["fold"]);
    expect(findingsOf({ debitRoom: -1n })).toEqual(["guarded"]);
    expect(namesOf(checkRoom(stored, { minAvailable: 1n }))).toEqual(["guarded"]);
  });

  test("takes nothing but releases while it is frozen", () => {
    const frozen: StoredAccount = { ...stored, condition: "frozen", creditsPending: 3n };
    expect(checkMovement(frozen, { ...frozen, creditsPending: 0n })).toEqual([]);
    expect(namesOf(checkMovement(frozen, { ...frozen, creditsPosted: 6n }))).toEqual(["guarded"]);
  });
});

describe("a transition", () => {
  test("is one of the table's, one version up, of the same agreement", () => {
    expect(checkTransition(undefined, processing)).toEqual([]);
    expect(checkTransition(processing, authorized)).toEqual([]);
  });

  // biome-ignore format: a table is read in rows
  test.each<[string, Payment | undefined, Payment]>([
    ["from nothing into the middle", undefined, authorized],
    ["back", captured, { ...authorized, version: captured.version + 1 }],
    ["out of a terminal state", canceled, { ...captured, version: canceled.version + 1 }],
    ["without a version", processing, { ...authorized, version: 1 }],
    ["over a version", processing, { ...authorized, version: 3 }],
    ["into another currency", processing, { ...authorized, total: money(100_00n, "EUR") }],
    ["into another amount", processing, { ...authorized, total: money(1n, "USD") }],
  ])("is found that goes %s", (_case, before, after) => {
    expect(namesOf(checkTransition(before, after))).toEqual(["transitions"]);
  });
});

test("a journal item that is written over is found", () => {
  const item = marshall(journalItem(hold), { removeUndefinedValues: true });
  expect(checkAppend(undefined, "je_1")).toEqual([]);
  expect(namesOf(checkAppend(item, "je_1"))).toEqual(["append_only"]);
});

test("epoch: an item that a later epoch wrote is not written over by an earlier one", () => {
  expect([...checkEpoch("pay_1", 0, 1), ...checkEpoch("pay_1", 1, 1), ...checkEpoch("pay_1", 1, 2)]).toEqual(
    [],
  );
  expect(namesOf(checkEpoch("pay_1", 2, 1))).toEqual(["epoch"]);
});

test("a key that starts with another tenant's book is found, and one of an index too", () => {
  const isDemo = (book: string) => book === demo;
  const keys = (pk: string, listPk: string) => ({ pk, sk: "payment", list_pk: listPk });
  expect(checkKeys(keys("mer_demo#pay_1", "mer_demo#0"), isDemo)).toEqual([]);
  expect(namesOf(checkKeys(keys("mer_other#pay_1", "mer_demo#0"), isDemo))).toEqual(["tenancy"]);
  expect(namesOf(checkKeys(keys("mer_demo#pay_1", "0"), isDemo))).toEqual(["tenancy"]);
});

test("a card number in a text is found", () => {
  const cards = ["4242424242424242"];
  expect(checkNoCards("x", '{"last4":"4242"}', cards)).toEqual([]);
  expect(namesOf(checkNoCards("x", '{"pan":"4242424242424242"}', cards))).toEqual(["no_cards"]);
});

test("what the tables hold is read back as it was written", () => {
  const items = [marshall(journalItem(hold)), marshall(journalItem(capture))];
  expect(readStored(items).journal).toEqual([hold, capture]);
});

describe("acquirers and tables", () => {
  const there = (change: Partial<AcquirerAuthorization> = {}): AcquirerAuthorization => ({
    ...exampleAuthorization,
    payment: processing.id,
    state: "open",
    amount: 100_00n,
    captured: 0n,
    refunded: 0n,
    ...change,
  });
  const taken = there({ state: "captured", captured: 100_00n });

  // biome-ignore format: a table is read in rows
  test.each<[string, Payment, readonly AcquirerAuthorization[]]>([
    ["held by both", authorized, [there()]],
    ["taken by both", captured, [taken]],
    ["released by both", canceled, [there({ state: "voided" })]],
    ["released where it came second", captured, [taken, there({ acquirer: "beta", state: "voided" })]],
  ])("agree: %s", (_case, payment, authorizations) => {
    expect(checkAgreement([payment], authorizations)).toEqual([]);
  });

  // biome-ignore format: a table is read in rows
  test.each<[string, Payment, readonly AcquirerAuthorization[]]>([
    ["held by the tables alone", authorized, []],
    ["held here, released there", authorized, [there({ state: "voided" })]],
    ["held here, taken there", authorized, [taken]],
    ["taken here, held there", captured, [there()]],
    ["taken here, less taken there", captured, [{ ...taken, captured: 1n }]],
    ["released here, held there", canceled, [there()]],
    ["nothing here, held there", processing, [there()]],
    ["another payment's", authorized, [there({ payment: "pay_other" })]],
    ["held twice", captured, [taken, there({ acquirer: "beta" })]],
    ["given back there alone", captured, [{ ...taken, refunded: 1n }]],
    ["given back here alone", { ...captured, refunded: 1n } as Payment, [taken]],
  ])("do not: %s", (_case, payment, authorizations) => {
    expect(checkAgreement([payment], authorizations)).not.toEqual([]);
  });

  test("a record of what did not happen is found while things still move", () => {
    expect(checkRecorded([authorized], [taken])).toEqual([]);
    expect(namesOf(checkRecorded([captured], [there()]))).toEqual(["agreement"]);
  });

  test("two acquirers that hold the money of one payment are found", () => {
    expect(namesOf(checkOneReference([there(), there({ acquirer: "beta" })]))).toEqual(["one_reference"]);
  });
});
