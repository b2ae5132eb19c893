import type { CancellationReason } from "@aws-sdk/client-dynamodb";
import { unmarshall } from "@aws-sdk/util-dynamodb";
import { invariant } from "#core/kernel/invariant.ts";
import { entryIdOf, type JournalRecord, movesTheSame } from "#core/ledger/journal.ts";
import { JournalDiffers } from "./errors.ts";
import type { Epoch } from "./fence.ts";
import { type JournalItem, journalRecord } from "./journal-codec.ts";

/**
 * A record of the journal is in the way of a step whose payment has not taken it yet. One transaction writes both, so
 * that within an epoch this cannot be. Across a failover it can: the record was replicated, and its payment was not
 * (ADR 47). Then what is to be posted is posted already, and only the payment follows.
 * @throws JournalDiffers when the record says something else than the step would.
 */
export function requireLeftBehind(
  stored: CancellationReason["Item"],
  intended: JournalRecord,
  epoch: Epoch,
): void {
  const id = entryIdOf(intended);
  invariant(
    stored !== undefined && Number(stored["epoch"]?.N ?? 0) < epoch,
    `the journal is not ahead of what ${id} is written with`,
  );
  if (movesTheSame(journalRecord(unmarshall(stored) as JournalItem), intended)) return;
  throw new JournalDiffers(`${id} was posted before the failover, and not as it would be posted now`);
}
