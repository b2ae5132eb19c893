import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import {
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectVersionsCommand,
  PutObjectCommand,
} from "@aws-sdk/client-s3";
import { Client, Pool } from "pg";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { ArchiveReader } from "#adapters/archive/archive-reader.ts";
import { proofFileOf } from "#adapters/archive/proof-file.ts";
import { leavesKeyOf, ProofStore, proofKeyOf } from "#adapters/archive/proof-store.ts";
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
import { digestOf, signedMessage } from "#core/proof/archive-proof.ts";
import { type PostgresServer, startPostgres } from "#local/postgres/server.ts";
import { postJournalFile } from "#reconciler/journal-files.ts";
import { type Proving, prove } from "#reconciler/prove.ts";
import { overwriteOnDisk } from "#tests/support/bucket-on-disk.ts";
import { buckets } from "#tests/support/buckets.ts";
import { demo } from "#tests/support/examples.ts";
import { openKeys, type TestKeys } from "#tests/support/test-keys.ts";

/** The moment at which the buckets' clock begins. */
const start = Date.UTC(2030, 0, 1);
const day = "2030-01-01";
const hourMs = 3_600_000;
const bucket = "archive";
const running = buckets({ [bucket]: { versioned: true } });

let directory: string;
let server: PostgresServer;
let owner: Client;
let pool: Pool;
let keys: TestKeys;
let now: number;
let key: KeyObject;
let proving: Proving & { readonly books: BooksProofs; readonly store: ProofStore };

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "tallystick-proofs-"));
  server = await startPostgres(join(directory, "postgres"), { databaseName: "books", userName: "owner" });
  owner = new Client(server.url);
  await owner.connect();
  keys = await openKeys({ name: "ours", endpoint: undefined });
});
afterAll(async () => {
  await pool?.end();
  await owner?.end();
  await server?.child.stop();
  await keys?.stop();
  rmSync(directory, { recursive: true, force: true });
});
beforeEach(async () => {
  await pool?.end();
  await owner.query(
    "DROP SCHEMA IF EXISTS books, settlement CASCADE; DROP TABLE IF EXISTS public.migrations",
  );
  await migrateBooks(owner);
  await owner.query("ALTER ROLE reconciler PASSWORD 'told-to-nobody'");
  pool = new Pool({ connectionString: server.url.replace(/\/\/[^@]+@/, "//reconciler:told-to-nobody@") });
  now = start;
  const signer = new Signer(keys.kms, keys.proofs);
  key = await signer.publicKey();
  proving = { books: new BooksProofs(pool), store: new ProofStore(running().s3, bucket), signer };
});

const usd = "USD" as Currency;
/** A line of a file: a record of the journal, as it is told. */
const line = (id: string): string =>
  JSON.stringify(
    ledgerEventOf(
      entryRecord({
        ...{ id: id as EntryId, book: demo, state: "posted", effectiveAt: start, recordedAt: start },
        execution: "e",
        legs: [debit("acc_a" as AccountId, 5n, usd), credit("acc_b" as AccountId, 5n, usd)],
      }),
    ),
  );
const keyOf = (name: string, of = day): string => `events/day=${of}/${name}.json.gz`;
const fileOf = (lines: readonly string[]): Buffer => gzipSync(lines.map((each) => `${each}\n`).join(""));

/** Puts a file, and says which version it is. */
async function put(name: string, body: Uint8Array | string): Promise<string> {
  const object = { Bucket: bucket, Key: name, Body: body };
  return (await running().s3.send(new PutObjectCommand(object))).VersionId ?? "";
}

/** Brings a file to the archive and to the books, as the reconciler does. */
async function bring(name: string, lines: readonly string[], of = day): Promise<string> {
  const versionId = await put(keyOf(name, of), fileOf(lines));
  const file = { bucket, key: keyOf(name, of), versionId };
  await postJournalFile(running().s3, new Books(pool), proving, file, () => now);
  return versionId;
}
const proveNow = () => prove(proving, () => now);

