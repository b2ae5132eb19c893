import { z } from "zod";
import { Journal } from "../process/journal.ts";

/** For as long as a table's stream keeps a record. */
const keptMs = 24 * 3_600_000;
/** Between our clock at the deletion and the table's, which tells seconds. */
const toleranceMs = 2_000;
/** The journal is rewritten when it has so many lines, most of them too old. */
const linesToRewriteMin = 10_000;

const deletion = z.object({
  table: z.string(),
  /** The item's key as `keyOf` writes it. */
  key: z.string(),
  /** Epoch milliseconds. */
  at: z.number(),
});
type Deletion = z.output<typeof deletion>;

/**
 * What the time to live deleted, and not a caller: on AWS the stream's record says so. Written down before the
 * deletion, so that a kill between the two leaves at most a note of nothing.
 */
export class ExpiredItems {
  readonly #clock: () => number;
  readonly #journal: Journal<Deletion>;
  #deletions: Deletion[];
  #lines: number;

  /** @throws Refusal when the journal is damaged. */
  constructor(path: string, clock: () => number) {
    this.#clock = clock;
    this.#journal = new Journal(path, deletion);
    const written = this.#journal.recall();
    this.#deletions = [...written];
    this.#lines = written.length;
    this.#forgetOld();
  }

  /** To be called before the item is deleted. */
  note(table: string, key: unknown): void {
    this.#forgetOld();
    const noted = { table, key: keyOf(key), at: this.#clock() };
    this.#journal.append(noted);
    this.#lines += 1;
    this.#deletions.push(noted);
  }

  /** True when something of the table expired that its stream may still tell of. */
  hasAnyOf(table: string): boolean {
    return this.#deletions.some((noted) => noted.table === table);
  }

  /** True when the deletion of this item at this time, in epoch milliseconds, was the time to live's. */
  has(table: string, key: unknown, at: number): boolean {
    const wanted = keyOf(key);
    return this.#deletions.some(
      (noted) => noted.table === table && noted.key === wanted && Math.abs(noted.at - at) <= toleranceMs,
    );
  }

  close(): void {
    this.#journal.close();
  }

  #forgetOld(): void {
    const oldest = this.#clock() - keptMs;
    if ((this.#deletions[0]?.at ?? oldest) < oldest) {
      this.#deletions = this.#deletions.filter(({ at }) => at >= oldest);
    }
    if (this.#lines < linesToRewriteMin || this.#lines < 2 * this.#deletions.length) return;
    this.#journal.rewrite(this.#deletions);
    this.#lines = this.#deletions.length;
  }
}

/** A key as text, whatever the order of its attributes. */
function keyOf(key: unknown): string {
  const entries = Object.entries(key ?? {}).sort(([one], [other]) => (one < other ? -1 : 1));
  return JSON.stringify(entries);
}
