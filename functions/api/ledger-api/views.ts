import { available, type Counters, type Side } from "#core/ledger/account.ts";
import type { EntryId, JournalEntry, Leg } from "#core/ledger/entry.ts";
import { entryIdOf, type JournalRecord } from "#core/ledger/journal.ts";
import type { Resolution } from "#core/ledger/resolution.ts";
import type { UserAccount } from "#core/ledger/user-account.ts";
import type { TakenId } from "#core/ledger/user-batch.ts";
import { tagOf } from "../http/precondition.ts";

/** Accounts and entries as the API shows them. Field names and meanings are the public contract. */

export const accountView = (account: UserAccount) => ({
  id: account.id,
  object: "ledger_account",
  name: account.name,
  currency: account.currency,
  normal_side: account.normalSide,
  min_available: account.minAvailable ?? null,
  max_balance: account.maxBalance ?? null,
  state: account.condition,
  metadata: account.metadata,
  created_at: timeOf(account.openedAt),
});

export const accountTag = (account: UserAccount): string => tagOf(account.revision);

interface Balance {
  readonly account: string;
  readonly currency: string;
  readonly normalSide: Side;
  readonly counters: Counters;
  readonly asOf: string | null;
  /** How many records of the journal are counted. */
  readonly version: number;
}

export const balanceView = ({ account, currency, normalSide, counters, asOf, version }: Balance) => ({
  account,
  object: "ledger_balance",
  currency,
  posted: { debits: counters.debitsPosted, credits: counters.creditsPosted },
  pending: { debits: counters.debitsPending, credits: counters.creditsPending },
  available: available(counters, normalSide),
  as_of: asOf,
  version,
});

/** An entry as the journal has it: what was written under its id, and how its hold ended. */
export interface StandingEntry {
  readonly record: TakenId;
  readonly resolution?: Resolution;
}

/** Records of the journal by the entries that they are of. */
export function standingEntries(records: readonly JournalRecord[]): Map<EntryId, StandingEntry> {
  const standing = new Map<EntryId, StandingEntry>();
  for (const record of records) if (record.type !== "resolution") standing.set(entryIdOf(record), { record });
  for (const record of records) {
    const entry = standing.get(entryIdOf(record));
    if (record.type === "resolution" && entry !== undefined)
      standing.set(entryIdOf(record), { ...entry, resolution: record.resolution });
  }
  return standing;
}

export function entryView({ record, resolution }: StandingEntry, now: number) {
  const { entry } = record;
  return {
    id: entry.id,
    object: "ledger_entry",
    state: record.type === "failure" ? "failed" : stateOf(entry, resolution, now),
    legs: entry.legs.map(legView),
    effective_at: timeOf(entry.effectiveAt),
    recorded_at: timeOf(entry.recordedAt),
    expires_at: entry.expiresAt === undefined ? null : timeOf(entry.expiresAt),
    ...(record.type === "failure" ? { failure: { code: record.refusal } } : {}),
    ...(resolution === undefined ? {} : { resolution: resolutionView(resolution) }),
    ...(entry.reverses === undefined ? {} : { reverses: entry.reverses }),
    metadata: entry.metadata ?? {},
  };
}

/** A hold past its time has expired, whether anything has swept it or not. */
function stateOf(entry: JournalEntry, resolution: Resolution | undefined, now: number) {
  if (resolution !== undefined) return resolution.kind;
  return entry.state === "pending" && entry.expiresAt !== undefined && now >= entry.expiresAt
    ? "expired"
    : entry.state;
}

const resolutionView = (resolution: Resolution) => ({
  kind: resolution.kind,
  recorded_at: timeOf(resolution.recordedAt),
  ...(resolution.kind === "posted"
    ? { entry: resolution.entry.id, legs: resolution.entry.legs.map(legView) }
    : {}),
});

const legView = ({ account, side, amount, currency }: Leg) => ({ account, side, amount, currency });

export const timeOf = (at: number): string => new Date(at).toISOString();
