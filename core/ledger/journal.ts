import { invariant } from "../kernel/invariant.ts";
import type { Currency } from "../money/currency.ts";
import { type AccountId, addCounters, type Counters, noCounters } from "./account.ts";
import { type EntryId, type Hold, isHold, type JournalEntry, type Leg } from "./entry.ts";
import type { PostingRefusal } from "./errors.ts";
import type { Resolution } from "./resolution.ts";

/** One line of the journal, as it is stored and streamed. */
export type JournalRecord =
  | EntryRecord
  | FailureRecord
  | { readonly type: "resolution"; readonly resolution: Resolution };

interface EntryRecord {
  readonly type: "entry";
  readonly entry: JournalEntry;
}

/**
 * An entry that the state of the books refused. It moves nothing and takes the id for ever: a caller that tries again
 * gets the same answer, even when the money has come in meanwhile. A new try is a new id.
 */
interface FailureRecord {
  readonly type: "failure";
  /** As it was proposed. */
  readonly entry: JournalEntry;
  readonly refusal: PostingRefusal;
}

export const entryRecord = (entry: JournalEntry): EntryRecord => ({ type: "entry", entry });
export const failureRecord = (entry: JournalEntry, refusal: PostingRefusal): FailureRecord => ({
  type: "failure",
  entry,
  refusal,
});
export const resolutionRecord = (resolution: Resolution): JournalRecord => ({
  type: "resolution",
  resolution,
});

/** The entry that a record opens, or whose hold it resolves: both lie side by side in the journal. */
export const entryIdOf = (record: JournalRecord): EntryId =>
  record.type === "resolution" ? record.resolution.hold : record.entry.id;

/** Epoch milliseconds: when the ledger learned of it. */
export const recordedAtOf = (record: JournalRecord): number =>
  record.type === "resolution" ? record.resolution.recordedAt : record.entry.recordedAt;

/** Whether accounts take it whatever their limits and their condition say. What ends a hold never is. */
export const isForced = (record: JournalRecord): boolean =>
  record.type === "entry" && record.entry.forced === true;

/** What a journal has of one entry: nothing, a hold, or what became of it. */
export interface InJournal {
  readonly entry: JournalEntry | undefined;
  readonly resolution: Resolution | undefined;
}

/** Of the records of one entry. */
export const standingIn = (records: readonly JournalRecord[]): InJournal => ({
  entry: records.find((record) => record.type === "entry")?.entry,
  resolution: records.find((record) => record.type === "resolution")?.resolution,
});

/** The holds that records open and that none of them ends. */
export function openHolds(records: readonly JournalRecord[]): Hold[] {
  const ended = new Set(records.filter(({ type }) => type === "resolution").map(entryIdOf));
  return records.flatMap((record) =>
    record.type === "entry" && isHold(record.entry) && !ended.has(record.entry.id) ? [record.entry] : [],
  );
}

/** What happened to one account: its currency, and by how much each counter moved or stands. */
export interface AccountCounters extends Counters {
  readonly currency: Currency;
}

/** By how much one record moves the counters of each account that it touches. Records never need each other. */
export function movements(record: JournalRecord): Map<AccountId, AccountCounters> {
  const moved = new Map<AccountId, AccountCounters>();
  if (record.type === "failure") return moved;
  if (record.type === "entry") {
    move(moved, record.entry.legs, record.entry.state, 1n);
    return moved;
  }
  move(moved, record.resolution.released, "pending", -1n);
  if (record.resolution.kind === "posted") move(moved, record.resolution.entry.legs, "posted", 1n);
  return moved;
}

/** Whether two records under one id say the same of the money, whoever wrote them and when. */
export function movesTheSame(one: JournalRecord, other: JournalRecord): boolean {
  return kindOf(one) === kindOf(other) && textOf(movements(one)) === textOf(movements(other));
}

const kindOf = (record: JournalRecord): string =>
  record.type === "resolution" ? record.resolution.kind : `${record.type} ${record.entry.state}`;

const textOf = (moved: ReadonlyMap<AccountId, AccountCounters>): string =>
  [...moved]
    .map(([account, { currency, debitsPosted, debitsPending, creditsPosted, creditsPending }]) =>
      [account, currency, debitsPosted, debitsPending, creditsPosted, creditsPending].join(" "),
    )
    .toSorted()
    .join();

function move(
  moved: Map<AccountId, AccountCounters>,
  legs: readonly Leg[],
  phase: "posted" | "pending",
  sign: 1n | -1n,
): void {
  for (const leg of legs) {
    const movement = { ...noCounters, [counterOf(leg, phase)]: sign * leg.amount };
    const before = moved.get(leg.account) ?? { currency: leg.currency, ...noCounters };
    invariant(before.currency === leg.currency, `${leg.account} holds one currency`);
    moved.set(leg.account, { currency: leg.currency, ...addCounters(before, movement) });
  }
}

function counterOf(leg: Leg, phase: "posted" | "pending"): keyof Counters {
  if (leg.side === "debit") return phase === "posted" ? "debitsPosted" : "debitsPending";
  return phase === "posted" ? "creditsPosted" : "creditsPending";
}
