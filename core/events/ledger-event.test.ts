import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { journals } from "#tests/support/arbitraries/ledger.ts";
import { noon } from "#tests/support/examples.ts";
import { type AccountId, addCounters, type Book, type Counters, noCounters } from "../ledger/account.ts";
import { credit, debit, type EntryId, type JournalEntry } from "../ledger/entry.ts";
import {
  entryRecord,
  failureRecord,
  type JournalRecord,
  movements,
  resolutionRecord,
} from "../ledger/journal.ts";
import type { Currency } from "../money/currency.ts";
import { type LedgerEventType, ledgerEvent, ledgerEventOf } from "./ledger-event.ts";

const usd = "USD" as Currency;
const [book, hold] = ["mer_demo" as Book, "je_1.authorize" as EntryId];
const legs = [debit("a" as AccountId, 12_34n, usd), credit("b" as AccountId, 12_34n, usd)];
const entry = (course: Partial<JournalEntry> = {}): JournalEntry => ({
  ...{ id: hold, book, state: "posted", legs, effectiveAt: noon - 1, recordedAt: noon, execution: "e" },
  ...course,
});
const released = { hold, book, released: legs, recordedAt: noon + 1, execution: "e" };
const told = [
  { account: "a", side: "debit", amount: 1234, currency: "USD" },
  { account: "b", side: "credit", amount: 1234, currency: "USD" },
];
const [moved, ended] = [new Date(noon - 1).toISOString(), new Date(noon + 1).toISOString()];

// biome-ignore format: a table is read in rows
test.each<[LedgerEventType, JournalRecord, object]>([
  ["ledger.posted",       entryRecord(entry()),                                             { legs: told, released: [], effective_at: moved }],
  ["ledger.posted",       entryRecord(entry({ reverses: "je_0" as EntryId })),              { legs: told, released: [], effective_at: moved, reverses: "je_0" }],
  ["ledger.held",         entryRecord(entry({ state: "pending", expiresAt: noon + 1 })),    { legs: told, released: [], effective_at: moved, expires_at: ended }],
  ["ledger.refused",      failureRecord(entry(), "below_min_available"),                     { legs: told, released: [], refusal: "below_min_available" }],
  ["ledger.hold_posted",  resolutionRecord({ ...released, kind: "posted", entry: { id: "je_1.capture" as EntryId, legs, effectiveAt: noon + 1 } }), { posted_as: "je_1.capture", legs: told, released: told, effective_at: ended }],
  ["ledger.hold_voided",  resolutionRecord({ ...released, kind: "voided" }),                { legs: [], released: told }],
  ["ledger.hold_expired", resolutionRecord({ ...released, kind: "expired", effectiveAt: noon + 1 }), { legs: [], released: told, effective_at: ended }],
])("%s", (type, record, content) => {
  expect(ledgerEventOf(record)).toMatchObject({ schema: 1, type, book, record: { entry: hold } });
  expect(ledgerEventOf(record).record).toEqual({ entry: hold, ...content });
});

describe("the event of a record", () => {
  test("is known by its schema, word by word", () => {
    fc.assert(
      fc.property(journals({ holds: "any" }), (records) => {
        for (const event of records.map(ledgerEventOf))
          expect(ledgerEvent.parse(JSON.parse(JSON.stringify(event)))).toEqual(event);
      }),
    );
  });

  test("has an id that no other record of its journal has, and always the same", () => {
    fc.assert(
      fc.property(journals({ holds: "any" }), (records) => {
        const ids = records.map((record) => ledgerEventOf(record).id);
        expect(new Set(ids).size).toBe(records.length);
        expect(records.map((record) => ledgerEventOf(record).id)).toEqual(ids);
      }),
    );
  });

  test("is another one than that of its end in the same moment, and than that of another merchant's entry", () => {
    const ended = resolutionRecord({ ...released, recordedAt: noon, kind: "voided" });
    const elsewhere = entryRecord(entry({ book: "mer_other" as Book }));
    const ids = [entryRecord(entry()), ended, elsewhere].map((record) => ledgerEventOf(record).id);
    expect(new Set(ids).size).toBe(3);
  });

  test("does not tell what a caller noted on the entry", () => {
    const event = ledgerEventOf(entryRecord(entry({ metadata: { note: "for Lena Meyer" } })));
    expect(JSON.stringify(event)).not.toContain("Lena");
  });

  test("adds up to the balances of the journal: nothing that moves money is left out", () => {
    fc.assert(
      fc.property(journals({ holds: "any" }), (records) => {
        const posted = new Map<string, bigint>();
        const held = new Map<string, bigint>();
        for (const { type, record } of records.map(ledgerEventOf)) {
          if (type === "ledger.refused") continue;
          const into = type === "ledger.held" ? held : posted;
          add(into, record.legs, 1n);
          add(held, record.released, -1n);
        }
        for (const [account, is] of balancesOf(records)) {
          expect(posted.get(account) ?? 0n).toBe(is.debitsPosted - is.creditsPosted);
          expect(held.get(account) ?? 0n).toBe(is.debitsPending - is.creditsPending);
        }
      }),
    );
  });
});

function balancesOf(records: readonly JournalRecord[]): Map<string, Counters> {
  const balances = new Map<string, Counters>();
  for (const [account, moved] of records.flatMap((record) => [...movements(record)]))
    balances.set(account, addCounters(balances.get(account) ?? noCounters, moved));
  return balances;
}

function add(
  sums: Map<string, bigint>,
  legs: readonly { account: string; side: string; amount: number }[],
  sign: bigint,
): void {
  for (const { account, side, amount } of legs)
    sums.set(account, (sums.get(account) ?? 0n) + sign * (side === "debit" ? 1n : -1n) * BigInt(amount));
}
