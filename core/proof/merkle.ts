import { createHash } from "node:crypto";

/**
 * Merkle trees as RFC 6962 has them (section 2.1), over SHA-256. What a leaf and what a node is digested from begins with
 * another byte, so that none can be passed off as the other.
 */

/** Bytes of a digest. */
export const hashBytes = 32;

const leafPrefix = Buffer.of(0x00);
const nodePrefix = Buffer.of(0x01);

export const leafHash = (leaf: Uint8Array): Buffer =>
  createHash("sha256").update(leafPrefix).update(leaf).digest();

const nodeHash = (left: Uint8Array, right: Uint8Array): Buffer =>
  createHash("sha256").update(nodePrefix).update(left).update(right).digest();

interface Subtree {
  /** A power of two. */
  readonly leaves: number;
  readonly hash: Buffer;
}

/** A tree that grows to the right: it keeps a digest for each of its whole parts, which are as many as log₂ of its leaves. */
export class MerkleTree {
  /** From left to right, each larger than the next. */
  readonly #parts: Subtree[] = [];
  #leaves = 0;

  /** @returns the leaf's own digest. */
  add(leaf: Uint8Array): Buffer {
    const hash = leafHash(leaf);
    this.addHash(hash);
    return hash;
  }

  /** Adds a leaf of which the digest alone is known. */
  addHash(hash: Buffer): void {
    let right: Subtree = { leaves: 1, hash };
    for (let left = this.#parts.at(-1); left?.leaves === right.leaves; left = this.#parts.at(-1)) {
      this.#parts.pop();
      right = { leaves: left.leaves * 2, hash: nodeHash(left.hash, right.hash) };
    }
    this.#parts.push(right);
    this.#leaves += 1;
  }

  get leaves(): number {
    return this.#leaves;
  }

  /** Of all leaves so far; of none, it is the digest of nothing. */
  root(): Buffer {
    const [last, ...others] = this.#parts.toReversed();
    if (last === undefined) return createHash("sha256").digest();
    return others.reduce((right, { hash: left }) => nodeHash(left, right), last.hash);
  }
}
