import type { S3Client } from "@aws-sdk/client-s3";
import { objectBytes, objectLines } from "#adapters/s3/object-lines.ts";
import { objectVersions } from "#adapters/s3/object-versions.ts";
import type { ProvenFile } from "#core/proof/archive-proof.ts";
import { MerkleTree } from "#core/proof/merkle.ts";
import { leavesKeyOf, proofsPrefix } from "./proof-store.ts";

/** A version of an object, or that it was deleted. */
export interface StoredVersion {
  readonly key: string;
  readonly version: string;
  /** Epoch milliseconds. */
  readonly writtenAt: number;
  readonly isDeletion: boolean;
}

/** What a file is now: its lines, their tree, and the digest of each. */
export interface FileContent {
  readonly lines: number;
  readonly root: string;
  readonly leaves: Buffer;
}

/** Read at once: of a proof, which is some megabytes of ten thousand files; of digests, 32 bytes for each line of a file. */
const bytesMax = 128 * 1_048_576;

/** What the archive's bucket has, in all versions: what was put over something is seen, and so is what is under it. */
export class ArchiveReader {
  readonly #s3: Pick<S3Client, "send">;
  readonly #bucket: string;

  constructor(s3: Pick<S3Client, "send">, bucket: string) {
    this.#s3 = s3;
    this.#bucket = bucket;
  }

  /** Proofs of a day (UTC) and of all later ones, by name. */
  proofs(since: string): AsyncGenerator<StoredVersion> {
    return this.#versions(`${proofsPrefix}day=`, `${proofsPrefix}day=${since}`);
  }

  /** Events of all days from one (UTC, of their arrival) to another, both counted. */
  async *events(since: string, until: string): AsyncGenerator<StoredVersion> {
    for await (const found of this.#versions("events/day=", `events/day=${since}`)) {
      if (dayOf(found.key) > until) return;
      yield found;
    }
  }

  /** @throws what S3 answers; Error for what is too large for a proof */
  async text({ key, version }: Pick<StoredVersion, "key" | "version">): Promise<string> {
    return (await this.#bytes(key, version)).toString("utf8");
  }

  /** The digests of a file's lines, as they were; undefined when they are not there. */
  async leaves(file: Pick<ProvenFile, "key" | "version">): Promise<Buffer | undefined> {
    const key = leavesKeyOf(file);
    // The first that was put there: what was put over it later was not there when the file was proven.
    let first: string | undefined;
    for await (const found of this.#versions(key))
      if (found.key === key && !found.isDeletion) first = found.version;
    return first === undefined ? undefined : await this.#bytes(key, first);
  }

  /** @throws Error for what is cut off, or is no gzip, beside what S3 answers */
  async content(file: Pick<StoredVersion, "key" | "version">): Promise<FileContent> {
    const tree = new MerkleTree();
    const leaves: Buffer[] = [];
    for await (const line of this.#lines(file)) leaves.push(tree.add(line));
    return { lines: tree.leaves, root: tree.root().toString("hex"), leaves: Buffer.concat(leaves) };
  }

  /** A line of a file. @param number from 1 */
  async line(file: Pick<StoredVersion, "key" | "version">, number: number): Promise<string | undefined> {
    let at = 0;
    for await (const line of this.#lines(file)) {
      at += 1;
      if (at === number) return line.toString("utf8");
    }
    return undefined;
  }

  #lines({ key, version }: Pick<StoredVersion, "key" | "version">): AsyncGenerator<Buffer> {
    return objectLines(this.#s3, { bucket: this.#bucket, key, versionId: version });
  }

  async #bytes(key: string, versionId: string): Promise<Buffer> {
    const chunks: Buffer[] = [];
    let length = 0;
    for await (const chunk of await objectBytes(this.#s3, { bucket: this.#bucket, key, versionId })) {
      chunks.push(chunk);
      length += chunk.length;
      if (length > bytesMax) throw new Error(`${key} has more than ${bytesMax} bytes`);
    }
    return Buffer.concat(chunks);
  }

  async *#versions(prefix: string, after?: string): AsyncGenerator<StoredVersion> {
    for await (const page of objectVersions(this.#s3, { bucket: this.#bucket, prefix, after })) {
      const of = (isDeletion: boolean, versions: NonNullable<typeof page.DeleteMarkers> = []) =>
        versions.map(({ Key: key = "", VersionId: version = "", LastModified }) => ({
          ...{ key, version, writtenAt: LastModified?.getTime() ?? 0, isDeletion },
        }));
      yield* [...of(false, page.Versions), ...of(true, page.DeleteMarkers)].toSorted(inOrder);
    }
  }
}

/** By key; of a key the newest first, as S3 lists them. */
const inOrder = (one: StoredVersion, other: StoredVersion): number =>
  one.key === other.key ? other.writtenAt - one.writtenAt : one.key < other.key ? -1 : 1;

/** The day (UTC) under which a file came, of its name: `2030-06-15`. */
export const dayOf = (key: string): string => /\/day=(\d{4}-\d\d-\d\d)\//.exec(key)?.[1] ?? "";
