import { generateKeyPairSync, sign } from "node:crypto";
import { DeleteObjectCommand, GetObjectCommand, ListObjectVersionsCommand } from "@aws-sdk/client-s3";
import { beforeEach, describe, expect, test } from "vitest";
import { proofFileOf } from "#adapters/archive/proof-file.ts";
import { leavesKeyOf, proofKeyOf } from "#adapters/archive/proof-store.ts";
import { digestOf, signedMessage } from "#core/proof/archive-proof.ts";
import {
  bucket,
  day,
  fileOf,
  idOf,
  keyOf,
  line,
  lines,
  ProvenArchive,
  start,
  wordsOf,
} from "#tests/support/proven-archive.ts";

const hourMs = 3_600_000;
const at = new ProvenArchive();

describe("an archive that was tampered with", () => {
  beforeEach(async () => {
    await at.bring("a", lines);
    await at.bring("b", [line("je_8"), line("je_9")]);
    await at.prove();
  });

  test("shows the line that was changed, and what it says now", async () => {
    await at.tamper("a", (all) => all.with(2, all[2]?.replaceAll('"amount":5', '"amount":6') ?? ""));
    expect(wordsOf(await at.verify())).toEqual([
      `${keyOf("a")}: line 3 was changed: it says ${idOf(lines[2])}, ledger.posted of je_3`,
    ]);
    expect(await at.verify()).toMatchObject({ files: 1, lines: 2 });
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
    await at.tamper("a", change);
    expect(wordsOf(await at.verify())).toEqual([`${keyOf("a")}: ${what}`]);
  });

  test("shows a file that is no gzip any more", async () => {
    at.overwrite(keyOf("a"), Buffer.from("text"));
    expect(wordsOf(await at.verify())).toEqual([`${keyOf("a")}: it cannot be read: incorrect header check`]);
  });

  test("shows a file that is gone, once it cannot be on its way any more", async () => {
    const { s3 } = at;
    const { Versions = [] } = await s3.send(
      new ListObjectVersionsCommand({ Bucket: bucket, Prefix: keyOf("b") }),
    );
    await s3.send(
      new DeleteObjectCommand({ Bucket: bucket, Key: keyOf("b"), VersionId: Versions[0]?.VersionId }),
    );
    expect(await at.verify(hourMs)).toMatchObject({ files: 1, copying: 1, findings: [] });
    expect(wordsOf(await at.verify(2 * hourMs))).toEqual([`${keyOf("b")}: it is gone: proof 1 names it`]);
  });

  test("shows a deletion that hides a file, which is still there", async () => {
    await at.s3.send(new DeleteObjectCommand({ Bucket: bucket, Key: keyOf("b") }));
    const verified = await at.verify();
    expect(verified.files).toBe(2);
    expect(wordsOf(verified)).toEqual([`${keyOf("b")}: a deletion stands over it`]);
  });

  test("shows another version that was put over a file; the same once more is no other", async () => {
    await at.put(keyOf("a"), fileOf(lines));
    expect(wordsOf(await at.verify())).toEqual([]);
    await at.put(keyOf("a"), fileOf(lines.with(1, line("je_false"))));
    expect(wordsOf(await at.verify())).toEqual([
      `${keyOf("a")}: another version was put over what proof 1 names: line 2 was changed: it says ${idOf(line("je_false"))}, ledger.posted of je_false`,
    ]);
  });

  test("waits a day for the proof of a file that was added, and then shows it", async () => {
    await at.put(keyOf("new"), fileOf([line("je_new")]));
    expect(await at.verify(26 * hourMs)).toMatchObject({ files: 2, waiting: 1, findings: [] });
    expect(wordsOf(await at.verify(27 * hourMs))).toEqual([
      `${keyOf("new")}: no proof names it, and it is there since 2030-01-01T00:00:00.000Z`,
    ]);
  });

  test("shows that a file is another one also where the digests of its lines are gone, or others", async () => {
    const { s3 } = at;
    await at.tamper("a", (all) => all.toSpliced(1, 1));
    const [file] = (await at.pool.query("SELECT key, version FROM books.files WHERE key = $1", [keyOf("a")]))
      .rows;
    at.overwrite(leavesKeyOf(file), Buffer.alloc(64));
    expect(wordsOf(await at.verify())[0]).toContain(
      "it has 3 lines, of 4 that were proven, and is another file",
    );
    expect(wordsOf(await at.verify())[0]).toContain("the list of their digests is another too");
    const { Versions = [] } = await s3.send(
      new ListObjectVersionsCommand({ Bucket: bucket, Prefix: leavesKeyOf(file) }),
    );
    for (const { Key, VersionId } of Versions)
      await s3.send(new DeleteObjectCommand({ Bucket: bucket, Key, VersionId }));
    expect(wordsOf(await at.verify())[0]).toContain("the list of their digests is gone");
  });

  test("shows the line also where other digests were put over the first ones", async () => {
    await at.tamper("a", (all) => all.toSpliced(1, 1));
    const before = wordsOf(await at.verify());
    const [file] = (await at.pool.query("SELECT key, version FROM books.files WHERE key = $1", [keyOf("a")]))
      .rows;
    await at.put(leavesKeyOf(file), Buffer.alloc(64));
    await at.s3.send(new DeleteObjectCommand({ Bucket: bucket, Key: leavesKeyOf(file) }));
    expect(wordsOf(await at.verify())).toEqual(before);
    expect(before[0]).toContain("a line was taken out before what is line 2 now");
  });

  describe("with another proof", () => {
    const proofKey = proofKeyOf({ number: 1, proven_at: new Date(start).toISOString() });
    const textOf = async (): Promise<string> =>
      (await at.pool.query("SELECT statement FROM books.proofs WHERE number = 1")).rows[0].statement;

    test("of the same lines, signed by another key, shows that", async () => {
      const { privateKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
      const text = (await textOf()).replaceAll(keyOf("b"), keyOf("c"));
      const signature = sign("sha256", signedMessage({ number: 1, digest: digestOf(text) }), privateKey);
      const seal = {
        key: "arn:aws:kms:other",
        algorithm: "ECDSA_SHA_256",
        signature: signature.toString("base64"),
      } as const;
      at.overwrite(proofKey, Buffer.from(proofFileOf(text, seal)));
      expect(wordsOf(await at.verify())).toEqual([
        `${proofKey}: its signature is not of this key, or of something else`,
      ]);
    });

    test("that says something else under its old signature shows that", async () => {
      const { Body } = await at.s3.send(new GetObjectCommand({ Bucket: bucket, Key: proofKey }));
      const text = (await Body?.transformToString()) ?? "";
      at.overwrite(proofKey, Buffer.from(text.replace('"lines":4', '"lines":5')));
      expect(wordsOf(await at.verify())).toEqual([
        `${proofKey}: its signature is not of this key, or of something else`,
      ]);
      at.overwrite(proofKey, Buffer.from("{}\n{}\n"));
      expect(wordsOf(await at.verify())[0]).toContain(`${proofKey}: it is no proof: schema`);
    });

    test("put over the first shows that, and the first still counts", async () => {
      await at.put(proofKey, "{}\n{}\n");
      const verified = await at.verify();
      expect(verified).toMatchObject({ proofs: 1, files: 2 });
      expect(wordsOf(verified).join("\n")).toContain(`${proofKey}: there is more than one version of it`);
    });

    test("missing between two shows which", async () => {
      for (const number of [2, 3]) {
        await at.bring(`n${number}`, [line(`je_n${number}`)]);
        await at.prove();
      }
      const { s3 } = at;
      const second = proofKey.replace("0000000001", "0000000002");
      const { Versions = [] } = await s3.send(
        new ListObjectVersionsCommand({ Bucket: bucket, Prefix: second }),
      );
      await s3.send(
        new DeleteObjectCommand({ Bucket: bucket, Key: second, VersionId: Versions[0]?.VersionId }),
      );
      expect(wordsOf(await at.verify())).toEqual([
        "proof 3: follows proof 1: what is between them is missing",
      ]);
    });
  });
});

test("days are checked by themselves: from one on, up to one, with the proofs that came later", async () => {
  await at.bring("a", lines);
  await at.prove();
  at.pass(24 * hourMs);
  await at.bring("b", [line("je_8")], "2030-01-02");
  await at.bring("late", [line("je_9")]);
  await at.prove();
  await at.tamper("a", (all) => all.slice(1));
  // By then nothing is on its way any more: what were looked for elsewhere would be gone.
  const later = 2 * hourMs;
  const second = { since: "2030-01-02", until: "2030-01-02" };
  expect(await at.verify(later, second)).toMatchObject({ proofs: 1, files: 1, lines: 1, findings: [] });
  const first = await at.verify(later, { since: day, until: day });
  expect(first).toMatchObject({ proofs: 2, files: 1, lines: 1, waiting: 0 });
  expect(wordsOf(first)).toEqual([expect.stringContaining(keyOf("a"))]);
  expect(wordsOf(await at.verify(later, { since: day, until: "2030-01-02" }))).toHaveLength(1);
});
