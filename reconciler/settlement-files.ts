import type { S3Client } from "@aws-sdk/client-s3";
import type { Settlement } from "#adapters/books/settlement.ts";
import { type ObjectName, objectBytes } from "#adapters/s3/object-lines.ts";
import { readSettlementFile } from "#adapters/settlement-files/settlement-file.ts";
import type { SettlementLine } from "#core/settlement/line.ts";

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
 * Takes what an acquirer left, and matches it with what the books say that it owes. Brought again it changes nothing.
 * Whoever may write below a folder of the bucket is the acquirer, whatever a line says.
 * @throws what S3 and PostgreSQL answer; then the file comes again, and goes on where it was.
 */
export async function takeSettlementFile(
  s3: Pick<S3Client, "send">,
  settlement: Pick<Settlement, "begin" | "take" | "refuse" | "finish">,
  file: ObjectName,
  clock: () => number,
): Promise<SettlementFileOutcome> {
  const now = new Date(clock());
  const acquirer = file.key.split("/", 1)[0] ?? "";
  const number = await settlement.begin({ ...file, version: file.versionId ?? "", acquirer }, now);
  let [lines, taken, flaws] = [0, 0, 0];
  let batch: SettlementLine[] = [];
  const flush = async (): Promise<void> => {
    taken += await settlement.take(number, batch, now);
    batch = [];
  };
  for await (const read of readSettlementFile(await objectBytes(s3, file), file.key)) {
    if (read.ok) {
      // Parts of one place go together: they are counted within it.
      if (batch.length >= batchMax && batch.at(-1)?.place !== read.line.place) await flush();
      batch.push(read.line);
      lines += 1;
    } else {
      flaws += 1;
      if (flaws <= flawsMax || read.flaw.endsFile) await settlement.refuse(number, read.flaw);
    }
  }
  await flush();
  await settlement.finish(number, now);
  return { lines, taken, flaws };
}
