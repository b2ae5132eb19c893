import { ArchiveHolds, type HeldDay } from "#adapters/s3/archive-holds.ts";
import { createS3 } from "#adapters/s3/client.ts";
import type { StoreConnection } from "./connection.ts";
import { daysBetween } from "./days.ts";
import { Progress } from "./progress.ts";
import { Refusal } from "./refusal.ts";
import { table } from "./table.ts";

export interface ArchiveRange {
  readonly since?: string | undefined;
  /** That day alone when left out. */
  readonly until?: string | undefined;
  readonly bucket?: string | undefined;
}

/** The account of the system on this machine: nobody has to know its bucket's name. */
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
  { client, tablePrefix }: StoreConnection,
  act: keyof typeof acts,
  range: ArchiveRange,
): Promise<string> {
  const days = daysBetween(range.since, range.until ?? range.since, Date.now());
  const bucket = range.bucket ?? (tablePrefix === "tallystick-local-" ? localBucket : undefined);
  if (bucket === undefined)
    throw new Refusal("say the --bucket: tallystick-<stage>-archive-<account>, and then its replica");
  const { endpoint, region, credentials } = client;
  const s3 = createS3({
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(region === undefined ? {} : { region }),
    ...(credentials === undefined ? {} : { credentials }),
  });
  try {
    return report(await eachDay(new ArchiveHolds(s3, bucket), act, days), bucket);
  } catch (error) {
    const { name } = error as Error;
    const known = {
      NoSuchBucket: "there is no such bucket",
      AccessDenied: "you may not: assume tallystick-legal-holds",
    };
    if (!Object.hasOwn(known, name)) throw error;
    throw new Refusal(`${bucket}: ${known[name as keyof typeof known]}`, { cause: error });
  } finally {
    s3.destroy();
  }
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
