/**
 * How far a shard is done. Records are read in order and settled in any; the checkpoint is the last record before
 * the first that is not settled.
 */
export class Progress {
  /** Read and not yet covered by the checkpoint, in order: true once settled. Bounded by what a poller reads ahead. */
  readonly #open = new Map<string, boolean>();
  #checkpoint: string | undefined;

  /** Sequence number of the last record that needs no further invocation, nor does any before it. */
  get checkpoint(): string | undefined {
    return this.#checkpoint;
  }

  /** Records that are read and not settled, or settled behind one that is not. */
  get openCount(): number {
    return this.#open.size;
  }

  read(sequenceNumber: string): void {
    this.#open.set(sequenceNumber, false);
  }

  settle(sequenceNumber: string): void {
    if (!this.#open.has(sequenceNumber)) throw new Error(`record ${sequenceNumber} was not read`);
    this.#open.set(sequenceNumber, true);
    for (const [number, isSettled] of this.#open) {
      if (!isSettled) return;
      this.#checkpoint = number;
      this.#open.delete(number);
    }
  }
}
