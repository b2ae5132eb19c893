import { setTimeout as sleep } from "node:timers/promises";
import type { S3Client } from "@aws-sdk/client-s3";
import { GetQueueUrlCommand, SendMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import { ArchiveReader, type StoredVersion } from "#adapters/archive/archive-reader.ts";
import { readProofFile } from "#adapters/archive/proof-file.ts";
import { ArchiveHolds, type HeldDay } from "#adapters/s3/archive-holds.ts";
import { createS3, unchecked } from "#adapters/s3/client.ts";
import { proveMessage, wordsOfCompared } from "#core/proof/archive-proof.ts";
import type { StoreConnection } from "./connection.ts";
import { daysBetween, today } from "./days.ts";
import { Progress } from "./progress.ts";
import { Refusal } from "./refusal.ts";
import { clientOf } from "./stage-client.ts";
import { table } from "./table.ts";

export interface ArchiveRange {
  readonly since?: string | undefined;
  /** That day alone when left out. */
  readonly until?: string | undefined;
  readonly bucket?: string | undefined;
}

/** The account of the system on this machine: nobody has to know its bucket's name. */
const localPrefix = "tallystick-local-";
const localBucket = "tallystick-local-archive-123456789012";

const acts = {
  hold: (holds: ArchiveHolds, day: string) => holds.set(day, "ON"),
  lift: (holds: ArchiveHolds, day: string) => holds.set(day, "OFF"),
  look: (holds: ArchiveHolds, day: string) => holds.look(day),
};

/**
 * Holds archived days, lifts their holds, or says what is held: day by day, with progress. What broke off is done again from
 * its beginning, and changes nothing twice.
 */
export async function holdArchive(
  connection: StoreConnection,
  act: keyof typeof acts,
  range: ArchiveRange,
): Promise<string> {
  const days = daysBetween(range.since, range.until ?? range.since, Date.now());
  const bucket = archiveBucketOf(connection, range.bucket);
  return await inArchive(
    connection,
    bucket,
    async (s3) => report(await eachDay(new ArchiveHolds(s3, bucket), act, days), bucket),
    "assume tallystick-legal-holds",
  );
}

/** @throws Refusal when nobody named it, and it is not that of the system on this machine */
export function archiveBucketOf({ tablePrefix }: StoreConnection, named: string | undefined): string {
  const bucket = named ?? (tablePrefix === localPrefix ? localBucket : undefined);
  if (bucket === undefined)
    throw new Refusal("say the --bucket: tallystick-<stage>-archive-<account>, and then its replica");
  return bucket;
}

/** @throws Refusal when there is no such bucket, or whoever asks may not read it */
export async function inArchive<T>(
  connection: StoreConnection,
  bucket: string,
  use: (s3: S3Client) => Promise<T>,
  instead = `assume ${connection.tablePrefix}auditors`,
): Promise<T> {
  const s3 = createS3({ ...clientOf(connection), ...unchecked });
  try {
    return await use(s3);
  } catch (error) {
    const { name } = error as Error;
    const known = { NoSuchBucket: "there is no such bucket", AccessDenied: `you may not: ${instead}` };
    if (!Object.hasOwn(known, name)) throw error;
    throw new Refusal(`${bucket}: ${known[name as keyof typeof known]}`, { cause: error });
  } finally {
    s3.destroy();
  }
}

/** Milliseconds. One that waits for the books takes longer: `verify` shows it later. */
const proofMsMax = 60_000;
const lookMs = 250;

/**
 * Asks for a proof of all that came since the last one, and waits until it is in the archive, where that is known; here what is
 * under way is delivered first.
 * @returns where it is, what was compared for it, and what was found
 * @throws Refusal when there is no reconciler that could be asked
 */
export async function proveArchive(connection: StoreConnection, named: string | undefined): Promise<string> {
  const sqs = new SQSClient(clientOf(connection));
  const queue = `${connection.tablePrefix}journal-files`;
  const isKnown = named !== undefined || connection.tablePrefix === localPrefix;
  const bucket = isKnown ? archiveBucketOf(connection, named) : undefined;
  try {
    await connection.deliverNow?.();
    const before = bucket && (await inProofs(connection, bucket, newestProof))?.key;
    const { QueueUrl } = await sqs.send(new GetQueueUrlCommand({ QueueName: queue }));
    await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: proveMessage }));
    const made = bucket && (await inProofs(connection, bucket, (archive) => proofBeside(archive, before)));
    return made ?? "asked: once the reconciler has made it and S3 has copied it, `verify` shows it";
  } catch (error) {
    if ((error as Error).name !== "QueueDoesNotExist") throw error;
    throw new Refusal(`there is no queue ${queue}: this stage has no reconciler`, { cause: error });
  } finally {
    sqs.destroy();
  }
}

const inProofs = <T>(
  connection: StoreConnection,
  bucket: string,
  look: (archive: ArchiveReader) => Promise<T>,
): Promise<T> => inArchive(connection, bucket, (s3) => look(new ArchiveReader(s3, bucket)));

/** Waits for another proof than the newest that there was. @returns what it says; undefined when none came in time */
async function proofBeside(archive: ArchiveReader, before: string | undefined): Promise<string | undefined> {
  for (const until = Date.now() + proofMsMax; Date.now() < until; await sleep(lookMs)) {
    const newest = await newestProof(archive);
    if (newest === undefined || newest.key === before) continue;
    const { compared, findings } = readProofFile(await archive.text(newest)).statement;
    const words = compared === undefined ? [] : wordsOfCompared(compared);
    return [`proven: ${newest.key}`, ...words, ...findings.map((what) => `WRONG BOOKS  ${what}`)].join("\n");
  }
  return undefined;
}

const dayMs = 86_400_000;

/** The newest proof, of those of yesterday and today. */
async function newestProof(archive: ArchiveReader): Promise<StoredVersion | undefined> {
  let newest: StoredVersion | undefined;
  for await (const stored of archive.proofs(today(Date.now() - dayMs))) newest = stored;
  return newest;
}

async function eachDay(
  holds: ArchiveHolds,
  act: keyof typeof acts,
  days: readonly string[],
): Promise<HeldDay[]> {
  const progress = new Progress(`${act} days`, days.length);
  const done: HeldDay[] = [];
  for (const day of days) {
    done.push(await acts[act](holds, day));
    progress.step();
  }
  return done;
}

function report(days: readonly HeldDay[], bucket: string): string {
  const rows = days
    .filter(({ objects }) => objects > 0)
    .map(({ day, objects, held }) => [day, String(objects), String(held)]);
  const sum = (of: (day: HeldDay) => number) => days.reduce((total, day) => total + of(day), 0);
  const [objects, held] = [sum((day) => day.objects), sum((day) => day.held)];
  const all = `${bucket}: ${held} of ${objects} objects of ${days.length} days are held.`;
  return rows.length === 0 ? all : `${table(["DAY", "OBJECTS", "HELD"], rows)}\n\n${all}`;
}
