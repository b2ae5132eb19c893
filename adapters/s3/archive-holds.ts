import { GetObjectLegalHoldCommand, PutObjectLegalHoldCommand, type S3Client } from "@aws-sdk/client-s3";
import { objectVersions } from "./object-versions.ts";

/** Calls that are under way at once: S3 takes thousands a second under one prefix, a terminal has one connection pool. */
const callsAtOnce = 32;

/** What of one day of the archive is held. */
export interface HeldDay {
  /** `2026-01-31`, UTC, of the events' arrival. */
  readonly day: string;
  /** Versions of objects. */
  readonly objects: number;
  readonly held: number;
}

interface Version {
  readonly Key: string;
  readonly VersionId: string;
}

/**
 * Legal holds of S3 Object Lock on the events of a day: whatever ends, the lock or the lifecycle, what is held stays until
 * its hold is lifted. Each version is held by itself: a delete marker hides an object, and takes none of its versions away.
 */
export class ArchiveHolds {
  readonly #s3: S3Client;
  readonly #bucket: string;

  constructor(s3: S3Client, bucket: string) {
    this.#s3 = s3;
    this.#bucket = bucket;
  }

  /** Holds all of a day, or lifts it. To do it again changes nothing, so that what broke off is asked for again. */
  async set(day: string, status: "ON" | "OFF"): Promise<HeldDay> {
    const objects = await this.#each(day, async (version) => {
      const hold = { Bucket: this.#bucket, ...version, LegalHold: { Status: status } };
      await this.#s3.send(new PutObjectLegalHoldCommand(hold));
    });
    return { day, objects, held: status === "ON" ? objects : 0 };
  }

  /** How much of a day is held. */
  async look(day: string): Promise<HeldDay> {
    let held = 0;
    const objects = await this.#each(day, async (version) => {
      const asked = new GetObjectLegalHoldCommand({ Bucket: this.#bucket, ...version });
      const { LegalHold } = await this.#s3.send(asked).catch(asNeverHeld);
      if (LegalHold?.Status === "ON") held += 1;
    });
    return { day, objects, held };
  }

  /** @returns how many versions there were. */
  async #each(day: string, act: (version: Version) => Promise<void>): Promise<number> {
    let count = 0;
    const pages = objectVersions(this.#s3, { bucket: this.#bucket, prefix: `events/day=${day}/` });
    for await (const page of pages) {
      const versions = (page.Versions ?? []).map(({ Key = "", VersionId = "" }) => ({ Key, VersionId }));
      for (let from = 0; from < versions.length; from += callsAtOnce)
        await Promise.all(versions.slice(from, from + callsAtOnce).map(act));
      count += versions.length;
    }
    return count;
  }
}

/** S3 says so of what no hold was ever set on. */
function asNeverHeld(error: unknown): { readonly LegalHold?: { readonly Status?: string } } {
  if ((error as Error).name === "NoSuchObjectLockConfiguration") return {};
  throw error;
}
