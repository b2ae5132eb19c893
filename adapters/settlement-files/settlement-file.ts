import type { BankMovement } from "#core/settlement/bank-movement.ts";
import { flawed, type Read, type SettlementLine } from "#core/settlement/line.ts";
import { readCamt } from "./camt.ts";
import { bankShare, settlementShare } from "./camt-entry.ts";
import { readCsv } from "./csv.ts";
import { readReturns } from "./nacha.ts";

type Reader<Line> = (chunks: AsyncIterable<Uint8Array>) => AsyncGenerator<Read<Line>>;
type Readers<Line> = readonly (readonly [ending: string, reader: Reader<Line>])[];

const readers: Readers<SettlementLine> = [
  [".csv", readCsv],
  [".camt053.xml", (chunks) => readCamt(chunks, "camt.053", settlementShare)],
  [".camt054.xml", (chunks) => readCamt(chunks, "camt.054", settlementShare)],
  [".ach", readUnclaimedReturns],
];

const bankReaders: Readers<BankMovement> = [
  [".camt053.xml", (chunks) => readCamt(chunks, "camt.053", bankShare)],
  [".camt054.xml", (chunks) => readCamt(chunks, "camt.054", bankShare)],
];

/**
 * What a file of an acquirer says, line by line, in bounded memory. Nothing is left out: what is no line is a
 * flaw. After a flaw that ends the file nothing is read, and a file whose end is missing has such a flaw; lines before
 * it stand for themselves, though nobody proved their sum.
 * @param chunks is closed when reading ends early; what it throws is passed on
 * @param name of the file: its ending, in any case, says what it is
 */
export const readSettlementFile = (chunks: AsyncIterable<Uint8Array>, name: string): AsyncGenerator<Read> =>
  readBy(readers, chunks, name);

/** What a statement or notification of our own bank says, entry by entry: as a file of an acquirer is read. */
export const readBankFile = (
  chunks: AsyncIterable<Uint8Array>,
  name: string,
): AsyncGenerator<Read<BankMovement>> => readBy(bankReaders, chunks, name);

async function* readBy<Line>(
  readers: Readers<Line>,
  chunks: AsyncIterable<Uint8Array>,
  name: string,
): AsyncGenerator<Read<Line>> {
  const reader = readers.find(([ending]) => name.toLowerCase().endsWith(ending))?.[1];
  if (reader === undefined) {
    const endings = readers.map(([ending]) => ending).join(", ");
    yield flawed(1, `the file's name ends with none of ${endings}`, name, { endsFile: true });
    return;
  }
  yield* reader(chunks);
}

/** There are no payouts yet, so that no return is of one: a person has to see each. */
async function* readUnclaimedReturns(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Read> {
  for await (const read of readReturns(chunks)) {
    if (!read.ok) yield read;
    else {
      const { place, reason, originalTrace, amount, accountLast4 } = read.line;
      const text = `${reason} of ${originalTrace}, ${amount} cents, account …${accountLast4}`;
      yield flawed(place, "money came back (a return of NACHA), and there are no payouts yet", text);
    }
  }
}
