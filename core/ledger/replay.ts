import type { JournalEntry, Leg } from "./entry.ts";
import type { PostingRefusal } from "./errors.ts";
import type { entryRecord, failureRecord } from "./journal.ts";

/** What a second request under the same id is told: the same entry exists, or which field differs first. */
export type Replay = "exists" | `exists_with_different_${ComparedField}`;

/** Every field that the request decides; `recordedAt` and `execution` are the ledger's own. In order of precedence. */
const comparedFields = [
  "book",
  "state",
  "legs",
  "effectiveAt",
  "expiresAt",
  "reverses",
  "metadata",
] as const satisfies readonly (keyof JournalEntry)[];
type ComparedField = "book" | "state" | "legs" | "effective_at" | "expires_at" | "reverses" | "metadata";

const wireName: Readonly<Record<(typeof comparedFields)[number], ComparedField>> = {
  book: "book",
  state: "state",
  legs: "legs",
  effectiveAt: "effective_at",
  expiresAt: "expires_at",
  reverses: "reverses",
  metadata: "metadata",
};

/** Compares a proposal with the entry that holds its id. The order of legs, and of metadata, means nothing. */
export function compareReplay(existing: JournalEntry, proposed: JournalEntry): Replay {
  const different = comparedFields.find((field) => !isSame(field, existing, proposed));
  return different === undefined ? "exists" : `exists_with_different_${wireName[different]}`;
}

function isSame(field: (typeof comparedFields)[number], a: JournalEntry, b: JournalEntry): boolean {
  switch (field) {
    case "legs":
      return sameLegs(a.legs, b.legs);
    case "metadata":
      return sameMetadata(a.metadata, b.metadata);
    default:
      return a[field] === b[field];
  }
}

/**
 * What a proposal is told whose id is taken: how it compares with what took the id, or, when that was refused and is
 * the same proposal, the same refusal again.
 */
export function answerReplay(
  taken: ReturnType<typeof entryRecord | typeof failureRecord>,
  proposed: JournalEntry,
): Replay | PostingRefusal {
  const replay = compareReplay(taken.entry, proposed);
  return replay === "exists" && taken.type === "failure" ? taken.refusal : replay;
}

/** None is the same as empty. */
export function sameMetadata(a: JournalEntry["metadata"] = {}, b: JournalEntry["metadata"] = {}): boolean {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name]);
}

export function sameLegs(a: readonly Leg[], b: readonly Leg[]): boolean {
  const canonical = (legs: readonly Leg[]) =>
    legs.map((leg) => `${leg.account} ${leg.side} ${leg.amount} ${leg.currency}`).toSorted();
  const [left, right] = [canonical(a), canonical(b)];
  return left.length === right.length && left.every((leg, index) => leg === right[index]);
}
