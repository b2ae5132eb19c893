import { describe, expect, test } from "vitest";
import {
  checkChain,
  digestOf,
  imbalancesIn,
  type ProofHead,
  type ProofStatement,
  type ReadProof,
  signedMessage,
  stateProof,
  wordsOfCompared,
} from "./archive-proof.ts";

const noon = Date.UTC(2030, 5, 15, 12);
const file = (key: string, more: object = {}) => ({
  ...{ key, version: "v1", lines: 3, root: digestOf(key), received_at: "2030-06-15T11:00:00.000Z" },
  ...more,
});

/** Three proofs, each of two files. */
function chain(): ReadProof[] {
  let head: ProofHead | undefined;
  return ["a", "b", "c"].map((day) => {
    const files = [file(`${day}/1`), file(`${day}/2`)];
    const statement = stateProof(head, { provenAt: noon, files, books: [], findings: [] });
    const text = JSON.stringify(statement);
    head = { number: statement.number, digest: digestOf(text) };
    return { statement, text };
  });
}
const altered = (change: Partial<ProofStatement>, at: number): ReadProof[] => {
  const proofs = chain();
  const was = proofs[at];
  if (was === undefined) throw new Error("there is no such proof");
  const statement = { ...was.statement, ...change };
  return proofs.with(at, { statement, text: JSON.stringify(statement) });
};
const wordsOf = (proofs: readonly ReadProof[]) =>
  checkChain(proofs).map(({ subject, what }) => `${subject} ${what}`);

test("a proof says its number, the one before it, and the root of its files", () => {
  const [first, second] = chain();
  expect(first?.statement).toMatchObject({ schema: 1, number: 1, previous: null });
  expect(second?.statement).toMatchObject({
    ...{ number: 2, previous: digestOf(first?.text ?? ""), proven_at: "2030-06-15T12:00:00.000Z" },
    root: expect.stringMatching(/^[0-9a-f]{64}$/),
  });
});

describe("a chain of proofs", () => {
  test("that is whole has nothing wrong, also from its middle on", () => {
    expect(wordsOf(chain())).toEqual([]);
    expect(wordsOf(chain().slice(1))).toEqual([]);
    expect(wordsOf([])).toEqual([]);
  });

  test("that lacks one says between which", () => {
    expect(wordsOf(chain().toSpliced(1, 1))).toEqual([
      "proof 3 follows proof 1: what is between them is missing",
    ]);
  });

  test.each<[string, Partial<ProofStatement>, readonly string[]]>([
    [
      "a changed root of a file",
      { files: [file("b/1", { root: digestOf("x") }), file("b/2")] },
      [
        "proof 2 has another root than its files come to",
        "proof 3 names another proof 2 than the one that is there",
      ],
    ],
    [
      "another version of a file",
      { files: [file("b/1", { version: "v2" }), file("b/2")] },
      [
        "proof 2 has another root than its files come to",
        "proof 3 names another proof 2 than the one that is there",
      ],
    ],
    [
      "one file less",
      { files: [file("b/1")] },
      [
        "proof 2 has another root than its files come to",
        "proof 3 names another proof 2 than the one that is there",
      ],
    ],
    [
      "another moment",
      { proven_at: "2031-01-01T00:00:00.000Z" },
      ["proof 3 names another proof 2 than the one that is there"],
    ],
    [
      "no one before it",
      { previous: null },
      [
        "proof 2 names none before it",
        "proof 2 names another proof 1 than the one that is there",
        "proof 3 names another proof 2 than the one that is there",
      ],
    ],
    [
      "a number twice",
      { number: 1 },
      [
        "proof 1 is the first one, and names one before it",
        "proof 1 follows proof 1: what is between them is missing",
        "proof 3 follows proof 1: what is between them is missing",
      ],
    ],
  ])("with %s says so", (_, change, words) => {
    expect(wordsOf(altered(change, 1))).toEqual(words);
  });

  test("in which a file is proven twice says by which", () => {
    const { statement } = chain()[1] ?? { statement: undefined };
    const files = [...(statement?.files ?? []), file("a/2")];
    expect(wordsOf(altered({ files }, 1))).toContain("proof 2 names a/2, which proof 1 names");
  });
});

test("what is signed is the text that auditors check without a program of ours (ADR 60)", () => {
  expect(signedMessage({ number: 12, digest: "ab" }).toString()).toBe(
    "Tallystick, proof 12 of the archive: ab",
  );
});

test("debits that are no credits are named, posted and held, by currency", () => {
  const totals = { debits: "5", credits: "5", debits_held: "2", credits_held: "2" };
  expect(imbalancesIn([{ currency: "USD", ...totals }])).toEqual([]);
  expect(
    imbalancesIn([
      { currency: "EUR", ...totals, credits: "4" },
      { currency: "USD", ...totals, debits_held: "0" },
    ]),
  ).toEqual(["EUR: debits 5, credits 4", "USD: held debits 0, credits 2"]);
});

test("a proof that compared nothing has no member for it, as those had that were made before there was one", () => {
  const [first] = chain();
  expect(Object.keys(first?.statement ?? {})).not.toContain("compared");
});

test("what was compared is said in a line for each half, and why one was not", () => {
  const ledger = { as_of: "2030-06-15T00:59:59.000Z", books: 2, records: 12, balances: 9 };
  const warehouse = { since: "2030-06-14", until: "2030-06-15", accounts: 7, differ: 0 };
  expect(wordsOfCompared({ ledger, warehouse })).toEqual([
    "ledger = books: 12 records and 9 balances of 2 books, as of 2030-06-15T00:59:59.000Z",
    "books = warehouse: 7 accounts of what was recorded from 2030-06-14 to before 2030-06-15",
  ]);
  expect(
    wordsOfCompared({ ledger: { ...ledger, books: 1, as_of: null }, warehouse: { ...warehouse, differ: 2 } }),
  ).toEqual([
    "ledger = books: 12 records and 9 balances of one book, as of the beginning",
    "books = warehouse: 7 accounts of what was recorded from 2030-06-14 to before 2030-06-15, of which 2 differ",
  ]);
  const leftOut = { left_out: "it was never loaded" };
  expect(wordsOfCompared({ ledger: leftOut, warehouse: leftOut })).toEqual([
    "ledger = books: not compared: it was never loaded",
    "books = warehouse: not compared: it was never loaded",
  ]);
});
