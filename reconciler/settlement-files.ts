import type { S3Client } from "@aws-sdk/client-s3";
import type { Settlement } from "#adapters/books/settlement.ts";
import { type ObjectName, objectBytes } from "#adapters/s3/object-lines.ts";
import { readBankFile, readSettlementFile } from "#adapters/settlement-files/settlement-file.ts";
import { bankFolder } from "#core/settlement/bank-movement.ts";
import type { Flaw, Read } from "#core/settlement/line.ts";

/** Lines in one statement: under a megabyte, and some tenths of a second. */
const batchMax = 2_000;

/**
 * Flaws of one file that are brought to be kept. One more than settlement.flaws_max() (0009-finance.sql): in its place it is
 * kept that there were more.
 */
const flawsMax = 1_001;

/** What a file brought. */
export interface SettlementFileOutcome {
  /** That could be read. */
  readonly lines: number;
  /** Of those, what this file had not brought before. */
  readonly taken: number;
  /** What could not be read: kept with the reasons, for a person; of a file that has thousands, the first and the last one. */
  readonly flaws: number;
}

/**
 * Takes what an acquirer or our bank left, and matches it with what the books say that it owes. Brought again it changes nothing.
 * Whoever may write below a folder of the bucket is the acquirer, or the bank, whatever a line says.
 * @throws what S3 and PostgreSQL answer; then the file comes again, and goes on where it was.
 */
export async function takeSettlementFile(
  s3: Pick<S3Client, "send">,
  settlement: Pick<Settlement, "begin" | "take" | "takeBank" | "refuse" | "finish">,
  file: ObjectName,
  clock: () => number,
): Promise<SettlementFileOutcome> {
  const now = new Date(clock());
  const acquirer = file.key.split("/", 1)[0] ?? "";
  const number = await settlement.begin({ ...file, version: file.versionId ?? "", acquirer }, now);
  const bytes = await objectBytes(s3, file);
  const refuse = (flaw: Flaw) => settlement.refuse(number, flaw);
  const outcome =
    acquirer === bankFolder
      ? await takeReads(readBankFile(bytes, file.key), refuse, (batch) =>
          settlement.takeBank(number, batch, now),
        )
      : await takeReads(readSettlementFile(bytes, file.key), refuse, (batch) =>
          settlement.take(number, batch, now),
        );
  await settlement.finish(number, now);
  return outcome;
}

async function takeReads<Line extends { readonly place: number }>(
  reads: AsyncIterable<Read<Line>>,
  refuse: (flaw: Flaw) => Promise<void>,
  take: (batch: readonly Line[]) => Promise<number>,
): Promise<SettlementFileOutcome> {
  let [lines, taken, flaws] = [0, 0, 0];
  let batch: Line[] = [];
  const flush = async (): Promise<void> => {
    taken += await take(batch);
    batch = [];
  };
  for await (const read of reads) {
    if (read.ok) {
      // Parts of one place go together: they are counted within it.
      if (batch.length >= batchMax && batch.at(-1)?.place !== read.line.place) await flush();
      batch.push(read.line);
      lines += 1;
    } else {
      flaws += 1;
      if (flaws <= flawsMax || read.flaw.endsFile) await refuse(read.flaw);
    }
  }
  await flush();
  return { lines, taken, flaws };
}
