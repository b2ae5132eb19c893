import type { KeyObject } from "node:crypto";
import { LineTooLong } from "#adapters/s3/object-lines.ts";
import { parseStreamed, subjectOf } from "#core/events/streamed.ts";
import {
  type Compared,
  checkChain,
  digestOf,
  imbalancesIn,
  isSigned,
  type ProofHead,
  type ProvenFile,
} from "#core/proof/archive-proof.ts";
import { type Finding, found } from "#core/proof/finding.ts";
import { firstChange } from "#core/proof/lines.ts";
import { hashBytes, MerkleTree } from "#core/proof/merkle.ts";
import { type ArchiveReader, dayOf, type FileContent, type StoredVersion } from "./archive-reader.ts";
import { readProofFile, type SignedProof } from "./proof-file.ts";

/** S3 promises a quarter of an hour for a copy: what is not there by then is gone. */
const copyingMsMax = 3_600_000;
/** A night, and time to mend: what no proof names by then was never told to the books. */
const unprovenMsMax = 26 * 3_600_000;
/** Read at once: S3 is far away, and each is unpacked here. */
const filesAtOnce = 4;

/** Days of arrival (UTC, `2030-06-15`), both counted. */
export interface Verifying {
  readonly since: string;
  readonly until: string;
  /** Of the key that signs. */
  readonly publicKey: KeyObject;
  /** Epoch milliseconds. */
  readonly now: number;
  /** Told once how many files are to be read, and then of each. */
  readonly progress?: { begin(files: number): void; step(): void };
}

export interface Verification {
  readonly proofs: number;
  /** Files and their lines that are what was proven. */
  readonly files: number;
  readonly lines: number;
  /** Files that came since the newest proof. */
  readonly waiting: number;
  /** Files that are proven, and that S3 has not copied yet. */
  readonly copying: number;
  readonly newest:
    | (ProofHead & { readonly provenAt: string; readonly compared: Compared | undefined })
    | undefined;
  /** What was tampered with, or never was right. */
  readonly findings: readonly Finding[];
}

/**
 * Checks days of the archive by what is in the archive alone: proofs by their signatures and their chain, and files by the
 * proofs. Where a file is not what it was, its first line that differs is named.
 */
export async function verifyArchive(
  archive: ArchiveReader,
  { since, until, publicKey, now, progress }: Verifying,
): Promise<Verification> {
  const { proofs, findings } = await readProofs(archive, since, publicKey);
  const proven = new Map<string, Proven>();
  for (const { statement } of proofs)
    for (const file of statement.files)
      if (dayOf(file.key) >= since && dayOf(file.key) <= until)
        proven.set(nameOf(file), { ...file, proof: statement.number });
  const stored: StoredVersion[] = [];
  for await (const each of archive.events(since, until)) stored.push(each);
  progress?.begin(stored.filter(({ isDeletion }) => !isDeletion).length);
  const judge = new Judge(archive, proven, now);
  for (const batch of batchesOf(stored))
    await Promise.all(
      batch.map(async (each) => {
        await judge.look(each);
        if (!each.isDeletion) progress?.step();
      }),
    );
  judge.lookForMissing(stored);
  const newest = proofs.at(-1);
  return {
    ...{ proofs: proofs.length, ...judge.counts },
    newest: newest && {
      ...{ number: newest.statement.number, digest: digestOf(newest.text) },
      ...{ provenAt: newest.statement.proven_at, compared: newest.statement.compared },
    },
    findings: [...findings, ...judge.findings.toSorted((a, b) => (a.subject < b.subject ? -1 : 1))],
  };
}

type Proven = ProvenFile & { readonly proof: number };

const nameOf = ({ key, version }: Pick<StoredVersion, "key" | "version">): string => `${key} ${version}`;

function* batchesOf(stored: readonly StoredVersion[]): Generator<readonly StoredVersion[]> {
  for (let from = 0; from < stored.length; from += filesAtOnce) yield stored.slice(from, from + filesAtOnce);
}

/** Proofs from a day on, in the order of their numbers, with what is wrong with them. */
async function readProofs(
  archive: ArchiveReader,
  since: string,
  publicKey: KeyObject,
): Promise<{ readonly proofs: readonly SignedProof[]; readonly findings: readonly Finding[] }> {
  const findings: Finding[] = [];
  const byKey = new Map<string, SignedProof>();
  const keys = new Set<string>();
  for await (const stored of archive.proofs(since)) {
    const wrong = (what: string) => findings.push(found("proof", stored.key, what));
    if (keys.has(stored.key)) wrong("there is more than one version of it");
    keys.add(stored.key);
    if (stored.isDeletion) continue;
    const proof = await readProof(archive, stored, publicKey);
    if (typeof proof === "string") wrong(proof);
    else byKey.set(stored.key, proof);
  }
  const proofs = [...byKey.values()].toSorted((a, b) => a.statement.number - b.statement.number);
  for (const { statement } of proofs)
    for (const what of new Set([...statement.findings, ...imbalancesIn(statement.books)]))
      findings.push(found("books", `proof ${statement.number}`, `says that the books were wrong: ${what}`));
  return { proofs, findings: [...findings, ...checkChain(proofs)] };
}

