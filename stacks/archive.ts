import { createBucket, type MadeBucket } from "./buckets.ts";
import type { Region } from "./constants.ts";
import { type Copy, createCopies } from "./copies.ts";
import { createEventDelivery } from "./firehose.ts";
import { createKey } from "./keys.ts";
import { replicaRegion } from "./pair.ts";
import type { Parts } from "./parts.ts";
import type { StageSettings } from "./settings.ts";

export interface ArchiveSettings {
  /**
   * How long nobody deletes or changes an event, in days. In governance mode a few may lift it; in compliance mode
   * nobody can, root and AWS included.
   */
  readonly lock: { readonly mode: "GOVERNANCE" | "COMPLIANCE"; readonly days: number };
  /** After so many days events are deleted. More than the lock. */
  readonly keepDays: number;
}

/** Whoever reads the archive is wired to this. */
export interface Archive {
  readonly bucket: aws.s3.Bucket;
  readonly key: aws.kms.Key;
  /** What the objects of one day (UTC, of their arrival) begin with is this and `day=2026-01-31/`. */
  readonly prefix: string;
  /** Of what brings them: its figures tell how far the archive is behind. */
  readonly delivery: aws.kinesis.FirehoseDeliveryStream;
  /** Where they land first. */
  readonly landing: aws.s3.Bucket;
  /** Its copies, by the name of their rule, by which their figures are found. */
  readonly copies: readonly Copy[];
}

export const archivePrefix = "events/";
/** As long as there is time to find out that copies did not arrive. */
const landingDays = 35;
/** An auditor asks for the last quarter; what is older is read once a year, if ever. */
const coldAfterDays = 120;

/**
 * Events as they were sent, one JSON text a line, for longer than anybody could wish to change them. They land in a
 * bucket without a lock, and S3 copies them into the archive within a quarter of an hour (ADR 38): nothing that runs
 * can write there, and what is there does not change.
 */
export function createArchive(parts: Pick<Parts, "settings" | "keys" | "streams">): Archive | undefined {
  const { settings, keys } = parts;
  if (settings.archive === undefined || keys.archive === undefined) return undefined;
  const { lock, keepDays } = settings.archive;
  if (keepDays <= lock.days)
    throw new Error(
      `${settings.stage} would delete events before their lock ends: keepDays (stacks/settings.ts).`,
    );
  const landing = createBucket("ArchiveLanding", settings, { key: keys.archive, days: landingDays });
  const archive = createLockedBucket("Archive", settings, settings.archive, keys.archive);
  const copies = [
    { id: "archive", ...archive, key: keys.archive, region: settings.region },
    ...createReplica(settings, settings.archive),
  ];
  createCopies(
    "ArchiveCopy",
    "Copies events into the archive",
    { ...landing, key: keys.archive },
    copies,
    settings,
  );
  const delivery = createEventDelivery(
    {
      name: "ArchiveDelivery",
      bucket: landing.bucket,
      key: keys.archive,
      form: () => ({
        prefix: `${archivePrefix}day=!{timestamp:yyyy-MM-dd}/`,
        // Nothing is looked at, so nothing can be wrong with it; Firehose wants a place all the same.
        errorOutputPrefix: "failed/!{firehose:error-output-type}/",
        compressionFormat: "GZIP",
        fileExtension: ".json.gz",
        processingConfiguration: {
          enabled: true,
          // Records have no ends of their own, and a reader goes line by line.
          processors: [
            {
              type: "AppendDelimiterToRecord",
              parameters: [{ parameterName: "Delimiter", parameterValue: "\\n" }],
            },
          ],
        },
      }),
    },
    parts,
  );
  return {
    bucket: archive.bucket,
    key: keys.archive,
    prefix: archivePrefix,
    delivery,
    landing: landing.bucket,
    copies,
  };
}

/**
 * The same events in the other region of a pair, under a lock and a key of their own. From the landing bucket too: S3
 * does not copy what is a copy.
 */
function createReplica(settings: StageSettings, archive: ArchiveSettings): Copy[] {
  const region = replicaRegion(settings);
  if (region === undefined) return [];
  const key = createKey(settings, "ArchiveReplica", {
    region,
    description: "Encrypts events as they were sent, in another region",
  });
  return [
    { id: "replica", ...createLockedBucket("ArchiveReplica", settings, archive, key, region), key, region },
  ];
}

function createLockedBucket(
  name: string,
  settings: StageSettings,
  { lock: { mode, days }, keepDays }: ArchiveSettings,
  key: aws.kms.Key,
  region?: Region,
): MadeBucket {
  const place = region === undefined ? {} : { region };
  const made = createBucket(name, settings, { ...place, key, days: keepDays, coldAfterDays, lockable: true });
  new aws.s3.BucketObjectLockConfiguration(
    `${name}BucketLock`,
    { ...place, bucket: made.bucket.bucket, rule: { defaultRetention: { mode, days } } },
    { dependsOn: made.versioning },
  );
  return made;
}
