import { createHash, type KeyObject, verify } from "node:crypto";
import { type Finding, found } from "./finding.ts";
import { MerkleTree } from "./merkle.ts";

/** Digests are in hexadecimal. */
type Hex = string;

/** A file of the archive as it was when its records were posted. */
export interface ProvenFile {
  readonly key: string;
  readonly version: string;
  readonly lines: number;
  /** Of the tree over its lines, each with its end. */
  readonly root: Hex;
  /** ISO 8601: when it had been read. */
  readonly received_at: string;
}

/** What the books add up to in one currency, in minor units. */
export interface CurrencyTotals {
  readonly currency: string;
  readonly debits: string;
  readonly credits: string;
  readonly debits_held: string;
  readonly credits_held: string;
}

/** What the ledger and the books were held against each other by. */
export interface LedgerCompared {
  /** ISO 8601: when the newest record was recorded that both were asked for; null where there is none. */
  readonly as_of: string | null;
  /** Books that one of them has a record of. */
  readonly books: number;
  /** That the ledger counts. */
  readonly records: number;
  /** Of accounts of the chart and of sales one by one; of merchants' other accounts as one per book and currency. */
  readonly balances: number;
}

/** What the books and the warehouse were held against each other by. */
export interface WarehouseCompared {
  /** Days (UTC) of which what was recorded was compared: from the first on, and before the second. */
  readonly since: string;
  readonly until: string;
  /** That one of them has. */
  readonly accounts: number;
  /** Of them not the same. */
  readonly differ: number;
}

/** Why something was not compared, in words. */
export interface LeftOut {
  readonly left_out: string;
}

/** What a proof holds against each other. */
export interface Compared {
  readonly ledger: LedgerCompared | LeftOut;
  readonly warehouse: WarehouseCompared | LeftOut;
}

/** What a proof says. It is signed as the text that it is stored as, so its members have one order. */
export interface ProofStatement {
  readonly schema: 1;
  /** From 1, without a gap. */
  readonly number: number;
  /** Digest of the statement before it; null in the first one. */
  readonly previous: Hex | null;
  /** ISO 8601. */
  readonly proven_at: string;
  /** Of the tree over its files. */
  readonly root: Hex;
  /** All files that came since the proof before. */
  readonly files: readonly ProvenFile[];
  /** The trial balance of the books at that moment, by currency. */
  readonly books: readonly CurrencyTotals[];
  /** What was wrong with the books, in words. */
  readonly findings: readonly string[];
  /** What was compared for it. Left out in those that were made before anything was, and where a night has a second one. */
  readonly compared?: Compared | undefined;
}

const schema = 1;

/** A leaf of a proof's tree: all that it says of a file but when it came. */
const leafOf = ({ key, version, lines, root }: ProvenFile): Buffer =>
  Buffer.from(JSON.stringify([key, version, lines, root]));

function rootOf(files: readonly ProvenFile[]): Hex {
  const tree = new MerkleTree();
  for (const file of files) tree.add(leafOf(file));
  return tree.root().toString("hex");
}

/** The proof before one, as the next one names it. */
export interface ProofHead {
  readonly number: number;
  readonly digest: Hex;
}

/** @param head of the newest proof; undefined when there is none */
export const stateProof = (
  head: ProofHead | undefined,
  { provenAt, files, books, findings, compared }: ProofContent,
): ProofStatement => ({
  schema,
  number: (head?.number ?? 0) + 1,
  previous: head?.digest ?? null,
  proven_at: new Date(provenAt).toISOString(),
  root: rootOf(files),
  files,
  books,
  findings,
  ...(compared !== undefined && { compared }),
});

interface ProofContent extends Pick<ProofStatement, "files" | "books" | "findings" | "compared"> {
  /** Epoch milliseconds. */
  readonly provenAt: number;
}

/** What was compared, in words: a line for each. */
export const wordsOfCompared = ({ ledger, warehouse }: Compared): readonly string[] => [
  "left_out" in ledger
    ? `ledger = books: not compared: ${ledger.left_out}`
    : `ledger = books: ${ledger.records} records and ${ledger.balances} balances of ${ledger.books === 1 ? "one book" : `${ledger.books} books`}, as of ${ledger.as_of ?? "the beginning"}`,
  "left_out" in warehouse
    ? `books = warehouse: not compared: ${warehouse.left_out}`
    : `books = warehouse: ${warehouse.accounts} accounts of what was recorded from ${warehouse.since} to before ${warehouse.until}${warehouse.differ === 0 ? "" : `, of which ${warehouse.differ} differ`}`,
];

/** Of a statement, as it is stored and signed. */
export const digestOf = (text: string): Hex => createHash("sha256").update(text).digest("hex");

/** What the books' totals cannot be: debits and credits that are not the same, in some currency. */
export const imbalancesIn = (books: readonly CurrencyTotals[]): readonly string[] =>
  books.flatMap(({ currency, debits, credits, debits_held, credits_held }) => [
    ...(debits === credits ? [] : [`${currency}: debits ${debits}, credits ${credits}`]),
    ...(debits_held === credits_held
      ? []
      : [`${currency}: held debits ${debits_held}, credits ${credits_held}`]),
  ]);

/** A proof that was read, with the text that its signature is of. */
export interface ReadProof {
  readonly statement: ProofStatement;
  readonly text: string;
}

/**
 * What is wrong with proofs among themselves, in the order of their numbers: each names the one before it, none is missing
 * between two, its root is that of its files, and no file is in two of them. What comes before the first of them is not
 * known here.
 */
export function checkChain(proofs: readonly ReadProof[]): Finding[] {
  const findings: Finding[] = [];
  const provenIn = new Map<string, number>();
  let before: ReadProof | undefined;
  for (const proof of proofs) {
    const { number, previous, root, files } = proof.statement;
    const wrong = (what: string) => findings.push(found("chain", `proof ${number}`, what));
    if (number === 1 && previous !== null) wrong("is the first one, and names one before it");
    if (number > 1 && previous === null) wrong("names none before it");
    if (before !== undefined) {
      const last = before.statement.number;
      if (number !== last + 1) wrong(`follows proof ${last}: what is between them is missing`);
      else if (previous !== digestOf(before.text))
        wrong(`names another proof ${last} than the one that is there`);
    }
    if (root !== rootOf(files)) wrong("has another root than its files come to");
    for (const { key, version } of files) {
      const name = `${key} ${version}`;
      const other = provenIn.get(name);
      if (other !== undefined) wrong(`names ${key}, which proof ${other} names`);
      provenIn.set(name, number);
    }
    before = proof;
  }
  return findings;
}

/** What is signed of a proof. A signature of it is good for nothing else. */
export const signedMessage = ({ number, digest }: ProofHead): Buffer =>
  Buffer.from(`Tallystick, proof ${number} of the archive: ${digest}`);

/** Whether somebody signed a proof with the other half of a key: ECDSA with SHA-256, in DER. */
export const isSigned = (proof: ProofHead, signature: Uint8Array, publicKey: KeyObject): boolean =>
  verify("sha256", signedMessage(proof), publicKey, signature);

/** Has the reconciler prove all that came since the last proof. Of its queue of files, where a schedule puts it too. */
export const proveMessage = JSON.stringify({ prove: "archive" });
