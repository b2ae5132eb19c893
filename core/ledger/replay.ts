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
  "metadata",
] as const satisfies readonly (keyof JournalEntry)[];
type ComparedField = "book" | "state" | "legs" | "effective_at" | "expires_at" | "metadata";

const wireName: Readonly<Record<(typeof comparedFields)[number], ComparedField>> = {
  book: "book",
  state: "state",
  legs: "legs",
  effectiveAt: "effective_at",
  expiresAt: "expires_at",
  metadata: "metadata",
};

/** Compares a proposal with the entry that holds its id. Legs are compared as a set: their order means nothing. */
export function compareReplay(existing: JournalEntry, proposed: JournalEntry): Replay {
  const different = comparedFields.find((field) => !isSame(field, existing, proposed));
  return different === undefined ? "exists" : `exists_with_different_${wireName[different]}`;
}

function isSame(field: (typeof comparedFields)[number], one: JournalEntry, other: JournalEntry): boolean {
  switch (field) {
    case "legs":
      return sameLegs(one.legs, other.legs);
    case "metadata":
      return sameMap(one.metadata ?? {}, other.metadata ?? {});
    default:
      return one[field] === other[field];
  }
}

const sameMap = (a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean =>
  Object.keys(a).length === Object.keys(b).length &&
  Object.entries(a).every(([key, value]) => b[key] === value);

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

function sameLegs(a: readonly Leg[], b: readonly Leg[]): boolean {
  const canonical = (legs: readonly Leg[]) =>
    legs.map((leg) => `${leg.account} ${leg.side} ${leg.amount} ${leg.currency}`).toSorted();
  const [left, right] = [canonical(a), canonical(b)];
  return left.length === right.length && left.every((leg, index) => leg === right[index]);
}
