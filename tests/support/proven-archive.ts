import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { GetObjectCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import { Client, Pool } from "pg";
import { afterAll, beforeAll, beforeEach } from "vitest";
import { ArchiveReader } from "#adapters/archive/archive-reader.ts";
import { ProofStore } from "#adapters/archive/proof-store.ts";
import { type Verification, verifyArchive } from "#adapters/archive/verify.ts";
import { Books } from "#adapters/books/books.ts";
import { migrateBooks } from "#adapters/books/migrations.ts";
import { BooksProofs } from "#adapters/books/proofs.ts";
import { Signer } from "#adapters/kms/signer.ts";
import { createS3, unchecked } from "#adapters/s3/client.ts";
import { ledgerEventOf } from "#core/events/ledger-event.ts";
import type { AccountId } from "#core/ledger/account.ts";
import { credit, debit, type EntryId } from "#core/ledger/entry.ts";
import { entryRecord } from "#core/ledger/journal.ts";
import type { Currency } from "#core/money/currency.ts";
import { type PostgresServer, startPostgres } from "#local/postgres/server.ts";
import type { Comparison } from "#reconciler/compare.ts";
import { postJournalFile } from "#reconciler/journal-files.ts";
import { type ProofMade, type Proving, prove } from "#reconciler/prove.ts";
import { overwriteOnDisk } from "./bucket-on-disk.ts";
import { buckets } from "./buckets.ts";
import { demo } from "./examples.ts";
import { openKeys, type TestKeys } from "./test-keys.ts";

/** The moment at which the buckets' clock begins, and its day. */
export const start = Date.UTC(2030, 0, 1);
export const day = "2030-01-01";
export const bucket = "archive";

const usd = "USD" as Currency;
/** A line of a file: a record of the journal, as it is told. */
export const line = (id: string): string =>
  JSON.stringify(
    ledgerEventOf(
      entryRecord({
        ...{ id: id as EntryId, book: demo, state: "posted", effectiveAt: start, recordedAt: start },
        execution: "e",
        legs: [debit("acc_a" as AccountId, 5n, usd), credit("acc_b" as AccountId, 5n, usd)],
      }),
    ),
  );
export const lines = ["je_1", "je_2", "je_3", "je_4"].map(line);
export const idOf = (text: string | undefined): string => JSON.parse(text ?? "{}").id;
export const keyOf = (name: string, of = day): string => `events/day=${of}/${name}.json.gz`;
export const fileOf = (all: readonly string[]): Buffer => gzipSync(all.map((each) => `${each}\n`).join(""));
export const wordsOf = ({ findings }: Verification): readonly string[] =>
  findings.map(({ subject, what }) => `${subject}: ${what}`);

/** A reconciler with books, an archive and a key: new ones for each test of the file, but for the key. */
export class ProvenArchive {
  readonly #buckets = buckets({ [bucket]: { versioned: true } });
  readonly #directory = mkdtempSync(join(tmpdir(), "tallystick-proofs-"));
  #server!: PostgresServer;
  #keys!: TestKeys;
  owner!: Client;
  /** The reconciler's own connections. */
  pool!: Pool;
  proving!: Proving & { readonly books: BooksProofs; readonly store: ProofStore };
  /** Epoch milliseconds, as the reconciler has it. */
  now = start;

  constructor() {
    beforeAll(() => this.#open());
    afterAll(() => this.#close());
    beforeEach(() => this.#begin());
  }

  async #open(): Promise<void> {
    const named = { databaseName: "books", userName: "owner" };
    this.#server = await startPostgres(join(this.#directory, "postgres"), named);
    this.owner = new Client(this.#server.url);
    await this.owner.connect();
    this.#keys = await openKeys({ name: "ours", endpoint: undefined });
  }

  async #close(): Promise<void> {
    await this.pool?.end();
    await this.owner?.end();
    await this.#server?.child.stop();
    await this.#keys?.stop();
    rmSync(this.#directory, { recursive: true, force: true });
  }

  async #begin(): Promise<void> {
    await this.pool?.end();
    await this.owner.query(
      "DROP SCHEMA IF EXISTS books, settlement CASCADE; DROP TABLE IF EXISTS public.migrations",
    );
    await migrateBooks(this.owner);
    await this.owner.query("ALTER ROLE reconciler PASSWORD 'told-to-nobody'");
    const url = this.#server.url.replace(/\/\/[^@]+@/, "//reconciler:told-to-nobody@");
    this.pool = new Pool({ connectionString: url });
    this.now = start;
    const store = new ProofStore(this.s3, bucket);
    const signer = new Signer(this.#keys.kms, this.#keys.proofs);
    this.proving = { books: new BooksProofs(this.pool), store, signer };
  }

  get s3() {
    return this.#buckets().s3;
  }

  pass(ms: number): void {
    this.now += ms;
    this.#buckets().pass(ms);
  }

  /** Puts an object, and says which version of it that is. */
  async put(name: string, body: Uint8Array | string): Promise<string> {
    const object = { Bucket: bucket, Key: name, Body: body };
    return (await this.s3.send(new PutObjectCommand(object))).VersionId ?? "";
  }

  /** Posts a file of the archive, as the reconciler does. */
  async post(name: string, versionId: string, of = day): Promise<void> {
    const file = { bucket, key: keyOf(name, of), versionId };
    await postJournalFile(this.s3, new Books(this.pool), this.proving, file, () => this.now);
  }

  /** Brings a file to the archive and to the books. */
  async bring(name: string, all: readonly string[], of = day): Promise<string> {
    const versionId = await this.put(keyOf(name, of), fileOf(all));
    await this.post(name, versionId, of);
    return versionId;
  }

  prove(proving: Proving = this.proving, comparison?: Comparison): Promise<readonly ProofMade[]> {
    return prove(proving, () => this.now, comparison);
  }

  /** @param later in milliseconds from now */
  async verify(later = 0, range = { since: day, until: day }): Promise<Verification> {
    const s3 = createS3({ ...this.#buckets().client, ...unchecked });
    const publicKey = await new Signer(this.#keys.kms, this.#keys.proofs).publicKey();
    try {
      const now = this.now + later;
      return await verifyArchive(new ArchiveReader(s3, bucket), { ...range, publicKey, now });
    } finally {
      s3.destroy();
    }
  }

  /** Changes lines of a file where it lies, as who owns the disk could. */
  async tamper(name: string, change: (all: string[]) => readonly string[]): Promise<void> {
    const { Body } = await this.s3.send(new GetObjectCommand({ Bucket: bucket, Key: keyOf(name) }));
    const text = gunzipSync((await Body?.transformToByteArray()) ?? new Uint8Array()).toString();
    this.overwrite(keyOf(name), fileOf(change(text.split("\n").slice(0, -1))));
  }

  overwrite(name: string, body: Uint8Array): void {
    overwriteOnDisk(this.#buckets().directory, bucket, name, body);
  }
}
