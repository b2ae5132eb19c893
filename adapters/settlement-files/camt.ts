import { flawed, type Read } from "#core/settlement/line.ts";
import { amountOf } from "./camt-amounts.ts";
import { headOf, type Part, partOf, readEntry, type ShareReader, type StatementHead } from "./camt-entry.ts";
import {
  allBelow,
  below,
  DocumentRefused,
  type Element,
  ElementReader,
  type ElementWatcher,
  shownElement,
  textBelow,
} from "./elements.ts";

export type CamtMessage = "camt.053" | "camt.054";

/** Of these versions it is known where things are. Each names itself by its namespace. */
const versions = ["02", "03", "04", "06", "08"];
const namespacePattern = /^urn:iso:std:iso:20022:tech:xsd:(camt\.05[34])\.001\.([0-9]{2})$/;
const statementNames = {
  "camt.053": ["BkToCstmrStmt", "Stmt"],
  "camt.054": ["BkToCstmrDbtCdtNtfctn", "Ntfctn"],
};

/** In how many elements each is: `Document`, the message, a statement, its entry, `NtryDtls`, `TxDtls`. */
const depths = { document: 1, message: 2, statement: 3, entry: 4, details: 6 };

/** Parts of one batch entry, which are in memory until it is known that they add up to it. */
const partsMax = 50_000;
/** Bytes after which lines are handed on, however much came at once. */
const sliceBytes = 65_536;

/**
 * The entries of an ISO 20022 statement (camt.053) or notification (camt.054), UTF-8. Where a statement has an opening
 * and a closing balance, its entries must come to what is between them.
 * @param readShare says what each part of an entry is
 */
export async function* readCamt<Line>(
  chunks: AsyncIterable<Uint8Array>,
  message: CamtMessage,
  readShare: ShareReader<Line>,
): AsyncGenerator<Read<Line>> {
  const file = new CamtFile(message, readShare);
  // It drops the byte order mark, and puts U+FFFD for what is no UTF-8, which is refused where it stands.
  const decoder = new TextDecoder("utf-8");
  for await (const chunk of chunks)
    for (let at = 0; at < chunk.length; at += sliceBytes) {
      file.write(decoder.decode(chunk.subarray(at, at + sliceBytes), { stream: true }));
      yield* file.taken();
      if (file.isOver) return;
    }
  file.end(decoder.decode());
  yield* file.taken();
}

class CamtFile<Line> implements ElementWatcher {
  readonly #reader = new ElementReader(this);
  readonly #message: CamtMessage;
  #version = 0;
  readonly #readShare: ShareReader<Line>;
  #reads: Read<Line>[] = [];
  /** Entries that are over. */
  #entries = 0;
  #statements = 0;
  #head: StatementHead | undefined;
  #parts: Part[] | undefined = [];
  /** Minor units of the statement's entries so far; undefined when one could not be read. */
  #sum: bigint | undefined = 0n;
  isOver = false;

  constructor(message: CamtMessage, readShare: ShareReader<Line>) {
    this.#message = message;
    this.#readShare = readShare;
  }

  /** What was read since it was asked last. */
  taken(): readonly Read<Line>[] {
    const reads = this.#reads;
    this.#reads = [];
    return reads;
  }

  write(text: string): void {
    this.#orRefused(() => this.#reader.write(text));
  }