async function verifyAt(
  later = 0,
  range = { since: day, until: day },
  publicKey = key,
): Promise<Verification> {
  const s3 = createS3({ ...running().client, ...unchecked });
  try {
    return await verifyArchive(new ArchiveReader(s3, bucket), { ...range, publicKey, now: now + later });
  } finally {
    s3.destroy();
  }
}
const wordsOf = ({ findings }: Verification) => findings.map(({ subject, what }) => `${subject}: ${what}`);

/** Writes over a version where it lies, as who owns the disk could: S3 does not know of it. */
async function tamper(name: string, change: (lines: string[]) => readonly string[]): Promise<void> {
  const { Body } = await running().s3.send(new GetObjectCommand({ Bucket: bucket, Key: keyOf(name) }));
  const text = gunzipSync((await Body?.transformToByteArray()) ?? new Uint8Array()).toString();
  overwrite(keyOf(name), fileOf(change(text.split("\n").slice(0, -1))));
}

const overwrite = (name: string, body: Uint8Array): void =>
  overwriteOnDisk(running().directory, bucket, name, body);

const lines = ["je_1", "je_2", "je_3", "je_4"].map(line);
const idOf = (text: string | undefined): string => JSON.parse(text ?? "{}").id;

describe("a proof", () => {
  test("names each file that came since the last one, once, and is signed", async () => {
    await bring("a", lines);
    await bring("b", [line("je_5")]);
    expect(await proveNow()).toEqual([{ number: 1, files: 2, lines: 5, findings: [] }]);
    await bring("c", [line("je_6")]);
    expect(await proveNow()).toEqual([{ number: 2, files: 1, lines: 1, findings: [] }]);
    expect(await verifyAt()).toMatchObject({ proofs: 2, files: 3, lines: 6, waiting: 0, findings: [] });
  });

  test("is made of a night without files too: that nothing came is known", async () => {
    expect(await proveNow()).toEqual([{ number: 1, files: 0, lines: 0, findings: [] }]);
    expect(await proveNow()).toMatchObject([{ number: 2 }]);
    expect(wordsOf(await verifyAt())).toEqual([]);
  });

  test("says what the books add up to", async () => {
    await bring("a", lines);
    await proveNow();
    const { rows } = await pool.query("SELECT statement FROM books.proofs");
    expect(JSON.parse(rows[0].statement).books).toEqual([
      { currency: "USD", debits: "20", credits: "20", debits_held: "0", credits_held: "0" },
    ]);
  });

  test("tells of books that do not balance, and of balances that are not their postings' sum", async () => {
    await bring("a", lines);
    await owner.query("UPDATE books.days SET debits = debits + 1 WHERE account = 'acc_a'");
    const findings = ["USD: debits 21, credits 20", "acc_a USD: 2030-01-01 is not the sum of its postings"];
    expect(await proveNow()).toMatchObject([{ findings }]);
    expect(wordsOf(await verifyAt())).toEqual(
      findings.map((what) => `proof 1: says that the books were wrong: ${what}`),
    );
  });

  test("that nobody could sign is signed later, and stays the same; no other has its number", async () => {
    await bring("a", lines);
    const broken = {
      ...proving,
      signer: { ...{ keyArn: keys.proofs }, sign: () => Promise.reject(new Error("KMS is down")) },
    };
    await expect(prove(broken, () => now)).rejects.toThrow("KMS is down");
    const { rows } = await pool.query("SELECT digest FROM books.proofs");
    await bring("b", [line("je_5")]);
    expect(await proveNow()).toMatchObject([
      { number: 1, files: 1 },
      { number: 2, files: 1 },
    ]);
    expect((await pool.query("SELECT digest FROM books.proofs WHERE number = 1")).rows).toEqual(rows);
    expect(await verifyAt()).toMatchObject({ proofs: 2, files: 2, findings: [] });
  });

  test("that was put and then forgotten, by a kill, is not put twice", async () => {
    await bring("a", lines);
    const books = butForTheLastWord(proving.books, () => Promise.reject(new Error("killed")));
    await expect(prove({ ...proving, books }, () => now)).rejects.toThrow("killed");
    expect(await proveNow()).toMatchObject([{ number: 1 }, { number: 2 }]);
    expect(wordsOf(await verifyAt())).toEqual([]);
  });

  test("of two that are made at once names a file once, in one chain", async () => {
    for (const name of ["a", "b", "c"]) await bring(name, [line(`je_${name}`)]);
    await Promise.all([proveNow(), proveNow(), proveNow()]);
    expect(await verifyAt()).toMatchObject({ files: 3, findings: [] });
  });
});

