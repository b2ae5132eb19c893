import type { UserAccount } from "#adapters/dynamodb/account-store.ts";
import type { StoredEntry } from "#adapters/dynamodb/entry-store.ts";
import { available, type Counters, type Side } from "#core/ledger/account.ts";
import type { Leg } from "#core/ledger/entry.ts";
import type { JournalRecord } from "#core/ledger/journal.ts";

const timeOf = (at: number): string => new Date(at).toISOString();

/** An account as the API shows it. */
export const accountView = (account: UserAccount) => ({
  id: account.id,
  object: "ledger_account",
  name: account.name,
  currency: account.currency,
  normal_side: account.normalSide,
  state: account.condition,
  min_available: account.minAvailable ?? null,
  max_balance: account.maxBalance ?? null,
  metadata: account.metadata,
  opened_at: timeOf(account.openedAt),
});

interface Balance {
  readonly account: string;
  readonly currency: string;
  readonly normalSide: Side;
  readonly counters: Counters;
  /** Epoch milliseconds. */
  readonly asOf: number;
}

/** What an account holds. `version` is all that ever moved through it: two balances of one version are the same. */
export const balanceView = ({ account, currency, normalSide, counters, asOf }: Balance) => ({
  account,
  currency,
  posted: { debits: counters.debitsPosted, credits: counters.creditsPosted },
  pending: { debits: counters.debitsPending, credits: counters.creditsPending },
  available: available(counters, normalSide),
  as_of: timeOf(asOf),
  version: versionOf(counters),
});

/** Counters of posted money only grow, and those of pending money move back only when a hold ends. */
const versionOf = (counters: Counters): string =>
  [counters.debitsPosted, counters.creditsPosted, counters.debitsPending, counters.creditsPending].join(".");

const legView = ({ account, side, amount, currency }: Leg) => ({ account, side, amount, currency });

/** An entry as it stands now: a hold that ended says how. */
export function entryView({ opened, resolution }: StoredEntry) {
  const { entry } = opened;
  return {
    id: entry.id,
    object: "ledger_entry",
    state: opened.type === "failure" ? "refused" : (resolution?.kind ?? entry.state),
    ...(opened.type === "failure" ? { refusal: { code: opened.refusal } } : {}),
    legs: entry.legs.map(legView),
    ...(resolution?.kind === "posted"
      ? { posted: { id: resolution.entry.id, legs: resolution.entry.legs.map(legView) } }
      : {}),
    effective_at: timeOf(entry.effectiveAt),
    recorded_at: timeOf(entry.recordedAt),
    ...(entry.expiresAt === undefined ? {} : { expires_at: timeOf(entry.expiresAt) }),
    ...(entry.reverses === undefined ? {} : { reverses: entry.reverses }),
    metadata: entry.metadata ?? {},
  };
}

/** A line of an account's entries: what was recorded, and how it moved money. */
export function recordView(record: JournalRecord) {
  if (record.type !== "resolution") return entryView({ opened: record });
  const { resolution } = record;
  return {
    id: resolution.hold,
    object: "ledger_resolution",
    state: resolution.kind,
    released: resolution.released.map(legView),
    ...(resolution.kind === "posted"
      ? { posted: { id: resolution.entry.id, legs: resolution.entry.legs.map(legView) } }
      : {}),
    recorded_at: timeOf(resolution.recordedAt),
  };
}
