import type { S3Client } from "@aws-sdk/client-s3";
import type { ProofStore } from "#adapters/archive/proof-store.ts";
import type { Books } from "#adapters/books/books.ts";
import type { BooksProofs } from "#adapters/books/proofs.ts";
import { type ObjectName, objectLines } from "#adapters/s3/object-lines.ts";
import type { LedgerEvent } from "#core/events/ledger-event.ts";
import { isOfLedger, parseStreamed } from "#core/events/streamed.ts";
import { MerkleTree } from "#core/proof/merkle.ts";

/** Records in one statement: some hundred kilobytes. */
const batchMax = 500;
/** Of a file: their digests are held until its end, which is 128 MiB. Firehose brings some hundred thousand. */
const linesMax = 4_000_000;

/** What a file brought. Lines that were in the books already, and those of payments, are counted in `lines` alone. */
export interface FileOutcome {
  readonly lines: number;
  readonly posted: number;
  readonly parked: number;
}

/** Where what a file was is kept, to be proven. */
export interface Keeping {
  readonly books: Pick<BooksProofs, "keepFile">;
  readonly store: Pick<ProofStore, "putLeaves">;
}

/**
 * Posts the journal's records in a file of the archive: events as they were told, one a line. Brought again it changes
 * nothing. A line that no schema knows is parked with its reason. At its end it is known what the file was, to the byte.
 */
export async function postJournalFile(
  s3: Pick<S3Client, "send">,
  books: Pick<Books, "post" | "park">,
  keeping: Keeping,
  file: ObjectName,
  clock: () => number,
): Promise<FileOutcome> {
  let [lines, posted, parked] = [0, 0, 0];
  let batch: LedgerEvent[] = [];
  const flush = async (): Promise<void> => {
    const done = await books.post(batch);
    posted += done.posted;
    parked += done.parked;
    batch = [];
  };
  const tree = new MerkleTree();
  const leaves: Buffer[] = [];
  for await (const bytes of objectLines(s3, file)) {
    if (tree.leaves === linesMax) throw new Error(`${file.key} has more than ${linesMax} lines`);
    leaves.push(tree.add(bytes));
    const line = bytes.toString("utf8").replace(/\r?\n$/, "");
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
  const was = { key: file.key, version: file.versionId ?? "" };
  // First what names its lines: once the books know of the file, a proof may name it.
  await keeping.store.putLeaves(was, Buffer.concat(leaves));
  const proven = { ...was, lines: tree.leaves, root: tree.root().toString("hex") };
  await keeping.books.keepFile(proven, new Date(clock()));
  return { lines, posted, parked };
}
