import { err, ok, type Result } from "#core/kernel/result.ts";
import { flawed, type Read } from "#core/settlement/line.ts";
import type { ReturnLine } from "#core/settlement/return-line.ts";
import { fileLines } from "./file-lines.ts";
import { type Entry, hidden, NachaTotals, recordLength, returnOf } from "./nacha-records.ts";

/** Until the format's code, and until the credits: what follows may be blank. */
const headerLengthMin = 40;
const controlLengthMin = 55;
/** Fills the last block of ten records. */
const filler = "9".repeat(recordLength);
/** What stands in a record: printable ASCII. */
const recordPattern = /^[ -~]{94}$/;

const refused = { endsFile: true };

/**
 * A return file of NACHA: records of 94 characters, each on a line. An entry (6) and its return addendum (7, type 99)
 * make one line. Counts, hashes and totals of each batch (8) and of the file (9) are compared with what was read: what
 * differs ends the file, and nothing of that batch is right for sure.
 */
export async function* readReturns(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Read<ReturnLine>> {
  const file = new ReturnFile();
  let last = 1;
  for await (const { number, bytes, end } of fileLines(chunks)) {
    last = number;
    const record = whole(bytes.toString("latin1"));
    if (record === "" && end === "there") continue;
    // A record has a length: with its last line, the end of a line may be left off.
    const isRecord = end !== "too_far" && recordPattern.test(record);
    if (!isRecord) {
      const reason = `the record has ${record.length} characters, or some that are not ASCII, and not ${recordLength}`;
      yield flawed(number, reason, hidden(record), refused);
      return;
    }
    for (const read of file.read(record, number)) {
      yield read;
      if (!read.ok && read.flaw.endsFile) return;
    }
  }
  if (!file.isWhole) yield flawed(last, "the file has no control record (9): it was cut off", "", refused);
}

/** Headers and control records of a file end in blanks, which many a writer leaves off. */
function whole(record: string): string {
  const isTrimmed =
    (record.startsWith("1") && record.length >= headerLengthMin) ||
    (record.startsWith("9") && record.length >= controlLengthMin);
  return isTrimmed ? record.padEnd(recordLength) : record;
}

type Reads = readonly Read<ReturnLine>[];

class ReturnFile {
  readonly #totals = new NachaTotals();
  #at: "start" | "file" | "batch" | "end" = "start";
  /** An entry whose addendum is still to come. */
  #entry: Entry | undefined;

  get isWhole(): boolean {
    return this.#at === "end";
  }

  read(record: string, place: number): Reads {
    const left = this.#left(record);
    const read = this.#next(record, place);
    if (read.ok) return [...left, ...read.value];
    return [...left, flawed(place, read.error, hidden(record), refused)];
  }

  /** An entry without its addendum was not returned. */
  #left(record: string): Reads {
    const entry = this.#entry;
    if (entry === undefined || record.startsWith("7")) return [];
    this.#entry = undefined;
    return [flawed(entry.place, "the entry has no return addendum (7, type 99)", hidden(entry.record))];
  }

  /** @returns why nothing behind it can be read */
  #next(record: string, place: number): Result<Reads, string> {
    const type = record.charAt(0);
    if (this.#at === "end")
      return record === filler ? ok([]) : err("something stands behind the file's control record");
    const state = `${this.#at} ${type}`;
    switch (state) {
      case "start 1":
        if (record.slice(34, 37) !== "094")
          return err("the file's records are not of 94 characters, as its header says");
        this.#at = "file";
        return ok([]);
      case "file 5":
        this.#totals.openBatch(record);
        this.#at = "batch";
        return ok([]);
      case "batch 6":
        return this.#readEntry(record, place);
      case "batch 7":
        return this.#readAddendum(record, place);
      case "batch 8":
        this.#at = "file";
        return this.#proven(this.#totals.closeBatch(record));
      case "file 9":
        this.#at = "end";
        return this.#proven(this.#totals.closeFile(record));
      default:
        return err(`a record of type "${type}" cannot stand here`);
    }
  }

  #proven(difference: string | undefined): Result<Reads, string> {
    return difference === undefined ? ok([]) : err(difference);
  }

  #readEntry(record: string, place: number): Result<Reads, string> {
    const entry = this.#totals.entry(record, place);
    if (!entry.ok) return entry;
    this.#entry = entry.value;
    return ok([]);
  }

  #readAddendum(record: string, place: number): Result<Reads, string> {
    this.#totals.addendum();
    const entry = this.#entry;
    this.#entry = undefined;
    if (entry === undefined) return ok([flawed(place, "the addendum belongs to no entry", hidden(record))]);
    const line = returnOf(entry, record);
    if (line.ok) return ok([{ ok: true, line: line.value }]);
    return ok([flawed(entry.place, line.error, `${hidden(entry.record)}\n${hidden(record)}`)]);
  }
}
