import { z } from "zod";
import { absurd } from "../kernel/invariant.ts";
import type { Leg } from "../ledger/entry.ts";
import { entryIdOf, type JournalRecord, recordedAtOf } from "../ledger/journal.ts";
import { eventId, fixedEventId } from "./event-id.ts";

/** What a record of the journal is called, when it is told. One record, one event. */
export const ledgerEventTypes = [
  "ledger.posted",
  "ledger.held",
  "ledger.refused",
  "ledger.hold_posted",
  "ledger.hold_voided",
  "ledger.hold_expired",
] as const;
export type LedgerEventType = (typeof ledgerEventTypes)[number];

/** Raised when a member changes its meaning or goes; members may be added under the same number. */
const schemaVersion = 1;

const leg = z.object({
  account: z.string(),
  side: z.enum(["debit", "credit"]),
  /** Minor units, not negative. */
  amount: z.int().nonnegative(),
  currency: z.string().length(3),
});

/**
 * A record of the journal as it is published. What a caller noted on its entry is not told: it may name anybody, and this
 * is kept for ten years under lock.
 */
export const ledgerEvent = z.object({
  schema: z.literal(schemaVersion),
  id: eventId,
  type: z.enum(ledgerEventTypes),
  /** When the ledger learned of it. */
  created_at: z.iso.datetime(),
  book: z.string(),
  record: z.object({
    /** The entry; of what ends a hold, the hold's. */
    entry: z.string(),
    /** Under which id a hold's money was posted: of `ledger.hold_posted` only. */
    posted_as: z.string().optional(),
    /** What was posted, held or refused. */
    legs: z.array(leg),
    /** What a hold no longer holds. */
    released: z.array(leg),
    /** When the money moved in the world. Nothing moves where a hold is voided, or an entry refused. */
    effective_at: z.iso.datetime().optional(),
    /** Of a hold: from then on it cannot be posted. */
    expires_at: z.iso.datetime().optional(),
    /** Which entry this one undoes. */
    reverses: z.string().optional(),
    /** Why the books refused it: of `ledger.refused` only. */
    refusal: z.string().optional(),
  }),
});
export type LedgerEvent = z.output<typeof ledgerEvent>;

/** A hold's end lies beside it under the same id: it is the second of the two. */
const sequenceOf = ({ type }: JournalRecord): number => (type === "resolution" ? 2 : 1);

/** The event of one record of the journal. */
export function ledgerEventOf(record: JournalRecord): LedgerEvent {
  const at = recordedAtOf(record);
  const { book } = record.type === "resolution" ? record.resolution : record.entry;
  return {
    schema: schemaVersion,
    id: fixedEventId(`${book} ${entryIdOf(record)}`, sequenceOf(record), at),
    type: typeOf(record),
    created_at: isoOf(at),
    book,
    record: { entry: entryIdOf(record), ...contentOf(record) },
  };
}

function typeOf(record: JournalRecord): LedgerEventType {
  switch (record.type) {
    case "entry":
      return record.entry.state === "pending" ? "ledger.held" : "ledger.posted";
    case "failure":
      return "ledger.refused";
    case "resolution":
      return `ledger.hold_${record.resolution.kind}`;
    default:
      return absurd(record);
  }
}

function contentOf(record: JournalRecord): Omit<LedgerEvent["record"], "entry"> {
  if (record.type !== "resolution") {
    const { legs, effectiveAt, expiresAt, reverses } = record.entry;
    return {
      legs: legs.map(legOf),
      released: [],
      ...(record.type === "failure" ? { refusal: record.refusal } : { effective_at: isoOf(effectiveAt) }),
      ...(expiresAt === undefined ? {} : { expires_at: isoOf(expiresAt) }),
      ...(reverses === undefined ? {} : { reverses }),
    };
  }
  const { resolution } = record;
  const released = resolution.released.map(legOf);
  switch (resolution.kind) {
    case "posted": {
      const { id, legs, effectiveAt } = resolution.entry;
      return { posted_as: id, legs: legs.map(legOf), released, effective_at: isoOf(effectiveAt) };
    }
    case "expired":
      return { legs: [], released, effective_at: isoOf(resolution.effectiveAt) };
    case "voided":
      return { legs: [], released };
    default:
      return absurd(resolution);
  }
}

const legOf = ({ account, side, amount, currency }: Leg): z.output<typeof leg> => ({
  account,
  side,
  amount: Number(amount),
  currency,
});

const isoOf = (at: number): string => new Date(at).toISOString();
