import type { S3Client } from "@aws-sdk/client-s3";
import type { Books } from "#adapters/books/books.ts";
import { type ObjectName, objectLines } from "#adapters/s3/object-lines.ts";
import type { LedgerEvent } from "#core/events/ledger-event.ts";
import { isOfLedger, parseStreamed } from "#core/events/streamed.ts";

/** Kinesis takes no larger record. */
const lineBytesMax = 1_048_576;
/** Records in one statement: some hundred kilobytes. */
const batchMax = 500;

/** What a file brought. Lines that were in the books already, and those of payments, are counted in `lines` alone. */
export interface FileOutcome {
  readonly lines: number;
  readonly posted: number;
  readonly parked: number;
}

/**
 * Posts the journal's records in a file of the archive: events as they were told, one a line. Brought again it changes
 * nothing. A line that no schema knows is parked with its reason.
 */
export async function postJournalFile(
  s3: Pick<S3Client, "send">,
  books: Pick<Books, "post" | "park">,
  file: ObjectName,
): Promise<FileOutcome> {
  let [lines, posted, parked] = [0, 0, 0];
  let batch: LedgerEvent[] = [];
  const flush = async (): Promise<void> => {
    const done = await books.post(batch);
    posted += done.posted;
    parked += done.parked;
    batch = [];
  };
  for await (const line of objectLines(s3, file, lineBytesMax)) {
    if (line === "") continue;
    lines += 1;
    const read = parseStreamed(line);
    if (!read.ok) {
      await books.park(line, read.reason);
      parked += 1;
    } else if (isOfLedger(read.event)) {
      batch.push(read.event);
      if (batch.length === batchMax) await flush();
    }
  }
  await flush();
  return { lines, posted, parked };
}