/** A process that ends before it can say that a proof is kept. */
const butForTheLastWord = (books: BooksProofs, keepProof: () => Promise<never>): Proving["books"] => ({
  unproven: (count) => books.unproven(count),
  head: () => books.head(),
  totals: () => books.totals(),
  unfolded: (first) => books.unfolded(first),
  add: (text, files) => books.add(text, files),
  unkept: () => books.unkept(),
  keepProof,
});

describe("the books", () => {
  test("keep what a file was: the same again changes nothing, another one is refused", async () => {
    const versionId = await bring("a", lines);
    const file = { key: keyOf("a"), version: versionId, lines: 4, root: "00".repeat(32) };
    await postJournalFile(
      running().s3,
      new Books(pool),
      proving,
      { bucket, key: keyOf("a"), versionId },
      () => now,
    );
    await expect(proving.books.keepFile(file, new Date(now))).rejects.toThrow(
      "was another one when it was read",
    );
    expect(await proving.books.unproven(10)).toHaveLength(1);
  });

  test.each(["files", "proofs", "proven", "proofs_kept"])(
    "only ever add to %s, their owner too",
    async (table) => {
      await bring("a", lines);
      await proveNow();
      await expect(owner.query(`DELETE FROM books.${table}`)).rejects.toThrow("only ever added to");
      await expect(pool.query(`INSERT INTO books.${table} DEFAULT VALUES`)).rejects.toThrow(
        "permission denied",
      );
    },
  );

  test("refuse a proof that says of a file what they do not have, or follows another one", async () => {
    await bring("a", lines);
    const [file] = await proving.books.unproven(1);
    await proveNow();
    const statement = { number: 2, previous: "11".repeat(32), proven_at: "2030-01-01T00:00:00Z", files: [] };
    await expect(proving.books.add(JSON.stringify(statement), [])).rejects.toThrow("chained");
    const head = await proving.books.head();
    const next = { ...statement, previous: head?.digest };
    await bring("b", [line("je_9")]);
    const [other] = await proving.books.unproven(1);
    const wrong = { ...next, files: [{ ...other, root: file?.root }] };
    await expect(proving.books.add(JSON.stringify(wrong), [other?.file ?? ""])).rejects.toThrow(
      "what the books do not have",
    );
    expect(await proving.books.add(JSON.stringify({ ...next, files: [file] }), [file?.file ?? ""])).toBe(
      false,
    );
  });
});

