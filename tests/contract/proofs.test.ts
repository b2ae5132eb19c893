import { describe, expect, test } from "vitest";
import { Books } from "#adapters/books/books.ts";
import type { BooksProofs } from "#adapters/books/proofs.ts";
import type { Comparison } from "#reconciler/compare.ts";
import { postJournalFile } from "#reconciler/journal-files.ts";
import type { Proving } from "#reconciler/prove.ts";
import { bucket, fileOf, keyOf, line, lines, ProvenArchive, wordsOf } from "#tests/support/proven-archive.ts";

const at = new ProvenArchive();

describe("a proof", () => {
  test("names each file that came since the last one, once, and is signed", async () => {
    await at.bring("a", lines);
    await at.bring("b", [line("je_5")]);
    expect(await at.prove()).toEqual([{ number: 1, files: 2, lines: 5, findings: [] }]);
    await at.bring("c", [line("je_6")]);
    expect(await at.prove()).toEqual([{ number: 2, files: 1, lines: 1, findings: [] }]);
    expect(await at.verify()).toMatchObject({ proofs: 2, files: 3, lines: 6, waiting: 0, findings: [] });
  });

  test("is made of a night without files too: that nothing came is known", async () => {
    expect(await at.prove()).toEqual([{ number: 1, files: 0, lines: 0, findings: [] }]);
    expect(await at.prove()).toMatchObject([{ number: 2 }]);
    expect(wordsOf(await at.verify())).toEqual([]);
  });

  test("says what the books add up to", async () => {
    await at.bring("a", lines);
    await at.prove();
    const { rows } = await at.pool.query("SELECT statement FROM books.proofs");
    expect(JSON.parse(rows[0].statement).books).toEqual([
      { currency: "USD", debits: "20", credits: "20", debits_held: "0", credits_held: "0" },
    ]);
  });

  test("tells of books that do not balance, and of balances that are not their postings' sum", async () => {
    await at.bring("a", lines);
    await at.owner.query("UPDATE books.days SET debits = debits + 1 WHERE account = 'acc_a'");
    const findings = ["USD: debits 21, credits 20", "acc_a USD: 2030-01-01 is not the sum of its postings"];
    expect(await at.prove()).toMatchObject([{ findings }]);
    expect(wordsOf(await at.verify())).toEqual(
      findings.map((what) => `proof 1: says that the books were wrong: ${what}`),
    );
  });

  test("says what was compared for it, and what differs, once: a second one of that night says nothing of it", async () => {
    await at.bring("a", lines);
    const comparison: Comparison = {
      compared: {
        ledger: { as_of: "2030-01-01T00:00:00.000Z", books: 1, records: 4, balances: 1 },
        warehouse: { left_out: "this stage has no warehouse" },
      },
      findings: ["mer_demo: the ledger has 4 records, the books 5"],
    };
    const { compared, findings } = comparison;
    expect(await at.prove(at.proving, comparison)).toMatchObject([
      { number: 1, files: 1, findings, compared },
    ]);
    expect(await at.verify()).toMatchObject({ newest: { number: 1, compared } });
    expect(wordsOf(await at.verify())).toEqual([`proof 1: says that the books were wrong: ${findings[0]}`]);
    expect(await at.prove()).toEqual([{ number: 2, files: 0, lines: 0, findings: [] }]);
    expect((await at.verify()).newest?.compared).toBeUndefined();
  });

  test("is made once more where another process was first: what this one compared is said", async () => {
    const { books } = at.proving;
    let isFirst = true;
    const overtaken = {
      ...butForTheLastWord(books, (number, now) => books.keepProof(number, now)),
      add: async (text: string, files: readonly string[]) => {
        if (isFirst) {
          isFirst = false;
          await at.prove();
        }
        return books.add(text, files);
      },
    };
    const findings = ["mer_demo: the ledger has 4 records, the books 5"];
    const leftOut = { left_out: "it was never loaded" };
    const comparison = { compared: { ledger: leftOut, warehouse: leftOut }, findings };
    expect(await at.prove({ ...at.proving, books: overtaken }, comparison)).toMatchObject([
      { number: 2, findings },
    ]);
  });

  test("tells of days that count other records than they have", async () => {
    await at.bring("a", lines);
    await at.owner.query("UPDATE books.record_days SET records = records - 1");
    expect(await at.prove()).toMatchObject([
      { findings: ["mer_demo: 2030-01-01 has 4 records, and counts 3"] },
    ]);
  });

  test("that nobody could sign is signed later, and stays the same; no other has its number", async () => {
    await at.bring("a", lines);
    const broken = {
      ...at.proving,
      signer: {
        ...{ keyArn: at.proving.signer.keyArn },
        sign: () => Promise.reject(new Error("KMS is down")),
      },
    };
    await expect(at.prove(broken)).rejects.toThrow("KMS is down");
    const { rows } = await at.pool.query("SELECT digest FROM books.proofs");
    await at.bring("b", [line("je_5")]);
    expect(await at.prove()).toMatchObject([
      { number: 1, files: 1 },
      { number: 2, files: 1 },
    ]);
    expect((await at.pool.query("SELECT digest FROM books.proofs WHERE number = 1")).rows).toEqual(rows);
    expect(await at.verify()).toMatchObject({ proofs: 2, files: 2, findings: [] });
  });

  test("that was put and then forgotten, by a kill, is not put twice", async () => {
    await at.bring("a", lines);
    const books = butForTheLastWord(at.proving.books, () => Promise.reject(new Error("killed")));
    await expect(at.prove({ ...at.proving, books })).rejects.toThrow("killed");
    expect(await at.prove()).toMatchObject([{ number: 1 }, { number: 2 }]);
    expect(wordsOf(await at.verify())).toEqual([]);
  });

  test("of two that are made at once names a file once, in one chain", async () => {
    for (const name of ["a", "b", "c"]) await at.bring(name, [line(`je_${name}`)]);
    await Promise.all([at.prove(), at.prove(), at.prove()]);
    expect(await at.verify()).toMatchObject({ files: 3, findings: [] });
  });
});

