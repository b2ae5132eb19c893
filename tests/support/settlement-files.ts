import fc from "fast-check";
import { readSettlementFile } from "#adapters/settlement-files/settlement-file.ts";
import type { Book } from "#core/ledger/account.ts";
import type { Currency } from "#core/money/currency.ts";
import type { Flaw, Read, SettlementLine } from "#core/settlement/line.ts";
import { camt053Of } from "#local/acquirers/camt053.ts";
import type { Movement } from "#local/acquirers/records.ts";
import { csvOf } from "#local/acquirers/settlement-csv.ts";
import { grossOf, type Statement, totalsOf } from "#local/acquirers/statement.ts";
import { acquirers, books, currencies, record } from "./arbitraries/values.ts";

/** Settlement files as the sandbox acquirers write them, and what is in them. */

export const settledOn = "2030-06-15";
const noon = Date.UTC(2030, 5, 15, 12);
const key = "pay_9b9tk4vw5fsbzwtrhqmn4dx7x9:capture:1";

/** 12.34 EUR that were captured, of which the acquirer keeps 2 cents. */
export const capture: Movement = {
  ...{ kind: "capture", key, reference: "alpha_1", merchant: "mer_demo" },
  ...{ amount: 1_234, currency: "EUR", cost: 2, at: noon, ordinal: 1 },
};

export const statementOf = (...movements: readonly Movement[]): Statement => ({
  ...{ acquirer: "alpha", date: settledOn, closedAt: noon + 1_000, movements },
});

/** The statement's part in one currency, as camt.053.001.08. */
export function camtOf(statement: Statement, currency: string): string {
  const total = totalsOf(statement.movements).find((candidate) => candidate.currency === currency);
  if (total === undefined) throw new Error(`nothing moved in ${currency}`);
  return camt053Of(statement, total);
}

export { csvOf };

/** What a CSV says of a movement. */
export const csvLineOf = (movement: Movement, place: number, acquirer = "alpha"): SettlementLine => ({
  ...{ place, kind: movement.kind, settledOn, acquirer, merchant: movement.merchant as Book },
  ...{ operationKey: movement.key, reference: movement.reference, dispute: movement.dispute },
  ...{
    currency: movement.currency as Currency,
    gross: BigInt(grossOf(movement)),
    cost: BigInt(movement.cost),
  },
  occurredAt: movement.at,
});

/** What a statement says of it: no merchant, and of its cost nothing that is in the amount. */
export const camtLineOf = (movement: Movement, place: number, acquirer = "alpha"): SettlementLine => ({
  ...csvLineOf(movement, place, acquirer),
  ...{ merchant: undefined, cost: 0n },
});

const isDispute = (kind: Movement["kind"]): boolean => kind.startsWith("chargeback");

const movements: fc.Arbitrary<Movement> = record({
  kind: fc.constantFrom("capture", "refund", "chargeback", "chargeback_reversal"),
  key: fc.constantFrom(key, "pay_9b9tk4vw5fsbzwtrhqmn4dx7x9:refund:2", 'a "quoted", <key> & ü 山'),
  reference: fc.stringMatching(/^alpha_[0-9a-z]{1,12}$/),
  merchant: books,
  amount: fc.oneof(fc.integer({ min: 1, max: 500 }), fc.integer({ min: 1, max: 10 ** 15 })),
  currency: currencies,
  cost: fc.integer({ min: 0, max: 100_000 }),
  at: fc.integer({ min: noon - 40_000_000, max: noon + 40_000_000 }),
  ordinal: fc.nat(),
}).map((movement) => ({ ...movement, ...(isDispute(movement.kind) && { dispute: "dsp_1" }) }));

/** A day of up to eight movements, in any currencies. */
export const statements: fc.Arbitrary<Statement> = record({
  acquirer: acquirers,
  date: fc.constant(settledOn),
  closedAt: fc.constant(noon + 1_000),
  movements: fc.array(movements, { minLength: 1, maxLength: 8 }),
});

const bytesOf = (content: string | Uint8Array): Uint8Array =>
  typeof content === "string" ? new TextEncoder().encode(content) : content;

/** A file as it may come: in pieces of these sizes, over and over. */
export async function* inPieces(
  content: string | Uint8Array,
  sizes: readonly number[],
): AsyncGenerator<Uint8Array> {
  const bytes = bytesOf(content);
  for (let at = 0, n = 0; at < bytes.length; n += 1) {
    const size = sizes[n % sizes.length] ?? bytes.length;
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

export async function readAll<Line>(reads: AsyncIterable<Read<Line>>): Promise<Read<Line>[]> {
  const all: Read<Line>[] = [];
  for await (const read of reads) all.push(read);
  return all;
}

/** All that a file of this name holds. */
export const readFile = (name: string, content: string | Uint8Array, sizes = [65_536]): Promise<Read[]> =>
  readAll(readSettlementFile(inPieces(content, sizes), name));

export const linesOf = <Line>(reads: readonly Read<Line>[]): Line[] =>
  reads.flatMap((read) => (read.ok ? [read.line] : []));

export const flawsOf = <Line>(reads: readonly Read<Line>[]): Flaw[] =>
  reads.flatMap((read) => (read.ok ? [] : [read.flaw]));

/** The same lines, and the last thing that was read is a flaw behind which nothing is. */
export const isCutOff = (reads: readonly Read[]): boolean => flawsOf(reads.slice(-1))[0]?.endsFile === true;

export const sizesOfPieces = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 5 });
