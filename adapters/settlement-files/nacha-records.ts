import { err, ok, type Result } from "#core/kernel/result.ts";
import type { ReturnLine } from "#core/settlement/return-line.ts";

/** Characters of each record. */
export const recordLength = 94;

/** An entry detail record (6). Source of all places: the NACHA operating rules, appendix three. */
export interface Entry {
  readonly place: number;
  readonly record: string;
  /** US cents. */
  readonly amount: bigint;
  readonly side: "credit" | "debit";
}

interface Sums {
  entriesAndAddenda: number;
  /** Of the receiving banks' numbers, eight digits each. */
  hash: bigint;
  debits: bigint;
  credits: bigint;
}

const noSums = (): Sums => ({ entriesAndAddenda: 0, hash: 0n, debits: 0n, credits: 0n });

/** Hashes keep ten digits. */
const hashModulus = 10n ** 10n;

/** A field's characters, counted from 1 as the rules do, both ends included. */
const field = (record: string, from: number, to: number): string => record.slice(from - 1, to);

/** @returns undefined for a field that is no number, blanks included. */
function numberIn(record: string, from: number, to: number): bigint | undefined {
  const text = field(record, from, to);
  return /^[0-9]+$/.test(text) ? BigInt(text) : undefined;
}

/** What a file comes to, and whether its control records say the same. */
export class NachaTotals {
  #batch = noSums();
  #batchNumber = "";
  readonly #file = { ...noSums(), batches: 0 };

  openBatch(header: string): void {
    this.#batch = noSums();
    this.#batchNumber = field(header, 88, 94);
  }

  entry(record: string, place: number): Result<Entry, string> {
    const [bank, amount] = [numberIn(record, 4, 11), numberIn(record, 30, 39)];
    const code = field(record, 2, 3);
    if (!/^[2-5][1-9]$/.test(code)) return err(`the entry's code, "${code}", is none of a transaction`);
    if (bank === undefined || amount === undefined) return err("the entry's bank or amount is no number");
    const side = Number(code.charAt(1)) <= 4 ? "credit" : "debit";
    this.#batch.entriesAndAddenda += 1;
    this.#batch.hash += bank;
    if (side === "credit") this.#batch.credits += amount;
    else this.#batch.debits += amount;
    return ok({ place, record, amount, side });
  }

  addendum(): void {
    this.#batch.entriesAndAddenda += 1;
  }

  /** @returns what differs from the batch that was read. */
  closeBatch(control: string): string | undefined {
    const batch = this.#batch;
    this.#file.batches += 1;
    this.#file.entriesAndAddenda += batch.entriesAndAddenda;
    this.#file.hash += batch.hash;
    this.#file.debits += batch.debits;
    this.#file.credits += batch.credits;
    if (field(control, 88, 94) !== this.#batchNumber)
      return "the batch ends under another number than it began";
    return differenceOf("batch", [
      ["entries and addenda", numberIn(control, 5, 10), BigInt(batch.entriesAndAddenda)],
      ["entry hash", numberIn(control, 11, 20), batch.hash % hashModulus],
      ["debits", numberIn(control, 21, 32), batch.debits],
      ["credits", numberIn(control, 33, 44), batch.credits],
    ]);
  }

  /** @returns what differs from the file that was read. Blocks are padding, and not counted. */
  closeFile(control: string): string | undefined {
    const file = this.#file;
    return differenceOf("file", [
      ["batches", numberIn(control, 2, 7), BigInt(file.batches)],
      ["entries and addenda", numberIn(control, 14, 21), BigInt(file.entriesAndAddenda)],
      ["entry hash", numberIn(control, 22, 31), file.hash % hashModulus],
      ["debits", numberIn(control, 32, 43), file.debits],
      ["credits", numberIn(control, 44, 55), file.credits],
    ]);
  }
}

type Compared = readonly [name: string, said: bigint | undefined, read: bigint];

function differenceOf(what: string, compared: readonly Compared[]): string | undefined {
  const differing = compared.find(([, said, read]) => said !== read);
  if (differing === undefined) return undefined;
  const [name, said, read] = differing;
  return `the control record of the ${what} says ${name} ${said ?? "in no number"}, and ${read} were read`;
}

/** @returns why the two records are no return: a notification of change (98) tells of one without money, for example */
export function returnOf(
  { place, record, amount, side }: Entry,
  addendum: string,
): Result<ReturnLine, string> {
  const type = field(addendum, 2, 3);
  if (type !== "99") return err(`the addendum is of type "${type}", and a return of type 99`);
  const reason = field(addendum, 4, 6);
  if (!/^R[0-9]{2}$/.test(reason)) return err(`the reason, "${reason}", is none of a return`);
  const originalTrace = field(addendum, 7, 21);
  if (!/^[0-9]{15}$/.test(originalTrace)) return err("the original trace number is none of fifteen digits");
  if (field(addendum, 80, 94) !== field(record, 80, 94))
    return err("the addendum has another trace number than its entry");
  const accountLast4 = accountIn(record).slice(-4);
  return ok({ place, originalTrace, reason, amount, sent: side, accountLast4 });
}

const accountIn = (record: string): string => field(record, 13, 29).trim();

/**
 * A record for a person to read, without the account's number, but for four, and without names. Of what is no record only
 * its type: nobody knows what stands where.
 */
export function hidden(record: string): string {
  if (record.length !== recordLength) return `${record.slice(0, 1)}…`;
  switch (record.charAt(0)) {
    case "6": {
      const account = accountIn(record);
      const masked = account.slice(-4).padStart(account.length, "*").padEnd(17);
      return `${record.slice(0, 12)}${masked}${record.slice(29, 54)}${"*".repeat(22)}${record.slice(76, 94)}`;
    }
    case "7":
      // What the bank writes in words may name people and accounts.
      return `${record.slice(0, 35)}${"*".repeat(44)}${record.slice(79, 94)}`;
    default:
      return record;
  }
}