/** @returns why it is none, where it is none. */
async function readProof(
  archive: ArchiveReader,
  stored: StoredVersion,
  publicKey: KeyObject,
): Promise<SignedProof | string> {
  const text = await archive.text(stored);
  try {
    const proof = readProofFile(text);
    const head = { number: proof.statement.number, digest: digestOf(proof.text) };
    const signature = Buffer.from(proof.seal.signature, "base64");
    return isSigned(head, signature, publicKey)
      ? proof
      : "its signature is not of this key, or of something else";
  } catch (thrown) {
    return `it is no proof: ${(thrown as Error).message}`;
  }
}

/** Holds what is there against what was proven, file by file. */
class Judge {
  readonly findings: Finding[] = [];
  readonly counts = { files: 0, lines: 0, waiting: 0, copying: 0 };
  readonly #archive: ArchiveReader;
  readonly #proven: ReadonlyMap<string, Proven>;
  /** What was proven first under a name. */
  readonly #byKey = new Map<string, Proven>();
  readonly #now: number;

  constructor(archive: ArchiveReader, proven: ReadonlyMap<string, Proven>, now: number) {
    this.#archive = archive;
    this.#proven = proven;
    this.#now = now;
    for (const file of proven.values()) if (!this.#byKey.has(file.key)) this.#byKey.set(file.key, file);
  }

  async look(stored: StoredVersion): Promise<void> {
    if (stored.isDeletion) return this.#wrong(stored.key, "a deletion stands over it");
    const proven = this.#proven.get(nameOf(stored));
    const first = this.#byKey.get(stored.key);
    // Firehose may put the same twice. What is other than what was proven under this name was put over it.
    if (first !== undefined && first.version !== stored.version)
      return await this.#lookAtAnother(stored, first);
    if (proven !== undefined) return await this.#compare(stored, proven);
    const age = this.#now - stored.writtenAt;
    if (age <= unprovenMsMax) this.counts.waiting += 1;
    else this.#wrong(stored.key, `no proof names it, and it is there since ${isoOf(stored.writtenAt)}`);
  }

  lookForMissing(stored: readonly StoredVersion[]): void {
    const there = new Set(stored.map(nameOf));
    for (const [name, { key, proof, received_at }] of this.#proven) {
      if (there.has(name)) continue;
      if (this.#now - Date.parse(received_at) <= copyingMsMax) this.counts.copying += 1;
      else this.#wrong(key, `it is gone: proof ${proof} names it`);
    }
  }

  async #compare(stored: StoredVersion, proven: Proven): Promise<void> {
    const content = await this.#read(stored);
    if (content === undefined) return;
    if (content.root === proven.root && content.lines === proven.lines) {
      this.counts.files += 1;
      this.counts.lines += content.lines;
    } else this.#wrong(stored.key, await this.#whatChanged(stored, content, proven));
  }

  async #lookAtAnother(stored: StoredVersion, first: Proven): Promise<void> {
    const content = await this.#read(stored);
    if (content === undefined || content.root === first.root) return;
    const what = await this.#whatChanged(stored, content, first);
    this.#wrong(stored.key, `another version was put over what proof ${first.proof} names: ${what}`);
  }

  async #read(stored: StoredVersion): Promise<FileContent | undefined> {
    try {
      return await this.#archive.content(stored);
    } catch (thrown) {
      if (!isOfFile(thrown)) throw thrown;
      this.#wrong(stored.key, `it cannot be read: ${thrown.message}`);
      return undefined;
    }
  }

  async #whatChanged(stored: StoredVersion, content: FileContent, proven: Proven): Promise<string> {
    const leaves = await this.#archive.leaves(proven);
    if (leaves === undefined || rootOf(leaves) !== proven.root)
      return `it has ${content.lines} lines, of ${proven.lines} that were proven, and is another file; which line differs first is not known: the list of their digests is ${leaves === undefined ? "gone" : "another too"}`;
    const change = firstChange(leaves, content.leaves);
    if (change === undefined) return "it is another file";
    const there = await this.#archive.line(stored, change.line);
    switch (change.kind) {
      case "changed":
        return `line ${change.line} was changed: ${saidBy(there)}`;
      case "put_in":
        return `line ${change.line} was put in: ${saidBy(there)}`;
      case "taken_out":
        return there === undefined
          ? `it is cut off: from line ${change.line} on ${change.lines} are missing`
          : `${change.lines === 1 ? "a line was" : `${change.lines} lines were`} taken out before what is line ${change.line} now: ${saidBy(there)}`;
    }
  }

  #wrong(key: string, what: string): void {
    this.findings.push(found("archive", key, what));
  }
}

/** What zlib says of what is no gzip, or is cut off, and what is no line. Anything else is trouble of ours, and no finding. */
function isOfFile(thrown: unknown): thrown is Error {
  const { code } = thrown as { readonly code?: unknown };
  return thrown instanceof LineTooLong || (typeof code === "string" && code.startsWith("Z_"));
}

const isoOf = (at: number): string => new Date(at).toISOString();

/** Shown of a line that is no event. */
const shownMax = 80;

/** What a line is, for a person to look it up. */
function saidBy(line = ""): string {
  const read = parseStreamed(line.replace(/\r?\n$/, ""));
  if (!read.ok)
    return `it is no event (${read.reason.slice(0, shownMax)}): ${line.trimEnd().slice(0, shownMax)}`;
  const { id, type } = read.event;
  return `it says ${id}, ${type} of ${subjectOf(read.event)}`;
}

function rootOf(leaves: Buffer): string {
  const tree = new MerkleTree();
  for (let from = 0; from < leaves.length; from += hashBytes)
    tree.addHash(leaves.subarray(from, from + hashBytes));
  return tree.root().toString("hex");
}
