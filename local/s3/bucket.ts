import { randomUUID } from "node:crypto";
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { Journal } from "../process/journal.ts";
import type { BucketPlan } from "./bucket-plan.ts";
import { etagOf } from "./digests.ts";
import type { Cause } from "./event-records.ts";
import { type Notice, notice } from "./notice.ts";
import type { EventName } from "./notification-plan.ts";
import { Notifier, type Tell } from "./notifier.ts";
import { type Pieces, writePieces } from "./pieces.ts";
import { destinationsOf } from "./replication-plan.ts";
import { type CopyVersion, Replicator } from "./replicator.ts";
import { Uploads } from "./uploads.ts";
import { type Lock, type Replication, type Version, version } from "./version.ts";

/** The id of the only version of an object in a bucket without versions. */
const unversionedId = "null";
const dayMs = 24 * 3_600_000;

/** What is to be told stands in the line of what happened: a kill leaves both or neither. */
const tell = z.array(notice).exactOptional();
const line = z.union([
  z.object({ put: version, tell }),
  z.object({ gone: z.object({ key: z.string(), id: z.string() }), tell }),
  z.object({ told: z.string() }),
  z.object({ tested: z.string(), tell }),
]);
type Line = z.output<typeof line>;

export interface Writing {
  readonly key: string;
  readonly body: Pieces;
  /** Undefined: the digest of the body. */
  readonly etag?: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Undefined: the bucket's own rule. */
  readonly lock: Lock | undefined;
  readonly event: EventName;
  readonly cause: Cause;
  /** Set for a copy that S3 itself makes: of which version it is. */
  readonly replicaOf?: Pick<Version, "id" | "writtenAt">;
}

/**
 * One bucket on the file system: a file per version, and a journal that says which there are. A file is written
 * before its line, and deleted after it, so that a kill leaves at most a file that nobody names.
 */
export class Bucket {
  readonly plan: BucketPlan;
  /** Uploads in parts that are not complete yet. */
  readonly uploads: Uploads;
  readonly #directory: string;
  readonly #clock: () => number;
  readonly #journal: Journal<Line>;
  readonly #notifier: Notifier | undefined;
  readonly #replicator: Replicator;
  /** Oldest version first. */
  readonly #objects = new Map<string, readonly Version[]>();
  /** ARNs of those who had their test event. */
  readonly #tested = new Set<string>();

