import type { DueHold, ExpiringHolds } from "#adapters/dynamodb/expiring-holds.ts";
import type { JournalStore } from "#adapters/dynamodb/journal-store.ts";
import type { UserLedger } from "#adapters/dynamodb/user-ledger.ts";
import { invariant } from "#core/kernel/invariant.ts";
import type { Book } from "#core/ledger/account.ts";
import type { EntryId, Hold } from "#core/ledger/entry.ts";
import { openHolds } from "#core/ledger/journal.ts";
import { expireHold } from "#core/ledger/resolution.ts";
import { inLanes } from "#functions/lanes.ts";

export interface SweepPorts {
  readonly holds: Pick<ExpiringHolds, "due" | "forget">;
  readonly journal: Pick<JournalStore, "find">;
  readonly ledger: Pick<UserLedger, "resolve">;
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** Told of what could not be done now: the next sweep tries it again. `subject`: a hold or a book. */
  readonly failed: (subject: string, error: unknown) => void;
}

export interface SweepRun {
  readonly execution: string;
  /** Whether there is time for one more hold. */
  readonly mayGoOn: () => boolean;
}

const booksAtOnce = 4;
const holdsAtOnce = 8;

/**
 * Gives merchants' holds whose time is up their one end, and takes away the notes of those that have one. Books take
 * turns, so that one with many holds does not keep the others waiting.
 */
export async function sweepHolds(ports: SweepPorts, books: readonly Book[], run: SweepRun): Promise<void> {
  const until = ports.now();
  let left = books.map((book) => ({ book, pages: ports.holds.due(book, until) }));
  while (left.length > 0) {
    const goOn: typeof left = [];
    await inLanes(left, booksAtOnce, async (sweep) => {
      if (!run.mayGoOn()) return;
      try {
        const page = await sweep.pages.next();
        if (page.done) return;
        await endAll(ports, sweep.book, page.value, run);
        goOn.push(sweep);
      } catch (error) {
        ports.failed(sweep.book, error);
      }
    });
    left = goOn;
  }
}

async function endAll(ports: SweepPorts, book: Book, due: readonly DueHold[], run: SweepRun): Promise<void> {
  const records = await ports.journal.find(
    book,
    due.map(({ hold }) => hold),
  );
  const open = new Map<EntryId, Hold>(openHolds(records).map((hold) => [hold.id, hold]));
  await inLanes(due, holdsAtOnce, async (each) => {
    if (!run.mayGoOn()) return;
    try {
      const hold = open.get(each.hold);
      if (hold === undefined || (await release(ports, hold, run.execution))) await ports.holds.forget(each);
    } catch (error) {
      ports.failed(each.hold, error);
    }
  });
}

/** @returns whether the hold has an end now: this one, or one that somebody else gave it first. */
async function release({ ledger, now }: SweepPorts, hold: Hold, execution: string): Promise<boolean> {
  const resolution = expireHold(hold, now(), execution);
  // The clock went back since its note was read.
  if (resolution === undefined) return false;
  const ended = await ledger.resolve(resolution);
  invariant(ended.kind !== "refused", `no account refuses that ${hold.id} is released`);
  return true;
}
