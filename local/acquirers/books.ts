import { BoundedMap } from "./bounded-map.ts";
import type { Collection, Entry, Line, Records } from "./records.ts";

/** Operations, and authorizations, that an acquirer remembers. Beyond that the oldest is forgotten: about 100 MB. */
export const rememberedMax = 100_000;
/** What the client was not told yet. It may still ask. */
export const noticesMax = 10_000;

const disputesMax = 10_000;
/** Days: about three years. */
export const settlementsMax = 1_000;

/** Where an acquirer writes down what it did. */
export interface Memory {
  /** Everything that was kept, oldest first. */
  recall(): readonly Line[];
  /** Returns once the line survives the end of this process. */
  keep(line: Line): void;
  /** Puts what is remembered in the place of all lines. */
  rewrite(lines: Iterable<Line>): void;
}

type Shelves = { readonly [C in Collection]: BoundedMap<Records[C]> };

/** What an acquirer knows: in memory, and in what its `memory` keeps. */
export class Books {
  readonly #memory: Memory | undefined;
  readonly #shelves: Shelves;

  constructor(memory: Memory | undefined, sizeMax = rememberedMax) {
    this.#memory = memory;
    this.#shelves = {
      operation: new BoundedMap(sizeMax),
      authorization: new BoundedMap(sizeMax),
      closure: new BoundedMap(sizeMax),
      notice: new BoundedMap(Math.min(sizeMax, noticesMax)),
      movement: new BoundedMap(sizeMax),
      settlement: new BoundedMap(settlementsMax),
      dispute: new BoundedMap(Math.min(sizeMax, disputesMax)),
    };
    const lines = memory?.recall() ?? [];
    for (const line of lines) this.#apply(line);
    // Most of it is history: only the latest word on each record counts.
    if (lines.length > sizeMax) memory?.rewrite(this.#all());
  }

  get<C extends Collection>(collection: C, id: string): Records[C] | undefined {
    return this.#shelves[collection].get(id);
  }

  /** Oldest first. */
  all<C extends Collection>(collection: C): IterableIterator<[string, Records[C]]> {
    return this.#shelves[collection].entries();
  }

  count(collection: Collection): number {
    return this.#shelves[collection].size;
  }

  /** All of it or nothing. It is written down first: an acquirer that forgets what it said would do it again. */
  commit(...line: readonly Entry[]): void {
    this.#memory?.keep(line);
    this.#apply(line);
  }

  #apply(line: Line): void {
    for (const [collection, id, record] of line) {
      const shelf: Pick<BoundedMap<unknown>, "set" | "delete"> = this.#shelves[collection];
      if (record === null) shelf.delete(id);
      else shelf.set(id, record);
    }
  }

  *#all(): Generator<Line> {
    for (const collection of Object.keys(this.#shelves) as Collection[])
      for (const [id, record] of this.#shelves[collection].entries())
        yield [[collection, id, record] as Entry];
  }
}