  /** @param rest what the decoder had left: half a character */
  end(rest: string): void {
    this.#orRefused(() => {
      if (rest !== "")
        throw new DocumentRefused("the file ends in the middle of a character: it was cut off");
      this.#reader.end();
      if (this.#statements === 0) throw new DocumentRefused("the file holds no statement");
    });
  }

  opened({ name }: Element, depth: number, namespace: string): void {
    if (depth === depths.document) this.#openedDocument(name, namespace);
    const [message, statement] = statementNames[this.#message];
    if (depth === depths.message && name !== message)
      throw new DocumentRefused(`the document holds ${name.slice(0, 40)}, and no ${message}`);
    if (depth === depths.statement && name === statement) {
      this.#head = undefined;
      this.#sum = 0n;
    }
    if (depth === depths.entry && name === "Ntry") this.#parts = [];
  }

  closed(element: Element, depth: number): boolean {
    if (depth === depths.entry && element.name === "Ntry") this.#closedEntry(element);
    else if (depth === depths.details && element.name === "TxDtls") this.#closedDetails(element);
    else if (depth === depths.statement && element.name === statementNames[this.#message][1])
      this.#closedStatement(element);
    else return depth > depths.statement;
    return false;
  }

  #openedDocument(name: string, namespace: string): void {
    const [, message, version = ""] = namespacePattern.exec(namespace) ?? [];
    if (name !== "Document" || message === undefined)
      throw new DocumentRefused(
        `the document is ${name.slice(0, 40)} of "${namespace.slice(0, 100)}", and no camt.053 or camt.054`,
      );
    if (message !== this.#message)
      throw new DocumentRefused(`the file's name says ${this.#message}, and the document is ${message}`);
    if (!versions.includes(version))
      throw new DocumentRefused(`version ${version} of ${message} is not read, only ${versions.join(", ")}`);
    this.#version = Number(version);
  }

  #closedDetails(details: Element): void {
    const entry = this.#reader.open[depths.entry - 1];
    if (this.#parts === undefined || entry?.name !== "Ntry") return;
    this.#parts.push(partOf(details, textBelow(entry, "CdtDbtInd")));
    if (this.#parts.length > partsMax) this.#parts = undefined;
  }

  #closedEntry(entry: Element): void {
    const statement = this.#reader.open[depths.statement - 1];
    if (statement === undefined || statement.name !== statementNames[this.#message][1])
      throw new DocumentRefused("an entry is outside of all statements");
    this.#entries += 1;
    this.#head ??= headOf(statement, this.#version);
    const { reads, signed } = readEntry(entry, this.#parts, this.#head, this.#entries, this.#readShare);
    for (const read of reads) this.#reads.push(read);
    this.#sum = this.#sum === undefined || signed === undefined ? undefined : this.#sum + signed;
  }

  #closedStatement(statement: Element): void {
    this.#statements += 1;
    const opening = balanceOf(statement, "OPBD") ?? balanceOf(statement, "PRCD");
    const closing = balanceOf(statement, "CLBD");
    if (opening === undefined || closing === undefined) return;
    const read = (balance: Element) => amountOf(below(balance, "Amt"), textBelow(balance, "CdtDbtInd"));
    const [from, to] = [read(opening), read(closing)];
    const isComparable = from.ok && to.ok && from.value.currency === to.value.currency;
    const moved = isComparable ? to.value.signed - from.value.signed : undefined;
    if (moved !== undefined && moved === this.#sum) return;
    const found = this.#sum ?? "what could not all be read";
    const text = `${shownElement(opening)}${shownElement(closing)}`;
    this.#refuse(
      `the statement moves ${moved ?? "nobody knows how many"} minor units, and its entries come to ${found}`,
      text,
    );
    throw new StatementRefused();
  }

  #orRefused(reading: () => void): void {
    try {
      reading();
    } catch (error) {
      if (error instanceof StatementRefused) return;
      if (!(error instanceof DocumentRefused)) throw error;
      const entry = this.#reader.open[depths.entry - 1];
      this.#refuse(error.message, entry === undefined ? "" : shownElement(entry), this.#entries + 1);
    }
  }

  #refuse(reason: string, text: string, place = Math.max(this.#entries, 1)): void {
    this.#reads.push(flawed(place, reason, text, { endsFile: true }));
    this.isOver = true;
  }
}

/** Says no more than that reading is over. */
class StatementRefused extends Error {}

const balanceOf = (statement: Element, code: string): Element | undefined =>
  allBelow(statement, "Bal").find((balance) => textBelow(balance, "Tp", "CdOrPrtry", "Cd") === code);
