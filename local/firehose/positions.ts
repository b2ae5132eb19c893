import { z } from "zod";
import { StateFile } from "../process/state-file.ts";
import type { Arrived } from "./forms.ts";

/** By shard, the sequence number of the last record that was delivered. */
const schema = z.object({ delivered: z.record(z.string(), z.string()) });
type Delivered = z.output<typeof schema>["delivered"];

/** How far each shard of a stream is delivered: written when an object is there, and not before. */
export class Positions {
  readonly #file: StateFile<z.output<typeof schema>>;
  #delivered: Delivered;

  /** @throws Refusal when the file is damaged. */
  constructor(path: string) {
    this.#file = new StateFile(path, schema);
    this.#delivered = this.#file.read()?.delivered ?? {};
  }

  /** Undefined: nothing of the shard is delivered. */
  of(shardId: string): string | undefined {
    return this.#delivered[shardId];
  }

  /** @param records of one shard in its order. */
  keep(records: readonly Arrived[]): void {
    const delivered = { ...this.#delivered };
    for (const { shardId, sequenceNumber } of records) delivered[shardId] = sequenceNumber;
    this.#file.write({ delivered });
    this.#delivered = delivered;
  }
}
