import { err, ok, type Result } from "../kernel/result.ts";
import type { Currency } from "../money/currency.ts";
import { type Book, salesCurrency, type UserAccountId } from "./account.ts";
import type { EntryId, JournalEntry } from "./entry.ts";
import type { PostingRefusal } from "./errors.ts";
import type { entryRecord, failureRecord } from "./journal.ts";
import { answerReplay, type Replay } from "./replay.ts";
import { entryProposed, type FlawedLeg, type ProposedEntry, type RecordedBy } from "./user-entry.ts";

/**
 * Entries that are recorded together or not at all. One entry is a batch of one.
 *
 * For each the first that applies is answered: what the id already stands for; what is wrong with the proposal by
 * itself; what the books refuse; and, where nothing is wrong with it but with another, `linked_entry_failed`.
 */

export type TakenId = ReturnType<typeof entryRecord | typeof failureRecord>;

export type EntryRefusal =
  | { readonly kind: "replay"; readonly code: Exclude<Replay, "exists"> }
  | ({ readonly kind: "flaw" } & FlawedLeg)
  | { readonly kind: "refused"; readonly code: PostingRefusal }
  | { readonly kind: "linked" };

/** What became of one entry of the batch. */
export type EntryResult =
  | { readonly kind: "created"; readonly entry: JournalEntry }
  | { readonly kind: "exists"; readonly entry: JournalEntry }
  | EntryRefusal;

/** What is known of what the proposals name. */
export interface Known {
  /** By id: what already stands under it. */
  readonly taken: ReadonlyMap<EntryId, TakenId>;
  readonly currencies: ReadonlyMap<UserAccountId, Currency>;
}

/** @returns the entries to record, all or none; or how each proposal is answered when there is nothing to record. */
export function decideBatch(
  book: Book,
  proposals: readonly ProposedEntry[],
  { taken, currencies }: Known,
  recordedBy: RecordedBy,
): Result<readonly JournalEntry[], readonly EntryResult[]> {
  const currencyOf = (account: UserAccountId) => salesCurrency(account) ?? currencies.get(account);
  const entries: JournalEntry[] = [];
  const results = proposals.map((proposed): EntryResult | undefined => {
    const stands = taken.get(proposed.id);
    // As if it had been proposed when what stands there was: what is left out means the same moment.
    const entry = entryProposed(book, proposed, currencyOf, {
      ...recordedBy,
      ...(stands === undefined ? {} : { at: stands.entry.recordedAt }),
    });
    if (stands !== undefined) return replayOf(stands, entry, recordedBy);
    if (!entry.ok) return { kind: "flaw", ...entry.error };
    entries.push(entry.value);
    return undefined;
  });
  if (entries.length === proposals.length) return ok(entries);
  return err(linked(results));
}

/** What the books refused of a batch: those entries, and with them all others. */
export function refusedBatch(
  entries: readonly JournalEntry[],
  refusals: ReadonlyMap<EntryId, PostingRefusal>,
): readonly EntryResult[] {
  return linked(
    entries.map(({ id }) => {
      const code = refusals.get(id);
      return code === undefined ? undefined : { kind: "refused", code };
    }),
  );
}

const linked = (results: readonly (EntryResult | undefined)[]): readonly EntryResult[] =>
  results.map((result) => result ?? { kind: "linked" });

function replayOf(
  stands: TakenId,
  proposed: Result<JournalEntry, FlawedLeg>,
  { execution }: RecordedBy,
): EntryResult {
  // What is flawed cannot be what stands there: accounts and their currencies never go.
  if (!proposed.ok) return { kind: "replay", code: "exists_with_different_legs" };
  const replay = answerReplay(stands, proposed.value);
  // After a lost reply a request meets what it wrote itself.
  if (replay === "exists")
    return { kind: stands.entry.execution === execution ? "created" : "exists", entry: stands.entry };
  return isReplay(replay) ? { kind: "replay", code: replay } : { kind: "refused", code: replay };
}

const isReplay = (answer: Replay | PostingRefusal): answer is Exclude<Replay, "exists"> =>
  answer.startsWith("exists_");
