import { proofFileOf, readStatement } from "#adapters/archive/proof-file.ts";
import type { ProofStore } from "#adapters/archive/proof-store.ts";
import type { BooksProofs } from "#adapters/books/proofs.ts";
import { type Signer, signingAlgorithm } from "#adapters/kms/signer.ts";
import {
  type Compared,
  digestOf,
  imbalancesIn,
  signedMessage,
  stateProof,
} from "#core/proof/archive-proof.ts";
import type { Comparison } from "./compare.ts";

/** Named in one proof: three megabytes of it. Firehose brings some hundreds a day. */
const filesMax = 10_000;
/** In one go: the next night goes on with what is left. */
const proofsMax = 100;
/** How far back, in days, balances are held against their postings, and counts against their records. What is booked on an earlier day is seen by `ops prove --books`. */
const foldedDays = 7;
/** That a proof says; there are more where there are so many. */
const findingsMax = 50;
const dayMs = 86_400_000;

export interface Proving {
  readonly books: Pick<
    BooksProofs,
    "unproven" | "head" | "totals" | "unfolded" | "uncounted" | "add" | "unkept" | "keepProof"
  >;
  readonly store: Pick<ProofStore, "putProof">;
  readonly signer: Pick<Signer, "sign" | "keyArn">;
}

/** A proof that was made, or brought to the archive. */
export interface ProofMade {
  readonly number: number;
  readonly files: number;
  readonly lines: number;
  /** What is wrong with the books, in words. */
  readonly findings: readonly string[];
  readonly compared: Compared | undefined;
}

/**
 * Proves all files that came since the last proof, and that the books balance: says so in a statement, has it signed, and
 * puts it where it gets into the archive. One proof at least, so that a night without files is known as one. Each statement
 * is in the books before it is signed: whoever comes after a kill signs that one, and makes no other of the same number.
 * @param comparison what was found of ledger, books and warehouse: the first statement says it
 * @returns those that got into the archive, the oldest first
 * @throws KeysUnavailable, and what S3 and PostgreSQL answer: asked again it goes on where it was
 */
export async function prove(
  { books, store, signer }: Proving,
  clock: () => number,
  comparison?: Comparison,
): Promise<readonly ProofMade[]> {
  let untold = comparison;
  for (let made = 0; made < proofsMax; made += 1) {
    const files = await books.unproven(filesMax);
    if (made > 0 && files.length === 0 && untold === undefined) break;
    const now = clock();
    const totals = await books.totals();
    const since = new Date(now - foldedDays * dayMs).toISOString().slice(0, 10);
    const days = [...(await books.unfolded(since)), ...(await books.uncounted(since))];
    const wrong = [...imbalancesIn(totals), ...days];
    const findings = [...wrong, ...(untold?.findings ?? [])].slice(0, findingsMax);
    const named = files.map(({ file: _, ...proven }) => proven);
    const statement = stateProof(await books.head(), {
      ...{ provenAt: now, files: named, books: totals, findings, compared: untold?.compared },
    });
    // Another process may have made it meanwhile: then its files are proven, and those that are left come next.
    const isAdded = await books.add(
      JSON.stringify(statement),
      files.map(({ file }) => file),
    );
    if (isAdded) untold = undefined;
  }
  const made: ProofMade[] = [];
  for (const { number, text } of await books.unkept()) {
    const signature = await signer.sign(signedMessage({ number, digest: digestOf(text) }));
    const seal = { key: signer.keyArn, algorithm: signingAlgorithm, signature: toBase64(signature) } as const;
    const statement = readStatement(text);
    await store.putProof(statement, proofFileOf(text, seal));
    await books.keepProof(number, new Date(clock()));
    const { files, findings, compared } = statement;
    const lines = files.reduce((sum, file) => sum + file.lines, 0);
    made.push({ number, files: files.length, lines, findings, compared });
  }
  return made;
}

const toBase64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");