describe("an archive that was tampered with", () => {
  beforeEach(async () => {
    await bring("a", lines);
    await bring("b", [line("je_8"), line("je_9")]);
    await proveNow();
  });

  test("shows the line that was changed, and what it says now", async () => {
    await tamper("a", (all) => all.with(2, all[2]?.replaceAll('"amount":5', '"amount":6') ?? ""));
    expect(wordsOf(await verifyAt())).toEqual([
      `${keyOf("a")}: line 3 was changed: it says ${idOf(lines[2])}, ledger.posted of je_3`,
    ]);
    expect(await verifyAt()).toMatchObject({ files: 1, lines: 2 });
  });

  test.each<[string, (all: string[]) => readonly string[], string]>([
    [
      "changed by one blank",
      (all) => all.with(0, ` ${all[0]}`),
      `line 1 was changed: it says ${idOf(lines[0])}, ledger.posted of je_1`,
    ],
    [
      "changed in its end",
      (all) => all.with(1, `${all[1]}\r`),
      `line 2 was changed: it says ${idOf(lines[1])}, ledger.posted of je_2`,
    ],
    [
      "taken out",
      (all) => all.toSpliced(1, 1),
      `a line was taken out before what is line 2 now: it says ${idOf(lines[2])}, ledger.posted of je_3`,
    ],
    ["cut off", (all) => all.slice(0, 2), "it is cut off: from line 3 on 2 are missing"],
    [
      "put in",
      (all) => all.toSpliced(1, 0, line("je_false")),
      `line 2 was put in: it says ${idOf(line("je_false"))}, ledger.posted of je_false`,
    ],
    [
      "no event any more",
      (all) => all.with(3, "x"),
      "line 4 was changed: it is no event (it is no JSON text): x",
    ],
  ])("shows a line that is %s", async (_, change, what) => {
    await tamper("a", change);
    expect(wordsOf(await verifyAt())).toEqual([`${keyOf("a")}: ${what}`]);
  });

  test("shows a file that is no gzip any more", async () => {
    overwrite(keyOf("a"), Buffer.from("text"));
    expect(wordsOf(await verifyAt())).toEqual([`${keyOf("a")}: it cannot be read: incorrect header check`]);
  });

  test("shows a file that is gone, once it cannot be on its way any more", async () => {
    const { s3 } = running();
    const { Versions = [] } = await s3.send(
      new ListObjectVersionsCommand({ Bucket: bucket, Prefix: keyOf("b") }),
    );
    await s3.send(
      new DeleteObjectCommand({ Bucket: bucket, Key: keyOf("b"), VersionId: Versions[0]?.VersionId }),
    );
    expect(await verifyAt()).toMatchObject({ files: 1, copying: 1, findings: [] });
    expect(wordsOf(await verifyAt(2 * hourMs))).toEqual([`${keyOf("b")}: it is gone: proof 1 names it`]);
  });

  test("shows a deletion that hides a file, which is still there", async () => {
    await running().s3.send(new DeleteObjectCommand({ Bucket: bucket, Key: keyOf("b") }));
    const verified = await verifyAt();
    expect(verified.files).toBe(2);
    expect(wordsOf(verified)).toEqual([`${keyOf("b")}: a deletion stands over it`]);
  });

  test("shows another version that was put over a file; the same once more is no other", async () => {
    await put(keyOf("a"), fileOf(lines));
    expect(wordsOf(await verifyAt())).toEqual([]);
    await put(keyOf("a"), fileOf(lines.with(1, line("je_false"))));
    expect(wordsOf(await verifyAt())).toEqual([
      `${keyOf("a")}: another version was put over what proof 1 names: line 2 was changed: it says ${idOf(line("je_false"))}, ledger.posted of je_false`,
    ]);
  });

  test("waits a day for the proof of a file that was added, and then shows it", async () => {
    await put(keyOf("new"), fileOf([line("je_new")]));
    expect(await verifyAt()).toMatchObject({ files: 2, waiting: 1, findings: [] });
    expect(wordsOf(await verifyAt(27 * hourMs))).toEqual([
      `${keyOf("new")}: no proof names it, and it is there since 2030-01-01T00:00:00.000Z`,
    ]);
  });

  test("shows that a file is another one also where the digests of its lines are gone, or others", async () => {
    const { s3 } = running();
    await tamper("a", (all) => all.toSpliced(1, 1));
    const [file] = (await pool.query("SELECT key, version FROM books.files WHERE key = $1", [keyOf("a")]))
      .rows;
    overwrite(leavesKeyOf(file), Buffer.alloc(64));
    expect(wordsOf(await verifyAt())[0]).toContain(
      "it has 3 lines, of 4 that were proven, and is another file",
    );
    expect(wordsOf(await verifyAt())[0]).toContain("the list of their digests is another too");
    const { Versions = [] } = await s3.send(
      new ListObjectVersionsCommand({ Bucket: bucket, Prefix: leavesKeyOf(file) }),
    );
    for (const { Key, VersionId } of Versions)
      await s3.send(new DeleteObjectCommand({ Bucket: bucket, Key, VersionId }));
    expect(wordsOf(await verifyAt())[0]).toContain("the list of their digests is gone");
  });

  describe("with another proof", () => {
    const proofKey = proofKeyOf({ number: 1, proven_at: new Date(start).toISOString() });
    const textOf = async (): Promise<string> =>
      (await pool.query("SELECT statement FROM books.proofs WHERE number = 1")).rows[0].statement;

    test("of the same lines, signed by another key, shows that", async () => {
      const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
      const text = (await textOf()).replaceAll(keyOf("b"), keyOf("c"));
      const signature = sign("sha256", signedMessage({ number: 1, digest: digestOf(text) }), privateKey);
      const seal = {
        key: "arn:aws:kms:other",
        algorithm: "ECDSA_SHA_256",
        signature: signature.toString("base64"),
      } as const;
      overwrite(proofKey, Buffer.from(proofFileOf(text, seal)));
      expect(wordsOf(await verifyAt())).toEqual([
        `${proofKey}: its signature is not of this key, or of something else`,
      ]);
      expect((await verifyAt(0, { since: day, until: day }, publicKey)).proofs).toBe(1);
    });

    test("that says something else under its old signature shows that", async () => {
      const { Body } = await running().s3.send(new GetObjectCommand({ Bucket: bucket, Key: proofKey }));
      const text = (await Body?.transformToString()) ?? "";
      overwrite(proofKey, Buffer.from(text.replace('"lines":4', '"lines":5')));
      expect(wordsOf(await verifyAt())).toEqual([
        `${proofKey}: its signature is not of this key, or of something else`,
      ]);
      overwrite(proofKey, Buffer.from("{}\n{}\n"));
      expect(wordsOf(await verifyAt())[0]).toContain(`${proofKey}: it is no proof: schema`);
    });

    test("put over the first shows that, and the first still counts", async () => {
      await put(proofKey, "{}\n{}\n");
      const verified = await verifyAt();
      expect(verified).toMatchObject({ proofs: 1, files: 2 });
      expect(wordsOf(verified).join("\n")).toContain(`${proofKey}: there is more than one version of it`);
    });

    test("missing between two shows which", async () => {
      for (const number of [2, 3]) {
        await bring(`n${number}`, [line(`je_n${number}`)]);
        await proveNow();
      }
      const { s3 } = running();
      const second = proofKey.replace("0000000001", "0000000002");
      const { Versions = [] } = await s3.send(
        new ListObjectVersionsCommand({ Bucket: bucket, Prefix: second }),
      );
      await s3.send(
        new DeleteObjectCommand({ Bucket: bucket, Key: second, VersionId: Versions[0]?.VersionId }),
      );
      expect(wordsOf(await verifyAt())).toEqual([
        "proof 3: follows proof 1: what is between them is missing",
      ]);
    });
  });
});

test("days are checked by themselves: from one on, up to one, with the proofs that came later", async () => {
  await bring("a", lines);
  await proveNow();
  now += 24 * hourMs;
  running().pass(24 * hourMs);
  await bring("b", [line("je_8")], "2030-01-02");
  await bring("late", [line("je_9")]);
  await proveNow();
  await tamper("a", (all) => all.slice(1));
  const second = { since: "2030-01-02", until: "2030-01-02" };
  expect(await verifyAt(0, second)).toMatchObject({ proofs: 1, files: 1, lines: 1, findings: [] });
  expect(await verifyAt(0, { since: day, until: day })).toMatchObject({ proofs: 2, files: 1, lines: 1 });
  expect(wordsOf(await verifyAt(0, { since: day, until: "2030-01-02" }))).toHaveLength(1);
});