  /** @throws Refusal when the journal is damaged. */
  constructor(
    plan: BucketPlan,
    directory: string,
    clock: () => number,
    warn: (line: string) => void = () => undefined,
  ) {
    this.plan = plan;
    this.#directory = join(directory, plan.name);
    this.#clock = clock;
    mkdirSync(join(this.#directory, "blobs"), { recursive: true, mode: 0o700 });
    this.uploads = new Uploads(this.#directory, clock);
    this.#journal = new Journal(join(this.#directory, "versions.jsonl"), line);
    const told = ({ id }: Notice): void => this.#journal.append({ told: id });
    this.#notifier =
      plan.notifications === undefined ? undefined : new Notifier({ plan: plan.notifications, clock, told });
    this.#replicator = new Replicator({
      destinationsOf: ({ key }) => destinationsOf(plan.replication, key),
      settled: (copied, status) => this.#setReplication(copied, status),
      warn,
    });
    for (const written of this.#journal.recall()) this.#recall(written);
    for (const versions of this.#objects.values())
      for (const each of versions) if (each.replication === "PENDING") this.#replicator.add(each);
  }

  /** Begins to copy what its replication asks for, with what an earlier process left. */
  replicate(copy: CopyVersion): void {
    this.#replicator.start(copy);
  }

  /** Resolves when each copy that is due was tried. */
  replicated(): Promise<void> {
    return this.#replicator.tried();
  }

  stopReplicating(): Promise<void> {
    return this.#replicator.stop();
  }

  /** Begins to tell what happens. To be called once those who hear of it are up. */
  notify(tellThem: Tell): void {
    const tests = this.#notifier?.testsFor(this.#tested) ?? [];
    for (const test of tests) this.#journal.append({ tested: test.targetArn, tell: [test] });
    this.#notifier?.add(tests);
    this.#notifier?.start(tellThem);
  }

  /** The version of that id, or the latest one; undefined when there is none. It may say that the object was deleted. */
  find(key: string, id?: string): Version | undefined {
    const versions = this.#objects.get(key) ?? [];
    return id === undefined ? versions.at(-1) : versions.find((candidate) => candidate.id === id);
  }

  /** File that holds what a version says. */
  fileOf({ content }: Version): string {
    if (content === undefined) throw new TypeError("a deletion has no content");
    return this.#blobPath(content.blob);
  }

  write({ key, body, etag = etagOf(body), headers, lock, event, cause, replicaOf }: Writing): Version {
    const blob = randomUUID();
    const bytes = writePieces(this.#blobPath(blob), body);
    const content = { blob, bytes, etag, headers: { ...headers } };
    const kept = { key, content, lock: lock ?? this.#defaultLock() };
    if (replicaOf !== undefined)
      return this.#add({ ...kept, ...replicaOf, replication: "REPLICA" }, event, cause);
    const isCopied = destinationsOf(this.plan.replication, key).length > 0;
    const written = this.#add({ ...kept, ...(isCopied && { replication: "PENDING" }) }, event, cause);
    if (isCopied) this.#replicator.add(written);
    return written;
  }

  /** With versions, a deletion is a version too, and nothing is lost. @returns it, or undefined when nothing is left. */
  delete(key: string, cause: Cause): Version | undefined {
    if (this.plan.versioned) {
      return this.#add({ key, lock: { legalHold: false } }, "ObjectRemoved:DeleteMarkerCreated", cause);
    }
    const known = this.find(key);
    if (known !== undefined) this.deleteVersion(known, cause);
    return undefined;
  }

  deleteVersion(deleted: Version, cause: Cause): void {
    const { key, id, content } = deleted;
    const notices = this.#noticesOf("ObjectRemoved:Delete", deleted, cause);
    this.#journal.append({ gone: { key, id }, ...notices });
    this.#remove(key, id);
    if (content !== undefined) rmSync(this.#blobPath(content.blob), { force: true });
    this.#notifier?.add(notices.tell ?? []);
  }

  setLock(locked: Version, lock: Lock): void {
    this.#change({ ...locked, lock });
  }

  #setReplication({ key, id }: Version, replication: Replication): void {
    const copied = this.find(key, id);
    if (copied !== undefined) this.#change({ ...copied, replication });
  }

  #change(changed: Version): void {
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
    this.uploads.close();
    this.#journal.close();
  }

  #recall(written: Line): void {
    if ("put" in written) this.#insert(written.put);
    else if ("gone" in written) this.#remove(written.gone.key, written.gone.id);
    else if ("told" in written) this.#notifier?.forget(written.told);
    else this.#tested.add(written.tested);
    if ("tell" in written) this.#notifier?.add(written.tell ?? []);
  }

  #add(
    added: Omit<Version, "id" | "writtenAt"> & Partial<Pick<Version, "id" | "writtenAt">>,
    event: EventName,
    cause: Cause,
  ): Version {
    const id = this.plan.versioned ? (added.id ?? randomUUID().replaceAll("-", "")) : unversionedId;
    const replaced = this.find(added.key, id);
    const written: Version = { ...added, id, writtenAt: added.writtenAt ?? this.#clock() };
    const notices = this.#noticesOf(event, written, cause);
    this.#journal.append({ put: written, ...notices });
    this.#insert(written);
    if (replaced?.content !== undefined) rmSync(this.#blobPath(replaced.content.blob), { force: true });
    this.#notifier?.add(notices.tell ?? []);
    return written;
  }

  #noticesOf(event: EventName, changed: Version, cause: Cause): { readonly tell?: Notice[] } {
    const notices = this.#notifier?.noticesOf({ event, version: changed, ...cause }) ?? [];
    return notices.length === 0 ? {} : { tell: [...notices] };
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
