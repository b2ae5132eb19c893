import type { AccountId, Book, Side } from "#core/ledger/account.ts";
import type { EntryId, Leg } from "#core/ledger/entry.ts";
import type { PostingRefusal } from "#core/ledger/errors.ts";
import { entryRecord, failureRecord, type JournalRecord } from "#core/ledger/journal.ts";
import type { Resolution, ResolutionKind } from "#core/ledger/resolution.ts";
import type { Currency } from "#core/money/currency.ts";
import { entryKey, type Key, resolutionKey } from "./keys.ts";

interface LegItem {
  readonly account: string;
  readonly side: Side;
  readonly amount: number;
  readonly currency: string;
}

interface EntryItem extends Key {
  /** `failure`: the books refused it, for the reason in `refusal`. */
  readonly record: "entry" | "failure";
  readonly refusal?: PostingRefusal;
  readonly entry_state: "posted" | "pending";
  readonly legs: readonly LegItem[];
  readonly effective_at: number;
  readonly recorded_at: number;
  readonly expires_at?: number;
  readonly reverses?: string;
  readonly forced?: true;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly execution: string;
}

interface ResolutionItem extends Key {
  readonly record: "resolution";
  readonly kind: ResolutionKind;
  readonly released: readonly LegItem[];
  readonly recorded_at: number;
  readonly execution: string;
  /** Of `posted` resolutions only: the entry that the hold became. */
  readonly entry_id?: string;
  readonly legs?: readonly LegItem[];
  /** Of what was posted, or has expired. */
  readonly effective_at?: number;
}

export type JournalItem = EntryItem | ResolutionItem;

export function journalItem(record: JournalRecord): JournalItem {
  if (record.type !== "resolution") {
    const { entry } = record;
    return {
      ...entryKey(entry.book, entry.id),
      record: record.type,
      ...(record.type === "failure" ? { refusal: record.refusal } : {}),
      entry_state: entry.state,
      legs: entry.legs.map(legItem),
      effective_at: entry.effectiveAt,
      recorded_at: entry.recordedAt,
      ...(entry.expiresAt === undefined ? {} : { expires_at: entry.expiresAt }),
      ...(entry.reverses === undefined ? {} : { reverses: entry.reverses }),
      ...(entry.forced === undefined ? {} : { forced: entry.forced }),
      ...(entry.metadata === undefined ? {} : { metadata: entry.metadata }),
      execution: entry.execution,
    };
  }
  const { resolution } = record;
  return {
    ...resolutionKey(resolution.book, resolution.hold),
    record: "resolution",
    kind: resolution.kind,
    released: resolution.released.map(legItem),
    recorded_at: resolution.recordedAt,
    execution: resolution.execution,
    ...(resolution.kind === "posted"
      ? {
          entry_id: resolution.entry.id,
          legs: resolution.entry.legs.map(legItem),
          effective_at: resolution.entry.effectiveAt,
        }
      : {}),
    ...(resolution.kind === "expired" ? { effective_at: resolution.effectiveAt } : {}),
  };
}

export function journalRecord(item: JournalItem): JournalRecord {
  const book = item.pk.slice(0, item.pk.indexOf("#")) as Book;
  if (item.record !== "resolution") {
    const entry = {
      id: item.sk as EntryId,
      book,
      state: item.entry_state,
      legs: item.legs.map(legOf),
      effectiveAt: item.effective_at,
      recordedAt: item.recorded_at,
      ...(item.expires_at === undefined ? {} : { expiresAt: item.expires_at }),
      ...(item.reverses === undefined ? {} : { reverses: item.reverses as EntryId }),
      ...(item.forced === undefined ? {} : { forced: item.forced }),
      ...(item.metadata === undefined ? {} : { metadata: item.metadata }),
      execution: item.execution,
    };
    return item.refusal === undefined ? entryRecord(entry) : failureRecord(entry, item.refusal);
  }
  return { type: "resolution", resolution: resolutionOf(item, book) };
}

function resolutionOf(item: ResolutionItem, book: Book): Resolution {
  const common = {
    hold: item.sk.slice(0, item.sk.indexOf("#")) as EntryId,
    book,
    released: item.released.map(legOf),
    recordedAt: item.recorded_at,
    execution: item.execution,
  };
  const effectiveAt = item.effective_at ?? item.recorded_at;
  switch (item.kind) {
    case "voided":
      return { ...common, kind: item.kind };
    case "expired":
      return { ...common, kind: item.kind, effectiveAt };
    case "posted": {
      const entry = { id: item.entry_id as EntryId, legs: (item.legs ?? []).map(legOf), effectiveAt };
      return { ...common, kind: item.kind, entry };
    }
  }
}

const legItem = (leg: Leg): LegItem => ({
  account: leg.account,
  side: leg.side,
  amount: Number(leg.amount),
  currency: leg.currency,
});

const legOf = (leg: LegItem): Leg => ({
  account: leg.account as AccountId,
  side: leg.side,
  amount: BigInt(leg.amount),
  currency: leg.currency as Currency,
});