/** A process that ends before it can say that a proof is kept. */
const butForTheLastWord = (
  books: BooksProofs,
  keepProof: Proving["books"]["keepProof"],
): Proving["books"] => ({
  unproven: (count) => books.unproven(count),
  head: () => books.head(),
  totals: () => books.totals(),
  unfolded: (first) => books.unfolded(first),
  uncounted: (first) => books.uncounted(first),
  add: (text, files) => books.add(text, files),
  unkept: () => books.unkept(),
  keepProof,
});

describe("the books", () => {
  test("keep what a file was: the same again changes nothing, another one is refused", async () => {
    const versionId = await at.bring("a", lines);
    const file = { key: keyOf("a"), version: versionId, lines: 4, root: "00".repeat(32) };
    await at.post("a", versionId);
    await expect(at.proving.books.keepFile(file, new Date(at.now))).rejects.toThrow(
      "was another one when it was read",
    );
    expect(await at.proving.books.unproven(10)).toHaveLength(1);
  });

  test("know of no file whose lines' digests could not be put: no proof names it before they are there", async () => {
    const { books } = at.proving;
    const store = { putLeaves: () => Promise.reject(new Error("S3 is down")) };
    const versionId = await at.put(keyOf("a"), fileOf(lines));
    const file = { bucket, key: keyOf("a"), versionId };
    const posting = postJournalFile(at.s3, new Books(at.pool), { books, store }, file, () => at.now);
    await expect(posting).rejects.toThrow("S3 is down");
    expect(await at.proving.books.unproven(10)).toEqual([]);
  });

  test.each(["files", "proofs", "proven", "proofs_kept"])(
    "only ever add to %s, their owner too",
    async (table) => {
      await at.bring("a", lines);
      await at.prove();
      await expect(at.owner.query(`DELETE FROM books.${table}`)).rejects.toThrow("only ever added to");
      await expect(at.pool.query(`INSERT INTO books.${table} DEFAULT VALUES`)).rejects.toThrow(
        "permission denied",
      );
    },
  );

  test("refuse a proof that says of a file what they do not have, or follows another one", async () => {
    await at.bring("a", lines);
    const [file] = await at.proving.books.unproven(1);
    await at.prove();
    const statement = { number: 2, previous: "11".repeat(32), proven_at: "2030-01-01T00:00:00Z", files: [] };
    await expect(at.proving.books.add(JSON.stringify(statement), [])).rejects.toThrow("chained");
    const head = await at.proving.books.head();
    const next = { ...statement, previous: head?.digest };
    await at.bring("b", [line("je_9")]);
    const [other] = await at.proving.books.unproven(1);
    for (const files of [
      [{ ...other, root: file?.root }],
      [{ ...other, lines: 2 }],
      [{ ...other, key: file?.key }],
      [{ ...other, version: file?.version }],
      [other, { ...other, key: "one more" }],
      [],
    ])
      await expect(
        at.proving.books.add(JSON.stringify({ ...next, files }), [other?.file ?? ""]),
      ).rejects.toThrow("what the books do not have");
    expect(await at.proving.books.add(JSON.stringify({ ...next, files: [file] }), [file?.file ?? ""])).toBe(
      false,
    );
  });
});
