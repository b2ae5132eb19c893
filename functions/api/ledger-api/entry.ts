import { z } from "zod";
import type { JournalStore } from "#adapters/dynamodb/journal-store.ts";
import type { UserLedger } from "#adapters/dynamodb/user-ledger.ts";
import { type Book, parseUserAccountId, type UserAccountId } from "#core/ledger/account.ts";
import type { EntryId } from "#core/ledger/entry.ts";
import type { RecordedBy } from "#core/ledger/user-entry.ts";
import { amount } from "../http/fields.ts";
import { Problem } from "../http/problem.ts";
import type { ApiRequest } from "../http/request.ts";
import type { Idempotency } from "../idempotency.ts";
import { type StandingEntry, standingEntries } from "./views.ts";

export interface EntryPorts {
  readonly ledger: Pick<UserLedger, "post" | "resolve" | "correct">;
  readonly journal: Pick<JournalStore, "find">;
  readonly idempotency: Pick<Idempotency, "once">;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

/** Far more than an entry has; what is over the real limit is told so, by name. */
const sentLegsMax = 200;

const account = z
  .string()
  .refine((id) => parseUserAccountId(id) !== undefined, {
    params: { code: "account_not_found" },
    error: "There is no such account",
  })
  .transform((id) => id as UserAccountId);

const leg = z.strictObject({ account, side: z.enum(["debit", "credit"]), amount });
export const legs = z.array(leg).max(sentLegsMax);

export const recordedBy = ({ id }: ApiRequest, at: number): RecordedBy => ({
  at,
  execution: `request ${id}`,
});

/** An entry with its end. @throws Problem 404: another merchant's is not there either. */
export async function entryOf(
  journal: Pick<JournalStore, "find">,
  book: Book,
  id: EntryId,
): Promise<StandingEntry> {
  // Longer ids than any that is given; and the journal's own second keys are no ids.
  const isId = /^[A-Za-z0-9_.-]{1,90}$/.test(id);
  const standing = isId ? standingEntries(await journal.find(book, [id])).get(id) : undefined;
  if (standing === undefined) throw new Problem("not_found");
  return standing;
}
