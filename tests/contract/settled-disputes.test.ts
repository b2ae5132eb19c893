import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Dispute } from "#core/disputes/dispute.ts";
import { disputeIdOf } from "#core/disputes/ids.ts";
import { chargebackEntry, chargebackWonEntry } from "#core/disputes/postings.ts";
import { type LedgerEvent, ledgerEventOf } from "#core/events/ledger-event.ts";
import { entryRecord, resolutionRecord } from "#core/ledger/journal.ts";
import type { PaymentId } from "#core/payments/ids.ts";
import { captureResolution } from "#core/payments/postings.ts";
import type { SettlementLine } from "#core/settlement/line.ts";
import { paymentId } from "#tests/support/breaks.ts";
import { day, exampleAuthorization, exampleDispute, examplePayment, noon } from "#tests/support/examples.ts";
import { bringFile, line as settledLine } from "#tests/support/settled.ts";
import { type SettledBooks, startSettledBooks } from "#tests/support/settled-books.ts";
import { valued } from "#tests/support/valued.ts";

let server: SettledBooks["server"];
let owner: SettledBooks["owner"];
let books: SettledBooks["books"];
let settlement: SettledBooks["settlement"];

beforeAll(async () => {
  ({ server, owner, books, settlement } = await startSettledBooks());
});
afterAll(() => server?.stop());

/** Each test has a payment of its own: nothing of another is in its way. */
let n = 0;
beforeEach(() => {
  n += 1;
});

const recorder = { now: noon, execution: "e" };

const captured = (): LedgerEvent => {
  const payment = { ...examplePayment(), id: paymentId(n) as PaymentId };
  return ledgerEventOf(
    resolutionRecord(valued(captureResolution(payment, exampleAuthorization, 100_00n, recorder))),
  );
};
const dispute = (reference: string, amount: bigint): Dispute => ({
  ...exampleDispute(),
  ...{ id: disputeIdOf("alpha", reference), payment: paymentId(n) as PaymentId, reference },
  total: { currency: "USD", amount },
  fee: 15_00n,
});
const chargedBack = (of: Dispute): LedgerEvent =>
  ledgerEventOf(entryRecord(valued(chargebackEntry(of, recorder))));
const won = (of: Dispute): LedgerEvent =>
  ledgerEventOf(entryRecord(valued(chargebackWonEntry(of, recorder))));

/** As acquirers have it: beside the dispute, the capture that it is about. */
const line = (place: number, gross: bigint, more: Partial<SettlementLine> = {}): SettlementLine =>
  settledLine(place, n, gross, more);
const taken = (place: number, reference: string, amount: bigint): SettlementLine =>
  line(place, -amount, { kind: "chargeback", dispute: reference });
const returned = (place: number, reference: string, amount: bigint): SettlementLine =>
  line(place, amount, { kind: "chargeback_reversal", dispute: reference });

const bring = (lines: readonly SettlementLine[]) => bringFile(settlement, `${n}.csv`, lines);

/** Breaks that are open after all the time that anything may take. */
async function open(): Promise<readonly string[]> {
  await settlement.look(new Date(noon + 30 * day));
  const all = await settlement.breaks(false);
  const found = all.map(({ kind, amount, currency }) => `${kind}: ${amount} ${currency}`);
  // What one test leaves open is no break of the next.
  for (const { number } of all)
    await owner.query(
      "UPDATE settlement.breaks SET closed_at = now(), closed_as = 'decided' WHERE break = $1",
      [number],
    );
  return found.toSorted();
}

describe("what an acquirer takes for a dispute", () => {
  test("is what the books say that it took, and is not the capture's; the fee is between us and the merchant", async () => {
    const of = dispute("case-a", 40_00n);
    await books.post([captured(), chargedBack(of)]);
    await bring([line(1, 100_00n), taken(2, "case-a", 40_00n)]);
    expect(await open()).toEqual([]);
  });

  test("and returns when it is won", async () => {
    const of = dispute("case-b", 40_00n);
    await books.post([captured(), chargedBack(of), won(of)]);
    await bring([line(1, 100_00n), taken(2, "case-b", 40_00n), returned(3, "case-b", 40_00n)]);
    expect(await open()).toEqual([]);
  });

  test("is told apart from another dispute of the same payment, whichever comes first", async () => {
    await books.post([
      captured(),
      chargedBack(dispute("case-c", 40_00n)),
      chargedBack(dispute("case-d", 10_00n)),
    ]);
    await bring([taken(1, "case-d", 10_00n), line(2, 100_00n), taken(3, "case-c", 40_00n)]);
    expect(await open()).toEqual([]);
  });

  test("is matched when the books hear of it later than the file", async () => {
    await bring([line(1, 100_00n), taken(2, "case-e", 40_00n)]);
    expect(await open()).toEqual(["unexpected: -4000 USD", "unexpected: 10000 USD"]);
    await books.post([captured(), chargedBack(dispute("case-e", 40_00n))]);
    expect(await open()).toEqual([]);
  });

  test("is a break where nobody told us of the dispute", async () => {
    await books.post([captured()]);
    await bring([line(1, 100_00n), taken(2, "case-f", 40_00n)]);
    expect(await open()).toEqual(["unexpected: -4000 USD"]);
  });

  test("is a break where it is another sum, or does not come, or is never returned", async () => {
    const [less, lost, kept] = [
      dispute("case-g", 40_00n),
      dispute("case-h", 10_00n),
      dispute("case-i", 5_00n),
    ];
    await books.post([captured(), ...[less, lost, kept].map(chargedBack), won(kept)]);
    await bring([line(1, 100_00n), taken(2, "case-g", 39_00n), taken(3, "case-i", 5_00n)]);
    expect(await open()).toEqual(["missing: -500 USD", "missing: 1000 USD", "under: 100 USD"]);
  });
});
