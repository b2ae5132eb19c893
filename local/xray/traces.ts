import type { Document } from "./document.ts";

/** Documents of one trace: X-Ray keeps 500 KB of one. */
const documentsMax = 1_000;

/** All that was sent of one trace. */
export interface Trace {
  readonly id: string;
  readonly documents: readonly Document[];
}

/** The latest traces, the oldest dropped first. In memory: they tell what happened since the start. */
export class Traces {
  readonly #capacity: number;
  readonly #byId = new Map<string, Map<string, Document>>();

  /** @param capacity how many are kept */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** A segment that is sent again is in the place of what was sent before: it was under way then. */
  add(document: Document): void {
    const known = this.#byId.get(document.trace_id);
    const documents = known ?? new Map<string, Document>();
    if (documents.size < documentsMax || documents.has(document.id)) documents.set(document.id, document);
    if (known !== undefined) return;
    const oldest = this.#byId.keys().next();
    if (this.#byId.size >= this.#capacity && !oldest.done) this.#byId.delete(oldest.value);
    this.#byId.set(document.trace_id, documents);
  }

  find(id: string): Trace | undefined {
    const documents = this.#byId.get(id);
    return documents && { id, documents: [...documents.values()] };
  }

  all(): readonly Trace[] {
    return [...this.#byId].map(([id, documents]) => ({ id, documents: [...documents.values()] }));
  }
}

/** Epoch seconds. */
export const startOf = ({ documents }: Trace): number =>
  Math.min(...documents.map(({ start_time }) => start_time));

/** Seconds from its first beginning to its last end. */
export const durationOf = (trace: Trace): number =>
  Math.max(...trace.documents.map(({ start_time, end_time = start_time }) => end_time)) - startOf(trace);

/** Subsegments that were sent by themselves are in their parents, as X-Ray shows them; those whose parent is not there yet stand alone. */
export function assembled({ documents }: Trace): readonly Document[] {
  const present = new Set(documents.map(({ id }) => id));
  const isWithin = ({ type, parent_id = "" }: Document): boolean =>
    type === "subsegment" && present.has(parent_id);
  const within = Map.groupBy(documents.filter(isWithin), ({ parent_id = "" }) => parent_id);
  const whole = (document: Document): Document => {
    const parts = (within.get(document.id) ?? []).map(whole);
    const { subsegments = [], ...rest } = document;
    if (parts.length + subsegments.length === 0) return rest;
    return { ...rest, subsegments: [...subsegments, ...parts] };
  };
  return documents.filter((each) => !isWithin(each)).map(whole);
}
