import { Journal } from "../process/journal.ts";
import type { Memory } from "./books.ts";
import { type Line, line } from "./records.ts";

/** An acquirer's memory in a file: one line per change, written before its answer is sent. */
export class FileMemory implements Memory {
  readonly #journal: Journal<Line>;

  constructor(path: string) {
    this.#journal = new Journal(path, line);
  }

  /** What was written so far, oldest first. @throws Refusal when a whole line is not one that this class writes. */
  recall(): readonly Line[] {
    return this.#journal.recall();
  }

  keep(entries: Line): void {
    this.#journal.append(entries);
  }

  rewrite(lines: Iterable<Line>): void {
    this.#journal.rewrite(lines);
  }
}
