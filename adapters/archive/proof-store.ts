import { PutObjectCommand, type S3Client } from "@aws-sdk/client-s3";
import type { ProofStatement, ProvenFile } from "#core/proof/archive-proof.ts";

/** What of the archive says what the rest of it was. */
export const proofsPrefix = "proofs/";
const digitsOfNumber = 10;

/** By the day (UTC) on which it was made, and its number: in order by name. */
export const proofKeyOf = ({ number, proven_at }: Pick<ProofStatement, "number" | "proven_at">): string =>
  `${proofsPrefix}day=${proven_at.slice(0, 10)}/${String(number).padStart(digitsOfNumber, "0")}.jsonl`;

/** Where the digests of a file's lines are: they name the one that is no longer what it was. */
export const leavesKeyOf = ({ key, version }: Pick<ProvenFile, "key" | "version">): string =>
  `${proofsPrefix}lines/${key}/${version === "" ? "only" : version}`;

/** Puts proofs, and what they need, where the archive's copies are taken from. Nothing is written over. */
export class ProofStore {
  readonly #s3: Pick<S3Client, "send">;
  readonly #bucket: string;

  /** @param bucket where events land, and not the archive: there S3 alone may write */
  constructor(s3: Pick<S3Client, "send">, bucket: string) {
    this.#s3 = s3;
    this.#bucket = bucket;
  }

  /** @param leaves digests of its lines, one after the other */
  async putLeaves(file: Pick<ProvenFile, "key" | "version">, leaves: Uint8Array): Promise<void> {
    await this.#put(leavesKeyOf(file), leaves, "application/octet-stream");
  }

  /** @param file its statement, and the signature of that */
  async putProof(statement: ProofStatement, file: string): Promise<void> {
    await this.#put(proofKeyOf(statement), file, "application/jsonl");
  }

  async #put(Key: string, Body: string | Uint8Array, ContentType: string): Promise<void> {
    const object = { Bucket: this.#bucket, Key, Body, ContentType };
    try {
      await this.#s3.send(new PutObjectCommand({ ...object, IfNoneMatch: "*" }));
    } catch (thrown) {
      // It was put before, by one whose word did not arrive.
      if ((thrown as Error).name !== "PreconditionFailed") throw thrown;
    }
  }
}
