import { createHash, randomUUID } from "node:crypto";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { Journal } from "../process/journal.ts";
import type { BucketPlan } from "./bucket-plan.ts";
import { type Lock, type Version, version } from "./version.ts";

const ownerOnly = 0o600;
/** The id of the only version of an object in a bucket without versions. */
const unversionedId = "null";
const dayMs = 24 * 3_600_000;

const line = z.union([
  z.object({ put: version }),
  z.object({ gone: z.object({ key: z.string(), id: z.string() }) }),
]);
type Line = z.output<typeof line>;

export interface Writing {
  readonly key: string;
  readonly body: Buffer;
  readonly headers: Readonly<Record<string, string>>;
  /** Undefined: the bucket's own rule. */
  readonly lock: Lock | undefined;
}

/**
 * One bucket on the file system: a file per version, and a journal that says which there are. A file is written
 * before its line, and deleted after it, so that a kill leaves at most a file that nobody names.
 */
export class Bucket {
  readonly plan: BucketPlan;
  readonly #directory: string;
  readonly #clock: () => number;
  readonly #journal: Journal<Line>;
  /** Oldest version first. */
  readonly #objects = new Map<string, readonly Version[]>();

  /** @throws Refusal when the journal is damaged. */
  constructor(plan: BucketPlan, directory: string, clock: () => number) {
    this.plan = plan;
    this.#directory = join(directory, plan.name);
    this.#clock = clock;
    mkdirSync(join(this.#directory, "blobs"), { recursive: true, mode: 0o700 });
    this.#journal = new Journal(join(this.#directory, "versions.jsonl"), line);
    for (const written of this.#journal.recall()) {
      if ("put" in written) this.#insert(written.put);
      else this.#remove(written.gone.key, written.gone.id);
    }
  }

  /** The version of that id, or the latest one; undefined when there is none. It may say that the object was deleted. */
  find(key: string, id?: string): Version | undefined {
    const versions = this.#objects.get(key) ?? [];
    return id === undefined ? versions.at(-1) : versions.find((candidate) => candidate.id === id);
  }

  read({ content }: Version): Buffer {
    if (content === undefined) throw new TypeError("a deletion has no content");
    return readFileSync(this.#blobPath(content.blob));
  }

  write({ key, body, headers, lock }: Writing): Version {
    const blob = randomUUID();
    writeFileSync(this.#blobPath(blob), body, { mode: ownerOnly });
    const etag = `"${createHash("md5").update(body).digest("hex")}"`;
    const content = { blob, bytes: body.length, etag, headers: { ...headers } };
    return this.#add({ key, content, lock: lock ?? this.#defaultLock() });
  }

  /** With versions, a deletion is a version too, and nothing is lost. @returns it, or undefined when nothing is left. */
  delete(key: string): Version | undefined {
    if (this.plan.versioned) return this.#add({ key, lock: { legalHold: false } });
    const known = this.find(key);
    if (known !== undefined) this.deleteVersion(known);
    return undefined;
  }

  deleteVersion({ key, id, content }: Version): void {
    this.#journal.append({ gone: { key, id } });
    this.#remove(key, id);
    if (content !== undefined) rmSync(this.#blobPath(content.blob), { force: true });
  }

  setLock(locked: Version, lock: Lock): void {
    const changed = { ...locked, lock };
    this.#journal.append({ put: changed });
    this.#insert(changed);
  }

  /** All versions of the keys with this prefix: keys in order, the latest version first. */
  *versions(prefix: string): Generator<Version> {
    for (const key of [...this.#objects.keys()].filter((name) => name.startsWith(prefix)).sort(byBytes)) {
      yield* (this.#objects.get(key) ?? []).toReversed();
    }
  }

  close(): void {
    this.#journal.close();
  }

  #add(added: Omit<Version, "id" | "writtenAt">): Version {
    const id = this.plan.versioned ? randomUUID().replaceAll("-", "") : unversionedId;
    const replaced = this.find(added.key, id);
    const written: Version = { ...added, id, writtenAt: this.#clock() };
    this.#journal.append({ put: written });
    this.#insert(written);
    if (replaced?.content !== undefined) rmSync(this.#blobPath(replaced.content.blob), { force: true });
    return written;
  }

  #insert(inserted: Version): void {
    const versions = this.#objects.get(inserted.key) ?? [];
    const place = versions.findIndex(({ id }) => id === inserted.id);
    this.#objects.set(inserted.key, place === -1 ? [...versions, inserted] : versions.with(place, inserted));
  }

  #remove(key: string, id: string): void {
    const left = (this.#objects.get(key) ?? []).filter((candidate) => candidate.id !== id);
    if (left.length > 0) this.#objects.set(key, left);
    else this.#objects.delete(key);
  }

  #defaultLock(): Lock {
    const rule = this.plan.defaultRetention;
    if (rule === undefined) return { legalHold: false };
    const until = new Date(this.#clock() + (rule.days ?? 0) * dayMs);
    until.setUTCFullYear(until.getUTCFullYear() + (rule.years ?? 0));
    return { mode: rule.mode, retainUntil: until.getTime(), legalHold: false };
  }

  #blobPath(blob: string): string {
    return join(this.#directory, "blobs", blob);
  }
}

/** S3 lists keys in the order of their UTF-8 bytes. */
const byBytes = (one: string, other: string): number => Buffer.compare(Buffer.from(one), Buffer.from(other));
