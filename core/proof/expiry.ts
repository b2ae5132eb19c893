import { entryIdOf, type JournalRecord, openHolds } from "../ledger/journal.ts";
import { isUserEntry } from "../ledger/user-entry.ts";
import { type Finding, found } from "./finding.ts";
import type { ExpiryNote } from "./stored.ts";

/** Several sweeps. Whoever still stands then, nobody looks for. */
export const lateMsMax = 15 * 60_000;

/**
 * Invariants 7 and 12, of merchants' own holds: none is posted once its time is up, none expires before, and each that
 * stands will be found when it is due. A payment's hold ends with its payment.
 */
export function checkExpiry(
  journal: readonly JournalRecord[],
  notes: readonly ExpiryNote[],
  /** Epoch milliseconds. */
  now: number,
): Finding[] {
  const noted = new Set(notes.map(({ hold, expiresAt }) => `${hold} ${expiresAt}`));
  const open = openHolds(journal).flatMap(({ id, expiresAt }) => {
    if (expiresAt === undefined || !isUserEntry(id)) return [];
    const findings: Finding[] = [];
    if (!noted.has(`${id} ${expiresAt}`)) findings.push(found("expiry", id, "no sweep will find it"));
    if (now >= expiresAt + lateMsMax)
      findings.push(found("expiry", id, `expired at ${timeOf(expiresAt)}, and is not released`));
    return findings;
  });
  return [...open, ...endFindings(journal)];
}

function endFindings(journal: readonly JournalRecord[]): Finding[] {
  const expiry = new Map<string, number | undefined>();
  for (const record of journal)
    if (record.type === "entry" && isUserEntry(record.entry.id))
      expiry.set(record.entry.id, record.entry.expiresAt);
  return journal.flatMap((record) => {
    const id = entryIdOf(record);
    if (record.type !== "resolution" || !expiry.has(id)) return [];
    const { kind, recordedAt } = record.resolution;
    const isOver = recordedAt >= (expiry.get(id) ?? Number.POSITIVE_INFINITY);
    if (kind === "posted" && isOver) return [found("expiry", id, "was posted after its expiry")];
    return kind === "expired" && !isOver ? [found("expiry", id, "expired before its time")] : [];
  });
}

const timeOf = (at: number): string => new Date(at).toISOString();
