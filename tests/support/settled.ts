import type { Settlement } from "#adapters/books/settlement.ts";
import { type LedgerEvent, ledgerEventOf } from "#core/events/ledger-event.ts";
import { acquirerAccount, systemAccount } from "#core/ledger/chart.ts";
import { credit, debit, type EntryId, type JournalEntry } from "#core/ledger/entry.ts";
import { entryRecord, resolutionRecord } from "#core/ledger/journal.ts";
import type { Resolution } from "#core/ledger/resolution.ts";
import type { Currency } from "#core/money/currency.ts";
import type { SettlementLine } from "#core/settlement/line.ts";
import { keyOf, paymentId, usd } from "./breaks.ts";
import { day, demo, noon } from "./examples.ts";

/** What tests of settlement post to the books, and what acquirers say of it. */

/** The day (UTC): `2026-03-01`. */
export const dayOf = (at: number): string => new Date(at).toISOString().slice(0, 10);

/** The books' record of an entry of this name. */
export const postedAs = (
  id: string,
  legs: JournalEntry["legs"],
  moved = noon,
  more: Partial<JournalEntry> = {},
): LedgerEvent =>
  ledgerEventOf(
    entryRecord({
      ...{ id: id as EntryId, book: demo, state: "posted", legs },
      ...{ effectiveAt: moved, recordedAt: moved, execution: "e" },
      ...more,
    }),
  );

/** The books' record of a capture, by which the acquirer owes. */
export const captured = (n: number, amount: bigint, currency: Currency = usd, moved = noon): LedgerEvent =>
  postedAs(
    `je_${paymentId(n)}.capture.1`,
    [
      debit(acquirerAccount(demo, 1100, "alpha", currency), amount, currency),
      credit(systemAccount(demo, 2100, currency), amount, currency),
    ],
    moved,
  );

/** The books' records of a hold, and of its capture: what it was posted with, and that it held no more. */
export function heldAndCaptured(n: number, held: bigint, amount: bigint): readonly LedgerEvent[] {
  const [hold, entry] = [
    `je_${paymentId(n)}.authorize.1` as EntryId,
    `je_${paymentId(n)}.capture.1` as EntryId,
  ];
  const legs = (sum: bigint) => [
    debit(acquirerAccount(demo, 1100, "alpha", usd), sum, usd),
    credit(systemAccount(demo, 2100, usd), sum, usd),
  ];
  const resolution: Resolution = {
    ...{ kind: "posted", hold, book: demo, released: legs(held), recordedAt: noon + 1, execution: "e" },
    entry: { id: entry, legs: legs(amount), effectiveAt: noon },
  };
  return [
    postedAs(hold, legs(held), noon, { state: "pending" }),
    ledgerEventOf(resolutionRecord(resolution)),
  ];
}

/** The books' record of a refund, the second of its payment, which the acquirer takes back. */
export const refunded = (n: number, amount: bigint, moved = noon): LedgerEvent =>
  postedAs(
    `je_${paymentId(n)}.refunded.2`,
    [
      debit(systemAccount(demo, 2100, usd), amount, usd),
      credit(acquirerAccount(demo, 1100, "alpha", usd), amount, usd),
    ],
    moved,
  );

/** What a file says of that refund. */
export const refundOf = (n: number) =>
  ({ kind: "refund", operationKey: `${paymentId(n)}:refund:2`, reference: `refund-${n}` }) as const;

/** What a file says of the n-th payment. */
export const line = (
  place: number,
  n: number,
  gross: bigint,
  more: Partial<SettlementLine> = {},
): SettlementLine => ({
  ...{ place, kind: "capture", settledOn: dayOf(noon), acquirer: "alpha", merchant: demo },
  ...{ operationKey: keyOf(n), reference: `alpha-${n}`, dispute: undefined, currency: usd },
  ...{ gross, cost: 0n, occurredAt: noon },
  ...more,
});

/** Of a line for which the acquirer settles so many days after the first. */
export const on = (days: number, more: Partial<SettlementLine> = {}) => ({
  settledOn: dayOf(noon + days * day),
  ...more,
});

/**
 * A file that an acquirer leaves and that is taken, to its end.
 * @returns how many lines were new to it
 */
export async function bringFile(
  settlement: Settlement,
  name: string,
  lines: readonly SettlementLine[],
  { now = noon, acquirer = "alpha", version = "1", bucket = "inbound" } = {},
): Promise<number> {
  const number = await settlement.begin(
    { bucket, key: `${acquirer}/${name}`, version, acquirer },
    new Date(now),
  );
  const taken = await settlement.take(number, lines, new Date(now));
  await settlement.finish(number, new Date(now));
  return taken;
}
